/* Reads strings out of the files in which container runtimes keep what they know: a walk without a tree, because
 * two or three values are wanted of many, and the files are not ours to trust. */
#include "json_walk.h"
#include "sockeye/base/str.h"
#include "sockeye/base/text.h"
#include <errno.h>
#include <string.h>

#define DEPTH_MAX 64

struct walk {
	const char *p, *end;
	struct str text;
	struct json_string at;
	bool is_object[DEPTH_MAX];
	size_t depth;
};

static void blanks(struct walk *w)
{
	while (w->p < w->end && (*w->p == ' ' || *w->p == '\t' || *w->p == '\n' || *w->p == '\r'))
		w->p++;
}

/* The raw inside of the string at the cursor, which moves behind it. */
static int raw_string(struct walk *w, const char **ret, size_t *ret_n)
{
	const char *from;

	if (w->p == w->end || *w->p != '"')
		return -EBADMSG;
	from = ++w->p;
	while (w->p < w->end && *w->p != '"')
		w->p += *w->p == '\\' && w->p + 1 < w->end ? 2 : 1;
	if (w->p >= w->end)
		return -EBADMSG;
	*ret = from;
	*ret_n = (size_t)(w->p - from);
	w->p++;
	return 0;
}

static int hex4(const char *s, size_t n, uint32_t *ret)
{
	uint32_t v = 0;

	if (n < 4)
		return -EBADMSG;
	for (size_t i = 0; i < 4; i++) {
		const char *digits = "0123456789abcdef", *d = strchr(digits, s[i] | 0x20);

		if (!s[i] || !d || !*d)
			return -EBADMSG;
		v = v * 16 + (uint32_t)(d - digits);
	}
	*ret = v;
	return 0;
}

static void unescape(struct str *out, const char *s, size_t n)
{
	static const char from[] = "bfnrt", to[] = "\b\f\n\r\t";

	str_clear(out);
	str_put(out, "", 0);
	for (size_t i = 0; i < n; i++) {
		const char *plain;
		char utf8[4];
		uint32_t cp, low;

		if (s[i] != '\\' || i + 1 == n) {
			str_putc(out, s[i]);
			continue;
		}
		i++;
		if (s[i] == 'u' && !hex4(s + i + 1, n - i - 1, &cp)) {
			i += 4;
			if (cp >= 0xd800 && cp < 0xdc00 && n - i > 6 && s[i + 1] == '\\' && s[i + 2] == 'u' &&
			    !hex4(s + i + 3, n - i - 3, &low) && low >= 0xdc00 && low < 0xe000) {
				cp = 0x10000 + ((cp - 0xd800) << 10) + (low - 0xdc00);
				i += 6;
			}
			str_put(out, utf8, utf8_encode(cp, utf8));
			continue;
		}
		plain = s[i] ? strchr(from, s[i]) : NULL;
		str_putc(out, plain ? to[plain - from] : s[i]);
	}
}

static int take_string(struct walk *w, json_string_fn fn, void *arg, bool *ret_go_on)
{
	const char *raw;
	size_t n;
	int r = raw_string(w, &raw, &n);

	if (r || !w->depth || w->depth > JSON_PATH)
		return r;
	unescape(&w->text, raw, n);
	w->at.depth = w->depth;
	w->at.s = str_text(&w->text);
	w->at.n = w->text.n;
	*ret_go_on = fn(arg, &w->at);
	return 0;
}

static int take_key(struct walk *w)
{
	const char *key;
	size_t n;
	int r = raw_string(w, &key, &n);

	if (r)
		return r;
	if (w->depth <= JSON_PATH) {
		w->at.key[w->depth - 1] = key;
		w->at.key_n[w->depth - 1] = n;
	}
	blanks(w);
	if (w->p == w->end || *w->p++ != ':')
		return -EBADMSG;
	blanks(w);
	return 0;
}

static int enter(struct walk *w, bool object)
{
	if (w->depth == DEPTH_MAX)
		return -EBADMSG;
	w->is_object[w->depth++] = object;
	if (w->depth <= JSON_PATH)
		w->at.key[w->depth - 1] = NULL;
	w->p++;
	return 0;
}

static void skip_word(struct walk *w)
{
	while (w->p < w->end && !strchr(",]} \t\r\n", *w->p))
		w->p++;
}

/* One value, of which objects and arrays are only begun. */
static int take_value(struct walk *w, json_string_fn fn, void *arg, bool *ret_go_on)
{
	if (w->p == w->end)
		return -EBADMSG;
	switch (*w->p) {
	case '{':
		return enter(w, true);
	case '[':
		return enter(w, false);
	case '"':
		return take_string(w, fn, arg, ret_go_on);
	case ',':
	case ':':
	case '}':
	case ']':
	case '\0':
		return -EBADMSG;
	default:
		skip_word(w); /* numbers, true, false, null: nobody asks for those */
		return 0;
	}
}

static int walk(struct walk *w, json_string_fn fn, void *arg)
{
	bool go_on = true, fresh; /* fresh: nothing of the innermost object or array was read yet */
	int r;

	blanks(w);
	r = take_value(w, fn, arg, &go_on);
	fresh = true;
	while (!r && go_on && w->depth) {
		bool object = w->is_object[w->depth - 1];
		size_t depth;

		blanks(w);
		if (w->p == w->end)
			return -EBADMSG;
		if (*w->p == (object ? '}' : ']')) {
			w->p++;
			w->depth--;
			fresh = false;
			continue;
		}
		if (!fresh && *w->p++ != ',')
			return -EBADMSG;
		blanks(w);
		if (object)
			r = take_key(w);
		depth = w->depth;
		if (!r)
			r = take_value(w, fn, arg, &go_on);
		fresh = w->depth > depth;
	}
	return r;
}

int json_walk(const char *text, size_t n, json_string_fn fn, void *arg)
{
	struct walk w = {.p = text, .end = text + n};
	int r = walk(&w, fn, arg);

	str_done(&w.text);
	return r;
}

bool json_key_is(const struct json_string *s, size_t i, const char *word)
{
	return i < s->depth && s->key[i] && s->key_n[i] == strlen(word) &&
	       !memcmp(s->key[i], word, s->key_n[i]);
}
