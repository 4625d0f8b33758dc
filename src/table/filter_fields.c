/* The fields of the filter language: the columns of sockets, the ends and owners that a socket has several
 * of, and the numbers of rows. */
#include "columns_kit.h"
#include "filter_private.h"
#include "sockeye/base/text.h"
#include "sockeye/model/finding.h"
#include <strings.h>

static const struct {
	const char *name;
	uint8_t kind, many;
	uint32_t attrs;
	const char *help; /* NULL: a column of sockets has the same name */
} many_table[] = {
	{"port", KIND_ID, MANY_PORT, 0, "port at either end"},
	{"addr", KIND_ADDR, MANY_ADDR, 0, "address at either end"},
	{"process", KIND_TEXT, MANY_PROCESS, WANT_OWNERS, NULL},
	{"pid", KIND_ID, MANY_PID, WANT_OWNERS, NULL},
	{"user", KIND_TEXT, MANY_USER, WANT_OWNERS, NULL},
	{"uid", KIND_ID, MANY_UID, WANT_OWNERS, NULL},
	{"unit", KIND_TEXT, MANY_UNIT, WANT_OWNERS, NULL},
	{"container", KIND_TEXT, MANY_CONTAINER, WANT_OWNERS, NULL},
	{"exe", KIND_TEXT, MANY_EXE, WANT_OWNERS, "path of the owner's program"},
	{"cmdline", KIND_TEXT, MANY_CMDLINE, WANT_OWNERS, "command line of the owner"},
	{"start", KIND_TIME, MANY_START, WANT_OWNERS, "when the owner started"},
	{"findings", KIND_TEXT, MANY_FINDINGS, WANT_OWNERS | WANT_INFO | WANT_MEM,
	 "what is wrong with it, its port or its owner, by rule"},
};
/* ss's words, and what people try first. */
static const struct {
	const char *name, *is;
} alias_table[] = {
	{"sport", "lport"},
	{"dport", "rport"},
	{"src", "local"},
	{"dst", "remote"},
	{"peer", "raddr"},
	{"owner", "process"},
	{"finding", "findings"},
	{"ago", "seen_s"},
	{"age", "age_s"},
	{"idle", "idle_s"},
	{"rtt", "rtt_ms"},
	{"dev", "iface"},
	{"fwmark", "mark"},
	{"address", "laddr"},
	{"addresses", "laddr"},
	{"namespace", "netns"},
	/* columns of rows that show several of what a socket has one of */
	{"ports", "lport"},
	{"listens", "lport"},
	{"states", "state"},
};

static bool filterable(const struct column *c)
{
	return c->get && c->kind != KIND_LIST && c->kind != KIND_OBJECT && !(c->flags & COL_DISPLAY);
}

/* The number of that name that rows of this kind have themselves. */
static const struct column *row_column(int kind, const char *name)
{
	const struct column *c = column_by_key((enum row_kind)kind, name);

	return c && !strcasecmp(c->key, name) && (c->flags & COL_ROW) && filterable(c) ? c : NULL;
}

/* A number of ports or processes that sockets do not have. */
static bool find_row_field(const char *name, struct field *ret)
{
	const struct column *c;
	int kind;

	*ret = (struct field){.row = true};
	for (kind = ROWS_PORT; kind < ROWS_N; kind++) {
		c = row_column(kind, name);
		if (!c)
			continue;
		ret->name = c->key;
		ret->kind = c->kind;
		ret->attrs |= c->attrs;
		ret->of[kind] = c;
	}
	return ret->name;
}

static bool find_many(const char *name, struct field *ret)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(many_table); i++) {
		if (strcasecmp(many_table[i].name, name) != 0)
			continue;
		*ret = (struct field){.name = many_table[i].name,
				      .kind = many_table[i].kind,
				      .many = many_table[i].many,
				      .attrs = many_table[i].attrs,
				      .port = many_table[i].many == MANY_PORT};
		return true;
	}
	return false;
}

static bool find_sock_field(const char *name, struct field *ret)
{
	const struct column *c = column_by_key(ROWS_SOCK, name);
	int kind;

	if (!c || strcasecmp(c->key, name) != 0 || !filterable(c))
		return false;
	*ret = (struct field){.name = c->key,
			      .kind = c->kind,
			      .attrs = c->attrs,
			      .sock = c,
			      .port = !strcmp(c->key, "lport") || !strcmp(c->key, "rport")};
	for (kind = ROWS_PORT; kind < ROWS_N; kind++)
		ret->of[kind] = row_column(kind, name);
	return true;
}

bool field_find(const char *name, struct field *ret)
{
	struct field field;
	size_t i;

	for (i = 0; i < ARRAY_LEN(alias_table); i++)
		if (!strcasecmp(alias_table[i].name, name))
			name = alias_table[i].is;
	if (!find_many(name, &field) && !find_sock_field(name, &field) && !find_row_field(name, &field))
		return false;
	*ret = field;
	return true;
}

const char *field_nearest(const char *word)
{
	const char *names[256];
	size_t n = 0, i, cols_n;
	const struct column *cols;
	int kind, best;

	for (i = 0; i < ARRAY_LEN(many_table); i++)
		names[n++] = many_table[i].name;
	for (kind = 0; kind < ROWS_N; kind++) {
		cols = columns_of((enum row_kind)kind, &cols_n);
		for (i = 0; i < cols_n && n < ARRAY_LEN(names); i++)
			if (filterable(&cols[i]) && (kind == ROWS_SOCK || (cols[i].flags & COL_ROW)))
				names[n++] = cols[i].key;
	}
	best = text_nearest(word, names, n);
	return best < 0 ? NULL : names[best];
}

const char *field_word(const struct field *f, size_t i)
{
	if (!strcmp(f->name, "family"))
		return i < FAMILY_N ? family_names[i] : NULL;
	if (!strcmp(f->name, "proto"))
		return i < PROTO_N ? proto_table[i].name : NULL;
	if (!strcmp(f->name, "state"))
		return i < STATE_N ? state_table[i].name : NULL;
	if (!strcmp(f->name, "owner_reason"))
		return i < REASON_N ? reason_table[i].name : NULL;
	if (!strcmp(f->name, "timer"))
		return i < TIMERS_N ? timer_names[i] : NULL;
	if (!strcmp(f->name, "scope"))
		return i < SCOPE_N ? scope_names[i] : NULL;
	if (!strcmp(f->name, "class"))
		return i < CLASS_N ? class_names[i] : NULL;
	if (!strcmp(f->name, "direction"))
		return i < DIR_N ? direction_names[i] : NULL;
	return NULL;
}

bool field_of_owners(const struct field *f)
{
	switch ((enum many)f->many) {
	case MANY_PROCESS:
	case MANY_USER:
	case MANY_UID:
	case MANY_UNIT:
	case MANY_CONTAINER:
	case MANY_EXE:
	case MANY_CMDLINE:
	case MANY_START:
		return true;
	default: /* a pid is hidden from some sockets */
		return false;
	}
}

/* Values of sockets that have several */

static bool port_value(const struct sock *s, unsigned i, struct value *v)
{
	uint32_t port = i ? s->rport : s->lport;

	if (i > 1)
		return false;
	if (port && proto_table[s->proto].ports)
		v_int(v, port);
	else
		v_na(v);
	return true;
}

static bool addr_value(const struct ctx *c, uint32_t row, unsigned i, struct value *v)
{
	const struct sock *s = frame_sock(c->f, row);
	bool v6 = s->family == FAMILY_IPV6;
	const uint8_t *b = i ? s->raddr : s->laddr;

	if (i > 1)
		return false;
	if (s->family != FAMILY_IPV4 && !v6) { /* a name, or none */
		column_by_key(ROWS_SOCK, i ? "raddr" : "laddr")->get(c, row, v);
		return true;
	}
	if (i && !s->rport && ip_is_any(b, v6))
		v_na(v);
	else
		v_ip(v, b, v6);
	return true;
}

/* What an owner answers. A former one still names the socket, but its pid may belong to another by now. */
static void owner_value(const struct field *f, const struct frame *fr, const struct owner *o, bool closed,
			struct value *v)
{
	const struct proc *p = &fr->procs.v[o->proc];

	if (!p->p.pid) {
		v_na(v);
		return;
	}
	switch ((enum many)f->many) {
	case MANY_PROCESS:
		v_str(v, intern_get(fr->names, p->p.comm), intern_len(fr->names, p->p.comm));
		break;
	case MANY_PID:
		if (o->former && !closed)
			v_na(v);
		else
			v_int(v, p->p.pid);
		break;
	case MANY_USER:
		v_user(v, fr, p->p.uid);
		break;
	case MANY_UID:
		v_int(v, p->p.uid);
		break;
	case MANY_UNIT:
		v_name(v, fr, p->unit);
		break;
	case MANY_CONTAINER:
		v_container(v, fr, p->unit);
		break;
	case MANY_EXE:
		v_command(v, p->late, LATE_EXE);
		break;
	case MANY_CMDLINE:
		v_command(v, p->late, LATE_CMDLINE);
		break;
	case MANY_START:
		v_hex(v, frame_proc_start_wall(fr, o->proc));
		break;
	default:
		v_na(v);
		break;
	}
}

/* What the socket itself says in place of an owner, or beside its owners: its unit, its creator's user. */
static bool own_value(const struct field *f, const struct frame *fr, uint32_t row, struct value *v)
{
	const struct sock *s = frame_sock(fr, row);
	bool owned = frame_first_owner(fr, row, false) != NONE;

	switch ((enum many)f->many) {
	case MANY_UNIT:
		v_name(v, fr, frame_row(fr, row)->unit);
		return true;
	case MANY_CONTAINER:
		v_container(v, fr, frame_row(fr, row)->unit);
		return true;
	case MANY_USER:
		if (owned || !(s->flags & SOCK_HAS_UID))
			return false;
		v_user(v, fr, s->uid);
		return true;
	case MANY_UID:
		if (owned || !(s->flags & SOCK_HAS_UID))
			return false;
		v_int(v, s->uid);
		return true;
	default:
		return false;
	}
}

/* A finding on a port or process is one on each of its sockets: that is how a filter picks it. */
static bool concerns(const struct frame *fr, const struct finding *g, uint32_t row)
{
	const struct row *r = frame_row(fr, row);
	uint32_t i;

	switch ((enum finding_on)g->on) {
	case FINDING_ON_SOCK:
		return g->row == row;
	case FINDING_ON_PORT:
		return g->row == frame_port_of(fr, row);
	case FINDING_ON_PROC:
		for (i = 0; i < r->owner_n; i++)
			if (g->row == frame_owner(fr, r, i)->proc)
				return true;
		return false;
	}
	return false;
}

static bool finding_value(const struct frame *fr, uint32_t row, unsigned i, struct value *v)
{
	const char *key;
	size_t k;

	for (k = 0; k < fr->findings.n; k++) {
		if (fr->findings.v[k].rule >= finding_rules_n || !concerns(fr, &fr->findings.v[k], row) ||
		    i--)
			continue;
		key = finding_rules[fr->findings.v[k].rule].key;
		v_str(v, key, strlen(key));
		return true;
	}
	return false;
}

bool field_value(const struct field *f, const struct ctx *c, uint32_t row, unsigned i, struct value *v)
{
	const struct row *r = frame_row(c->f, row);

	switch ((enum many)f->many) {
	case MANY_NO:
		if (i)
			return false;
		f->sock->get(c, row, v);
		return true;
	case MANY_PORT:
		return port_value(frame_sock(c->f, row), i, v);
	case MANY_ADDR:
		return addr_value(c, row, i, v);
	case MANY_FINDINGS:
		return finding_value(c->f, row, i, v);
	default:
		if (i < r->owner_n) {
			owner_value(f, c->f, frame_owner(c->f, r, i), r->marks & MARK_CLOSED, v);
			return true;
		}
		return i == r->owner_n && own_value(f, c->f, row, v);
	}
}

/* All fields */

/* Is this column a field of its own here, not one that was listed before? */
static bool lists(int kind, const struct column *c)
{
	int before;

	if (!filterable(c) || (kind != ROWS_SOCK && !(c->flags & COL_ROW)))
		return false;
	for (before = ROWS_SOCK; before < kind; before++) {
		const struct column *b = column_by_key((enum row_kind)before, c->key);

		if (b && !strcmp(b->key, c->key) && filterable(b))
			return false;
	}
	return true;
}

bool filter_field_at(size_t i, struct filter_field *ret)
{
	const char *name = NULL, *help = NULL;
	const struct column *cols;
	struct field field;
	size_t k, n;
	int kind;

	for (k = 0; k < ARRAY_LEN(many_table) && !name; k++)
		if (many_table[k].help && i-- == 0) {
			name = many_table[k].name;
			help = many_table[k].help;
		}
	for (kind = 0; kind < ROWS_N && !name; kind++) {
		cols = columns_of((enum row_kind)kind, &n);
		for (k = 0; k < n && !name; k++)
			if (lists(kind, &cols[k]) && i-- == 0) {
				name = cols[k].key;
				help = cols[k].help;
			}
	}
	if (!name || !field_find(name, &field))
		return false;
	*ret = (struct filter_field){.name = name,
				     .help = help,
				     .values = field_expected(&field),
				     .kind = field.kind,
				     .sock = !field.row,
				     .many = field.many != MANY_NO};
	for (kind = ROWS_PORT; kind < ROWS_N; kind++)
		ret->rows |= (uint8_t)((field.of[kind] != NULL) << kind);
	return true;
}

const char *filter_alias_at(size_t i, const char **ret_field)
{
	if (i >= ARRAY_LEN(alias_table))
		return NULL;
	*ret_field = alias_table[i].is;
	return alias_table[i].name;
}
