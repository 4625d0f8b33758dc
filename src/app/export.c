/* Exports: a table into a file that is either written whole or not there. */
#include "export.h"
#include "sockeye/base/mem.h"
#include "sockeye/base/str.h"
#include "sockeye/report/report.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

static int say(char *err, size_t n, int r, const char *text)
{
	snprintf(err, n, "%s", text);
	return r;
}

/* What cannot be written, and why. */
static int say_path(char *err, size_t n, int r, const char *path)
{
	const char *slash = strrchr(path, '/');

	if (r == -ENOENT && slash)
		snprintf(err, n, "there is no directory %.*s", (int)(slash - path), path);
	else
		snprintf(err, n, "%s: %s", path, strerror(-r));
	return r;
}

/* By the end of the name; -1: it says none. */
static int format_of(const char *path)
{
	const char *dot = strrchr(path, '.');

	if (!dot || strchr(dot, '/'))
		return -1;
	return !strcasecmp(dot, ".txt") ? FORMAT_TEXT : format_by_name(dot + 1);
}

static void put_path(struct str *out, const char *path)
{
	const char *home = getenv("HOME");

	if (path[0] == '~' && path[1] == '/' && home && *home)
		str_putf(out, "%s%s", home, path + 1);
	else
		str_puts(out, path);
}

/* A file of our own beside the one that is to be replaced, with its permissions. */
static int open_beside(const char *path, struct str *name, char *err, size_t err_n)
{
	struct stat st;
	int fd;

	if (lstat(path, &st) < 0)
		return say_path(err, err_n, -errno, path);
	if (!S_ISREG(st.st_mode))
		return say(err, err_n, -EINVAL, "only a regular file is overwritten");
	str_putf(name, "%s.XXXXXX", path);
	fd = mkostemp(name->s, O_CLOEXEC);
	if (fd < 0)
		return say_path(err, err_n, -errno, path);
	(void)fchmod(fd, st.st_mode & 0777);
	return fd;
}

static int write_rows(int fd, const struct table *t, enum format format,
		      bool (*go_on)(void *data, size_t rows), void *data)
{
	FILE *out = fdopen(fd, "w");
	struct utsname name = {0};
	struct report_opts o = {
		.format = format,
		.header = true,
		.columns_chosen = format == FORMAT_CSV || format == FORMAT_TSV,
		.host = name.nodename,
		.kernel = name.release,
		.go_on = go_on,
		.data = data,
	};
	int r;

	if (!out) {
		close(fd);
		return -ENOMEM;
	}
	uname(&name);
	r = report_write(out, t, &o, NULL);
	if (fclose(out) != 0 && r == 0)
		r = -errno;
	return r;
}

static void done(struct export_file *x)
{
	free(x->path);
	free(x->beside);
	*x = (struct export_file){.fd = -1};
}

int export_open(struct export_file *x, const char *path, bool overwrite, char *err, size_t err_n)
{
	struct str to = {0}, beside = {0};
	int format = format_of(path), fd, r;

	if (format < 0)
		return say(err, err_n, -EINVAL,
			   "the name says the format: it ends with .json, .ndjson, .csv, .tsv or .txt");
	put_path(&to, path);
	fd = open(str_text(&to), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
	r = fd < 0 ? -errno : 0;
	if (r == -EEXIST && overwrite)
		r = fd = open_beside(str_text(&to), &beside, err, err_n);
	else if (r < 0 && r != -EEXIST)
		say_path(err, err_n, r, str_text(&to));
	if (r < 0) {
		str_done(&to);
		str_done(&beside);
		return r;
	}
	*x = (struct export_file){.path = str_take(&to), .fd = fd, .format = format};
	if (beside.n)
		x->beside = str_take(&beside);
	str_done(&beside);
	return 0;
}

int export_write(struct export_file *x, const struct table *t, bool (*go_on)(void *data, size_t rows),
		 void *data, char *err, size_t err_n)
{
	int r = write_rows(x->fd, t, (enum format)x->format, go_on, data);

	if (r == 0 && x->beside && rename(x->beside, x->path) < 0)
		r = -errno;
	if (r < 0) {
		say(err, err_n, r, strerror(-r));
		unlink(x->beside ? x->beside : x->path);
	}
	done(x);
	return r;
}

void export_drop(struct export_file *x)
{
	close(x->fd);
	unlink(x->beside ? x->beside : x->path);
	done(x);
}
