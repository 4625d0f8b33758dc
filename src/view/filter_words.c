/* Terms put into a filter's text and taken out of it again, for keys that change the filter without a prompt:
 * the text stays what the user could have typed. */
#include "ui_private.h"
#include <string.h>

bool filter_word_find(const char *text, const char *word, size_t *ret_at, size_t *ret_n)
{
	size_t len = strlen(word);
	int depth = 0;

	for (const char *p = text; *p;) {
		const char *from = p;
		bool quoted = false, top = depth == 0;

		for (; *p && (quoted || *p != ' '); p++) {
			if (*p == '"')
				quoted = !quoted;
			else if (!quoted)
				depth += (*p == '(') - (*p == ')');
		}
		if (top && (size_t)(p - from) == len && !strncmp(from, word, len)) {
			*ret_at = (size_t)(from - text);
			*ret_n = (size_t)(p - from);
			return true;
		}
		while (*p == ' ')
			p++;
	}
	return false;
}

void filter_word_remove(const char *text, size_t at, size_t n, struct str *out)
{
	const char *rest = text + at + n;

	while (at > 0 && text[at - 1] == ' ')
		at--;
	while (*rest == ' ')
		rest++;
	str_put(out, text, at);
	str_puts(out, at && *rest ? " " : "");
	str_puts(out, rest);
}

void filter_word_add(const char *text, const char *term, struct str *out)
{
	size_t at, n;

	/* "and" binds closer than "or" */
	if (filter_word_find(text, "or", &at, &n))
		str_putf(out, "(%s) %s", text, term);
	else
		str_putf(out, "%s%s%s", text, *text ? " " : "", term);
}
