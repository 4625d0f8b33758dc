/* Reads the user's settings with inih, line by line, so that what is wrong is told with its place. */
#include "config.h"
#include "config_private.h"
#include "options.h"
#include "sockeye/base/mem.h"
#include "sockeye/base/text.h"
#include "sockeye/base/units.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <unistd.h>
#ifdef HAVE_INIH
#include <ini.h>
#endif

#define FILE_MAX (1 << 20)

/* ---- Where it is ---- */

static char *find_path(void)
{
	const char *xdg = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
	struct str path = {0};

	/* With more rights than the caller's its environment decides nothing. */
	if (getauxval(AT_SECURE))
		return NULL;
	if (xdg && xdg[0] == '/')
		str_putf(&path, "%s/sockeye/config", xdg);
	else if (home && home[0] == '/')
		str_putf(&path, "%s/.config/sockeye/config", home);
	else
		return NULL;
	return str_take(&path);
}

#ifdef HAVE_INIH
/* ---- Reading ---- */

struct reading {
	struct config *c;
	const struct services *services;
	const char *text; /* what is left of it */
	int line; /* the one handed to inih last */
	VEC(int) lines; /* of the file, by inih's own count */
	bool inside; /* `text` begins in the middle of it, … */
	bool blank; /* … behind a blank */
	bool joined, joined_blank; /* … as it was handed out */
	struct str section, key, value; /* of the setting that may go on */
	int value_line; /* 0: there is none */
	int wrong; /* first line with an error; 0: none */
	int view_line[UI_NAMED_MAX]; /* where each named view begins */
	int start_line; /* where the view to start with is named */
	int keys_line; /* where the last key is */
	char error[300];
};

static void complain_at(struct reading *r, int line, const char *text)
{
	if (r->wrong && r->wrong <= line)
		return;
	r->wrong = line;
	snprintf(r->error, sizeof(r->error), "%s", text);
}

/* How much of a long line fits into n bytes; 0: it cannot be parted. */
static size_t part_of(const char *s, size_t n)
{
	while (n > 0 && s[n - 1] != ',' && s[n - 1] != ' ')
		n--;
	return n;
}

/* fgets for inih. It sees no blanks before a setting, which would make it the continuation of the one before, and
 * lines longer than it can hold as such continuations. */
static char *next_line(char *buf, int size, void *data)
{
	struct reading *r = data;
	size_t n, max = (size_t)size - 3; /* a blank, the newline, the end */
	bool inside = r->inside;

	if (!*r->text)
		return NULL;
	r->line += !inside;
	vec_push(&r->lines, r->line);
	r->joined = inside;
	r->joined_blank = r->blank;
	r->text += strspn(r->text, " \t");
	n = strcspn(r->text, "\n");
	r->inside = n > max;
	if (!inside && (*r->text == '#' || *r->text == ';')) {
		snprintf(buf, (size_t)size, "\n");
		r->inside = false;
	} else if (r->inside) {
		size_t part = part_of(r->text, max);

		if (!part) {
			complain_at(r, r->line, "the line is too long");
			r->text += n + (r->text[n] == '\n');
			r->inside = false;
			snprintf(buf, (size_t)size, "\n");
			return buf;
		}
		n = part;
		r->blank = r->text[n - 1] == ' ';
		snprintf(buf, (size_t)size, "%s%.*s\n", inside ? " " : "", (int)n, r->text);
	} else {
		snprintf(buf, (size_t)size, "%s%.*s\n", inside ? " " : "", (int)n, r->text);
	}
	r->text += n + (!r->inside && r->text[n] == '\n');
	return buf;
}

/* The setting that was read last is whole. */
static void take_value(struct reading *r)
{
	size_t views = r->c->named_n;
	char err[300] = "";

	if (!r->value_line)
		return;
	if (config_set(r->c, str_text(&r->section), str_text(&r->key), str_text(&r->value), r->services, err,
		       sizeof(err)) < 0)
		complain_at(r, r->value_line, err);
	if (!strcasecmp(str_text(&r->section), "keys"))
		r->keys_line = r->value_line;
	if (r->c->view_name && !r->start_line)
		r->start_line = r->value_line;
	if (r->c->named_n > views)
		r->view_line[views] = r->value_line;
	r->value_line = 0;
}

static int on_value(void *data, const char *section, const char *key, const char *value
#if INI_HANDLER_LINENO
		    ,
		    int line
#endif
)
{
	struct reading *r = data;

	if (r->joined) {
		str_putf(&r->value, "%s%s", r->joined_blank ? " " : "", value ? value : "");
		return 1;
	}
	take_value(r);
	str_clear(&r->section);
	str_clear(&r->key);
	str_clear(&r->value);
	str_puts(&r->section, section);
	str_puts(&r->key, key);
	str_puts(&r->value, value ? value : "");
	r->value_line = r->line;
	return 1;
}

static void parse(struct config *c, const char *text, const struct services *services)
{
	struct reading r = {.c = c, .services = services, .text = text};
	int line = ini_parse_stream(next_line, &r, on_value, &r);
	char err[300] = "";

	take_value(&r);
	if (config_check(c, err, sizeof(err)) < 0) {
		struct str told = {0};

		str_putf(&told, "view: %s", err);
		complain_at(&r, r.start_line, str_text(&told));
		str_done(&told);
	}
	if (config_check_keys(c, err, sizeof(err)) < 0)
		complain_at(&r, r.keys_line, err);
	if (line > 0 && (size_t)line <= r.lines.n)
		complain_at(&r, r.lines.v[line - 1], "neither [section] nor key = value");
	for (size_t i = 0; i < c->named_n; i++) {
		if (config_check_view(&c->named[i], err, sizeof(err)) < 0)
			complain_at(&r, r.view_line[i], err);
	}
	if (r.wrong)
		snprintf(c->error, sizeof(c->error), "%s:%d: %s", c->path, r.wrong, r.error);
	vec_done(&r.lines);
	str_done(&r.section);
	str_done(&r.key);
	str_done(&r.value);
}
#else
static void parse(struct config *c, const char *text, const struct services *services)
{
	snprintf(c->error, sizeof(c->error), "%s: not read: this program was built without inih", c->path);
}
#endif

/* The text of the file; NULL: there is none, or *err says why it cannot be read. */
static char *read_text(const char *path, const char **err)
{
	/* Whatever stands there, a pipe must not hold us up. */
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	struct str text = {0};
	struct stat st;
	ssize_t n = 1;

	*err = NULL;
	if (fd < 0) {
		if (errno != ENOENT && errno != ENOTDIR)
			*err = strerror(errno);
		return NULL;
	}
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size > FILE_MAX) {
		*err = "no regular file of less than 1 MiB";
		close(fd);
		return NULL;
	}
	while (n > 0) {
		char buf[4096];

		n = read(fd, buf, sizeof(buf));
		if (n > 0 && text.n + (size_t)n <= FILE_MAX)
			str_put(&text, buf, (size_t)n);
	}
	if (n < 0)
		*err = strerror(errno);
	close(fd);
	return str_take(&text);
}

void config_load(struct config *c, const struct services *services)
{
	const char *err;
	char *text;

	memset(c, 0, sizeof(*c));
	config_defaults(c);
	c->path = find_path();
	text = c->path ? read_text(c->path, &err) : NULL;
	if (c->path && err)
		snprintf(c->error, sizeof(c->error), "%s: %s", c->path, err);
	if (text && !c->error[0]) {
		parse(c, text, services);
		c->found = !c->error[0];
		if (c->error[0]) {
			bool read_only = c->read_only;

			config_defaults(c);
			c->read_only = read_only;
		}
	}
	free(text);
}

bool config_read_only(void)
{
	struct config c;
	bool read_only;

	config_load(
		&c,
		NULL); /* without the services a port may not be known by its name: an error that is no matter */
	read_only = c.read_only;
	config_done(&c);
	return read_only;
}

int config_show(void)
{
	struct services *services = services_load("/etc/services");
	struct config c;
	int r;

	config_load(&c, services);
	r = config_print(&c, stdout);
	if (r < 0)
		complain("cannot write: %s", strerror(-r));
	if (c.error[0])
		complain("%s", c.error);
	r = r < 0 || c.error[0] ? 2 : 0;
	config_done(&c);
	services_free(services);
	return r;
}

static void free_lists(struct config *c)
{
	for (int i = 0; i < VIEW_N; i++) {
		free(c->columns[i]);
		free(c->sort[i]);
		c->columns[i] = c->sort[i] = NULL;
	}
	for (size_t i = 0; i < c->named_n; i++) {
		free((char *)(uintptr_t)c->named[i].name);
		free((char *)(uintptr_t)c->named[i].filter);
		free((char *)(uintptr_t)c->named[i].sort);
		free((char *)(uintptr_t)c->named[i].columns);
	}
	free(c->view_name);
	c->view_name = NULL;
	memset(c->named, 0, sizeof(c->named));
	c->named_n = 0;
	keymap_done(&c->keymap);
}

void config_defaults(struct config *c)
{
	free_lists(c);
	c->interval_ns = NSEC_PER_SEC;
	c->view = VIEW_PORTS;
	c->color = c->mouse = true;
	c->ascii = c->read_only = false;
	keymap_init(&c->keymap);
	for (int i = 0; i < STYLE_N; i++)
		c->looks[i] = term_look_of((enum style)i);
}

void config_done(struct config *c)
{
	free_lists(c);
	free(c->path);
	c->path = NULL;
}
