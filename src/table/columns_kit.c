/* What the getters of the column tables share: so that an owner, an endpoint or a user looks the same in
 * every view. */
#include "columns_kit.h"
#include "sockeye/base/text.h"
#include "sockeye/base/units.h"
#include "sockeye/model/unit.h"
#include <stdio.h>
#include <stdlib.h>

void v_name(struct value *v, const struct frame *f, uint32_t id)
{
	size_t n = id ? intern_len(f->names, id) : 0;

	if (!n)
		v_na(v);
	else
		v_str(v, intern_get(f->names, id), n);
}

void v_user(struct value *v, const struct frame *f, uint32_t uid)
{
	const char *name = frame_user(f, uid);

	if (!name)
		v_unknown(v);
	else if (*name)
		v_str(v, name, strlen(name));
	else
		v_int(v, uid);
}

void v_container(struct value *v, const struct frame *f, uint32_t unit)
{
	v_name(v, f, unit);
	if (!v->null && !unit_is_container(v->s))
		v_na(v);
}

void v_command(struct value *v, const struct late *l, enum late_what what)
{
	uint32_t n = 0;
	const char *s = l ? late_get_n(l, what, &n) : NULL;

	if (!l)
		v_na(v);
	else if (!s)
		v_unknown(v);
	else {
		while (n && !s[n - 1])
			n--; /* the NUL that ends the last argument */
		if (n)
			v_str(v, s, n);
		else
			v_na(v);
	}
}

void v_netns(struct value *v, const struct frame *f, uint16_t netns)
{
	if (netns < f->netns.n)
		v_int(v, f->netns.v[netns].inode);
	else
		v_unknown(v);
}

void v_netns_name(struct value *v, const struct frame *f, uint16_t netns)
{
	if (netns < f->netns.n)
		v_name(v, f, f->netns.v[netns].name);
	else
		v_unknown(v);
}

static const struct count no_count = {.rx_rate = NAN, .tx_rate = NAN};

const struct count *ctx_port_count(const struct ctx *c, uint32_t row)
{
	const struct tally *t = ctx_tally(c);

	return row < t->ports.n ? &t->ports.v[row] : &no_count;
}

const struct count *ctx_proc_count(const struct ctx *c, uint32_t row)
{
	const struct tally *t = ctx_tally(c);

	return row < t->procs.n ? &t->procs.v[row] : &no_count;
}

void v_sum_rate(struct value *v, const struct frame *f, const struct count *n, float rate)
{
	if (isfinite(rate))
		v_real(v, (double)rate);
	else if (n->socks && !n->counting)
		v_na(v);
	else if (!n->conns && f->number > 1)
		v_real(v, 0); /* no connection: nothing flows */
	else
		v_unknown(v);
}

void put_name(const struct ctx *c, struct str *out, uint32_t id)
{
	text_put_cell(out, intern_get(c->f->names, id), intern_len(c->f->names, id), c->ascii, CELL_BYTES);
}

void put_reason(const struct ctx *c, struct str *out, const char *what)
{
	str_puts(out, c->ascii ? "<" : "‹");
	str_puts(out, what);
	str_puts(out, c->ascii ? ">" : "›");
}

void put_null(const struct ctx *c, enum null_why why, struct str *out, uint8_t *ret_style)
{
	*ret_style = STYLE_DIM;
	if (c->raw_numbers)
		str_puts(out, why == NULL_UNKNOWN ? "?" : "-");
	else if (why == NULL_UNKNOWN)
		str_puts(out, ctx_dots(c));
}

void put_several(const struct ctx *c, struct str *out, const char *safe_name, uint32_t n, bool same)
{
	str_puts(out, *safe_name ? safe_name : "\"\"");
	if (n > 1 && same)
		str_puts(out, c->ascii ? " x" : " ×");
	else if (n > 1)
		str_puts(out, " +");
	if (n > 1)
		str_put_u64(out, same ? n : n - 1);
}

void put_addr(struct str *out, const struct ip *ip, bool brackets)
{
	char buf[IP_TEXT];
	struct ip plain;

	ip_unmap(ip->b, ip->v6, &plain);
	brackets = brackets && plain.v6;
	if (brackets)
		str_putc(out, '[');
	str_puts(out, ip_format(buf, plain.b, plain.v6));
	if (brackets)
		str_putc(out, ']');
}

void put_proto(struct str *out, uint8_t proto, unsigned width)
{
	const struct proto_info *info = &proto_table[proto];

	str_puts(out, info->brief && strlen(info->name) > width ? info->brief : info->name);
}

void put_unit(const struct ctx *c, struct str *out, uint32_t unit)
{
	static const char suffix[] = ".service";
	const char *s = intern_get(c->f->names, unit);
	size_t n = intern_len(c->f->names, unit), uid_n = 0;
	const char *user;
	unsigned uid = 0;

	if (n > sizeof(suffix) - 1 && !memcmp(s + n - (sizeof(suffix) - 1), suffix, sizeof(suffix) - 1))
		n -= sizeof(suffix) - 1;
	/* A login session is its user's: the name says more than the number. */
	if (sscanf(s, "user-%9u.slice%zn", &uid, &uid_n) == 1 && uid_n && uid_n == n) {
		user = frame_user(c->f, uid);
		if (user && *user) {
			str_puts(out, "user:");
			text_put_cell(out, user, strlen(user), c->ascii, CELL_BYTES);
			return;
		}
	}
	text_put_cell(out, s, n, c->ascii, CELL_BYTES);
}

void fit_endpoint(const struct ctx *c, const char *addr, bool brackets, uint32_t port, unsigned width,
		  struct str *out)
{
	char tail[16];
	int tail_n = snprintf(tail, sizeof(tail), ":%u", port), room = (int)width - tail_n;

	if (room < (brackets ? 4 : 2) && text_width(addr) + (brackets ? 2 : 0) > room) {
		str_puts(out, room < 0 ? tail + 1 : tail);
		return;
	}
	if (brackets) {
		str_putc(out, '[');
		room -= 2;
	}
	text_put_clip_middle(out, addr, room, ctx_dots(c));
	if (brackets)
		str_putc(out, ']');
	str_puts(out, tail);
}

void put_activity(const struct ctx *c, uint32_t ring, unsigned width, struct str *out, uint8_t *ret_style)
{
	static const char *const blocks[] = {" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
	static const char *const plain[] = {" ", ".", ".", ":", "-", "=", "+", "*", "#"};
	const char *const *steps = c->ascii ? plain : blocks;
	const struct ring *r;
	double max = 0, sample;
	unsigned i, n;

	if (ring >= c->f->rings.n || !width)
		return;
	r = &c->f->rings.v[ring];
	n = r->n < width ? r->n : width;
	for (i = 0; i < n; i++) {
		sample = (double)ring_rx(r, i) + (double)ring_tx(r, i);
		if (sample > max)
			max = sample;
	}
	for (i = width; i-- > 0;) {
		sample = i < n ? (double)ring_rx(r, i) + (double)ring_tx(r, i) : (double)NAN;
		if (!isfinite(sample))
			str_puts(out, " ");
		else
			str_puts(out, steps[sample <= 0 ? 0 : 1 + (unsigned)(sample / max * 7)]);
	}
	*ret_style = STYLE_INFO;
}

void json_value_text(struct str *out, const struct value *v, uint8_t kind)
{
	char buf[VALUE_BUF];
	uint32_t n;
	const char *s;

	if (v->null) {
		str_puts(out, "null");
		return;
	}
	s = value_text(v, kind, buf, &n);
	text_put_json(out, s, n);
}

/* Arguments are separated by NUL in the kernel; people read spaces. */
static void json_command(struct str *out, const struct late *l, enum late_what what)
{
	struct value v;
	char *copy;
	uint32_t i;

	v_command(&v, l, what);
	if (v.null) {
		str_puts(out, "null");
		return;
	}
	copy = mem_dup(v.s, v.s_n);
	for (i = 0; i < v.s_n; i++)
		if (!copy[i])
			copy[i] = ' ';
	text_put_json(out, copy, v.s_n);
	free(copy);
}

void json_owner(const struct frame *f, struct str *out, uint32_t proc, int32_t fd, bool former)
{
	const struct proc *p = &f->procs.v[proc];
	char buf[UNIT_BUF];
	struct value v;

	str_puts(out, "{\"pid\":");
	if (p->p.pid)
		str_put_u64(out, p->p.pid);
	else
		str_puts(out, "null");
	str_puts(out, ",\"fd\":");
	if (fd >= 0)
		str_put_u64(out, (uint64_t)fd);
	else
		str_puts(out, "null");
	str_puts(out, ",\"process\":");
	text_put_json(out, intern_get(f->names, p->p.comm), intern_len(f->names, p->p.comm));
	str_puts(out, ",\"user\":");
	v_user(&v, f, p->p.uid);
	json_value_text(out, &v, KIND_TEXT);
	str_puts(out, ",\"exe\":");
	json_command(out, p->late, LATE_EXE);
	str_puts(out, ",\"cmdline\":");
	json_command(out, p->late, LATE_CMDLINE);
	str_puts(out, ",\"start\":");
	if (p->p.pid)
		json_quoted(out, fmt_rfc3339(buf, frame_proc_start_wall(f, proc)));
	else
		str_puts(out, "null");
	str_puts(out, former ? ",\"former\":true}" : ",\"former\":false}");
}

void json_findings(const struct frame *f, enum finding_on on, uint32_t row, bool any, struct str *out)
{
	static const char *const severities[] = {"info", "warn", "bad"};
	const struct finding *g;
	bool first = true;
	size_t i;

	str_putc(out, '[');
	for (i = 0; any && i < f->findings.n; i++) {
		g = &f->findings.v[i];
		if (g->on != on || g->row != row)
			continue;
		str_puts(out, first ? "{\"rule\":" : ",{\"rule\":");
		first = false;
		if (g->rule < finding_rules_n)
			text_put_json(out, finding_rules[g->rule].key, strlen(finding_rules[g->rule].key));
		else
			str_puts(out, "null");
		str_puts(out, ",\"severity\":");
		json_quoted(out, severities[g->severity % 3]);
		str_puts(out, ",\"text\":");
		text_put_json(out, g->text, strnlen(g->text, sizeof(g->text)));
		str_putc(out, '}');
	}
	str_putc(out, ']');
}

void cell_findings_on(const struct frame *f, enum finding_on on, uint32_t row, struct str *out,
		      uint8_t *ret_style)
{
	const struct finding *g;
	bool first = true;
	size_t i;

	for (i = 0; i < f->findings.n; i++) {
		g = &f->findings.v[i];
		if (g->on != on || g->row != row || g->rule >= finding_rules_n)
			continue;
		str_puts(out, first ? "" : " ");
		str_puts(out, finding_rules[g->rule].key);
		first = false;
		*ret_style = STYLE_BAD;
	}
}

void put_age(const struct ctx *c, double seen_s, bool at_least, struct str *out, uint8_t *ret_style)
{
	char buf[UNIT_BUF];

	if (c->raw_numbers && at_least) {
		put_null(c, NULL_UNKNOWN, out, ret_style);
	} else if (c->raw_numbers) {
		str_put_real(out, seen_s);
	} else {
		if (at_least)
			str_puts(out, c->ascii ? ">=" : "≥");
		str_puts(out, fmt_duration(buf, seen_s < 0 ? 0 : seen_s));
	}
}

void put_netns(const struct ctx *c, uint16_t netns, struct str *out, uint8_t *ret_style)
{
	struct value v;

	v_netns_name(&v, c->f, netns);
	if (!v.null)
		text_put_cell(out, v.s, v.s_n, c->ascii, CELL_BYTES);
	else if (netns < c->f->netns.n)
		str_put_u64(out, c->f->netns.v[netns].inode);
	else
		put_null(c, NULL_UNKNOWN, out, ret_style);
}

void json_cell(const struct ctx *c, uint32_t row,
	       void (*cell)(const struct ctx *, uint32_t, struct str *, uint8_t *), struct str *out)
{
	size_t at = out->n, n;
	char small[256], *copy;
	uint8_t style;

	/* Written in place first, which allocates nothing, then escaped from a copy. */
	cell(c, row, out, &style);
	n = out->n - at;
	copy = n <= sizeof(small) ? small : mem_alloc(n, 1);
	if (n)
		memcpy(copy, out->s + at, n);
	out->n = at;
	text_put_json(out, copy, n);
	if (copy != small)
		free(copy);
}

void json_quoted(struct str *out, const char *ours)
{
	str_putc(out, '"');
	str_puts(out, ours);
	str_putc(out, '"');
}
