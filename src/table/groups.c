/* Gathers rows into groups: a head that counts and sums, folded or with its rows below. A group is known by what its
 * rows have in common, so it stays open and in its place from frame to frame. */
#include "columns_kit.h"
#include "table_private.h"
#include <stdlib.h>

/* What names the group comes first. A port is the one that was called, see group_called_port(). */
const struct group_info group_table[GROUP_N] = {
	[GROUP_NONE] = {"none", "every row by itself", {{NULL}}},
	[GROUP_FORKS] = {"program", "forks of one program in one unit", {[ROWS_PROC] = {"process", "unit"}}},
	[GROUP_PROCESS] = {"process",
			   "process that owns it",
			   {[ROWS_SOCK] = {"process", "pid"},
			    [ROWS_PORT] = {"process", "pid"},
			    [ROWS_PROC] = {"process", NULL}}},
	[GROUP_PORT] = {"port",
			"port that was called",
			{[ROWS_SOCK] = {"lport", NULL}, [ROWS_PORT] = {"port", NULL}}},
	[GROUP_PEER] = {"peer", "remote address", {[ROWS_SOCK] = {"raddr", NULL}}},
	[GROUP_UNIT] =
		{"unit",
		 "systemd unit or container",
		 {[ROWS_SOCK] = {"unit", NULL}, [ROWS_PORT] = {"unit", NULL}, [ROWS_PROC] = {"unit", NULL}}},
	[GROUP_USER] = {"user",
			"user of the owner",
			{[ROWS_SOCK] = {"user", "uid"},
			 [ROWS_PORT] = {"user", "uid"},
			 [ROWS_PROC] = {"user", "uid"}}},
	[GROUP_NETNS] = {"namespace",
			 "network namespace",
			 {[ROWS_SOCK] = {"netns", NULL}, [ROWS_PORT] = {"netns", NULL}}},
	[GROUP_STATE] = {"state", "state of the socket", {[ROWS_SOCK] = {"state", NULL}}},
};

bool group_applies(enum group_by by, enum row_kind kind)
{
	return by == GROUP_NONE || group_table[by].columns[kind][0] != NULL;
}

void groups_done(struct table_work *w)
{
	vec_done(&w->sums.cols);
	vec_done(&w->sums.v);
	vec_done(&w->shown.cols);
	vec_done(&w->shown.v);
	vec_done(&w->best);
	vec_done(&w->groups);
	vec_done(&w->group_of);
	vec_done(&w->members);
	vec_done(&w->extras);
	vec_done(&w->turn);
	vec_done(&w->turn_spare);
}

/* Which group */

static uint64_t hash_bytes(const void *bytes, size_t n)
{
	const uint8_t *b = bytes;
	uint64_t h = UINT64_C(14695981039346656037);
	size_t i;

	for (i = 0; i < n; i++)
		h = (h ^ b[i]) * UINT64_C(1099511628211);
	return h;
}

static uint64_t hash_value(const struct column *col, const struct value *v)
{
	struct ip ip;

	if (v->null)
		return v->null;
	switch ((enum kind)col->kind) {
	case KIND_TEXT:
	case KIND_ADDR:
		if (v->s)
			return hash_bytes(v->s, v->s_n);
		if (col->kind == KIND_TEXT)
			return map_hash((uint64_t)v->i, 1);
		ip_unmap(v->ip.b, v->ip.v6, &ip);
		return hash_bytes(ip.b, 16) + ip.v6;
	default:
		return map_hash((uint64_t)v->i, 2);
	}
}

uint32_t group_called_port(const struct frame *f, uint32_t row, bool *ret_out)
{
	*ret_out = frame_row(f, row)->dir == DIR_OUT;
	return *ret_out ? frame_sock(f, row)->rport : frame_sock(f, row)->lport;
}

/* The identity of a row's group. */
static struct ident group_ident(const struct table *t, const struct ctx *c, uint32_t row,
				const struct column *cols[2])
{
	struct ident id = {(uint64_t)t->group_by << 40 | UINT64_C(1) << 48, 0};
	struct value v;
	bool out;
	int i;

	if (t->group_by == GROUP_PORT && t->rows_kind == ROWS_SOCK) {
		id.b = (uint64_t)group_called_port(c->f, row, &out) << 8 | frame_sock(c->f, row)->proto;
		id.a |= (uint64_t)out << 47;
		return id;
	}
	/* Names of users come late, and a group must not change with them. */
	for (i = t->group_by == GROUP_USER; i < 2 && cols[i]; i++) {
		column_value(cols[i], c, row, &v);
		/* Nobody owns it: why is what these have in common. */
		if (v.null && !i && t->rows_kind == ROWS_SOCK && t->group_by == GROUP_PROCESS)
			v = (struct value){.i = (int64_t)frame_row(c->f, row)->reason + 1};
		id.b = map_hash(id.b + 1, hash_value(cols[i], &v));
	}
	return id;
}

/* What makes up a group */

static double number_of(const struct value *v, uint8_t kind)
{
	return kind == KIND_RATE || kind == KIND_REAL ? v->d : (double)v->i;
}

static void sums_columns(const struct table *t, struct sums *s)
{
	size_t i, k;

	vec_clear(&s->cols);
	for (i = 0; i < t->cols.n; i++)
		if (t->cols.v[i].shown && adds_up(t->cols.v[i].col))
			vec_push(&s->cols, t->cols.v[i].col);
	for (i = 0; i < t->sort_n; i++) {
		if (!adds_up(t->sort[i].col))
			continue;
		for (k = 0; k < s->cols.n && s->cols.v[k] != t->sort[i].col; k++)
			;
		if (k == s->cols.n)
			vec_push(&s->cols, t->sort[i].col);
	}
}

static uint32_t add_group(struct table *t, struct ident id, uint32_t row)
{
	struct table_work *w = t->work;
	size_t i;

	vec_push(&w->groups, ((struct table_group){.id = id,
						   .row = row,
						   .open = table_is_open(t, id),
						   .all_new = true,
						   .all_closed = true}));
	vec_reserve(&w->sums.v, w->sums.cols.n);
	for (i = 0; i < w->sums.cols.n; i++)
		vec_push(&w->sums.v, ((struct sum){0}));
	vec_reserve(&w->best, t->sort_n);
	for (i = 0; i < t->sort_n; i++)
		vec_push(&w->best, ((struct best){UINT64_MAX, row}));
	return (uint32_t)w->groups.n - 1;
}

/* By a key that does not add up a group stands where the best of its rows would. */
static void take_best(struct table *t, const struct ctx *c, uint32_t group, uint32_t row)
{
	struct best *best = &t->work->best.v[(size_t)group * t->sort_n];
	uint64_t word;
	unsigned k;

	for (k = 0; k < t->sort_n; k++) {
		const struct sort_key *by = &t->sort[k];

		if (adds_up(by->col))
			continue;
		word = order_word(by, c, row, 0);
		if (word < best[k].word || (word == best[k].word && !order_whole(by, word, 0) &&
					    column_compare(by->col, c, row, best[k].row, by->desc) < 0))
			best[k] = (struct best){word, row};
	}
}

static void add_row(struct table *t, const struct ctx *c, uint32_t row, const struct column *cols[2])
{
	struct table_work *w = t->work;
	struct ident id = group_ident(t, c, row, cols);
	uint32_t *at = map_at(&w->seen, id.a, id.b), g;
	struct table_group *group;
	uint64_t opened_ns;
	struct value v;
	struct row_facts r = row_facts(t->rows_kind, c->f, row);
	size_t i;

	if (*at == MAP_NONE)
		*at = add_group(t, id, row);
	g = *at;
	group = &w->groups.v[g];
	group->n++;
	group->finding |= r.findings != 0;
	opened_ns = row_opened_ns(&r);
	group->opened_ns = opened_ns > group->opened_ns ? opened_ns : group->opened_ns;
	group->all_new &= (r.marks & MARK_NEW) != 0;
	group->all_closed &= (r.marks & MARK_CLOSED) != 0;
	vec_push(&w->group_of, g);
	for (i = 0; i < w->sums.cols.n; i++) {
		struct sum *s = &w->sums.v.v[g * w->sums.cols.n + i];

		column_value(w->sums.cols.v[i], c, row, &v);
		if (v.null) {
			s->null = s->null == NULL_UNKNOWN ? s->null : v.null;
			continue;
		}
		s->v += number_of(&v, w->sums.cols.v[i]->kind);
		s->n++;
	}
	take_best(t, c, g, row);
}

/* Rows of a group lie together. */
static void gather(struct table_work *w)
{
	uint32_t at = 0;
	size_t i;

	vec_clear(&w->members);
	vec_reserve(&w->members, w->rows.n + 1);
	w->members.n = w->rows.n;
	for (i = 0; i < w->groups.n; i++) {
		w->groups.v[i].first = at;
		at += w->groups.v[i].n;
		w->groups.v[i].n = 0;
	}
	for (i = 0; i < w->rows.n; i++) {
		struct table_group *g = &w->groups.v[w->group_of.v[i]];

		w->members.v[g->first + g->n++] = w->rows.v[i];
	}
}

/* In which order */

static int compare_sums(const struct sum *a, const struct sum *b, bool desc)
{
	if (!a->n || !b->n)
		return !a->n - !b->n;
	if (a->v == b->v)
		return 0;
	return (a->v < b->v) != desc ? -1 : 1;
}

static bool comes_first(const struct table *t, const struct ctx *c, uint32_t x, uint32_t y)
{
	const struct table_work *w = t->work;
	unsigned k;
	int r = 0;

	if (w->extras.v[x].was != w->extras.v[y].was)
		return w->extras.v[x].was < w->extras.v[y].was;
	for (k = 0; k < t->sort_n && !r; k++) {
		const struct sort_key *by = &t->sort[k];
		const struct best *p = &w->best.v[(size_t)x * t->sort_n + k],
				  *q = &w->best.v[(size_t)y * t->sort_n + k];

		if (adds_up(by->col))
			r = compare_sums(sum_of(&w->sums, x, by->col), sum_of(&w->sums, y, by->col),
					 by->desc);
		else if (p->word != q->word)
			r = p->word < q->word ? -1 : 1;
		else if (!order_whole(by, p->word, 0))
			r = column_compare(by->col, c, p->row, q->row, by->desc);
	}
	return r ? r < 0 : x < y;
}

/* Is it a row without a head? */
static bool is_alone(const struct table *t, const struct table_group *g)
{
	return t->group_by == GROUP_FORKS && g->n == 1;
}

/* Lines of the heads so far, by identity. */
static void note_heads(struct table *t)
{
	struct table_work *w = t->work;
	const struct table_group *g;
	size_t i;

	map_clear(&w->seen);
	for (i = 0; i < t->order.n; i++) {
		g = table_head(t, i);
		if (g)
			*map_at(&w->seen, g->id.a, g->id.b) = (uint32_t)i;
	}
}

static void begin_heads(struct table *t, bool keep)
{
	struct table_work *w = t->work;
	const struct table_group *g;
	uint32_t was;
	size_t i;

	vec_clear(&w->extras);
	vec_clear(&w->turn);
	for (i = 0; i < w->groups.n; i++) {
		g = &w->groups.v[i];
		was = NONE;
		if (keep)
			was = is_alone(t, g) ? w->was.v[g->row] : map_get(&w->seen, g->id.a, g->id.b);
		vec_push(&w->extras, ((struct group_extra){.was = was}));
		vec_push(&w->turn, (uint32_t)i);
	}
	vec_clear(&w->turn_spare);
	vec_reserve(&w->turn_spare, w->turn.n + 1);
	w->turn_spare.n = w->turn.n;
	w->run = 1;
	w->group = 0;
	w->group_rows = NULL;
}

#define MERGED_AT_ONCE 256 /* heads between two questions whether the time is up */

/* Runs of heads in order are merged, two at a time. */
static void merge_heads(struct table *t, const struct ctx *c, size_t from, size_t to)
{
	struct table_work *w = t->work;
	const uint32_t *v = w->turn.v;
	size_t n = w->turn.n, lo, mid, hi;

	for (; from < to; from++) {
		lo = from - from % (2 * w->run);
		mid = n - lo < w->run ? n : lo + w->run;
		hi = n - lo < 2 * w->run ? n : lo + 2 * w->run;
		if (from == lo) {
			w->left = lo;
			w->right = mid;
		}
		if (w->right >= hi || (w->left < mid && comes_first(t, c, v[w->left], v[w->right])))
			w->turn_spare.v[from] = v[w->left++];
		else
			w->turn_spare.v[from] = v[w->right++];
	}
}

bool groups_heads(struct table *t, const struct slice *slice)
{
	struct table_work *w = t->work;
	struct ctx c = work_ctx(t);
	size_t n = w->turn.n, to;

	for (; w->run < n; w->run *= 2) {
		while (w->group < n) {
			to = n - w->group < MERGED_AT_ONCE ? n : w->group + MERGED_AT_ONCE;
			merge_heads(t, &c, w->group, to);
			w->group = to;
			if (to < n && slice_over(slice))
				return false;
		}
		swap_vec(&w->turn, &w->turn_spare);
		w->group = 0;
	}
	return true;
}

/* The rows of an open group: those seen so far keep their places, the others follow in live order. First the places, */
static void begin_members(struct table *t, const struct table_group *g, bool keep)
{
	struct table_work *w = t->work;
	uint32_t *rows = w->members.v + g->first, i, was;

	w->group_rows = rows;
	w->group_n = 0;
	vec_clear(&w->order.v);
	vec_reserve(&w->order.v, g->n + 1);
	for (i = 0; i < g->n && keep; i++) {
		was = w->was.v[rows[i]];
		if (was != NONE)
			vec_push(&w->order.v, ((struct order_item){was, rows[i]}));
		else
			rows[w->group_n++] = rows[i];
	}
	w->group_n = keep ? w->group_n : g->n;
	w->placing = w->order.v.n > 0;
	if (w->placing)
		order_begin_words(&w->order);
	else
		order_begin(&w->order, rows, w->group_n, 0, w->group_n);
}

/* then the others. */
static void go_on_behind(struct table_work *w)
{
	size_t n = w->order.v.n, i;

	memmove(w->group_rows + n, w->group_rows, w->group_n * sizeof(*w->group_rows));
	for (i = 0; i < n; i++)
		w->group_rows[i] = w->order.v.v[i].row;
	w->group_rows += n;
	w->placing = false;
	order_begin(&w->order, w->group_rows, w->group_n, 0, w->group_n);
}

static bool order_group(struct table *t, const struct table_group *g, bool keep, const struct slice *slice)
{
	struct table_work *w = t->work;
	struct ctx c = work_ctx(t);
	size_t i;

	if (!w->group_rows)
		begin_members(t, g, keep);
	if (w->placing) {
		if (!order_step(&w->order, NULL, 0, NULL, slice))
			return false;
		go_on_behind(w);
	}
	if (!order_step(&w->order, t->sort, t->sort_n, &c, slice))
		return false;
	for (i = 0; i < w->order.v.n; i++)
		w->group_rows[i] = w->order.v.v[i].row;
	w->group_rows = NULL;
	return true;
}

#define MEMBERS_AT_ONCE 512 /* rows in small groups between two questions whether the time is up */

bool groups_members(struct table *t, bool keep, const struct slice *slice)
{
	struct table_work *w = t->work;
	size_t done = 0;

	while (w->group < w->groups.n) {
		const struct table_group *g = &w->groups.v[w->group];

		if (g->open && g->n >= 2 && !order_group(t, g, keep, slice))
			return false;
		w->group++;
		done += 1 + (g->open ? g->n : 0);
		if (done < MEMBERS_AT_ONCE)
			continue;
		done = 0;
		if (slice_over(slice))
			return false;
	}
	return true;
}

void groups_put(struct table *t)
{
	struct table_work *w = t->work;
	const struct table_group *g;
	struct sums sums;
	uint32_t k;
	size_t i;

	vec_clear(&t->order);
	vec_clear(&t->heads);
	vec_clear(&t->groups);
	vec_clear(&t->members);
	vec_reserve(&t->members, w->members.n + 1);
	for (i = 0; i < w->members.n; i++)
		vec_push(&t->members, w->members.v[i]);
	for (i = 0; i < w->groups.n; i++)
		vec_push(&t->groups, w->groups.v[i]);
	sums = w->shown;
	w->shown = w->sums;
	w->sums = sums;
	for (i = 0; i < w->turn.n; i++) {
		g = &t->groups.v[w->turn.v[i]];
		vec_push(&t->order, g->row);
		vec_push(&t->heads, is_alone(t, g) ? NONE : w->turn.v[i]);
		for (k = 0; k < g->n && g->open && !is_alone(t, g); k++) {
			vec_push(&t->order, t->members.v[g->first + k]);
			vec_push(&t->heads, NONE - 1);
		}
	}
}

void groups_begin(struct table *t)
{
	struct table_work *w = t->work;

	map_clear(&w->seen);
	vec_clear(&w->groups);
	vec_clear(&w->group_of);
	vec_clear(&w->sums.v);
	vec_clear(&w->best);
	sums_columns(t, &w->sums);
}

void groups_add(struct table *t, uint32_t from, uint32_t to)
{
	const char *const *keys = group_table[t->group_by].columns[t->rows_kind];
	const struct column *cols[2] = {NULL, NULL};
	struct ctx c = work_ctx(t);
	uint32_t i;

	for (i = 0; i < 2 && keys[i]; i++)
		cols[i] = column_by_key(t->rows_kind, keys[i]);
	for (i = from; i < to; i++)
		add_row(t, &c, t->work->rows.v[i], cols);
}

void groups_gather(struct table *t, bool keep)
{
	gather(t->work);
	if (keep)
		note_heads(t);
	begin_heads(t, keep);
}
