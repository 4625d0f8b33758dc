/* The theme: how each style looks if nobody says otherwise, and the words in which a user can. */
#include "sockeye/base/mem.h"
#include "sockeye/base/units.h"
#include "sockeye/term/term.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

const char *const term_style_names[STYLE_N] = {
	[STYLE_PLAIN] = "plain", [STYLE_HEAD] = "head",     [STYLE_SORT] = "sort",
	[STYLE_SEL] = "sel",     [STYLE_DIM] = "dim",       [STYLE_INFO] = "info",
	[STYLE_OK] = "ok",       [STYLE_WARN] = "warn",     [STYLE_BAD] = "bad",
	[STYLE_KEY] = "key",     [STYLE_REASON] = "reason", [STYLE_CHANGED] = "changed",
};
enum { OWN = -1, RED = 1, GREEN = 2, YELLOW = 3, CYAN = 6 };
static const struct term_look looks[STYLE_N] = {
	[STYLE_PLAIN] = {0, OWN, OWN},         [STYLE_HEAD] = {TERM_BOLD, OWN, OWN},
	[STYLE_SORT] = {TERM_BOLD, CYAN, OWN}, [STYLE_SEL] = {TERM_REVERSE, OWN, OWN},
	[STYLE_DIM] = {TERM_DIM, OWN, OWN},    [STYLE_INFO] = {0, CYAN, OWN},
	[STYLE_OK] = {0, GREEN, OWN},          [STYLE_WARN] = {0, YELLOW, OWN},
	[STYLE_BAD] = {TERM_BOLD, RED, OWN},   [STYLE_KEY] = {TERM_BOLD, OWN, OWN},
	[STYLE_REASON] = {TERM_DIM, OWN, OWN}, [STYLE_CHANGED] = {TERM_BOLD, OWN, OWN},
};
static const struct {
	const char *name;
	uint8_t attr;
} attr_words[] = {
	{"bold", TERM_BOLD},           {"dim", TERM_DIM},         {"italic", TERM_ITALIC},
	{"underline", TERM_UNDERLINE}, {"reverse", TERM_REVERSE}, {"plain", 0},
};
static const char *const color_names[] = {"black", "red",     "green", "yellow",
					  "blue",  "magenta", "cyan",  "white"};

struct term_look term_look_of(enum style s)
{
	return looks[s];
}

static bool read_attr(const char *word, uint8_t *attrs)
{
	for (size_t i = 0; i < ARRAY_LEN(attr_words); i++)
		if (!strcasecmp(word, attr_words[i].name)) {
			*attrs |= attr_words[i].attr;
			return true;
		}
	return false;
}

static bool read_color(const char *word, int16_t *ret)
{
	uint64_t n;

	if (!strcasecmp(word, "default")) {
		*ret = OWN;
		return true;
	}
	for (size_t i = 0; i < ARRAY_LEN(color_names); i++)
		if (!strcasecmp(word, color_names[i])) {
			*ret = (int16_t)i;
			return true;
		}
	if (parse_u64(word, 255, &n) < 0)
		return false;
	*ret = (int16_t)n;
	return true;
}

int term_look_parse(const char *text, struct term_look *ret, char *err, size_t err_n)
{
	struct term_look l = {0, OWN, OWN};
	bool on = false;

	while (*(text += strspn(text, " \t"))) {
		char word[24];
		size_t n = strcspn(text, " \t");

		snprintf(word, sizeof(word), "%.*s", (int)n, text);
		text += n;
		if (!strcasecmp(word, "on") && !on) {
			on = true;
			continue;
		}
		if (n >= sizeof(word) ||
		    !(read_color(word, on ? &l.bg : &l.fg) || (!on && read_attr(word, &l.attrs)))) {
			snprintf(err, err_n,
				 "\"%s\" is no look; expected plain bold dim italic underline reverse, a "
				 "colour (red, "
				 "208, default), on and a colour",
				 word);
			return -EINVAL;
		}
	}
	*ret = l;
	return 0;
}

static void put_color(struct str *out, int16_t color)
{
	if (color < (int)ARRAY_LEN(color_names))
		str_puts(out, color_names[color]);
	else
		str_putf(out, "%d", color);
}

void term_look_print(const struct term_look *l, struct str *out)
{
	size_t before = out->n;

	for (size_t i = 0; i < ARRAY_LEN(attr_words); i++)
		if (l->attrs & attr_words[i].attr)
			str_putf(out, "%s%s", out->n > before ? " " : "", attr_words[i].name);
	if (l->fg >= 0) {
		str_puts(out, out->n > before ? " " : "");
		put_color(out, l->fg);
	}
	if (l->bg >= 0) {
		str_puts(out, out->n > before ? " on " : "on ");
		put_color(out, l->bg);
	}
	if (out->n == before)
		str_puts(out, "plain");
}
