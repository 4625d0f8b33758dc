/* Rows of a large table are made to text by all processors, a part each, and go out in their order: a frame does not
 * change, so any thread can read it. */
#include "report_private.h"
#include "sockeye/base/threads.h"

#define PART_ROWS (16u * REPORT_AHEAD)
#define PARTS_FROM 8192u /* rows that are worth a thread */
#define AHEAD (2 * THREADS_MAX) /* parts that may wait for one that comes before them */

struct part {
	struct str text;
	bool ready;
};
struct parts {
	const struct report *r;
	report_row_fn row;
	size_t n;
	pthread_mutex_t lock; /* of what follows */
	pthread_cond_t moved; /* something of it has changed */
	struct part v[AHEAD]; /* part p is v[p % AHEAD] */
	size_t taken, written;
	bool stop;
};

static void make_part(const struct parts *p, size_t at, struct str *out, struct str *scratch)
{
	size_t k = at * PART_ROWS, to = k + PART_ROWS < p->r->rows.n ? k + PART_ROWS : p->r->rows.n;

	for (; k < to; k++) {
		report_fetch(p->r, k);
		p->row(p->r, k, out, scratch);
	}
}

/* Makes the next part that nobody has taken. False, and nothing is done: there is none, or too many are waiting. */
static bool make_next(struct parts *p, struct str *scratch)
{
	struct part *part;
	struct str text; /* of this thread alone: those of others lie in the same line of memory */
	size_t at;

	if (p->stop || p->taken == p->n || p->taken >= p->written + AHEAD)
		return false;
	at = p->taken++;
	part = &p->v[at % AHEAD];
	text = part->text;
	pthread_mutex_unlock(&p->lock);
	make_part(p, at, &text, scratch);
	pthread_mutex_lock(&p->lock);
	part->text = text;
	part->ready = true;
	pthread_cond_broadcast(&p->moved);
	return true;
}

static void *helper_main(void *arg)
{
	struct parts *p = arg;
	struct str scratch = {0};

	pthread_mutex_lock(&p->lock);
	while (!p->stop && p->taken < p->n)
		if (!make_next(p, &scratch))
			pthread_cond_wait(&p->moved, &p->lock);
	pthread_mutex_unlock(&p->lock);
	str_done(&scratch);
	return NULL;
}

/* Writes what is the next to be written. False: it is not ready. */
static bool write_next(struct parts *p, struct writer *w)
{
	struct part *part = &p->v[p->written % AHEAD];

	if (!part->ready)
		return false;
	pthread_mutex_unlock(&p->lock);
	writer_put(w, &part->text);
	pthread_mutex_lock(&p->lock);
	part->ready = false;
	p->written++;
	p->stop = w->error != 0;
	pthread_cond_broadcast(&p->moved);
	return true;
}

static void write_parts(struct report *r, report_row_fn row, unsigned helpers)
{
	struct parts p = {.r = r, .row = row, .n = (r->rows.n + PART_ROWS - 1) / PART_ROWS};
	struct str scratch = {0};
	pthread_t threads[THREADS_MAX];
	unsigned started = 0;

	pthread_mutex_init(&p.lock, NULL);
	pthread_cond_init(&p.moved, NULL);
	while (started < helpers && !threads_start(&threads[started], helper_main, &p))
		started++;
	pthread_mutex_lock(&p.lock);
	while (!p.stop && p.written < p.n)
		if (!write_next(&p, &r->w) && !make_next(&p, &scratch))
			pthread_cond_wait(&p.moved, &p.lock);
	pthread_mutex_unlock(&p.lock);
	for (unsigned i = 0; i < started; i++)
		pthread_join(threads[i], NULL);
	for (size_t i = 0; i < AHEAD; i++)
		str_done(&p.v[i].text);
	str_done(&scratch);
	pthread_cond_destroy(&p.moved);
	pthread_mutex_destroy(&p.lock);
}

void report_rows(struct report *r, report_row_fn row)
{
	unsigned helpers = threads_shares() - 1;
	struct str scratch = {0};

	/* Who asks whether to go on wants to be asked often, and has no haste. */
	if (helpers && r->rows.n >= PARTS_FROM && !r->o->go_on) {
		writer_flush(&r->w); /* what stands before the rows */
		write_parts(r, row, helpers);
		return;
	}
	for (size_t k = 0; k < r->rows.n && writer_row(&r->w); k++) {
		report_fetch(r, k);
		row(r, k, &r->w.buf, &scratch);
	}
	str_done(&scratch);
}
