/* Foreign bytes made safe for a terminal, JSON and CSV: names, arguments and paths are chosen by other
 * processes, and this is the one gate they all pass. What is unsafe is decided here, not by the locale. */
#include "sockeye/base/text.h"
#include "sockeye/base/mem.h"
#include <string.h>

#define MARKS_MAX 4 /* combining marks kept on one base */

struct range {
	uint32_t first, last;
};
static const struct range marks[] = {
#include "text_marks.inc"
};
/* What a terminal might act upon, hide, reorder or draw over its neighbours. Ascending. */
static const struct range unsafe[] = {
	{0x00, 0x1f}, /* C0 */
	{0x7f, 0x9f}, /* DEL, C1 */
	{0xad, 0xad}, /* soft hyphen */
	{0x034f, 0x034f}, /* combining grapheme joiner: invisible */
	{0x061c, 0x061c}, /* Arabic letter mark */
	{0x115f, 0x1160}, /* Hangul fillers */
	{0x17b4, 0x17b5}, /* invisible Khmer vowels */
	{0x180b, 0x180f}, /* Mongolian selectors and vowel separator */
	{0x200b, 0x200f}, /* zero width, direction marks */
	{0x2028, 0x202e}, /* line and paragraph separator, bidirectional embedding and override */
	{0x2060, 0x206f}, /* word joiner, invisible operators, bidirectional isolates */
	{0x3164, 0x3164}, /* Hangul filler */
	{0xd800, 0xf8ff}, /* surrogates, private use */
	{0xfdd0, 0xfdef}, /* non-characters */
	{0xfe00, 0xfe0f}, /* variation selectors: terminals disagree on the width they give */
	{0xfeff, 0xfeff}, /* zero width no-break space */
	{0xffa0, 0xffa0}, /* halfwidth Hangul filler */
	{0xfff0, 0xfffb}, /* interlinear annotation and the unassigned specials before it */
	{0xfffe, 0xffff}, /* non-characters; those of the other planes: is_unsafe() */
	{0x1bca0, 0x1bca3}, /* shorthand format controls */
	{0x1d173, 0x1d17a}, /* musical format controls */
	{0xe0000, 0x10ffff}, /* tags, selectors, private use planes */
};

static bool in_ranges(const struct range *r, size_t n, uint32_t cp)
{
	size_t lo = 0, hi = n;
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		if (cp > r[mid].last)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < n && r[lo].first <= cp;
}

static bool is_unsafe(uint32_t cp)
{
	return (cp & 0xfffe) == 0xfffe || in_ranges(unsafe, ARRAY_LEN(unsafe), cp);
}

size_t utf8_decode(const char *text, size_t n, uint32_t *ret_cp)
{
	const uint8_t *s = (const uint8_t *)text;
	uint32_t cp, least;
	size_t len;
	if (!n)
		return 0;
	if (s[0] < 0x80) {
		*ret_cp = s[0];
		return 1;
	}
	if (s[0] >= 0xc2 && s[0] <= 0xdf) {
		len = 2;
		cp = s[0] & 0x1f;
		least = 0x80;
	} else if (s[0] >= 0xe0 && s[0] <= 0xef) {
		len = 3;
		cp = s[0] & 0x0f;
		least = 0x800;
	} else if (s[0] >= 0xf0 && s[0] <= 0xf4) {
		len = 4;
		cp = s[0] & 0x07;
		least = 0x10000;
	} else {
		return 0;
	}
	if (n < len)
		return 0;
	for (size_t i = 1; i < len; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		cp = cp << 6 | (s[i] & 0x3f);
	}
	if (cp < least || cp > 0x10ffff || (cp >= 0xd800 && cp <= 0xdfff))
		return 0;
	*ret_cp = cp;
	return len;
}

size_t utf8_encode(uint32_t cp, char out[4])
{
	if (cp < 0x80) {
		out[0] = (char)cp;
		return 1;
	}
	if (cp < 0x800) {
		out[0] = (char)(0xc0 | cp >> 6);
		out[1] = (char)(0x80 | (cp & 0x3f));
		return 2;
	}
	if (cp < 0x10000) {
		out[0] = (char)(0xe0 | cp >> 12);
		out[1] = (char)(0x80 | (cp >> 6 & 0x3f));
		out[2] = (char)(0x80 | (cp & 0x3f));
		return 3;
	}
	out[0] = (char)(0xf0 | (cp >> 18 & 7));
	out[1] = (char)(0x80 | (cp >> 12 & 0x3f));
	out[2] = (char)(0x80 | (cp >> 6 & 0x3f));
	out[3] = (char)(0x80 | (cp & 0x3f));
	return 4;
}

/* One step through foreign bytes. A mark without a base before it would land on whatever stands left of
 * the text, so it is unsafe too. */
enum step { STEP_BYTE, STEP_UNSAFE, STEP_TEXT };
struct walk {
	const char *s;
	size_t n;
	unsigned marks; /* since the last base */
	uint32_t cp; /* STEP_BYTE: the byte */
	size_t len;
};

static enum step walk_next(struct walk *w)
{
	w->len = utf8_decode(w->s, w->n, &w->cp);
	enum step step = STEP_TEXT;
	if (!w->len) {
		w->cp = (uint8_t)w->s[0];
		w->len = 1;
		step = STEP_BYTE;
	} else if (w->cp < 0x7f) {
		step = w->cp < 0x20 ? STEP_UNSAFE : STEP_TEXT;
	} else if (is_unsafe(w->cp)) {
		step = STEP_UNSAFE;
	} else if (in_ranges(marks, ARRAY_LEN(marks), w->cp)) {
		if (w->marks >= MARKS_MAX)
			step = STEP_UNSAFE;
		else
			w->marks++;
		w->s += w->len;
		w->n -= w->len;
		return step;
	}
	w->marks = 0;
	w->s += w->len;
	w->n -= w->len;
	return step;
}

static const char hex_digits[] = "0123456789ABCDEF";

static void put_hex(struct str *out, uint32_t v, int digits)
{
	char tmp[8];
	int n = 0;
	for (int i = 7; i >= 0; i--) {
		unsigned d = v >> (4 * i) & 15;
		if (d || n || i < digits)
			tmp[n++] = hex_digits[d];
	}
	str_put(out, tmp, (size_t)n);
}

/* How many bytes from s on are plain printable ASCII other than the two given. */
static size_t plain(const char *s, size_t n, char not1, char not2)
{
	size_t i = 0;
	while (i < n && (uint8_t)s[i] >= 0x20 && (uint8_t)s[i] < 0x7f && s[i] != not1 && s[i] != not2)
		i++;
	return i;
}

void text_put_cell(struct str *out, const char *s, size_t n, bool ascii_only, size_t max_bytes)
{
	size_t limit = n < max_bytes ? n : max_bytes, at = plain(s, limit, '\n', '\n');
	str_put(out, s, at);
	struct walk w = {s + at, n - at, at ? 0 : MARKS_MAX, 0, 0};
	while (at < limit) {
		enum step step = walk_next(&w);
		if (at + w.len > limit)
			break;
		at += w.len;
		if (step == STEP_BYTE) {
			str_puts(out, "\\x");
			put_hex(out, w.cp, 2);
		} else if (step == STEP_TEXT && (!ascii_only || w.cp < 0x7f)) {
			str_put(out, w.s - w.len, w.len);
		} else if (w.cp == '\n') {
			str_puts(out, "\\n");
		} else if (w.cp == '\t') {
			str_puts(out, "\\t");
		} else if (w.cp == 0x1b) {
			str_puts(out, "\\e");
		} else if (w.cp < 0x80) {
			str_puts(out, "\\x");
			put_hex(out, w.cp, 2);
		} else {
			str_puts(out, "\\u{");
			put_hex(out, w.cp, 2);
			str_putc(out, '}');
		}
	}
	if (at < n)
		str_puts(out, ascii_only ? "~" : "…");
}

static void put_json_escape(struct str *out, uint32_t cp)
{
	static const char brief[] = {['\b'] = 'b', ['\t'] = 't', ['\n'] = 'n', ['\f'] = 'f', ['\r'] = 'r'};
	if (cp < sizeof(brief) && brief[cp]) {
		str_putc(out, '\\');
		str_putc(out, brief[cp]);
		return;
	}
	if (cp >= 0x10000) {
		put_json_escape(out, 0xd800 + ((cp - 0x10000) >> 10));
		cp = 0xdc00 + ((cp - 0x10000) & 0x3ff);
	}
	str_puts(out, "\\u");
	put_hex(out, cp, 4);
}

void text_put_json(struct str *out, const char *s, size_t n)
{
	str_putc(out, '"');
	size_t at = plain(s, n, '"', '\\');
	str_put(out, s, at);
	struct walk w = {s + at, n - at, at ? 0 : MARKS_MAX, 0, 0};
	while (w.n) {
		switch (walk_next(&w)) {
		case STEP_BYTE:
			str_puts(out, "\xef\xbf\xbd");
			break;
		case STEP_UNSAFE:
			put_json_escape(out, w.cp);
			break;
		case STEP_TEXT:
			if (w.cp == '"' || w.cp == '\\')
				str_putc(out, '\\');
			str_put(out, w.s - w.len, w.len);
			break;
		}
	}
	str_putc(out, '"');
}

/* A spreadsheet would take it for a formula. */
static bool is_formula(char first)
{
	return first == '=' || first == '+' || first == '-' || first == '@' || first == '\t' || first == '\r';
}

void text_end_csv(struct str *out, size_t from, char sep)
{
	size_t n = out->n - from;
	bool formula = n && is_formula(out->s[from]);
	struct str safe = {0};

	if (!formula && plain(out->s + from, n, '"', ',') == n)
		return;
	if (formula)
		str_putc(&safe, '\'');
	text_put_cell(&safe, out->s + from, n, false, SIZE_MAX);
	out->n = from;
	if (sep == '\t' || !strpbrk(str_text(&safe), "\",")) {
		str_put(out, safe.s, safe.n);
	} else {
		str_putc(out, '"');
		for (size_t i = 0; i < safe.n; i++) {
			if (safe.s[i] == '"')
				str_putc(out, '"');
			str_putc(out, safe.s[i]);
		}
		str_putc(out, '"');
	}
	str_done(&safe);
}

void text_put_shell(struct str *out, const char *s)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./:,@%+-";

	if (*s && s[strspn(s, plain)] == '\0') {
		str_puts(out, s);
		return;
	}
	str_putc(out, '\'');
	for (; *s; s++) {
		if (*s == '\'')
			str_puts(out, "'\\''");
		else
			str_putc(out, *s);
	}
	str_putc(out, '\'');
}
