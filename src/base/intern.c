/* Strings stored once and named by an id: rows stay small, and a test on a name runs once per distinct
 * name instead of once per row. Entries live in chunks that never move, so that readers need no lock. */
#include "sockeye/base/intern.h"
#include "sockeye/base/mem.h"
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define CHUNK_N 4096u /* entries in a chunk */
#define CHUNKS (INTERN_MAX / CHUNK_N)

struct entry {
	char *s; /* owned; NULL: free */
	uint32_t n;
	uint32_t hash;
};
enum { MARKED = 1, DOOMED = 2 /* was not marked in the last sweep, nor added since */ };
struct intern {
	_Atomic(struct entry *) chunks[CHUNKS]; /* owned */
	_Atomic uint32_t n;
	/* The adding thread's alone: */
	uint32_t *slots; /* owned; id + 1, 0: empty */
	uint32_t cap; /* a power of two */
	uint8_t *state; /* owned; by id; NULL before the first sweep */
	uint32_t state_n;
	VEC(uint32_t) free; /* ids */
	uint32_t used; /* how many the last sweep found marked */
};

static uint32_t hash_of(const char *s, size_t n)
{
	uint64_t h = UINT64_C(0x9e3779b97f4a7c15) ^ n;
	for (; n >= 8; s += 8, n -= 8) {
		uint64_t w;
		memcpy(&w, s, 8);
		h = (h ^ w) * UINT64_C(0xd6e8feb86659fd93);
		h ^= h >> 32;
	}
	uint64_t w = 0;
	if (n)
		memcpy(&w, s, n);
	h = (h ^ w) * UINT64_C(0xd6e8feb86659fd93);
	h ^= h >> 32;
	h *= UINT64_C(0xd6e8feb86659fd93);
	return (uint32_t)(h ^ (h >> 32));
}

static struct entry *entry_of(const struct intern *in, uint32_t id)
{
	return &atomic_load_explicit(&in->chunks[id / CHUNK_N], memory_order_acquire)[id % CHUNK_N];
}

/* A place for one more. Nobody else has its id before it is handed out. */
static uint32_t place(struct intern *in)
{
	uint32_t id = atomic_load_explicit(&in->n, memory_order_relaxed);
	struct entry *chunk = atomic_load_explicit(&in->chunks[id / CHUNK_N], memory_order_relaxed);

	if (!chunk) {
		chunk = mem_alloc(CHUNK_N, sizeof(*chunk));
		atomic_store_explicit(&in->chunks[id / CHUNK_N], chunk, memory_order_release);
	}
	chunk[id % CHUNK_N] = (struct entry){NULL, 0, 0};
	return id;
}

static uint32_t put(struct intern *in, const char *s, size_t n, uint32_t hash)
{
	bool again = in->free.n > 0;
	uint32_t id = again ? in->free.v[--in->free.n] : place(in);
	char *bytes = mem_alloc(n + 1, 1);

	if (n)
		memcpy(bytes, s, n);
	bytes[n] = '\0';
	*entry_of(in, id) = (struct entry){bytes, (uint32_t)n, hash};
	if (id < in->state_n)
		in->state[id] = 0;
	if (!again)
		atomic_store_explicit(&in->n, id + 1, memory_order_release);
	return id;
}

static void rehash(struct intern *in, uint32_t cap)
{
	free(in->slots);
	in->slots = mem_zalloc(cap, sizeof(*in->slots));
	in->cap = cap;
	uint32_t n = intern_count(in);
	for (uint32_t id = 0; id < n && id < INTERN_FULL; id++) {
		uint32_t i = entry_of(in, id)->hash & (cap - 1);
		if (!entry_of(in, id)->s)
			continue;
		while (in->slots[i])
			i = (i + 1) & (cap - 1);
		in->slots[i] = id + 1;
	}
}

struct intern *intern_new(void)
{
	struct intern *in = mem_zalloc(1, sizeof(*in));
	rehash(in, 1024);
	intern_add(in, "", 0);
	return in;
}

void intern_free(struct intern *in)
{
	if (!in)
		return;
	for (uint32_t id = 0; id < intern_count(in); id++)
		free(entry_of(in, id)->s);
	for (size_t i = 0; i < CHUNKS; i++)
		free(atomic_load(&in->chunks[i]));
	free(in->slots);
	free(in->state);
	vec_done(&in->free);
	free(in);
}

uint32_t intern_add(struct intern *in, const char *s, size_t n)
{
	if (n > UINT32_MAX - 1)
		n = UINT32_MAX - 1;
	uint32_t hash = hash_of(s, n), i = hash & (in->cap - 1);
	for (; in->slots[i]; i = (i + 1) & (in->cap - 1)) {
		uint32_t id = in->slots[i] - 1;
		const struct entry *e = entry_of(in, id);
		if (e->hash == hash && e->n == n && (!n || !memcmp(e->s, s, n))) {
			if (id < in->state_n)
				in->state[id] &= (uint8_t)~DOOMED;
			return id;
		}
	}
	uint32_t count = intern_count(in);
	if (count == INTERN_FULL && !in->free.n)
		/* The last place; not entered in the hash, so that a real "…" keeps its own id. */
		put(in, "…", strlen("…"), 0);
	if (count >= INTERN_FULL && !in->free.n)
		return INTERN_FULL;
	uint32_t id = put(in, s, n, hash);
	in->slots[i] = id + 1;
	if (intern_live(in) > in->cap / 2)
		rehash(in, in->cap * 2);
	return id;
}

uint32_t intern_adds(struct intern *in, const char *s)
{
	return intern_add(in, s, strlen(s));
}

const char *intern_get(const struct intern *in, uint32_t id)
{
	const char *s = id < intern_count(in) ? entry_of(in, id)->s : NULL;

	return s ? s : "";
}

size_t intern_len(const struct intern *in, uint32_t id)
{
	return id < intern_count(in) ? entry_of(in, id)->n : 0;
}

uint32_t intern_count(const struct intern *in)
{
	return atomic_load_explicit(&in->n, memory_order_acquire);
}

uint32_t intern_live(const struct intern *in)
{
	return intern_count(in) - (uint32_t)in->free.n;
}

#define SWEEP_FROM 4096u /* strings that nobody uses are not worth a sweep below */

bool intern_wasteful(const struct intern *in)
{
	return intern_live(in) > 2 * in->used + SWEEP_FROM;
}

void intern_mark_begin(struct intern *in)
{
	uint32_t n = intern_count(in);

	in->state = mem_realloc(in->state, n, 1);
	if (n > in->state_n)
		memset(in->state + in->state_n, 0, n - in->state_n);
	in->state_n = n;
	in->state[0] |= MARKED;
}

void intern_mark(struct intern *in, uint32_t id)
{
	if (id < in->state_n)
		in->state[id] |= MARKED;
}

bool intern_marked(const struct intern *in, uint32_t id)
{
	return id < in->state_n && in->state[id] & MARKED;
}

void intern_sweep(struct intern *in)
{
	uint32_t cap = 1024;

	in->used = 0;
	for (uint32_t id = 0; id < in->state_n; id++) {
		struct entry *e = entry_of(in, id);
		bool doomed = in->state[id] & DOOMED;

		if (in->state[id] & MARKED || id == INTERN_FULL) {
			in->used++;
			in->state[id] = 0;
		} else if (e->s && doomed) {
			free(e->s);
			*e = (struct entry){NULL, 0, 0};
			vec_push(&in->free, id);
			in->state[id] = 0;
		} else {
			in->state[id] = DOOMED;
		}
	}
	while (cap / 2 < intern_live(in))
		cap *= 2;
	rehash(in, cap);
}
