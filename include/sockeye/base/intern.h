/* Strings stored once, named by a 32-bit id, for packed rows and for tests that run once per distinct
 * string. Ids are dense from 0; id 0 is the empty string. An id and its bytes stay valid until intern_free(),
 * or until nobody marks it any more (see below), where anybody sweeps.
 *
 * Threads: one thread adds (the sampler); any thread may read an id that reached it through a
 * published frame (release/acquire). Storage never moves. When 4,194,304 strings are stored, further
 * ones all get INTERN_FULL (text "…"): a hostile flood of names cannot eat the memory. */
#pragma once
#include <stdbool.h>
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

/* So that names that come and go for days do not pile up: the adding thread begins, marks every id that may still be
 * asked for (those of all frames that anybody has or will be given, and what it keeps itself), and sweeps. What was
 * neither marked in two sweeps in a row nor added between them goes, and its id may become another string's: who forgets an id
 * within that time needs no mark. */
bool intern_wasteful(const struct intern *in); /* is it worth a sweep? */
void intern_mark_begin(struct intern *in);
void intern_mark(struct intern *in, uint32_t id);
bool intern_marked(const struct intern *in, uint32_t id);
void intern_sweep(struct intern *in);
uint32_t intern_live(const struct intern *in); /* strings stored */
