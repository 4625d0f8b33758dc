/* `W`: puts a few settings into the user's file and leaves every other line of it as it is. */
#include "config.h"
#include "sockeye/base/mem.h"
#include "sockeye/base/str.h"
#include "sockeye/base/units.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_MAX (1 << 20)

static int say(char *err, size_t n, int r, const char *what)
{
	snprintf(err, n, "%s: %s", what, strerror(-r));
	return r;
}

/* Makes the directories on the way to the file that are missing. */
static int make_directories(char *path)
{
	for (char *p = strchr(path + 1, '/'); p; p = strchr(p + 1, '/')) {
		int r;

		*p = '\0';
		r = mkdir(path, 0700) < 0 && errno != EEXIST ? -errno : 0;
		*p = '/';
		if (r < 0)
			return r;
	}
	return 0;
}

static bool is_section(const char *line, const char *name)
{
	size_t n = strlen(name);

	line += strspn(line, " \t");
	return line[0] == '[' && !strncasecmp(line + 1, name, n) && line[1 + n] == ']';
}

static bool begins_section(const char *line)
{
	return line[strspn(line, " \t")] == '[';
}

/* `key = …`, and no comment. */
static bool is_setting(const char *line, const char *key)
{
	size_t n = strlen(key);

	line += strspn(line, " \t");
	return !strncasecmp(line, key, n) && strchr("=:", line[n + strspn(line + n, " \t")]) &&
	       line[n + strspn(line + n, " \t")];
}

/* One setting: in the place of the line that has it, else at the end of its section, else in a new one. */
static void put_setting(const struct str *from, const struct config_kept *k, struct str *to)
{
	const char *line = str_text(from);
	bool in = false, done = !k->value, seen = false;
	size_t end = 0; /* of `to`, behind the last line of the section that is not blank */

	while (*line) {
		size_t n = strcspn(line, "\n");
		bool mine;

		if (begins_section(line)) {
			in = is_section(line, k->section);
			seen = seen || in;
		}
		mine = in && is_setting(line, k->key);
		if (mine && !done)
			str_putf(to, "%s = %s\n", k->key, k->value);
		if (!mine) {
			str_put(to, line, n);
			str_putc(to, '\n');
		}
		done = done || mine;
		if (in && n)
			end = to->n;
		line += n + (line[n] == '\n');
	}
	if (done)
		return;
	if (seen) {
		struct str rest = {0};

		str_puts(&rest, to->s + end);
		to->n = end;
		str_putf(to, "%s = %s\n%s", k->key, k->value, str_text(&rest));
		str_done(&rest);
	} else {
		str_putf(to, "%s[%s]\n%s = %s\n", to->n ? "\n" : "", k->section, k->key, k->value);
	}
}

/* The file as it is; 0 also when there is none. */
static int read_old(int dir, const char *name, struct str *text, mode_t *mode)
{
	int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC), r = 0;
	struct stat st;
	char buf[4096];
	ssize_t n;

	if (fd < 0)
		return errno == ENOENT ? 0 : -errno;
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size > FILE_MAX)
		r = -EINVAL;
	*mode = st.st_mode & 0777;
	while (r == 0 && (n = read(fd, buf, sizeof(buf))) != 0) {
		if (n < 0)
			r = -errno;
		else
			str_put(text, buf, (size_t)n);
	}
	close(fd);
	return r;
}

static int write_new(int dir, const char *name, const struct str *text, mode_t mode)
{
	static const char beside[] = "config.new";
	int fd, r = 0;
	size_t at = 0;

	(void)unlinkat(dir, beside, 0);
	fd = openat(dir, beside, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
	if (fd < 0)
		return -errno;
	while (r == 0 && at < text->n) {
		ssize_t n = write(fd, text->s + at, text->n - at);

		if (n < 0 && errno != EINTR)
			r = -errno;
		at += n > 0 ? (size_t)n : 0;
	}
	if (r == 0 && fsync(fd) < 0)
		r = -errno;
	close(fd);
	if (r == 0 && renameat(dir, beside, dir, name) < 0)
		r = -errno;
	if (r < 0)
		(void)unlinkat(dir, beside, 0);
	return r;
}

static int rewrite(int dir, const char *name, const struct config_kept *kept, size_t n)
{
	struct str text = {0};
	mode_t mode = 0600;
	int r = read_old(dir, name, &text, &mode);

	for (size_t i = 0; i < n && r == 0; i++) {
		struct str next = {0};

		put_setting(&text, &kept[i], &next);
		str_done(&text);
		text = next;
	}
	if (r == 0)
		r = write_new(dir, name, &text, mode);
	str_done(&text);
	return r;
}

int config_keep(const char *path, const struct config_kept *kept, size_t n, char *err, size_t err_n)
{
	char *copy = mem_strdup(path), *slash = strrchr(copy, '/');
	int r = make_directories(copy), dir = -1;
	struct stat st;

	*slash = '\0';
	if (r == 0) {
		dir = open(copy, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		r = dir < 0 ? -errno : 0;
	}
	if (r < 0) {
		say(err, err_n, r, copy);
	} else if (fstat(dir, &st) < 0 || st.st_uid != geteuid()) {
		/* Root in the home of another: a file of root's there would be in the way of its owner. */
		snprintf(err, err_n, "%s belongs to somebody else: nothing is kept there", copy);
		r = -EPERM;
	} else {
		r = rewrite(dir, slash + 1, kept, n);
		if (r == -ELOOP)
			snprintf(err, err_n, "%s is a symbolic link: not written", path);
		else if (r < 0)
			say(err, err_n, r, path);
	}
	if (dir >= 0)
		close(dir);
	free(copy);
	return r;
}

static void add(struct config_kept *kept, size_t *n, const char *section, const char *key, const char *value)
{
	kept[(*n)++] = (struct config_kept){section, key, value ? mem_strdup(value) : NULL};
}

int config_save(struct config *c, int view, uint64_t interval_ns, const struct ui_arranged *v, size_t n,
		char *text, size_t text_n)
{
	struct config_kept kept[2 + 2 * (VIEW_N + UI_NAMED_MAX)];
	char sections[UI_NAMED_MAX][64], interval[32];
	size_t kept_n = 0;
	int r;

#ifndef HAVE_INIH
	snprintf(text, text_n, "this program was built without inih, and would not read them");
	return -ENOTSUP;
#endif
	if (!c->path)
		return say(text, text_n, -ENOENT, "no home directory");
	if (c->error[0]) {
		/* What stands there is not what is in force: it would be lost without having been read. */
		snprintf(text, text_n, "%s", c->error);
		return -EINVAL;
	}
	snprintf(interval, sizeof(interval), "%llums", (unsigned long long)(interval_ns / NSEC_PER_MS));
	if (interval_ns % NSEC_PER_SEC == 0)
		snprintf(interval, sizeof(interval), "%llus",
			 (unsigned long long)(interval_ns / NSEC_PER_SEC));
	add(kept, &kept_n, "general", "interval", interval);
	add(kept, &kept_n, "general", "view",
	    view < VIEW_N ? view_table[view].key : c->named[view - VIEW_N].name);
	for (size_t i = 0; i < n; i++) {
		size_t named = (size_t)(v[i].view - VIEW_N);

		if (v[i].view < VIEW_N) {
			add(kept, &kept_n, "columns", view_table[v[i].view].key, v[i].columns);
			add(kept, &kept_n, "sort", view_table[v[i].view].key, v[i].sort);
			continue;
		}
		snprintf(sections[named], sizeof(sections[named]), "view %s", c->named[named].name);
		add(kept, &kept_n, sections[named], "columns", v[i].columns);
		add(kept, &kept_n, sections[named], "sort", v[i].sort);
	}
	r = config_keep(c->path, kept, kept_n, text, text_n);
	if (r == 0)
		snprintf(text, text_n, "%s", c->path);
	for (size_t i = 0; i < kept_n; i++)
		free(kept[i].value);
	return r;
}
