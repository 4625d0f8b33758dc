/* Strings stored once, named by a 32-bit id, for packed rows and for tests that run once per distinct
 * string. Ids are dense from 0; id 0 is the empty string. Append-only: an id and its bytes stay valid
 * until intern_free().
 *
 * Threads: one thread adds (the sampler); any thread may read an id that reached it through a
 * published frame (release/acquire). Storage never moves. When 4,194,304 strings are stored, further
 * ones all get INTERN_FULL (text "…"): a hostile flood of names cannot eat the memory. */
#pragma once
#include <stddef.h>
#include <stdint.h>

struct intern;
#define INTERN_MAX 4194304u
#define INTERN_FULL (INTERN_MAX - 1)

struct intern *intern_new(void);
void intern_free(struct intern *in);
uint32_t intern_add(struct intern *in, const char *s, size_t n); /* raw bytes, NUL allowed */
uint32_t intern_adds(struct intern *in, const char *s);
const char *intern_get(const struct intern *in, uint32_t id); /* NUL-terminated */
size_t intern_len(const struct intern *in, uint32_t id);
uint32_t intern_count(const struct intern *in); /* ids are < this */
