/* libbpf, found when it is needed: a program that is installed where there is none works all the same. */
#pragma once
#include <bpf/bpf.h>
#include <bpf/libbpf.h>

/* What is used of it: name, which is also the member's. */
#define LIBBPF_CALLS(X)                                                                                      \
	X(libbpf_set_print)                                                                                  \
	X(libbpf_version_string)                                                                             \
	X(bpf_object__open_mem)                                                                              \
	X(bpf_object__load)                                                                                  \
	X(bpf_object__find_program_by_name)                                                                  \
	X(bpf_object__close)                                                                                 \
	X(bpf_program__attach_iter)                                                                          \
	X(bpf_link__fd)                                                                                      \
	X(bpf_link__destroy)                                                                                 \
	X(bpf_iter_create)
struct library {
	void *handle; /* owned; NULL: not open */
#define X(name) __typeof__(name) *name;
	LIBBPF_CALLS(X)
#undef X
};
int library_open(struct library *l); /* 0, or -ENOENT where it is not installed */
void library_close(struct library *l);
