/* What a table without rows says: that a port is free, which name is nearest to the one looked for, what is hidden. For who
 * asked, that is the answer. */
#include "sockeye/base/text.h"
#include "sockeye/base/units.h"
#include "table_draw.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

uint32_t table_asked_port(const char *text)
{
	unsigned long port;
	char *end;

	text += text[0] == ':' ? 1 : !strncmp(text, "port=", 5) ? 5 : 0;
	if (!*text || strspn(text, "0123456789") != strlen(text))
		return 0;
	port = strtoul(text, &end, 10);
	return port <= 65535 ? (uint32_t)port : 0;
}

/* Outgoing connections and time-wait rows count as well: "nothing" is a strong word. */
static bool port_is_used(const struct frame *f, uint32_t port)
{
	for (size_t i = 0; i < f->ports.n; i++)
		if (f->ports.v[i].port == port)
			return true;
	for (size_t i = 0; i < f->rows_n; i++)
		if (frame_sock(f, i)->lport == port)
			return true;
	return false;
}

/* Was everything asked for that can hold a TCP or UDP port, and answered? */
static bool sees_all_ports(const struct frame *f)
{
	static const char *const whats[] = {"tcp", "udp", "bound", "netns", "sock_diag"};
	const uint32_t protos = 1u << PROTO_TCP | 1u << PROTO_UDP;

	if ((f->want.protos & protos) != protos || (f->want.states & STATES_ALL) != STATES_ALL)
		return false;
	for (size_t i = 0; i < f->limits.n; i++)
		for (size_t k = 0; k < ARRAY_LEN(whats); k++)
			if (!strcmp(f->limits.v[i].what, whats[k]))
				return false;
	for (size_t i = 0; i < f->netns.n; i++)
		if (f->netns.v[i].unread)
			return false;
	return true;
}

#define NEAREST_MAX 500

/* The value nearest to the one that found nothing, of the last term that asks for one, and how many rows have it:
 * "nginx (988)". A word alone is taken for a process. */
static void look_for_nearest(struct table_view *v, const struct frame *f, const char *text)
{
	const char *word = strrchr(text, ' '), *eq;
	char field[32] = "process";

	word = word ? word + 1 : text;
	eq = strchr(word, '=');
	if (eq && eq > word && (size_t)(eq - word) < sizeof(field)) {
		snprintf(field, sizeof(field), "%.*s", (int)(eq - word), word);
		word = eq + 1;
	}
	str_clear(&v->asked);
	str_puts(&v->asked, word);
	if (*word && !word[strcspn(word, "=<>~!\"()@:,")])
		filter_values_begin(&v->looking, v->t, f, field, "", NEAREST_MAX);
}

/* A number that other rows have, or two terms that no socket satisfies both: what was meant. */
static bool put_either(const struct table *t, const struct screen_env *e, struct str *out)
{
	struct str why = {0}, either = {0};
	enum row_kind has;
	const char *field = filter_missing_number(t->filter, t->rows_kind, &has);
	bool clash = !field && filter_clash(t->filter, &why, &either);

	if (field)
		str_putf(out, "%s has %s   ", view_table[view_of_rows(has)].title, field);
	if (clash) {
		str_puts(out, "for either: ");
		text_put_cell(out, str_text(&either), either.n, e->ascii, 64);
		str_puts(out, "   ");
	}
	str_done(&why);
	str_done(&either);
	return clash || field;
}

static void put_nearest(struct table_view *v)
{
	const char *names[NEAREST_MAX], *word = str_text(&v->asked);
	char n[UNIT_BUF];
	int at;

	for (size_t i = 0; i < v->looking.v.n; i++)
		names[i] = v->looking.v.v[i].text;
	at = text_nearest(word, names, v->looking.v.n);
	if (at >= 0 && strcasecmp(word, names[at]) != 0) {
		str_puts(&v->nearest, "nearest: ");
		text_put_cell(&v->nearest, names[at], strlen(names[at]), v->ascii, 64);
		str_putf(&v->nearest, " (%s)   ", fmt_count(n, v->looking.v.v[at].rows));
	}
	filter_values_forget(&v->looking);
}

bool table_view_work(struct table_view *v, const struct slice *slice)
{
	if (!filter_values_step(&v->looking, slice))
		return false;
	if (v->looking.v.n)
		put_nearest(v);
	return true;
}

/* Looked for once for a frame and filter: an empty table is drawn at every key. */
static void look_around(struct table_view *v, const struct screen_env *e, const char *text)
{
	uint64_t hash = e->f->number;
	uint32_t port = table_asked_port(text);

	for (const char *p = text; *p; p++)
		hash = (hash ^ (unsigned char)*p) * UINT64_C(1099511628211);
	if (hash == v->nearest_of)
		return;
	v->nearest_of = hash;
	v->ascii = e->ascii;
	str_clear(&v->nearest);
	filter_values_forget(&v->looking);
	v->port_used = port && port_is_used(e->f, port);
	if (port && !v->port_used)
		return;
	if (put_either(v->t, e, &v->nearest))
		return;
	look_for_nearest(v, e->f, text);
	table_view_work(v, &e->slice);
}

static void put_last_holder(const struct screen_env *e, uint32_t port, struct str *out)
{
	const struct frame_freed *last = frame_last_holder(e->f, port);
	char ago[UNIT_BUF];
	const char *comm;

	if (!last)
		return;
	fmt_duration(ago, frame_age_s(e->f, last->closed_ns));
	if (last->pid) {
		comm = intern_get(e->f->names, last->comm);
		str_puts(out, "Last: ");
		text_put_cell(out, comm, strlen(comm), e->ascii, 64);
		str_putf(out, " %u, %s ago   ", last->pid, ago);
	} else {
		str_putf(out, "Last held %s ago   ", ago);
	}
}

static void no_match_text(struct table_view *v, const struct screen_env *e, struct str *plain,
			  struct str *dim)
{
	const struct table *t = v->t;
	const char *text = filter_text(t->filter);
	uint32_t port = table_asked_port(text);
	char n[UNIT_BUF];

	look_around(v, e, text);
	if (port && !v->port_used) {
		str_putf(plain, "Nothing holds %u.", port);
		if (sees_all_ports(e->f))
			str_puts(dim, "It is free for tcp and udp.   ");
		put_last_holder(e, port, dim);
	} else {
		str_puts(plain, "No row matches");
		str_putf(dim, "%s   %s", text,
			 table_leaves_out(t) ? "l adds listening and bound   " : str_text(&v->nearest));
	}
	str_putf(dim, "Esc shows all %s", fmt_count(n, t->total));
}

/* An empty table says why it is empty, and what shows more. */
static bool is_missing(const struct frame *f, const char *proto)
{
	for (size_t i = 0; i < f->limits.n; i++)
		if (!strcmp(f->limits.v[i].what, proto) && !strcmp(f->limits.v[i].reason, "not-supported"))
			return true;
	return false;
}

/* Protocols that the filter asks for and the kernel does not list, when it asks for no others. */
static bool missing_text(const struct table *t, const struct screen_env *e, struct str *plain)
{
	uint32_t protos = table_protos(t);
	struct str names = {0};
	bool all = protos != 0;

	for (int i = 0; i < PROTO_N && all; i++) {
		if (!(protos & PROTO_BIT(i)))
			continue;
		all = is_missing(e->f, proto_table[i].name);
		str_putf(&names, "%s%s", names.n ? " or " : "", proto_table[i].title);
	}
	/* SCTP always comes with what lists it; of the others there may be some that nobody can list. */
	if (all)
		str_putf(plain, "This kernel %s no %s sockets (protocol not supported). Nothing to show.",
			 protos == PROTO_BIT(PROTO_SCTP) ? "has" : "lists", str_text(&names));
	str_done(&names);
	return all;
}

/* Of processes: are there none, or may they not be seen? */
static void hidden_text(const struct screen_env *e, struct str *plain, struct str *dim)
{
	uint32_t hidden = 0;
	char n[UNIT_BUF];

	for (uint32_t i = 0; i < e->f->open_rows; i++)
		hidden += frame_row(e->f, i)->reason == REASON_NOT_PERMITTED;
	if (!hidden) {
		str_puts(plain, "No process has a socket.");
		return;
	}
	str_putf(plain, "Owners of %s socket%s are hidden: not yours.", fmt_count(n, hidden),
		 hidden == 1 ? "" : "s");
	str_puts(dim, "sudo?");
}

static void empty_text(struct table_view *v, const struct screen_env *e, struct str *plain, struct str *dim)
{
	const struct table *t = v->t;

	if (!table_shows(t, e->f)) {
		str_puts(plain, e->ascii ? "Looking..." : "Looking…");
	} else if (!filter_empty(t->filter) && missing_text(t, e, plain)) {
		str_puts(dim, "Esc shows all");
	} else if (!filter_empty(t->filter)) {
		no_match_text(v, e, plain, dim);
	} else if (t->findings_only) {
		str_puts(plain, "No findings.");
		str_puts(dim, "! shows all rows");
	} else if (t->view == VIEW_PORTS) {
		str_puts(plain, t->listening ? "Nothing listens here." : "No port is in use here.");
		str_puts(dim, t->all ? "" : "a shows ports of outgoing connections too");
	} else if (t->view == VIEW_CONNECTIONS) {
		str_puts(plain, "No connections.");
		str_puts(dim, t->listening ? "" : "l shows listening and bound sockets too");
	} else {
		hidden_text(e, plain, dim);
	}
}

void table_draw_empty(struct table_view *v, const struct screen_env *e, struct canvas *c, struct area a)
{
	struct str plain = {0}, dim = {0}, cut = {0};
	int w1, w2, x, y = a.y + (a.h - 1) / 2;

	empty_text(v, e, &plain, &dim);
	w1 = text_width(str_text(&plain));
	w2 = text_width(str_text(&dim));
	if (w2 && w1 + 3 + w2 <= a.w - 2) {
		x = a.x + (a.w - w1 - 3 - w2) / 2;
		canvas_put(c, y, x, STYLE_PLAIN, str_text(&plain), a.w);
		canvas_put(c, y, x + w1 + 3, STYLE_DIM, str_text(&dim), a.w);
	} else {
		text_put_clip(&cut, str_text(&plain), a.w - 1, e->ascii ? "~" : "…");
		canvas_put(c, y, a.x + 1 + (a.w - 1 - text_width(str_text(&cut))) / 2, STYLE_PLAIN,
			   str_text(&cut), a.w - 1);
		str_clear(&cut);
		text_put_clip(&cut, str_text(&dim), a.w - 1, e->ascii ? "~" : "…");
		if (y + 1 < a.y + a.h)
			canvas_put(c, y + 1, a.x + 1 + (a.w - 1 - text_width(str_text(&cut))) / 2, STYLE_DIM,
				   str_text(&cut), a.w - 1);
	}
	str_done(&plain);
	str_done(&dim);
	str_done(&cut);
}
