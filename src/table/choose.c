/* What the user chooses of a table: sort keys and columns, by name; and what that needs from the source. */
#include "filter_private.h"
#include "sockeye/table/table.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void add_sort(struct table *t, const struct column *col, bool desc)
{
	unsigned i;

	for (i = 0; i < t->sort_n; i++)
		if (t->sort[i].col == col)
			return;
	if (t->sort_n < SORT_MAX)
		t->sort[t->sort_n++] = (struct sort_key){col, desc};
}

/* The view's own keys, after what the user chose: they break ties. */
static void add_default_sort(struct table *t)
{
	const char *const *key;
	const struct column *col;

	for (key = view_table[t->view].sort; *key; key++) {
		col = column_by_key(t->rows_kind, **key == '-' ? *key + 1 : *key);
		if (col)
			add_sort(t, col, **key == '-');
	}
}

void table_set_sort(struct table *t, const struct column *col, bool desc)
{
	t->sort_n = 0;
	if (col)
		add_sort(t, col, desc);
	add_default_sort(t);
	t->resort = true;
}

void table_sort_by(struct table *t, const struct column *col)
{
	bool again = t->sort_n && t->sort[0].col == col;

	table_set_sort(t, col, again ? !t->sort[0].desc : (col->flags & COL_DESC) != 0);
}

/* Takes the next name of a list "a,b" off *at; an empty one is skipped. False: no more. */
static bool next_name(const char **at, char *name, size_t size)
{
	const char *s = *at;
	size_t n;

	while (*s == ',' || *s == ' ')
		s++;
	n = strcspn(s, ",");
	*at = s + n;
	while (n && s[n - 1] == ' ')
		n--;
	snprintf(name, size, "%.*s", (int)(n < size ? n : size - 1), s);
	return n > 0;
}

int table_set_sort_list(struct table *t, const char *list, char *err, size_t err_n)
{
	struct sort_key keys[SORT_MAX];
	const struct column *col;
	unsigned n = 0, i;
	char name[64];
	bool minus, plus;

	while (next_name(&list, name, sizeof(name))) {
		minus = *name == '-';
		plus = *name == '+';
		col = column_by_key(t->rows_kind, name + (minus || plus));
		if (!col || col->kind == KIND_OBJECT || col->kind == KIND_LIST) {
			snprintf(err, err_n, "%s", name + (minus || plus));
			return -EINVAL;
		}
		if (n < SORT_MAX)
			keys[n++] = (struct sort_key){col, minus};
	}
	t->sort_n = 0;
	for (i = 0; i < n; i++)
		add_sort(t, keys[i].col, keys[i].desc);
	add_default_sort(t);
	t->resort = true;
	return 0;
}

static struct table_column *find(struct table *t, const struct column *col)
{
	size_t i;

	for (i = 0; i < t->cols.n; i++)
		if (t->cols.v[i].col == col)
			return &t->cols.v[i];
	return NULL;
}

static void show(struct table *t, const struct column *col)
{
	struct table_column *tc = find(t, col);

	if (!tc) {
		tc = vec_add(&t->cols);
		*tc = (struct table_column){.col = col};
	}
	tc->shown = tc->chosen = true;
}

/* All names first, so that a bad one changes nothing. A list without + or - replaces the columns. */
int table_set_columns(struct table *t, const char *list, char *err, size_t err_n)
{
	const char *at = list;
	const struct column *col;
	struct table_column *tc;
	bool replace = true;
	char name[64];

	while (next_name(&at, name, sizeof(name))) {
		bool sign = *name == '+' || *name == '-';

		col = column_by_key(t->rows_kind, name + sign);
		if (!col || !col->title) {
			snprintf(err, err_n, "%s", name + sign);
			return -EINVAL;
		}
		replace = replace && !sign;
	}
	if (replace)
		vec_clear(&t->cols);
	for (at = list; next_name(&at, name, sizeof(name));) {
		bool sign = *name == '+' || *name == '-';

		col = column_by_key(t->rows_kind, name + sign);
		tc = find(t, col);
		if (*name != '-')
			show(t, col);
		else if (tc)
			tc->shown = tc->chosen = false;
	}
	return 0;
}

void table_hide_live(struct table *t)
{
	size_t i;

	for (i = 0; i < t->cols.n; i++)
		if ((t->cols.v[i].col->flags & COL_LIVE) && !t->cols.v[i].chosen)
			t->cols.v[i].shown = false;
}

static void want_column(const struct column *col, uint32_t *attrs, bool *tally)
{
	*attrs |= col->attrs;
	if (col->flags & COL_TALLY)
		*tally = true;
}

uint32_t table_protos(const struct table *t)
{
	uint32_t protos = filter_protos_for(t->filter, t->rows_kind, view_table[t->view].protos);

	/* A MPTCP socket and what works for it are read together: neither can be counted without the other. */
	if (protos & (PROTO_BIT(PROTO_TCP) | PROTO_BIT(PROTO_MPTCP)))
		protos |= PROTO_BIT(PROTO_TCP) | PROTO_BIT(PROTO_MPTCP);
	return protos;
}

bool table_leaves_out(const struct table *t)
{
	return t->rows_kind == ROWS_SOCK && !t->listening && !filter_empty(t->filter) &&
	       filter_states(t->filter) && !(filter_states(t->filter) & view_table[t->view].states);
}

void table_want(const struct table *t, struct want *want)
{
	uint32_t attrs = 0;
	bool tally = false;
	size_t i;

	for (i = 0; i < t->cols.n; i++)
		if (t->cols.v[i].shown)
			want_column(t->cols.v[i].col, &attrs, &tally);
	for (i = 0; i < t->sort_n; i++)
		want_column(t->sort[i].col, &attrs, &tally);
	want->protos |= table_protos(t);
	if (t->rows_kind == ROWS_PROC) /* what else it listens on is a fact of its own, whatever is picked */
		want->protos |= view_table[t->view].protos;
	want->attrs |= attrs;
	if (t->findings_only) { /* rules look at everything */
		want->attrs |= WANT_OWNERS | WANT_INFO | WANT_MEM;
		want->states |= STATES_ALL;
	}
	if (t->rows_kind == ROWS_PORT && t->all)
		want->attrs |= WANT_CLIENT_PORTS;
	/* A port's own facts come from its listening and bound sockets; what it counts needs all of them. */
	if (t->rows_kind == ROWS_PORT && !tally && !t->all)
		want->states |= STATES_PORT;
	else if (t->rows_kind == ROWS_SOCK && !t->listening)
		/* Listeners tell the direction and own what is not yet accepted; they cost nearly nothing. */
		want->states |= STATES_AND_CALLED(view_table[t->view].states);
	else
		want->states |= STATES_ALL;
	if (!filter_empty(t->filter))
		filter_want_for(t->filter, t->rows_kind, want);
}
