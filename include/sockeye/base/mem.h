/* Memory: allocation that cannot fail, the last words of the program, and growing arrays. */
#pragma once
#include <stddef.h>
#include <stdint.h>

/* Called once by die() before it prints, so that term can restore the terminal. May be NULL. */
void die_set_hook(void (*hook)(void));

/* Prints "sockeye: " and the message to stderr and exits with 2. Only for what cannot be handled
 * below app: no memory. Everything else returns a negative errno. */
_Noreturn void die(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* As malloc and friends, but die() when there is no memory. Size 0 gives a valid pointer.
 * Sizes are given as n items of size bytes; a product that overflows dies too. Free with free(). */
void *mem_alloc(size_t n, size_t size); /* uninitialised */
void *mem_zalloc(size_t n, size_t size); /* zeroed */
void *mem_realloc(void *p, size_t n, size_t size);
char *mem_strdup(const char *s);
void *mem_dup(const void *p, size_t n);

/* Called once by main(): large arrays come straight from the kernel and go back to it when they are freed. */
void mem_return_large(void);
/* For a program that is going to need about so much, and then ends: in large pages, which cost few faults, and nothing
 * of it goes back before the end. May do nothing. */
void mem_expect(size_t bytes);
/* What lies free between small pieces goes back to the kernel too. Walks the free pieces: not for every look. */
void mem_trim(void);

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

/* A growing array: struct { T *v; size_t n, cap; }, all zero when empty. `v` is owned. */
#define VEC(T)                                                                                               \
	struct {                                                                                             \
		T *v;                                                                                        \
		size_t n, cap;                                                                               \
	}
void *vec_grow_(void *v, size_t *cap, size_t need, size_t size);
/* Makes room for `more` further items; does not change n. */
#define vec_reserve(a, more)                                                                                 \
	((a)->n + (more) <= (a)->cap                                                                         \
		 ? (void)0                                                                                   \
		 : (void)((a)->v = vec_grow_((a)->v, &(a)->cap, (a)->n + (more), sizeof((a)->v[0]))))
/* Appends one item, uninitialised, and gives its address (valid until the next growth). */
#define vec_add(a) (vec_reserve(a, 1), &(a)->v[(a)->n++])
#define vec_push(a, item) (*vec_add(a) = (item))
/* clear keeps the capacity; done frees and leaves the array empty. */
#define vec_clear(a) ((void)((a)->n = 0))
#define vec_done(a) (free((a)->v), (a)->v = NULL, (a)->n = (a)->cap = 0)
/* After much has become little, most of the room goes back; what is there stays. */
void *vec_trim_(void *v, size_t *cap, size_t n, size_t size);
#define vec_trim(a) ((void)((a)->v = vec_trim_((a)->v, &(a)->cap, (a)->n, sizeof((a)->v[0]))))
#define vec_swap(a, b)                                                                                       \
	do {                                                                                                 \
		__typeof__(*(a)) vec_tmp_ = *(a);                                                            \
		*(a) = *(b);                                                                                 \
		*(b) = vec_tmp_;                                                                             \
	} while (0)
