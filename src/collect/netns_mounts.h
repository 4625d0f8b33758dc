/* Network namespaces that a mount keeps: `ip netns add` and container engines bind them to files. */
#pragma once
#include "sockeye/base/map.h"
#include "sockeye/base/mem.h"
#include "sockeye/base/str.h"
#include <stdbool.h>

struct netns_mount {
	uint64_t inode;
	char *path; /* owned */
};
struct netns_mounts {
	VEC(struct netns_mount) v;
	struct map by_inode;
	int fd; /* owned; -1: none */
	bool read_once;
};
/* <proc_root>/self/mountinfo; where it cannot be read there are no mounts. */
void netns_mounts_open(struct netns_mounts *m, const char *proc_root);
void netns_mounts_done(struct netns_mounts *m);
/* Reads them again if the kernel says that they have changed. True: they are other ones than before. */
bool netns_mounts_update(struct netns_mounts *m);
/* Pure: appends those in the n bytes of a mountinfo file; of several mounts of one namespace the first. */
void netns_mounts_parse(struct netns_mounts *m, const char *text, size_t n);
/* The path where this namespace is mounted, borrowed until the next update; NULL: nowhere. */
const char *netns_mounts_path(const struct netns_mounts *m, uint64_t inode);
/* Pure: "net:[4711]" to 4711; 0: no such text. */
uint64_t netns_link_inode(const char *s, size_t n);
