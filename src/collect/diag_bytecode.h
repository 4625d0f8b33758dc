/* want.ends as a program for INET_DIAG_REQ_BYTECODE. */
#pragma once
#include "sockeye/model/snapshot.h"
#include <stddef.h>

/* An end that may be either one is two choices; each is at most a lower and an upper bound of its port (8 bytes each),
 * an address (4 + 8 + 16) and a jump to the end (4). */
#define DIAG_BYTECODE_MAX (WANT_ENDS_MAX * 2 * 48)

/* Writes the program that passes what has one of the ends (and, where a short IPv6 prefix takes in mapped IPv4
 * addresses, a little more) and gives its length; 0 when there is nothing to leave out. */
size_t diag_bytecode(const struct want_end *ends, size_t n, uint8_t program[DIAG_BYTECODE_MAX]);
