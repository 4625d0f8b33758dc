/* A growing string. Always NUL-terminated once anything was put in; `n` does not count the NUL. */
#pragma once
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

struct str {
	char *s; /* owned; NULL when nothing was ever put in (str_text gives "") */
	size_t n, cap;
};

void str_done(struct str *b);
void str_clear(struct str *b); /* empties, keeps the capacity */
void str_put(struct str *b, const char *s, size_t n);
void str_puts(struct str *b, const char *s);
void str_putc(struct str *b, char c);
void str_put_u64(struct str *b, uint64_t v); /* decimal, without printf */
void str_put_i64(struct str *b, int64_t v);
void str_put_hex(struct str *b, uint64_t v); /* lower case, no 0x, no leading zeros */
/* At most three decimals, no trailing zeros: 0 1.5 -0.125; "null" for what is not finite. */
void str_put_real(struct str *b, double v);
void str_putf(struct str *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
const char *str_text(const struct str *b); /* borrowed until the next change; never NULL */
/* Hands the heap string over (never NULL) and leaves the buffer empty. Free with free(). */
char *str_take(struct str *b);
