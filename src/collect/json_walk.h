/* Strings of a JSON text with the way to each, without building anything. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#define JSON_PATH 6 /* keys that are told; what lies deeper is passed over */
struct json_string {
	const char *
		key[JSON_PATH]; /* of the objects around it, outermost first; NULL for an array. Borrowed, raw
				       (escapes not undone), not terminated: */
	size_t key_n[JSON_PATH];
	size_t depth; /* objects and arrays around it, at most JSON_PATH */
	const char *s; /* escapes undone; terminated; borrowed until the function returns */
	size_t n;
};
/* false: enough. */
typedef bool (*json_string_fn)(void *arg, const struct json_string *s);
/* Calls fn for every string that is a value at a depth of 1 to JSON_PATH. 0, or -EBADMSG when the text is no JSON
 * from some place on (what came before was given). */
int json_walk(const char *text, size_t n, json_string_fn fn, void *arg);
/* Is the i'th key this word? */
bool json_key_is(const struct json_string *s, size_t i, const char *word);
