/* Strings stored once and named by an id: rows stay small, and a test on a name runs once per distinct
 * name instead of once per row. Entries live in chunks that never move, so that readers need no lock. */
#include "sockeye/base/intern.h"
#include "sockeye/base/mem.h"
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define CHUNK_N 4096u /* entries in a chunk */
#define CHUNKS (INTERN_MAX / CHUNK_N)
#define ARENA_BYTES 65536u

struct entry {
	const char *s; /* borrowed from an arena */
	uint32_t n;
	uint32_t hash;
};
struct arena {
	struct arena *next; /* owned */
	char bytes[];
};
struct intern {
	_Atomic(struct entry *) chunks[CHUNKS]; /* owned */
	_Atomic uint32_t n;
	/* The adding thread's alone: */
	uint32_t *slots; /* owned; id + 1, 0: empty */
	uint32_t cap; /* a power of two */
	struct arena *arenas; /* owned; the first one is being filled */
	size_t at, room; /* in the first arena */
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

static const struct entry *entry_of(const struct intern *in, uint32_t id)
{
	return &atomic_load_explicit(&in->chunks[id / CHUNK_N], memory_order_acquire)[id % CHUNK_N];
}

static char *arena_take(struct intern *in, size_t n)
{
	if (in->room < n) {
		size_t size = n > ARENA_BYTES / 4 ? n : ARENA_BYTES;
		struct arena *a = mem_alloc(1, sizeof(*a) + size);
		if (size != ARENA_BYTES && in->arenas) {
			/* A long one gets its own; the one being filled stays first. */
			a->next = in->arenas->next;
			in->arenas->next = a;
			return a->bytes;
		}
		a->next = in->arenas;
		in->arenas = a;
		in->at = 0;
		in->room = size;
	}
	char *p = in->arenas->bytes + in->at;
	in->at += n;
	in->room -= n;
	return p;
}

static uint32_t append(struct intern *in, const char *s, size_t n, uint32_t hash)
{
	uint32_t id = atomic_load_explicit(&in->n, memory_order_relaxed);
	struct entry *chunk = atomic_load_explicit(&in->chunks[id / CHUNK_N], memory_order_relaxed);
	if (!chunk) {
		chunk = mem_alloc(CHUNK_N, sizeof(*chunk));
		atomic_store_explicit(&in->chunks[id / CHUNK_N], chunk, memory_order_release);
	}
	char *bytes = arena_take(in, n + 1);
	if (n)
		memcpy(bytes, s, n);
	bytes[n] = '\0';
	chunk[id % CHUNK_N] = (struct entry){bytes, (uint32_t)n, hash};
	atomic_store_explicit(&in->n, id + 1, memory_order_release);
	return id;
}

static void rehash(struct intern *in, uint32_t cap)
{
	free(in->slots);
	in->slots = mem_zalloc(cap, sizeof(*in->slots));
	in->cap = cap;
	uint32_t n = intern_count(in);
	for (uint32_t id = 0; id < n; id++) {
		uint32_t i = entry_of(in, id)->hash & (cap - 1);
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
	for (size_t i = 0; i < CHUNKS; i++)
		free(atomic_load(&in->chunks[i]));
	for (struct arena *a = in->arenas, *next; a; a = next) {
		next = a->next;
		free(a);
	}
	free(in->slots);
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
		if (e->hash == hash && e->n == n && (!n || !memcmp(e->s, s, n)))
			return id;
	}
	uint32_t count = intern_count(in);
	if (count == INTERN_FULL)
		/* The last place; not entered in the hash, so that a real "…" keeps its own id. */
		append(in, "…", strlen("…"), 0);
	if (count >= INTERN_FULL)
		return INTERN_FULL;
	uint32_t id = append(in, s, n, hash);
	in->slots[i] = id + 1;
	if (id + 1 > in->cap / 2)
		rehash(in, in->cap * 2);
	return id;
}

uint32_t intern_adds(struct intern *in, const char *s)
{
	return intern_add(in, s, strlen(s));
}

const char *intern_get(const struct intern *in, uint32_t id)
{
	return id < intern_count(in) ? entry_of(in, id)->s : "";
}

size_t intern_len(const struct intern *in, uint32_t id)
{
	return id < intern_count(in) ? entry_of(in, id)->n : 0;
}

uint32_t intern_count(const struct intern *in)
{
	return atomic_load_explicit(&in->n, memory_order_acquire);
}
