/* The system calls of closing, for close.c. */
#pragma once
#include "sockeye/action/close.h"

int close_real_open(void *data, uint64_t netns_inode, bool own);
int close_real_destroy(void *data, int fd, const struct close_item *i, uint16_t dport);
int close_real_get(void *data, int fd, const struct close_item *i, uint8_t *ret_state);
int close_real_shut(void *data, const struct close_item *i, const struct close_holder *h);
