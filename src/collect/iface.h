/* Names of interfaces, for the sockets that are bound to one. */
#pragma once
#include "sockeye/base/intern.h"
#include "sockeye/model/snapshot.h"

struct netns_set;
/* Appends to ret->ifaces each interface that a socket of the snapshot is bound to. An ioctl each; nothing to free. */
void ifaces_put(const struct netns_set *s, struct intern *names, struct snapshot *ret);
