/* Text measured and cut in terminal cells, and the nearest name to a mistyped one. */
#include "sockeye/base/mem.h"
#include "sockeye/base/text.h"
#include <ctype.h>
#include <string.h>
#include <wchar.h>

int text_cp_width(uint32_t cp)
{
	if (cp >= 0x20 && cp < 0x7f)
		return 1;
	int w = wcwidth((wchar_t)cp);
	return w < 0 ? 1 : w;
}

/* The next code point of safe text; a byte that is none (a caller's mistake) counts as one cell. */
static size_t next_cp(const char *s, size_t n, int *ret_width)
{
	uint32_t cp;
	size_t len;

	if ((unsigned char)*s < 0x80) { /* ASCII, nearly always */
		*ret_width = 1;
		return 1;
	}
	len = utf8_decode(s, n, &cp);
	*ret_width = len ? text_cp_width(cp) : 1;
	return len ? len : 1;
}

int text_width(const char *s)
{
	int width = 0, w;
	for (size_t n = strlen(s), len; n; s += len, n -= len) {
		len = next_cp(s, n, &w);
		width += w;
	}
	return width;
}

/* Bytes of the longest start that takes at most width cells, with the marks of its last character. */
static size_t head_bytes(const char *s, size_t n, int width, int *ret_used)
{
	size_t at = 0;
	int used = 0, w;
	while (at < n) {
		size_t len = next_cp(s + at, n - at, &w);
		if (used + w > width)
			break;
		used += w;
		at += len;
	}
	*ret_used = used;
	return at;
}

int text_put_clip(struct str *out, const char *s, int width, const char *ellipsis)
{
	size_t n = strlen(s);
	int used;
	if (width <= 0)
		return 0;
	if (head_bytes(s, n, width, &used) == n) {
		str_put(out, s, n);
		return used;
	}
	int mark = text_width(ellipsis);
	if (mark > width)
		return 0;
	str_put(out, s, head_bytes(s, n, width - mark, &used));
	str_puts(out, ellipsis);
	return used + mark;
}

int text_put_clip_middle(struct str *out, const char *s, int width, const char *ellipsis)
{
	size_t n = strlen(s), at = 0;
	int used, mark = text_width(ellipsis), w;
	if (width <= 0)
		return 0;
	if (head_bytes(s, n, width, &used) == n) {
		str_put(out, s, n);
		return used;
	}
	if (mark > width)
		return 0;
	int head = (width - mark + 1) / 2, tail = width - mark - head;
	str_put(out, s, head_bytes(s, n, head, &used));
	str_puts(out, ellipsis);
	/* The tail begins where the rest fits, at a character with a cell of its own. */
	int rest = text_width(s);
	while (at < n) {
		size_t len = next_cp(s + at, n - at, &w);
		if (rest <= tail && w > 0)
			break;
		rest -= w;
		at += len;
	}
	str_put(out, s + at, n - at);
	return used + mark + rest;
}

#define NEAR_MAX 32

/* Edits (insert, delete, replace, swap neighbours) from a to b. */
static size_t distance(const char *a, size_t an, const char *b, size_t bn)
{
	size_t rows[3][NEAR_MAX + 1];
	size_t *prev2 = rows[0], *prev = rows[1], *cur = rows[2];
	for (size_t j = 0; j <= bn; j++)
		prev[j] = j;
	for (size_t i = 1; i <= an; i++) {
		cur[0] = i;
		for (size_t j = 1; j <= bn; j++) {
			int ca = tolower((unsigned char)a[i - 1]), cb = tolower((unsigned char)b[j - 1]);
			size_t d = prev[j - 1] + (ca != cb);
			if (prev[j] + 1 < d)
				d = prev[j] + 1;
			if (cur[j - 1] + 1 < d)
				d = cur[j - 1] + 1;
			if (i > 1 && j > 1 && ca == tolower((unsigned char)b[j - 2]) &&
			    cb == tolower((unsigned char)a[i - 2]) && prev2[j - 2] + 1 < d)
				d = prev2[j - 2] + 1;
			cur[j] = d;
		}
		size_t *spare = prev2;
		prev2 = prev;
		prev = cur;
		cur = spare;
	}
	return prev[bn];
}

int text_nearest(const char *word, const char *const *names, size_t n)
{
	size_t wn = strlen(word), best = SIZE_MAX;
	int found = -1;
	if (!wn || wn > NEAR_MAX)
		return -1;
	/* One slip in a short word, two in a longer one; never a word made of nothing but slips. */
	size_t limit = wn < 3 ? wn - 1 : wn < 5 ? 1 : wn < 9 ? 2 : 3;
	for (size_t i = 0; i < n; i++) {
		size_t len = strlen(names[i]);
		if (len > NEAR_MAX)
			continue;
		size_t d = distance(word, wn, names[i], len);
		if (d > limit && wn >= 3 && len > wn && !distance(word, wn, names[i], wn))
			d = limit; /* the beginning of a name */
		if (d <= limit && d < best) {
			best = d;
			found = (int)i;
		}
	}
	return found;
}
