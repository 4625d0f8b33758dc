/* Ports that only pass on what comes: to what, as far as the command line of the program that holds them tells. */
#pragma once
#include "sockeye/base/ip.h"
#include "sockeye/model/frame.h"
#include <stdbool.h>

/* What a command line says about one port. Texts are raw, borrowed from it. */
struct forward_target {
	const char *host; /* name or address; or "svc/db", a path, … with port 0 */
	size_t host_n;
	uint32_t port; /* 0: none */
	const char *via; /* seen from that machine; via_n 0: from this one */
	size_t via_n;
	bool here; /* an address of this machine, or of a container on it, if any */
	const char *netns; /* name of the namespace it is in; netns_n 0: not said */
	size_t netns_n;
};
/* Pure. comm: of the process; cmdline: its n bytes, NUL between arguments; port: the local one, of protocol `proto`.
 * False when it is no forwarder, or its arguments do not tell (slirp4netns and rootlessport get theirs by other
 * ways). */
bool forward_parse(const char *comm, const char *cmdline, size_t n, enum proto proto, uint32_t port,
		   struct forward_target *ret);
bool forward_comm(const char *comm); /* is this a name of one? */

/* Fills port.forward and port.forward_port of the ports whose holder's command line is known by now: "docker:db",
 * "docker:web:80" when the port's number is another there, "172.17.0.2:80", "svc/db:80", "db:5432@bastion" (seen from
 * there); raw text of others'. world_apply() does this; again by whoever waits for command lines and shows the same
 * frame. names: the frame's own. */
void frame_forwards(struct frame *f, struct intern *names);
