/* Feeds any text as the file of a container runtime: every string that is told must be whole and come from within. */
#include "fuzz_plain.h"
#include "json_walk.h"
#include "sockeye/base/mem.h"
#include <string.h>

struct seen {
	const char *text;
	size_t text_n, n, stop_at;
};

static bool take(void *arg, const struct json_string *s)
{
	struct seen *x = arg;

	if (s->depth < 1 || s->depth > JSON_PATH || s->s[s->n] || s->n > x->text_n)
		abort();
	for (size_t i = 0; i < s->depth; i++) {
		if (s->key[i] && (s->key[i] < x->text || s->key[i] + s->key_n[i] > x->text + x->text_n))
			abort();
		if (json_key_is(s, i, "Name") && s->key_n[i] != 4)
			abort();
	}
	if (json_key_is(s, s->depth, "Name"))
		abort();
	return ++x->n != x->stop_at;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	char *text = mem_dup(data, n); /* exact, so that a byte too many is found */
	struct seen all = {.text = text, .text_n = n}, some = {.text = text, .text_n = n, .stop_at = 2};

	(void)json_walk(text, n, take, &all);
	(void)json_walk(text, n, take, &some);
	if (some.n != (all.n < 2 ? all.n : 2))
		abort();
	free(text);
	return 0;
}
