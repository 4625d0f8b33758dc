/* The judgement as a JSON object: every key always there, null where nothing is known. */
#include "explain_private.h"
#include "sockeye/base/text.h"
#include "sockeye/base/units.h"
#include <errno.h>
#include <string.h>

static void put_text(struct str *out, const char *s)
{
	if (s)
		text_put_json(out, s, strlen(s));
	else
		str_puts(out, "null");
}

/* "key":, after a comma unless it is the first. */
static void put_key(struct str *out, const char *key)
{
	if (out->n && out->s[out->n - 1] != '{')
		str_putc(out, ',');
	str_putf(out, "\"%s\":", key);
}

static void put_key_text(struct str *out, const char *key, const char *s)
{
	put_key(out, key);
	put_text(out, s);
}

static void put_key_number(struct str *out, const char *key, bool known, uint64_t n)
{
	put_key(out, key);
	if (known)
		str_put_u64(out, n);
	else
		str_puts(out, "null");
}

static void put_key_bool(struct str *out, const char *key, bool b)
{
	put_key(out, key);
	str_puts(out, b ? "true" : "false");
}

static void put_key_addr(struct str *out, const char *key, const struct ip *ip)
{
	char buf[IP_TEXT];

	put_key_text(out, key, ip_format(buf, ip->b, ip->v6));
}

static void put_comma(struct str *out)
{
	if (out->s[out->n - 1] != '[')
		str_putc(out, ',');
}

static void put_holder(const struct explain *e, const struct explain_holder *h, struct str *out)
{
	const struct frame *f = e->f;
	const struct sock *s = frame_sock(f, h->row);
	const struct snap_proc *p = h->proc == NONE ? NULL : &f->procs.v[h->proc].p;
	bool process = p && p->pid, time_wait = h->kind == EXPLAIN_TIME_WAIT;
	const char *reason = reason_table[frame_row(f, h->row)->reason].name;
	uint64_t start = process ? frame_proc_start_wall(f, h->proc) : 0;
	struct str unit = {0};
	char when[UNIT_BUF];

	explain_put_unit(e, h, &unit);
	str_putc(out, '{');
	put_key_text(out, "kind", explain_kind_names[h->kind]);
	put_key_text(out, "effect", explain_effect_names[h->effect]);
	put_key_number(out, "sockets", true, h->n);
	put_key_addr(out, "laddr", &h->ip);
	put_key_bool(out, "v6only", h->v6only);
	put_key_text(out, "iface", explain_device(e, h->ifindex));
	put_key_number(out, "pid", process, process ? p->pid : 0);
	put_key(out, "process");
	if (process)
		text_put_json(out, intern_get(f->names, p->comm), intern_len(f->names, p->comm));
	else
		str_puts(out, "null");
	put_key_number(out, "processes", process, h->procs);
	put_key_text(out, "user", process ? frame_user(f, p->uid) : NULL);
	put_key_number(out, "uid", process || s->flags & SOCK_HAS_UID, process ? p->uid : s->uid);
	put_key_text(out, "unit", unit.n ? unit.s : NULL);
	put_key_text(out, "start", start ? fmt_rfc3339(when, start) : NULL);
	put_key_bool(out, "systemd_socket", h->systemd);
	put_key_text(out, "owner_reason", process ? NULL : reason);
	put_key(out, "timer_s");
	if (time_wait && h->timer_ms)
		str_put_real(out, h->timer_ms / 1000.0);
	else
		str_puts(out, "null");
	str_putc(out, '}');
	str_done(&unit);
}

static void put_try(const struct explain *e, const struct explain_try *t, struct str *out)
{
	static const char *const expects[] = {[EXPECT_OK] = "ok",
					      [EXPECT_INUSE] = "EADDRINUSE",
					      [EXPECT_DENIED] = "EACCES",
					      [EXPECT_EITHER] = NULL};
	struct str name = {0};

	str_putc(out, '{');
	put_key_addr(out, "addr", &t->ip);
	put_key_text(out, "iface", explain_device(e, t->ifindex));
	put_key_bool(out, "v6only", t->v6only);
	put_key_text(out, "expected", expects[t->expect]);
	if (t->tried && t->err)
		explain_put_errno(t->err, &name);
	put_key_text(out, "got", !t->tried ? NULL : t->err ? str_text(&name) : "ok");
	str_putc(out, '}');
	str_done(&name);
}

static void put_checks(struct str *out, const char *key, uint32_t bits)
{
	put_key(out, key);
	str_putc(out, '[');
	for (int c = 0; c < CHECK_N; c++)
		if (bits >> c & 1) {
			put_comma(out);
			put_text(out, explain_check_names[c]);
		}
	str_putc(out, ']');
}

static void put_ways(const struct explain *e, struct str *out)
{
	struct str all = {0};

	explain_put_ways(e, false, &all);
	put_key(out, "ways");
	str_putc(out, '[');
	for (const char *p = str_text(&all); *p;) {
		size_t n = strcspn(p, "\n");

		put_comma(out);
		text_put_json(out, p, n);
		p += n + (p[n] == '\n');
	}
	str_putc(out, ']');
	str_done(&all);
}

void explain_put_json(const struct explain *e, struct str *out)
{
	static const char *const errors[EXPLAIN_VERDICT_N] = {
		[EXPLAIN_TAKEN] = "EADDRINUSE", [EXPLAIN_DENIED] = "EACCES"};
	bool tried = false;

	for (size_t i = 0; i < e->tries.n; i++)
		tried |= e->tries.v[i].tried;
	str_putc(out, '{');
	put_key_number(out, "port", true, e->port);
	put_key_text(out, "proto", proto_table[e->proto].name);
	put_key_text(out, "verdict", explain_verdict_names[e->verdict]);
	put_key_text(out, "errno", errors[e->verdict]);
	put_key_text(out, "user", e->facts->user[0] ? e->facts->user : NULL);
	put_key_number(out, "uid", true, e->facts->uid);
	put_key(out, "agrees"); /* the tries with the judgement */
	str_puts(out, !tried ? "null" : e->odd == NONE ? "true" : "false");
	put_key_text(out, "not_tried", e->not_tried);
	put_key(out, "holders");
	str_putc(out, '[');
	for (size_t i = 0; i < e->holders.n; i++) {
		put_comma(out);
		put_holder(e, &e->holders.v[i], out);
	}
	str_putc(out, ']');
	put_key(out, "binds");
	str_putc(out, '[');
	for (size_t i = 0; i < e->tries.n; i++) {
		put_comma(out);
		put_try(e, &e->tries.v[i], out);
	}
	str_putc(out, ']');
	put_checks(out, "checked", e->checked);
	put_checks(out, "applies", e->applies);
	put_ways(e, out);
	put_key_number(out, "next_free", e->next_free != 0, e->next_free);
	str_putc(out, '}');
}
