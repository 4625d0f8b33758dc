/* The thread behind exporting.h: 100,000 rows of JSON take a third of a second, and a full disk or a network's file
 * system any time. */
#include "exporting.h"
#include "clock.h"
#include "export.h"
#include "sockeye/base/mem.h"
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct exporting {
	pthread_t thread;
	struct table table; /* a copy of its own: lines, columns, counts */
	struct export_file file;
	bool begun; /* there is a thread to be joined */
	int fd;
	atomic_bool stop, over;
	atomic_size_t rows;
	/* Written by the thread before `over`: */
	int result;
	char error[160];
};

struct exporting *exporting_new(void)
{
	struct exporting *e = mem_zalloc(1, sizeof(*e));

	e->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (e->fd < 0)
		die("eventfd: %s", strerror(errno));
	return e;
}

static void join(struct exporting *e)
{
	if (!e->begun)
		return;
	pthread_join(e->thread, NULL);
	e->begun = false;
	table_done(&e->table);
}

bool exporting_free(struct exporting *e, uint64_t wait_ns)
{
	uint64_t until = clock_boot() + wait_ns;

	if (!e)
		return true;
	exporting_stop(e);
	while (e->begun && !atomic_load(&e->over)) {
		if (clock_boot() >= until)
			return false;
		usleep(2000);
	}
	join(e);
	close(e->fd);
	free(e);
	return true;
}

int exporting_fd(const struct exporting *e)
{
	return e->fd;
}

static bool go_on(void *data, size_t rows)
{
	struct exporting *e = data;

	atomic_store(&e->rows, rows);
	return !atomic_load(&e->stop);
}

static void *thread_main(void *arg)
{
	struct exporting *e = arg;
	uint64_t one = 1;

	table_order_all(&e->table); /* not the lines on the screen alone */
	e->result = export_write(&e->file, &e->table, go_on, e, e->error, sizeof(e->error));
	if (e->result == 0)
		atomic_store(&e->rows, e->table.matched);
	atomic_store(&e->over, true);
	(void)!write(e->fd, &one, sizeof(one));
	return NULL;
}

int exporting_begin(struct exporting *e, const struct table *t, const char *path, bool overwrite, char *err,
		    size_t err_n)
{
	sigset_t all, old;
	int r;

	if (e->begun) {
		snprintf(err, err_n, "another export is still being written");
		return -EBUSY;
	}
	r = export_open(&e->file, path, overwrite, err, err_n);
	if (r < 0)
		return r;
	table_copy(&e->table, t);
	atomic_store(&e->stop, false);
	atomic_store(&e->over, false);
	atomic_store(&e->rows, 0);
	e->error[0] = '\0';
	/* Signals are main's business. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	r = pthread_create(&e->thread, NULL, thread_main, e);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (r) {
		export_drop(&e->file);
		table_done(&e->table);
		snprintf(err, err_n, "cannot start a thread: %s", strerror(r));
		return -r;
	}
	e->begun = true;
	return 1;
}

const struct frame *exporting_frame(const struct exporting *e)
{
	return e->begun ? e->table.f : NULL;
}

void exporting_taken(struct exporting *e)
{
	uint64_t n;

	(void)!read(e->fd, &n, sizeof(n));
	if (atomic_load(&e->over))
		join(e);
}

int exporting_state(struct exporting *e, size_t *ret_rows, size_t *ret_all, char *err, size_t err_n)
{
	*ret_rows = atomic_load(&e->rows);
	*ret_all = e->begun ? e->table.matched : *ret_rows;
	if (!atomic_load(&e->over))
		return 1;
	if (e->result < 0)
		snprintf(err, err_n, "%s", e->error);
	return e->result;
}

void exporting_stop(struct exporting *e)
{
	atomic_store(&e->stop, true);
}
