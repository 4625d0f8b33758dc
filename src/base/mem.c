/* Allocation that cannot fail, so that no caller carries a path for "no memory" that nobody can test. */
#include "sockeye/base/mem.h"
#include <limits.h>
#include <malloc.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static _Atomic(void (*)(void)) die_hook;

void die_set_hook(void (*hook)(void))
{
	atomic_store(&die_hook, hook);
}

void die(const char *fmt, ...)
{
	void (*hook)(void) = atomic_exchange(&die_hook, NULL);
	if (hook)
		hook();
	char text[512];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	fprintf(stderr, "sockeye: %s\n", text);
	/* Not exit(): any thread may get here, and exit handlers could wait for the others. */
	_exit(2);
}

static size_t product(size_t n, size_t size)
{
	size_t bytes;
	if (__builtin_mul_overflow(n, size, &bytes))
		die("no memory for %zu × %zu bytes", n, size);
	return bytes ? bytes : 1;
}

void *mem_alloc(size_t n, size_t size)
{
	size_t bytes = product(n, size);
	void *p = malloc(bytes);
	if (!p)
		die("no memory for %zu bytes", bytes);
	return p;
}

void *mem_zalloc(size_t n, size_t size)
{
	size_t bytes = product(n, size);
	void *p = calloc(1, bytes);
	if (!p)
		die("no memory for %zu bytes", bytes);
	return p;
}

void *mem_realloc(void *p, size_t n, size_t size)
{
	size_t bytes = product(n, size);
	void *q = realloc(p, bytes);
	if (!q)
		die("no memory for %zu bytes", bytes);
	return q;
}

void mem_return_large(void)
{
#ifdef M_MMAP_THRESHOLD
	/* Set by hand it does not move: glibc would raise it to the largest array that was ever freed. */
	mallopt(M_MMAP_THRESHOLD, 1 << 20);
#endif
}

#define LARGE_PAGE (UINT64_C(2) << 20)

void mem_expect(size_t bytes)
{
#ifdef __GLIBC__
	int pad = bytes < INT_MAX ? (int)bytes : INT_MAX;
	uintptr_t from, to;
	void *p;

	mallopt(M_MMAP_THRESHOLD, 32 << 20); /* as much as it takes */
	mallopt(M_TRIM_THRESHOLD, INT_MAX);
	mallopt(M_TOP_PAD, pad); /* the heap grows by it when the next piece does not fit */
	p = malloc(LARGE_PAGE);
	if (!p) { /* it was an offer */
		mallopt(M_TOP_PAD, 128 << 10);
		return;
	}
	from = ((uintptr_t)p + LARGE_PAGE - 1) & ~(uintptr_t)(LARGE_PAGE - 1);
	to = (uintptr_t)p + (uintptr_t)pad;
	if (to > from)
		(void)madvise((void *)from, to - from, MADV_HUGEPAGE); /* a hint: it may be nobody's yet */
	free(p);
	mallopt(M_TOP_PAD, 128 << 10);
#else
	(void)bytes;
#endif
}

void mem_trim(void)
{
#ifdef __GLIBC__
	malloc_trim(0);
#endif
}

char *mem_strdup(const char *s)
{
	return mem_dup(s, strlen(s) + 1);
}

void *mem_dup(const void *p, size_t n)
{
	void *q = mem_alloc(n, 1);
	if (n)
		memcpy(q, p, n);
	return q;
}

void *vec_grow_(void *v, size_t *cap, size_t need, size_t size)
{
	size_t want = *cap < 8 ? 8 : *cap;
	while (want < need) {
		if (want > SIZE_MAX / 2)
			die("no memory for %zu × %zu bytes", need, size);
		want *= 2;
	}
	v = mem_realloc(v, want, size);
	*cap = want;
	return v;
}

#define SPARSE 4 /* as many times what is there is too much room, */
#define SPARSE_FROM (UINT32_C(16) << 10) /* if it is worth a call */

void *vec_trim_(void *v, size_t *cap, size_t n, size_t size)
{
	if (*cap * size <= SPARSE_FROM || n >= *cap / SPARSE)
		return v;
	*cap = n;
	if (n)
		return mem_realloc(v, n, size);
	free(v);
	return NULL;
}
