/* The parts that explain's lines are made of: who has the port, what it does with it, which addresses that blocks. */
#include "explain_private.h"
#include "sockeye/base/text.h"
#include "sockeye/base/units.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>

#define WRAP 78
#define NAME_BYTES 64

static const struct {
	int err;
	const char *name;
} errno_names[] = {
	{EADDRINUSE, "EADDRINUSE"},
	{EACCES, "EACCES"},
	{EPERM, "EPERM"},
	{EADDRNOTAVAIL, "EADDRNOTAVAIL"},
	{EAFNOSUPPORT, "EAFNOSUPPORT"},
	{EINVAL, "EINVAL"},
	{EMFILE, "EMFILE"},
	{ENFILE, "ENFILE"},
	{ENOBUFS, "ENOBUFS"},
	{ENOMEM, "ENOMEM"},
	{ENODEV, "ENODEV"},
	{EOPNOTSUPP, "EOPNOTSUPP"},
};

void explain_put_errno(int err, struct str *out)
{
	for (size_t i = 0; i < ARRAY_LEN(errno_names); i++)
		if (errno_names[i].err == err) {
			str_puts(out, errno_names[i].name);
			return;
		}
	str_putf(out, "errno %d (%s)", err, strerror(err));
}

void explain_put_label(struct str *out, const char *label)
{
	str_putf(out, "  %-*s", EXPLAIN_LABEL - 2, label);
}

/* Words parted by spaces, broken at WRAP cells, later lines under the first. */
void explain_put_wrapped(struct str *out, const char *label, const char *text)
{
	size_t used = EXPLAIN_LABEL;

	explain_put_label(out, label);
	while (*text) {
		size_t n = strcspn(text, " ");

		if (used > EXPLAIN_LABEL && used + 1 + n > WRAP) {
			str_putf(out, "\n%*s", EXPLAIN_LABEL, "");
			used = EXPLAIN_LABEL;
		} else if (used > EXPLAIN_LABEL) {
			str_putc(out, ' ');
			used++;
		}
		str_put(out, text, n);
		used += n;
		text += n + strspn(text + n, " ");
	}
	str_putc(out, '\n');
}

void explain_put_foreign(struct str *out, const char *s, size_t n, bool ascii)
{
	text_put_cell(out, s, n, ascii, NAME_BYTES);
}

void explain_put_address(const struct ip *ip, bool v6only, bool dual, struct str *out)
{
	char buf[IP_TEXT];

	if (dual) {
		str_putc(out, '*');
		return;
	}
	ip_format(buf, ip->b, ip->v6);
	str_putf(out, ip->v6 ? "[%s]" : "%s", buf);
	if (v6only && ip_is_any(ip->b, ip->v6))
		str_puts(out, " (IPv6 only)");
}

const char *explain_device(const struct explain *e, uint32_t ifindex)
{
	for (size_t i = 0; i < e->facts->devs.n; i++)
		if (ifindex && e->facts->devs.v[i].ifindex == ifindex)
			return e->facts->devs.v[i].name;
	return NULL;
}

void explain_put_device(const struct explain *e, uint32_t ifindex, bool ascii, struct str *out)
{
	const char *name = explain_device(e, ifindex);

	if (!ifindex)
		return;
	str_putc(out, '%');
	if (name)
		explain_put_foreign(out, name, strlen(name), ascii);
	else
		str_putf(out, "%u", ifindex);
}

/* Who */

/* "node 21877", "nginx ×5 1044", "‹not permitted›" */
void explain_put_process(const struct explain *e, const struct explain_holder *h, bool ascii, struct str *out)
{
	const struct frame *f = e->f;

	if (h->proc == NONE) {
		str_putf(out, ascii ? "<%s>" : "‹%s›", reason_table[frame_row(f, h->row)->reason].cell);
		return;
	}
	const struct snap_proc *p = &f->procs.v[h->proc].p;

	if (!p->pid) {
		str_puts(out, ascii ? "<kernel>" : "‹kernel›");
		return;
	}
	explain_put_foreign(out, intern_get(f->names, p->comm), intern_len(f->names, p->comm), ascii);
	if (h->procs > 1)
		str_putf(out, ascii ? " x%u" : " ×%u", h->procs);
	str_putf(out, " %u", p->pid);
}

void explain_put_who(const struct explain *e, const struct explain_holder *h, bool ascii, struct str *out)
{
	const struct frame *f = e->f;
	struct str unit = {0};
	const char *user;

	explain_put_process(e, h, ascii, out);
	if (h->proc == NONE || !f->procs.v[h->proc].p.pid)
		return;
	user = frame_user(f, f->procs.v[h->proc].p.uid);
	str_puts(out, "  ");
	if (user && *user)
		explain_put_foreign(out, user, strlen(user), ascii);
	else
		str_putf(out, "uid %u", f->procs.v[h->proc].p.uid);
	explain_put_unit(e, h, &unit);
	if (unit.n) {
		str_puts(out, "  ");
		explain_put_foreign(out, unit.s, unit.n, ascii);
	}
	str_done(&unit);
}

/* "listens on *", "bound 127.0.0.1, does not listen" */
void explain_put_deed(const struct explain *e, const struct explain_holder *h, bool ascii, struct str *out)
{
	const struct sock *s = frame_sock(e->f, h->row);
	char buf[UNIT_BUF], peer[IP_TEXT];
	struct ip ip;

	switch ((enum explain_kind)h->kind) {
	case EXPLAIN_LISTEN:
		str_puts(out, "listens on ");
		explain_put_address(&h->ip, h->v6only, h->dual, out);
		explain_put_device(e, h->ifindex, ascii, out);
		if (h->n > 1)
			str_putf(out, " with %s sockets (SO_REUSEPORT)", fmt_count(buf, h->n));
		return;
	case EXPLAIN_BOUND:
		str_puts(out, "bound ");
		explain_put_address(&h->ip, h->v6only, h->dual, out);
		explain_put_device(e, h->ifindex, ascii, out);
		str_puts(out, ", does not listen");
		return;
	case EXPLAIN_TIME_WAIT:
		str_putf(out, "%s in time-wait", fmt_count(buf, h->n));
		if (h->timer_ms)
			str_putf(out, " for %s", fmt_duration(buf, (h->timer_ms + 999) / 1000));
		return;
	case EXPLAIN_DATAGRAM:
	case EXPLAIN_CONN:
	case EXPLAIN_KIND_N:
		break;
	}
	ip_unmap(s->raddr, s->family == FAMILY_IPV6, &ip);
	ip_format(peer, ip.b, ip.v6);
	if (h->kind == EXPLAIN_CONN && h->n > 1) {
		str_putf(out, "%s connections from ", fmt_count(buf, h->n));
		explain_put_address(&h->ip, false, h->dual, out);
		return;
	}
	str_puts(out, h->kind == EXPLAIN_CONN ? "connected " : "receives on ");
	explain_put_address(&h->ip, h->v6only, h->dual, out);
	explain_put_device(e, h->ifindex, ascii, out);
	if (s->rport)
		str_putf(out, ip.v6 ? " to [%s]:%u" : " to %s:%u", peer, s->rport);
	if (h->kind == EXPLAIN_CONN && s->state != STATE_ESTABLISHED)
		str_putf(out, " (%s)", state_table[s->state].name);
	if (h->kind == EXPLAIN_DATAGRAM && h->n > 1)
		str_putf(out, " with %s sockets", fmt_count(buf, h->n));
}

void explain_put_since(const struct explain *e, const struct explain_holder *h, struct str *out)
{
	char when[UNIT_BUF], age[UNIT_BUF];
	uint64_t start;
	size_t day;

	if (h->proc == NONE || !e->f->procs.v[h->proc].p.pid)
		return;
	start = frame_proc_start_wall(e->f, h->proc);
	if (!start || start > e->f->wall_ns)
		return;
	if (!*fmt_local(when, start)) /* "Thu 19 Nov 09:14:02"; of the last days the weekday says which */
		return;
	day = e->f->wall_ns - start < 6 * 24 * 3600 * NSEC_PER_SEC ? strcspn(when, " ") : strlen(when) - 9;
	str_putf(out, "  up since %.*s%.6s (%s)", (int)day, when, when + strlen(when) - 9,
		 fmt_age(age, (double)(e->f->wall_ns - start) / NSEC_PER_SEC, 1));
}

/* What it blocks */

struct blocked {
	unsigned singles;
	bool any4, any6, dual; /* 0.0.0.0, [::] alone, [::] with IPv4 */
};

bool explain_counts(const struct explain_try *t)
{
	return !(t->tried && t->err == EADDRNOTAVAIL);
}

static void put_address_list(const struct explain *e, const struct explain_holder *h, unsigned n, bool ascii,
			     struct str *out)
{
	unsigned shown = 0;

	for (size_t i = 0; i < e->tries.n; i++) {
		const struct explain_try *t = &e->tries.v[i];

		if (ip_is_any(t->ip.b, t->ip.v6) || !explain_counts(t) || !explain_conflicts(e, h, t))
			continue;
		if (shown == 3 && n > 4) {
			str_putf(out, ", %u more", n - shown);
			return;
		}
		str_puts(out, out->n ? ", " : "");
		explain_put_address(&t->ip, false, false, out);
		explain_put_device(e, t->ifindex, ascii, out);
		shown++;
	}
}

void explain_put_blocked(const struct explain *e, const struct explain_holder *h, bool ascii, struct str *out)
{
	struct blocked b = {0};
	struct str line = {0};

	for (size_t i = 0; i < e->tries.n; i++) {
		const struct explain_try *t = &e->tries.v[i];

		if (!explain_counts(t) || !explain_conflicts(e, h, t))
			continue;
		if (!ip_is_any(t->ip.b, t->ip.v6))
			b.singles++;
		else
			*(!t->ip.v6 ? &b.any4 : t->v6only ? &b.any6 : &b.dual) = true;
	}
	if (b.any4)
		str_puts(&line, "0.0.0.0");
	if (b.any6 || b.dual)
		str_putf(&line, "%s[::]%s", line.n ? ", " : "", b.any6 ? "" : " without IPV6_V6ONLY");
	if (ip_is_any(h->ip.b, h->ip.v6) && !h->ifindex)
		str_putf(&line, " and every %s address", h->dual ? "single" : h->ip.v6 ? "IPv6" : "IPv4");
	else
		put_address_list(e, h, b.singles, ascii, &line);
	if (line.n) {
		struct str text = {0};

		str_putf(&text, "blocks %s", str_text(&line));
		explain_put_wrapped(out, "", str_text(&text));
		str_done(&text);
	}
	str_done(&line);
}
