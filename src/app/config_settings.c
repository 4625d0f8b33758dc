/* Every setting, declared once: how it is read, how it is printed, and the words about it. */
#include "config_private.h"
#include "options.h"
#include "sockeye/base/mem.h"
#include "sockeye/base/text.h"
#include "sockeye/base/units.h"
#include "sockeye/table/filter.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define NAME_MAX_BYTES 20 /* of a named view: it stands on line 2 */

__attribute__((format(printf, 3, 4))) static int wrong(char *err, size_t n, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(err, n, fmt, ap);
	va_end(ap);
	return -EINVAL;
}

static void replace(const char **text, const char *with)
{
	free((char *)(uintptr_t)*text);
	*text = mem_strdup(with);
}

/* ---- [general] ---- */

static int read_interval(struct config *c, const char *value, char *err, size_t err_n)
{
	uint64_t ns;

	if (parse_duration(value, &ns) < 0)
		return wrong(err, err_n, "\"%s\" is no duration; expected 2, 500ms, 30s or 5m", value);
	if (ns < INTERVAL_MIN || ns > INTERVAL_MAX)
		return wrong(err, err_n, "%s is too %s; expected 0.1s to 1d", value,
			     ns < INTERVAL_MIN ? "short" : "long");
	c->interval_ns = ns;
	return 0;
}

static void print_interval(const struct config *c, struct str *out)
{
	if (c->interval_ns % NSEC_PER_SEC)
		str_putf(out, "%llums", (unsigned long long)(c->interval_ns / NSEC_PER_MS));
	else
		str_putf(out, "%llus", (unsigned long long)(c->interval_ns / NSEC_PER_SEC));
}

static int read_view(struct config *c, const char *value, char *err, size_t err_n)
{
	struct str all = {0};
	int view = view_by_key(value);

	free(c->view_name);
	c->view_name = NULL;
	if (view >= 0 && view_table[view].dashboard) {
		c->view = view;
		return 0;
	}
	for (size_t i = 0; i < c->named_n; i++) {
		if (!strcmp(c->named[i].name, value)) {
			c->view = VIEW_N + (int)i;
			return 0;
		}
		str_putf(&all, " %s", c->named[i].name);
	}
	for (int i = 0; i < VIEW_N; i++)
		if (view_table[i].dashboard)
			str_putf(&all, " %s", view_table[i].key);
	wrong(err, err_n, "no view \"%s\"; expected one of%s", value, str_text(&all));
	str_done(&all);
	return -EINVAL;
}

static void print_view(const struct config *c, struct str *out)
{
	str_puts(out, c->view < VIEW_N ? view_table[c->view].key : c->named[c->view - VIEW_N].name);
}

/* The views of the user's own may stand further down. */
static int note_view(struct config *c, const char *value, char *err, size_t err_n)
{
	free(c->view_name);
	c->view_name = mem_strdup(value);
	return 0;
}

int config_check(struct config *c, char *err, size_t err_n)
{
	char *name = c->view_name;
	int r;

	if (!name)
		return 0;
	c->view_name = NULL;
	r = read_view(c, name, err, err_n);
	free(name);
	return r;
}

static int read_bool(bool *ret, const char *value, char *err, size_t err_n)
{
	static const char *const yes[] = {"yes", "true", "on", "1"}, *const no[] = {"no", "false", "off",
										    "0"};

	for (size_t i = 0; i < ARRAY_LEN(yes); i++)
		if (!strcasecmp(value, yes[i]) || !strcasecmp(value, no[i])) {
			*ret = !strcasecmp(value, yes[i]);
			return 0;
		}
	return wrong(err, err_n, "\"%s\" is neither yes nor no", value);
}

#define BOOL_SETTING(name)                                                                                   \
	static int read_##name(struct config *c, const char *value, char *err, size_t err_n)                 \
	{                                                                                                    \
		return read_bool(&c->name, value, err, err_n);                                               \
	}                                                                                                    \
	static void print_##name(const struct config *c, struct str *out)                                    \
	{                                                                                                    \
		str_puts(out, c->name ? "yes" : "no");                                                       \
	}
BOOL_SETTING(color)
BOOL_SETTING(mouse)
BOOL_SETTING(ascii)

/* Whoever wrote the line did not mean to leave the actions on. */
static int read_read_only(struct config *c, const char *value, char *err, size_t err_n)
{
	int r = read_bool(&c->read_only, value, err, err_n);

	if (r < 0)
		c->read_only = true;
	return r;
}

static void print_read_only(const struct config *c, struct str *out)
{
	str_puts(out, c->read_only ? "yes" : "no");
}

const struct setting settings[] = {
	{"interval", "time between two looks, 0.1s to 1d", read_interval, print_interval},
	{"view", "the view to start with", note_view, print_view},
	{"color", "colours, where the terminal has them and NO_COLOR is not set", read_color, print_color},
	{"mouse", "clicks and the wheel", read_mouse, print_mouse},
	{"ascii", "no characters beyond ASCII, also where the terminal has them", read_ascii, print_ascii},
	{"read_only", "refuse every action, as --read-only does; kill and close too", read_read_only,
	 print_read_only},
};
const size_t settings_n = ARRAY_LEN(settings);

/* The nearest of the names that a section knows, for an error. */
static int no_key(const char *key, const char *const *names, size_t n, char *err, size_t err_n)
{
	int near = text_nearest(key, names, n);
	struct str all = {0};

	if (near >= 0)
		return wrong(err, err_n, "no setting \"%s\" here; did you mean %s?", key, names[near]);
	for (size_t i = 0; i < n; i++)
		str_putf(&all, " %s", names[i]);
	wrong(err, err_n, "no setting \"%s\" here; expected one of%s", key, str_text(&all));
	str_done(&all);
	return -EINVAL;
}

static int read_general(struct config *c, const char *section, const char *key, const char *value,
			const struct services *services, char *err, size_t err_n)
{
	const char *names[ARRAY_LEN(settings)];

	for (size_t i = 0; i < settings_n; i++) {
		if (!strcasecmp(settings[i].key, key))
			return settings[i].read(c, value, err, err_n);
		names[i] = settings[i].key;
	}
	return no_key(key, names, settings_n, err, err_n);
}

static void print_general(const struct config *c, struct str *out)
{
	for (size_t i = 0; i < settings_n; i++) {
		str_putf(out, "# %s\n%s = ", settings[i].help, settings[i].key);
		settings[i].print(c, out);
		str_putc(out, '\n');
	}
}

/* ---- [columns], [sort]: a list for each view ---- */

static int check_list(int view, bool sort, const char *list, char *err, size_t err_n)
{
	struct table t;
	char bad[64];
	int r;

	table_init(&t, (enum view_id)view);
	r = sort ? table_set_sort_list(&t, list, bad, sizeof(bad))
		 : table_set_columns(&t, list, bad, sizeof(bad));
	table_done(&t);
	return r == 0 ? 0
		      : wrong(err, err_n,
			      "%s has no column \"%s\"; all: sockeye list --help-columns --view %s",
			      view_table[view].key, bad, view_table[view].key);
}

static int read_list(char *lists[VIEW_N], bool sort, const char *key, const char *value, char *err,
		     size_t err_n)
{
	const char *names[VIEW_N];
	int view = view_by_key(key), r;

	for (int i = 0; i < VIEW_N; i++)
		names[i] = view_table[i].key;
	if (view < 0)
		return no_key(key, names, VIEW_N, err, err_n);
	r = check_list(view, sort, value, err, err_n);
	if (r < 0)
		return r;
	free(lists[view]);
	lists[view] = *value ? mem_strdup(value) : NULL;
	return 0;
}

static int read_columns(struct config *c, const char *section, const char *key, const char *value,
			const struct services *services, char *err, size_t err_n)
{
	return read_list(c->columns, false, key, value, err, err_n);
}

static int read_sort(struct config *c, const char *section, const char *key, const char *value,
		     const struct services *services, char *err, size_t err_n)
{
	return read_list(c->sort, true, key, value, err, err_n);
}

/* The view's own list stands in a comment: in force, the columns follow the width. */
static void print_columns(const struct config *c, struct str *out)
{
	for (int i = 0; i < VIEW_N; i++) {
		const char *const *own = view_table[i].columns;

		if (!view_table[i].dashboard)
			continue;
		str_putf(out, "%s%s = ", c->columns[i] ? "" : "# ", view_table[i].key);
		if (c->columns[i])
			str_puts(out, c->columns[i]);
		for (size_t k = 0; !c->columns[i] && own[k]; k++)
			str_putf(out, "%s%s", k ? "," : "", own[k]);
		str_putc(out, '\n');
	}
}

static void print_sort(const struct config *c, struct str *out)
{
	for (int i = 0; i < VIEW_N; i++) {
		const char *const *own = view_table[i].sort;

		if (!view_table[i].dashboard)
			continue;
		str_putf(out, "%s = ", view_table[i].key);
		if (c->sort[i])
			str_puts(out, c->sort[i]);
		for (size_t k = 0; !c->sort[i] && own[k]; k++)
			str_putf(out, "%s%s", k ? "," : "", own[k]);
		str_putc(out, '\n');
	}
}

/* ---- [styles] ---- */

static int read_style(struct config *c, const char *section, const char *key, const char *value,
		      const struct services *services, char *err, size_t err_n)
{
	for (int i = 0; i < STYLE_N; i++)
		if (!strcasecmp(term_style_names[i], key))
			return term_look_parse(value, &c->looks[i], err, err_n);
	return no_key(key, term_style_names, STYLE_N, err, err_n);
}

static void print_styles(const struct config *c, struct str *out)
{
	for (int i = 0; i < STYLE_N; i++) {
		str_putf(out, "%s = ", term_style_names[i]);
		term_look_print(&c->looks[i], out);
		str_putc(out, '\n');
	}
}

/* ---- [keys] ---- */

static int read_key(struct config *c, const char *section, const char *key, const char *value,
		    const struct services *services, char *err, size_t err_n)
{
	return keymap_set(&c->keymap, key, value, err, err_n);
}

int config_check_keys(const struct config *c, char *err, size_t err_n)
{
	static const char *const ways[] = {"quit", "back_or_quit"};
	uint32_t keys[BINDING_KEYS_MAX];
	size_t n = 0;

	for (size_t i = 0; i < ARRAY_LEN(ways); i++)
		n += keymap_keys(&c->keymap, binding_by_action(ways[i]), keys);
	return n ? 0 : wrong(err, err_n, "no key is left to quit with; give one to quit or back_or_quit");
}

static void print_keys(const struct config *c, struct str *out)
{
	const char *said = "";
	struct str conflict = {0};

	for (size_t i = 0; i < binding_table_n; i++) {
		const struct binding *b = &binding_table[i];

		if (strcmp(b->help, said) != 0)
			str_putf(out, "# %s\n", b->help);
		said = b->help;
		str_putf(out, "%s = ", b->action);
		keymap_print(&c->keymap, b, out);
		str_clear(&conflict);
		if (keymap_conflict(&c->keymap, b, &conflict))
			str_putf(out, " ; %s", str_text(&conflict));
		str_putc(out, '\n');
	}
	str_done(&conflict);
}

/* ---- [view NAME] ---- */

static struct ui_named_view *named_view(struct config *c, const char *section, char *err, size_t err_n)
{
	const char *name = section + strlen("view");
	struct str safe = {0};
	struct ui_named_view *v;
	bool same;

	name += strspn(name, " \t");
	text_put_cell(&safe, name, strlen(name), false, SIZE_MAX);
	same = *name && !strcmp(name, str_text(&safe)) && strlen(name) <= NAME_MAX_BYTES;
	str_done(&safe);
	if (!same) {
		wrong(err, err_n, "a view needs a name of at most %d characters: [view stuck]",
		      NAME_MAX_BYTES);
		return NULL;
	}
	for (size_t i = 0; i < c->named_n; i++)
		if (!strcmp(c->named[i].name, name))
			return &c->named[i];
	if (view_by_key(name) >= 0) {
		wrong(err, err_n, "[view %s]: there is such a view already; another name?", name);
		return NULL;
	}
	if (c->named_n == UI_NAMED_MAX) {
		wrong(err, err_n, "[view %s]: more than %d views of your own", name, UI_NAMED_MAX);
		return NULL;
	}
	v = &c->named[c->named_n++];
	v->name = mem_strdup(name);
	v->view = VIEW_CONNECTIONS;
	return v;
}

static int read_named(struct config *c, const char *section, const char *key, const char *value,
		      const struct services *services, char *err, size_t err_n)
{
	static const char *const names[] = {"show", "filter", "columns", "sort"};
	struct ui_named_view *v = named_view(c, section, err, err_n);
	struct filter_error fe;
	struct filter *f;
	int r = 0;

	if (!v)
		return -EINVAL;
	if (!strcasecmp(key, "show")) {
		struct config scratch = {.view = VIEW_CONNECTIONS};

		r = read_view(&scratch, value, err, err_n);
		v->view = scratch.view;
	} else if (!strcasecmp(key, "filter")) {
		if (filter_parse(value, services, &f, &fe) < 0)
			return wrong(err, err_n, "%s", fe.text);
		filter_free(f);
		replace(&v->filter, value);
	} else if (!strcasecmp(key, "columns")) {
		replace(&v->columns, value);
	} else if (!strcasecmp(key, "sort")) {
		replace(&v->sort, value);
	} else {
		r = no_key(key, names, ARRAY_LEN(names), err, err_n);
	}
	return r;
}

int config_check_view(const struct ui_named_view *v, char *err, size_t err_n)
{
	int r = 0;

	if (!v->filter)
		return wrong(err, err_n, "[view %s] has no filter", v->name);
	if (v->columns)
		r = check_list(v->view, false, v->columns, err, err_n);
	if (r == 0 && v->sort)
		r = check_list(v->view, true, v->sort, err, err_n);
	return r;
}

static void print_named(const struct config *c, struct str *out)
{
	for (size_t i = 0; i < c->named_n; i++) {
		const struct ui_named_view *v = &c->named[i];

		str_putf(out, "%s[view %s]\nshow = %s\nfilter = %s\n", i ? "\n" : "", v->name,
			 view_table[v->view].key, v->filter);
		if (v->columns)
			str_putf(out, "columns = %s\n", v->columns);
		if (v->sort)
			str_putf(out, "sort = %s\n", v->sort);
	}
	if (!c->named_n)
		str_puts(out, "# [view stuck]\n# show = connections\n# filter = state=close-wait\n# sort = "
			      "-idle_s\n");
}

/* ---- All of it ---- */

const struct config_section config_sections[] = {
	{"general", NULL, read_general, print_general},
	{"columns", "for each view: a list (a,b,c), or more and fewer than its own (+a,-b)", read_columns,
	 print_columns},
	{"sort", "for each view: by these columns; - is descending", read_sort, print_sort},
	{"styles", "bold dim italic underline reverse; a colour by name or number; on and a colour behind it",
	 read_style, print_styles},
	{"keys", "names of keys, or none; a key given here is taken from the action that has it by default",
	 read_key, print_keys},
	{"view",
	 "views of your own: the rows of another one, narrowed by a filter. They have the next numbers",
	 read_named, print_named},
};
const size_t config_sections_n = ARRAY_LEN(config_sections);

int config_set(struct config *c, const char *section, const char *key, const char *value,
	       const struct services *services, char *err, size_t err_n)
{
	const char *names[16];

	for (size_t i = 0; i < config_sections_n; i++) {
		const struct config_section *s = &config_sections[i];
		bool named = s->read == read_named && !strncasecmp(section, "view ", 5);
		char text[200] = "";
		int r;

		names[i] = s->name;
		if (!named && strcasecmp(section, s->name) != 0 && !(i == 0 && !*section))
			continue;
		r = s->read(c, section, key, value, services, text, sizeof(text));
		if (r < 0)
			snprintf(err, err_n, "%s: %s", key, text);
		return r < 0 ? -EINVAL : 0;
	}
	snprintf(err, err_n, "no section [%s]; expected", section);
	for (size_t i = 0; i < config_sections_n; i++) {
		size_t used = strlen(err);

		snprintf(err + used, used < err_n ? err_n - used : 0, " [%s]", names[i]);
	}
	return -EINVAL;
}

int config_print(const struct config *c, FILE *out)
{
	struct str s = {0};
	int r;

	if (c->path)
		str_putf(&s, "# %s%s\n", c->path,
			 c->found      ? ""
			 : c->error[0] ? ": has an error; what follows is built in"
				       : ": not there; what follows is built in");
	str_puts(&s, "# Lines that begin with # are comments, and so is what follows a blank and a ;\n");
	for (size_t i = 0; i < config_sections_n; i++) {
		const struct config_section *sec = &config_sections[i];

		str_putc(&s, '\n');
		if (strcmp(sec->name, "view") != 0)
			str_putf(&s, "[%s]\n", sec->name);
		if (sec->help)
			str_putf(&s, "# %s\n", sec->help);
		sec->print(c, &s);
	}
	r = fwrite(str_text(&s), 1, s.n, out) != s.n || fflush(out) ? -errno : 0;
	str_done(&s);
	return r;
}
