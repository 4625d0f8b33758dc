/* What the kernel can leave out because the filter would: which ends a match can have, and what one look for one table
 * needs at least. */
#include "columns_kit.h"
#include "filter_private.h"
#include "sockeye/table/table.h"
#include <string.h>
#include <strings.h>

struct ends {
	uint8_t n; /* 0: anything */
	struct want_end v[WANT_ENDS_MAX];
};

/* The share of all sockets that such an end is likely to have: the smaller, the more is left out. */
static double share(const struct ends *e)
{
	double sum = 0, one;
	uint8_t i, bits;

	for (i = 0; i < e->n; i++) {
		one = (e->v[i].port_hi - e->v[i].port_lo + 1.) / 65536;
		for (bits = e->v[i].any_addr ? 0 : e->v[i].net.bits; bits >= 8; bits = (uint8_t)(bits - 8))
			one /= 4;
		sum += one * (e->v[i].ends == 3 ? 2 : 1);
	}
	return e->n ? sum : 1e9;
}

static bool port_range(const struct alt *a, uint8_t op, struct want_end *ret)
{
	double lo = 0, hi = 65535;

	if (op == OP_EQ) {
		lo = a->lo;
		hi = a->hi;
	} else if (op == OP_GE || op == OP_GT) {
		lo = a->lo;
	} else if (op == OP_LE || op == OP_LT) {
		hi = a->lo;
	} else {
		return false;
	}
	if (lo < 0 || hi > 65535 || lo > hi)
		return false;
	ret->port_lo = (uint16_t)lo;
	ret->port_hi = (uint16_t)hi;
	return true;
}

static bool alt_end(const struct alt *a, uint8_t op, struct want_end *ret)
{
	switch ((enum alt_form)a->form) {
	case ALT_RANGE:
		return port_range(a, op, ret);
	case ALT_NET:
		ret->net = a->net;
		ret->any_addr = false;
		return op == OP_EQ;
	case ALT_ENDPOINT:
		ret->net = a->net;
		ret->any_addr = a->any_addr;
		if (!a->any_port)
			ret->port_lo = ret->port_hi = (uint16_t)a->u;
		return op == OP_EQ;
	default: /* none, a pattern, the name of a family without addresses */
		return false;
	}
}

static bool is_word(const struct filter *f, const struct alt *a, const char *word)
{
	return strlen(word) == a->text_n && !strncasecmp(f->texts.s + a->text, word, a->text_n);
}

/* As ends of any address of one family, which to the kernel is its net of no bits: IPv6 with what it carries of IPv4 (so
 * does the filter have it, too), IPv4 with what IPv6 carries of it (a little more). */
static bool family_end(const struct filter *f, const struct alt *a, uint8_t op, struct want_end *ret)
{
	bool v4 = is_word(f, a, family_names[FAMILY_IPV4]), v6 = is_word(f, a, family_names[FAMILY_IPV6]);

	if (a->form != ALT_TEXT || (!v4 && !v6) || (op != OP_EQ && op != OP_NE))
		return false;
	*ret = (struct want_end){.ends = 1, .port_hi = 65535};
	ret->net.ip.v6 = op == OP_EQ ? v6 : v4; /* what has ends is of either */
	return true;
}

static void ends_of_term(const struct filter *f, const struct term *t, struct ends *ret)
{
	static const struct {
		const char *field;
		uint8_t ends;
	} table[] = {{"lport", 1}, {"rport", 2}, {"port", 3},   {"laddr", 1}, {"raddr", 2},
		     {"addr", 3},  {"local", 1}, {"remote", 2}, {"family", 1}};
	uint8_t ends = 0;
	size_t k;

	ret->n = 0;
	for (k = 0; k < ARRAY_LEN(table) && t->field.name; k++)
		if (!strcmp(table[k].field, t->field.name))
			ends = table[k].ends;
	if (!ends || t->alt_n > WANT_ENDS_MAX || (t->op == OP_NE && t->alt_n > 1))
		return;
	for (k = 0; k < t->alt_n; k++) {
		ret->v[k] = (struct want_end){.ends = ends, .any_addr = true, .port_hi = 65535};
		if (t->field.kind == KIND_WORD ? !family_end(f, &f->alts.v[t->alt + k], t->op, &ret->v[k])
					       : !alt_end(&f->alts.v[t->alt + k], t->op, &ret->v[k]))
			return;
	}
	ret->n = (uint8_t)t->alt_n;
}

static void ends_of(const struct filter *f, enum row_kind kind, uint32_t node, struct ends *ret)
{
	const struct node *n = &f->nodes.v[node];
	struct ends part;
	uint32_t i;

	ret->n = 0;
	if (n->about[kind] != ABOUT_SOCKS && n->kind != NODE_AND)
		return; /* judged on rows: needs every socket */
	switch ((enum node_kind)n->kind) {
	case NODE_TERM:
		ends_of_term(f, &f->terms.v[n->child], ret);
		return;
	case NODE_AND: /* all of them hold: the one that leaves out most will do */
		for (i = n->child; i != NONE; i = f->nodes.v[i].next) {
			ends_of(f, kind, i, &part);
			if (share(&part) < share(ret))
				*ret = part;
		}
		return;
	case NODE_OR:
		for (i = n->child; i != NONE; i = f->nodes.v[i].next) {
			ends_of(f, kind, i, &part);
			if (!part.n || ret->n + part.n > WANT_ENDS_MAX) {
				ret->n = 0;
				return;
			}
			memcpy(ret->v + ret->n, part.v, part.n * sizeof(*part.v));
			ret->n = (uint8_t)(ret->n + part.n);
		}
		return;
	case NODE_NOT:
		return;
	}
}

static uint8_t ends_for(const struct filter *f, enum row_kind kind, struct want_end ends[WANT_ENDS_MAX])
{
	struct ends e = {0};

	if (!filter_empty(f))
		ends_of(f, kind, f->root, &e);
	memcpy(ends, e.v, e.n * sizeof(*e.v));
	return e.n;
}

uint8_t filter_ends(const struct filter *f, struct want_end ends[WANT_ENDS_MAX])
{
	return ends_for(f, ROWS_SOCK, ends);
}

bool filter_plain(const struct filter *f)
{
	static const char *const plain[] = {
		"port",   "lport",      "rport",   "addr",   "laddr",  "raddr",     "local",
		"remote", "proto",      "state",   "family", "scope",  "class",     "iface",
		"netns",  "netns_name", "inode",   "uid",    "user",   "pid",       "unit",
		"exe",    "start",      "cmdline", "cookie", "cgroup", "container", "process",
	};
	size_t i, k;

	for (i = 0; !filter_empty(f) && i < f->terms.n; i++) {
		const char *name = f->terms.v[i].field.name;

		for (k = 0; name && k < ARRAY_LEN(plain) && strcmp(plain[k], name); k++)
			continue;
		if (name && k == ARRAY_LEN(plain))
			return false;
	}
	return true;
}

bool filter_asks(const struct filter *f, const char *field)
{
	size_t i;

	if (filter_empty(f))
		return false;
	for (i = 0; i < f->terms.n; i++) {
		const char *name = f->terms.v[i].field.name;

		if (field ? name && !strcmp(name, field) : !name)
			return true;
	}
	return false;
}

/* Is the column printed, sorted by or asked about? */
static bool uses(const struct table *t, bool all_keys, const char *key)
{
	const struct column *col = column_by_key(t->rows_kind, key);
	size_t i;

	if (filter_asks(t->filter, key))
		return true;
	if (!col)
		return false;
	if (all_keys && !(col->flags & COL_DISPLAY))
		return true;
	for (i = 0; i < t->cols.n; i++)
		if (t->cols.v[i].shown && t->cols.v[i].col == col)
			return true;
	for (i = 0; i < t->sort_n; i++)
		if (t->sort[i].col == col)
			return true;
	return false;
}

/* Sorting by rates that one look does not know must not make the kernel tell counters. */
static void without_live_sort(struct table *t)
{
	unsigned i, n = 0;

	for (i = 0; i < t->sort_n; i++)
		if (!(t->sort[i].col->flags & COL_LIVE))
			t->sort[n++] = t->sort[i];
	t->sort_n = (uint8_t)n;
}

/* What of a frame some columns are made of; no other one reads these parts. */
static const struct {
	const char *key;
	uint32_t parts;
	bool words; /* a bare word of a filter looks into it */
} column_parts[] = {
	{"peer_process", PART_PEERS | PART_LINKS},
	{"peer_pid", PART_PEERS | PART_LINKS},
	{"direction", PART_LINKS},
	{"service", PART_LINKS, true}, /* at the end that was called */
	{"scope", PART_LINKS},
	{"forwards", PART_PORTS},
	{"findings", PART_PORTS},
};

static uint32_t parts_unread(const struct table *t, bool all_keys)
{
	uint32_t unread = PART_PEERS | PART_PORTS | PART_LINKS;
	size_t i;

	/* Rows of the other kinds are what is counted, and so are terms about them. */
	if (t->rows_kind != ROWS_SOCK || filter_has_row_terms(t->filter) || t->group_by != GROUP_NONE)
		return 0;
	for (i = 0; i < ARRAY_LEN(column_parts); i++)
		if (uses(t, all_keys, column_parts[i].key) ||
		    (column_parts[i].words && filter_asks(t->filter, NULL)))
			unread &= ~column_parts[i].parts;
	return unread;
}

void table_want_alone(const struct table *t, bool all_keys, struct want *want)
{
	struct table still = *t; /* borrows everything */
	struct want need = {0}, of_filter = {0};
	uint32_t states;
	bool any = false;
	uint8_t i;

	without_live_sort(&still);
	table_want(&still, &need);
	if (all_keys)
		columns_attrs(t->rows_kind, &need.attrs);
	want->protos |= need.protos;
	want->attrs |= need.attrs;
	want->skip = parts_unread(&still, all_keys);
	/* A finding may be about a port or process as a whole, for which every socket counts; and a port of outgoing
	 * connections is what all of them are. */
	if (t->rows_kind > ROWS_PROC || (t->rows_kind == ROWS_PORT && t->all) || filter_empty(t->filter) ||
	    t->findings_only || uses(t, all_keys, "findings")) {
		want->states |= need.states;
		return;
	}
	of_filter.ends_n = ends_for(t->filter, t->rows_kind, of_filter.ends);
	states = filter_states_for(t->filter, t->rows_kind);
	if (uses(t, all_keys, "peer_process") || uses(t, all_keys, "peer_pid")) {
		/* The other end is in some state of its own, and has the ends the other way round. To an IPv6 socket that
		 * carries IPv4 it is of the other family. */
		for (i = 0; i < of_filter.ends_n; i++) {
			of_filter.ends[i].ends = 3;
			any |= !of_filter.ends[i].any_addr && of_filter.ends[i].net.ip.v6 &&
			       !of_filter.ends[i].net.bits;
		}
		of_filter.ends_n = any ? 0 : of_filter.ends_n;
		if (states & ~STATES_PORT)
			states |= STATES_ALL & ~STATES_PORT;
	}
	/* Listeners tell the direction of others and own what is not yet accepted; ports and processes are what they
	 * are by their listening and bound sockets. */
	states = STATES_AND_CALLED(states & need.states);
	want->states |= t->rows_kind == ROWS_SOCK ? states : states | STATES_PORT;
	want->ends_n = of_filter.ends_n;
	memcpy(want->ends, of_filter.ends, sizeof(want->ends));
}
