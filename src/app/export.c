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
		return say(err, err_n, -errno, strerror(errno));
	if (!S_ISREG(st.st_mode))
		return say(err, err_n, -EINVAL, "only a regular file is overwritten");
	str_putf(name, "%s.XXXXXX", path);
	fd = mkostemp(name->s, O_CLOEXEC);
	if (fd < 0)
		return say(err, err_n, -errno, strerror(errno));
	(void)fchmod(fd, st.st_mode & 0777);
	return fd;
}

static int write_rows(int fd, const struct table *t, enum format format)
{
	FILE *out = fdopen(fd, "w");
	struct utsname name = {0};
	struct report_opts o = {
		.format = format,
		.header = true,
		.columns_chosen = format == FORMAT_CSV || format == FORMAT_TSV,
		.host = name.nodename,
		.kernel = name.release,
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

int export_table(const struct table *t, const char *path, bool overwrite, char *err, size_t err_n)
{
	struct str to = {0}, beside = {0};
	int format = format_of(path), fd, r;
	const char *written;

	if (format < 0)
		return say(err, err_n, -EINVAL,
			   "the name says the format: it ends with .json, .ndjson, .csv, .tsv or .txt");
	put_path(&to, path);
	fd = open(str_text(&to), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
	r = fd < 0 ? -errno : 0;
	written = str_text(&to);
	if (r == -EEXIST && overwrite) {
		r = fd = open_beside(str_text(&to), &beside, err, err_n);
		written = str_text(&beside);
	} else if (r < 0 && r != -EEXIST) {
		say(err, err_n, r, strerror(-r));
	}
	if (r >= 0) {
		r = write_rows(fd, t, (enum format)format);
		if (r == 0 && beside.n && rename(written, str_text(&to)) < 0)
			r = -errno;
		if (r < 0) {
			say(err, err_n, r, strerror(-r));
			unlink(written);
		}
	}
	str_done(&to);
	str_done(&beside);
	return r < 0 ? r : 0;
}
