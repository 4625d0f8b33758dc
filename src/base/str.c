/* A growing string: every text the program writes is gathered in one before it goes out. */
#include "sockeye/base/str.h"
#include "sockeye/base/mem.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Room for n more bytes and the NUL. */
static void str_room(struct str *b, size_t n)
{
	size_t need;
	if (__builtin_add_overflow(b->n, n, &need) || need == SIZE_MAX)
		die("no memory for a text of %zu bytes", n);
	need++;
	if (need <= b->cap)
		return;
	b->s = vec_grow_(b->s, &b->cap, need < 32 ? 32 : need, 1);
}

void str_done(struct str *b)
{
	if (!b)
		return;
	free(b->s);
	*b = (struct str){0};
}

void str_clear(struct str *b)
{
	b->n = 0;
	if (b->s)
		b->s[0] = '\0';
}

void str_put(struct str *b, const char *s, size_t n)
{
	str_room(b, n);
	if (n)
		memcpy(b->s + b->n, s, n);
	b->n += n;
	b->s[b->n] = '\0';
}

void str_puts(struct str *b, const char *s)
{
	str_put(b, s, strlen(s));
}

void str_putc(struct str *b, char c)
{
	str_room(b, 1);
	b->s[b->n++] = c;
	b->s[b->n] = '\0';
}

void str_put_u64(struct str *b, uint64_t v)
{
	static const char pairs[] =
		"00010203040506070809101112131415161718192021222324252627282930313233343536373839"
		"40414243444546474849505152535455565758596061626364656667686970717273747576777879"
		"8081828384858687888990919293949596979899";
	char tmp[20];
	size_t at = sizeof(tmp);
	while (v >= 100) {
		unsigned r = (unsigned)(v % 100);
		v /= 100;
		tmp[--at] = pairs[2 * r + 1];
		tmp[--at] = pairs[2 * r];
	}
	if (v >= 10) {
		tmp[--at] = pairs[2 * v + 1];
		tmp[--at] = pairs[2 * v];
	} else {
		tmp[--at] = (char)('0' + v);
	}
	str_put(b, tmp + at, sizeof(tmp) - at);
}

void str_put_i64(struct str *b, int64_t v)
{
	if (v < 0)
		str_putc(b, '-');
	str_put_u64(b, v < 0 ? -(uint64_t)v : (uint64_t)v);
}

void str_put_hex(struct str *b, uint64_t v)
{
	char tmp[16];
	size_t at = sizeof(tmp);
	do
		tmp[--at] = "0123456789abcdef"[v & 15];
	while (v >>= 4);
	str_put(b, tmp + at, sizeof(tmp) - at);
}

void str_put_real(struct str *b, double v)
{
	if (!isfinite(v)) {
		str_puts(b, "null");
		return;
	}
	if (fabs(v) >= 1e15) { /* thousandths of it would not be whole numbers any more */
		str_putf(b, "%.17g", v);
		return;
	}
	uint64_t milli = (uint64_t)(fabs(v) * 1000 + 0.5);
	if (v < 0 && milli)
		str_putc(b, '-');
	str_put_u64(b, milli / 1000);
	unsigned rest = (unsigned)(milli % 1000);
	if (!rest)
		return;
	char tmp[4] = {'.', (char)('0' + rest / 100), (char)('0' + rest / 10 % 10), (char)('0' + rest % 10)};
	str_put(b, tmp, rest % 10 ? 4 : rest % 100 ? 3 : 2);
}

void str_putf(struct str *b, const char *fmt, ...)
{
	va_list ap;
	str_room(b, 0);
	va_start(ap, fmt);
	int n = vsnprintf(b->s + b->n, b->cap - b->n, fmt, ap);
	va_end(ap);
	if (n < 0) {
		b->s[b->n] = '\0';
		return;
	}
	if ((size_t)n >= b->cap - b->n) {
		str_room(b, (size_t)n);
		va_start(ap, fmt);
		vsnprintf(b->s + b->n, b->cap - b->n, fmt, ap);
		va_end(ap);
	}
	b->n += (size_t)n;
}

const char *str_text(const struct str *b)
{
	return b->s ? b->s : "";
}

char *str_take(struct str *b)
{
	str_room(b, 0);
	b->s[b->n] = '\0';
	char *s = b->s;
	*b = (struct str){0};
	return s;
}
