/* The compiled BPF program, as the build makes it from owners.bpf.c. */
#pragma once
#include <stddef.h>

extern const unsigned char owners_object[];
extern const size_t owners_object_size;
