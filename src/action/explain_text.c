/* The judgement in words: who holds the port, what that blocks, what is no matter, what was checked and what can be
 * done, in the lines that `sockeye explain` prints and a page can show. */
#include "sockeye/action/explain.h"
#include "sockeye/base/text.h"
#include "sockeye/base/units.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>

#define LABEL 14 /* cells before what a label is about */
#define WRAP 78
#define NAME_BYTES 64
#define HOLDERS_MAX 12 /* lines of one kind; a busy port has thousands of sockets */

static const struct {
	int err;
	const char *name;
} errno_names[] = {
	{EADDRINUSE, "EADDRINUSE"}, {EACCES, "EACCES"}, {EPERM, "EPERM"},	{EADDRNOTAVAIL, "EADDRNOTAVAIL"},
	{EAFNOSUPPORT, "EAFNOSUPPORT"}, {EINVAL, "EINVAL"}, {EMFILE, "EMFILE"}, {ENFILE, "ENFILE"},
	{ENOBUFS, "ENOBUFS"},	    {ENOMEM, "ENOMEM"}, {ENODEV, "ENODEV"},	{EOPNOTSUPP, "EOPNOTSUPP"},
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

static const char *proto_name(const struct explain *e)
{
	return proto_table[e->proto].name;
}

static void put_label(struct str *out, const char *label)
{
	str_putf(out, "  %-*s", LABEL - 2, label);
}

/* Words parted by spaces, broken at WRAP cells, later lines under the first. */
static void put_wrapped(struct str *out, const char *label, const char *text)
{
	size_t used = LABEL;

	put_label(out, label);
	while (*text) {
		size_t n = strcspn(text, " ");

		if (used > LABEL && used + 1 + n > WRAP) {
			str_putf(out, "\n%*s", LABEL, "");
			used = LABEL;
		} else if (used > LABEL) {
			str_putc(out, ' ');
			used++;
		}
		str_put(out, text, n);
		used += n;
		text += n + strspn(text + n, " ");
	}
	str_putc(out, '\n');
}

static void put_foreign(struct str *out, const char *s, size_t n, bool ascii)
{
	text_put_cell(out, s, n, ascii, NAME_BYTES);
}

static void put_user(const struct explain *e, struct str *out)
{
	if (e->facts->user[0])
		str_putf(out, "%s (uid %u)", e->facts->user, e->facts->uid);
	else
		str_putf(out, "uid %u", e->facts->uid);
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

static const char *device_name(const struct explain *e, uint32_t ifindex)
{
	for (size_t i = 0; i < e->facts->devs.n; i++)
		if (e->facts->devs.v[i].ifindex == ifindex)
			return e->facts->devs.v[i].name;
	return NULL;
}

static void put_device(const struct explain *e, uint32_t ifindex, bool ascii, struct str *out)
{
	const char *name = device_name(e, ifindex);

	if (!ifindex)
		return;
	str_putc(out, '%');
	if (name)
		put_foreign(out, name, strlen(name), ascii);
	else
		str_putf(out, "%u", ifindex);
}

/* Who */

/* "node 21877", "nginx ×5 1044", "‹not permitted›" */
static void put_process(const struct explain *e, const struct explain_holder *h, bool ascii, struct str *out)
{
	const struct frame *f = e->f;

	if (h->proc == NONE) {
		str_putf(out, ascii ? "<%s>" : "‹%s›", reason_table[f->rows.v[h->row].reason].cell);
		return;
	}
	const struct snap_proc *p = &f->procs.v[h->proc].p;

	if (!p->pid) {
		str_puts(out, ascii ? "<kernel>" : "‹kernel›");
		return;
	}
	put_foreign(out, intern_get(f->names, p->comm), intern_len(f->names, p->comm), ascii);
	if (h->procs > 1)
		str_putf(out, ascii ? " x%u" : " ×%u", h->procs);
	str_putf(out, " %u", p->pid);
}

static uint32_t unit_of(const struct explain *e, const struct explain_holder *h)
{
	if (h->proc != NONE && e->f->procs.v[h->proc].unit && !h->pid1)
		return e->f->procs.v[h->proc].unit;
	return e->f->rows.v[h->row].unit;
}

static void put_who(const struct explain *e, const struct explain_holder *h, bool ascii, struct str *out)
{
	const struct frame *f = e->f;
	const char *user, *unit = intern_get(f->names, unit_of(e, h));

	put_process(e, h, ascii, out);
	if (h->proc == NONE || !f->procs.v[h->proc].p.pid)
		return;
	user = frame_user(f, f->procs.v[h->proc].p.uid);
	str_puts(out, "  ");
	if (user && *user)
		put_foreign(out, user, strlen(user), ascii);
	else
		str_putf(out, "uid %u", f->procs.v[h->proc].p.uid);
	if (*unit) {
		str_puts(out, "  ");
		put_foreign(out, unit, strlen(unit), ascii);
	}
}

/* "listens on *", "bound 127.0.0.1, does not listen" */
static void put_deed(const struct explain *e, const struct explain_holder *h, bool ascii, struct str *out)
{
	const struct sock *s = &e->f->socks.v[h->row];
	char buf[UNIT_BUF], peer[IP_TEXT];
	struct ip ip;

	switch ((enum explain_kind)h->kind) {
	case EXPLAIN_LISTEN:
		str_puts(out, "listens on ");
		explain_put_address(&h->ip, h->v6only, h->dual, out);
		put_device(e, h->ifindex, ascii, out);
		if (h->n > 1)
			str_putf(out, " with %s sockets (SO_REUSEPORT)", fmt_count(buf, h->n));
		return;
	case EXPLAIN_BOUND:
		str_puts(out, "bound ");
		explain_put_address(&h->ip, h->v6only, h->dual, out);
		put_device(e, h->ifindex, ascii, out);
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
	put_device(e, h->ifindex, ascii, out);
	if (s->rport)
		str_putf(out, ip.v6 ? " to [%s]:%u" : " to %s:%u", peer, s->rport);
	if (h->kind == EXPLAIN_CONN && s->state != STATE_ESTABLISHED)
		str_putf(out, " (%s)", state_table[s->state].name);
	if (h->kind == EXPLAIN_DATAGRAM && h->n > 1)
		str_putf(out, " with %s sockets", fmt_count(buf, h->n));
}

static void put_since(const struct explain *e, const struct explain_holder *h, struct str *out)
{
	char when[UNIT_BUF], age[UNIT_BUF];
	uint64_t start;

	if (h->proc == NONE || !e->f->procs.v[h->proc].p.pid)
		return;
	start = frame_proc_start_wall(e->f, h->proc);
	if (!start || start > e->f->wall_ns)
		return;
	fmt_local(when, start);
	/* without the seconds */
	str_putf(out, "  up since %.*s (%s)", (int)(strlen(when) - 3), when,
		 fmt_duration(age, (double)(e->f->wall_ns - start) / NSEC_PER_SEC));
}

/* What it blocks */

struct blocked {
	unsigned n4, of4, n6, of6; /* single addresses */
	bool any4, any6, dual; /* 0.0.0.0, [::] alone, [::] with IPv4 */
};

static bool counts(const struct explain_try *t)
{
	return !(t->tried && t->err == EADDRNOTAVAIL);
}

static void put_address_list(const struct explain *e, const struct explain_holder *h, unsigned n, bool ascii,
			     struct str *out)
{
	unsigned shown = 0;

	for (size_t i = 0; i < e->tries.n; i++) {
		const struct explain_try *t = &e->tries.v[i];

		if (ip_is_any(t->ip.b, t->ip.v6) || !counts(t) || !explain_conflicts(e, h, t))
			continue;
		if (shown == 3 && n > 4) {
			str_putf(out, ", %u more", n - shown);
			return;
		}
		str_puts(out, out->n ? ", " : "");
		explain_put_address(&t->ip, false, false, out);
		put_device(e, t->ifindex, ascii, out);
		shown++;
	}
}

static void put_blocked(const struct explain *e, const struct explain_holder *h, bool ascii, struct str *out)
{
	struct blocked b = {0};
	struct str line = {0};

	for (size_t i = 0; i < e->tries.n; i++) {
		const struct explain_try *t = &e->tries.v[i];
		bool hit = explain_conflicts(e, h, t);

		if (!counts(t))
			continue;
		if (!ip_is_any(t->ip.b, t->ip.v6)) {
			*(t->ip.v6 ? &b.of6 : &b.of4) += 1;
			*(t->ip.v6 ? &b.n6 : &b.n4) += hit;
		} else if (hit) {
			*(!t->ip.v6 ? &b.any4 : t->v6only ? &b.any6 : &b.dual) = true;
		}
	}
	if (b.any4)
		str_puts(&line, "0.0.0.0");
	if (b.any6 || b.dual)
		str_putf(&line, "%s[::]%s", line.n ? ", " : "", b.any6 ? "" : " without IPV6_V6ONLY");
	if (b.n4 == b.of4 && b.n6 == b.of6)
		str_puts(&line, " and every single address");
	else if (b.n4 && b.n4 == b.of4 && !b.n6)
		str_puts(&line, " and every IPv4 address");
	else if (b.n6 && b.n6 == b.of6 && !b.n4)
		str_puts(&line, " and every IPv6 address");
	else
		put_address_list(e, h, b.n4 + b.n6, ascii, &line);
	if (line.n) {
		struct str text = {0};

		str_putf(&text, "blocks %s", str_text(&line));
		put_wrapped(out, "", str_text(&text));
		str_done(&text);
	}
	str_done(&line);
}

/* The lines */

static void put_holder(const struct explain *e, const struct explain_holder *h, const char *label, bool ascii,
		       struct str *out)
{
	put_label(out, label);
	if (h->kind != EXPLAIN_TIME_WAIT) {
		put_who(e, h, ascii, out);
		str_puts(out, "  ");
	}
	put_deed(e, h, ascii, out);
	if (h->kind == EXPLAIN_LISTEN || h->kind == EXPLAIN_BOUND || h->kind == EXPLAIN_DATAGRAM)
		put_since(e, h, out);
	if (h->effect == EFFECT_BLOCKS && h->kind != EXPLAIN_LISTEN)
		str_puts(out, h->kind == EXPLAIN_TIME_WAIT ? ": their program had not set SO_REUSEADDR"
							   : " (without SO_REUSEADDR)");
	else if (h->effect == EFFECT_NO_MATTER && h->ifindex)
		str_puts(out, " (its device has ports of its own, or it set SO_REUSEADDR)");
	else if (h->effect == EFFECT_NO_MATTER || h->kind == EXPLAIN_TIME_WAIT)
		str_puts(out, " (with SO_REUSEADDR)");
	str_putc(out, '\n');
	if (h->effect == EFFECT_BLOCKS)
		put_blocked(e, h, ascii, out);
}

static bool conflicts_at_all(const struct explain *e, const struct explain_holder *h)
{
	for (size_t i = 0; i < e->tries.n; i++)
		if (counts(&e->tries.v[i]) && explain_conflicts(e, h, &e->tries.v[i]))
			return true;
	return false;
}

static const char *holder_label(const struct explain *e, const struct explain_holder *h)
{
	switch ((enum explain_effect)h->effect) {
	case EFFECT_BLOCKS:
		return "held by";
	case EFFECT_NO_MATTER:
		return h->kind == EXPLAIN_DATAGRAM && conflicts_at_all(e, h) ? "shared with" : "no matter";
	case EFFECT_COVERED:
		/* What belongs to a listener goes without saying. */
		if (h->kind == EXPLAIN_TIME_WAIT)
			return "no matter";
		return h->kind == EXPLAIN_CONN ? NULL : "also";
	case EFFECT_UNKNOWN:
	case EFFECT_N:
		break;
	}
	return h->kind == EXPLAIN_TIME_WAIT ? "no matter" : "perhaps";
}

/* Time-wait of all addresses is one line; thousands of others are cut. */
static void put_holders(const struct explain *e, bool ascii, struct str *out)
{
	unsigned lines[EFFECT_N] = {0}, left = 0;
	char buf[UNIT_BUF];

	for (size_t i = 0; i < e->holders.n; i++) {
		struct explain_holder h = e->holders.v[i];
		const char *label = holder_label(e, &h);
		bool told = false;

		for (size_t k = 0; k < e->holders.n && h.kind == EXPLAIN_TIME_WAIT; k++) {
			const struct explain_holder *o = &e->holders.v[k];

			if (o->kind != h.kind || o->effect != h.effect || k == i)
				continue;
			told |= k < i;
			h.n += o->n;
			h.timer_ms = o->timer_ms > h.timer_ms ? o->timer_ms : h.timer_ms;
		}
		if (!label || told)
			continue;
		if (lines[h.effect]++ < HOLDERS_MAX)
			put_holder(e, &h, label, ascii, out);
		else
			left++;
	}
	if (left) {
		put_label(out, "");
		str_putf(out, "%s more\n", fmt_count(buf, left));
	}
}

static bool is_so(const struct explain *e, enum explain_check c)
{
	return e->applies >> c & 1;
}

static void put_notes(const struct explain *e, struct str *out)
{
	const struct snap_netns *ns = &e->f->netns.v[e->netns];
	struct str text = {0};

	if (is_so(e, CHECK_RESERVED)) {
		put_wrapped(out, "note",
			    "in net.ipv4.ip_local_reserved_ports: kept from outgoing connections, not from bind()");
	} else if (is_so(e, CHECK_EPHEMERAL)) {
		str_putf(&text, "in the ephemeral range %u-%u: an outgoing connection may take it any time", ns->eph_low,
			 ns->eph_high);
		put_wrapped(out, "note", str_text(&text));
	}
	str_clear(&text);
	if (is_so(e, CHECK_REUSEPORT)) {
		for (size_t i = 0; i < e->holders.n; i++) {
			const struct sock *s = &e->f->socks.v[e->holders.v[i].row];

			if (e->holders.v[i].kind != EXPLAIN_LISTEN || !(s->flags & SOCK_HAS_UID))
				continue;
			if (s->uid == e->facts->uid)
				str_putf(&text, "a socket of uid %u that sets SO_REUSEPORT too could join", s->uid);
			else
				str_putf(&text, "only uid %u could join with SO_REUSEPORT", s->uid);
			put_wrapped(out, "note", str_text(&text));
			break;
		}
	}
	str_done(&text);
}

static unsigned tried_n(const struct explain *e)
{
	unsigned n = 0;

	for (size_t i = 0; i < e->tries.n; i++)
		n += e->tries.v[i].tried && counts(&e->tries.v[i]);
	return n;
}

static void put_checked(const struct explain *e, struct str *out)
{
	struct str text = {0};
	unsigned n = tried_n(e);

	for (int c = 0; c < CHECK_N; c++)
		if ((e->checked & ~e->applies) >> c & 1)
			str_putf(&text, "%s%s", text.n ? ", " : "", explain_check_names[c]);
	if (text.n)
		str_puts(&text, ": none applies");
	if (n && e->odd == NONE)
		str_putf(&text, "%sa real bind() on %u address%s agrees", text.n ? "; " : "", n, n == 1 ? "" : "es");
	if (text.n)
		put_wrapped(out, "checked", str_text(&text));
	if (e->not_tried)
		put_wrapped(out, "not tried", e->not_tried);
	str_done(&text);
}

/* What to do */

static void put_way(struct str *out, const char *way)
{
	/* Each once: many holders are of one unit. */
	size_t n = strlen(way);

	for (const char *p = str_text(out); (p = strstr(p, way)); p += n)
		if ((p == str_text(out) || p[-1] == '\n') && p[n] == '\n')
			return;
	str_putf(out, "%s\n", way);
}

static bool ends_with(const char *s, const char *end)
{
	size_t n = strlen(s), k = strlen(end);

	return n > k && !strcmp(s + n - k, end);
}

/* Containers whose runtime has a command of its own. */
static const char *const runtimes[] = {"docker", "podman"};

static void put_holder_ways(const struct explain *e, const struct explain_holder *h, bool ascii, struct str *out)
{
	const struct frame *f = e->f;
	const char *raw = intern_get(f->names, unit_of(e, h));
	uint32_t pid = h->proc == NONE ? 0 : f->procs.v[h->proc].p.pid;
	struct str way = {0}, unit = {0};
	char buf[UNIT_BUF];

	put_foreign(&unit, raw, strlen(raw), ascii);
	if (h->kind == EXPLAIN_TIME_WAIT) {
		str_putf(&way, "it ends by itself in %s", fmt_duration(buf, (h->timer_ms + 999) / 1000));
	} else if (h->proc == NONE && f->rows.v[h->row].reason == REASON_NOT_PERMITTED) {
		str_putf(&way, "root sees whose it is: sudo sockeye explain %u/%s", e->port, proto_name(e));
	} else if (h->proc == NONE || !pid) {
		if (h->kind == EXPLAIN_CONN)
			str_putf(&way, "sockeye close lport=%u", e->port);
		else
			str_puts(&way, reason_table[f->rows.v[h->row].reason].help);
	} else if (h->pid1) {
		if (ends_with(raw, ".socket"))
			str_putf(&way, "systemctl stop %s", str_text(&unit));
		else
			str_puts(&way, "systemctl list-sockets names the .socket unit; then systemctl stop it");
	} else if (!strcmp(intern_get(f->names, f->procs.v[h->proc].p.comm), "docker-proxy")) {
		str_putf(&way, "docker ps --filter publish=%u names the container; then docker stop it", e->port);
	} else {
		for (size_t i = 0; i < ARRAY_LEN(runtimes); i++) {
			size_t n = strlen(runtimes[i]);

			if (!strncmp(raw, runtimes[i], n) && raw[n] == ':')
				str_putf(&way, "%s stop %s", runtimes[i], str_text(&unit) + n + 1);
		}
		if (!way.n && ends_with(raw, ".service"))
			str_putf(&way, "systemctl stop %s   (after sockeye kill it may be started again)",
				 str_text(&unit));
		else if (!way.n && h->kind == EXPLAIN_CONN)
			str_putf(&way, "sockeye close lport=%u", e->port);
		else if (!way.n)
			str_putf(&way, "sockeye kill %s :%u", proto_name(e), e->port);
	}
	put_way(out, str_text(&way));
	str_done(&way);
	str_done(&unit);
}

void explain_put_ways(const struct explain *e, bool ascii, struct str *out)
{
	struct str all = {0};

	if (e->verdict == EXPLAIN_DENIED)
		str_putf(&all, "AmbientCapabilities=CAP_NET_BIND_SERVICE in the unit, or a port from %d\n",
			 e->facts->unprivileged_start);
	for (size_t i = 0; i < e->holders.n; i++)
		if (e->holders.v[i].effect == EFFECT_BLOCKS)
			put_holder_ways(e, &e->holders.v[i], ascii, &all);
	str_put(out, str_text(&all), all.n);
	str_done(&all);
}

static void put_ways(const struct explain *e, bool ascii, struct str *out)
{
	const char *label = e->verdict == EXPLAIN_DENIED ? "ways" : "to free it";
	struct str all = {0};
	unsigned n = 0;

	explain_put_ways(e, ascii, &all);
	for (const char *p = str_text(&all); *p && n < HOLDERS_MAX; n++) {
		size_t len = strcspn(p, "\n");

		put_label(out, n ? "" : label);
		str_put(out, p, len);
		str_putc(out, '\n');
		p += len + (p[len] == '\n');
	}
	str_done(&all);
}

/* The first line */

static bool partly(const struct explain *e)
{
	for (size_t i = 0; i < e->tries.n; i++) {
		const struct explain_try *t = &e->tries.v[i];

		if (counts(t) && (t->tried ? !t->err : t->expect == EXPECT_OK))
			return true;
	}
	return false;
}

static bool held(const struct explain *e)
{
	return e->holders.n && e->holders.v[0].effect == EFFECT_BLOCKS;
}

static bool shared(const struct explain *e)
{
	for (size_t i = 0; i < e->holders.n; i++)
		if (e->holders.v[i].kind == EXPLAIN_DATAGRAM && conflicts_at_all(e, &e->holders.v[i]))
			return true;
	return false;
}

static void put_odd(const struct explain *e, bool ascii, struct str *out)
{
	const struct explain_try *t = &e->tries.v[e->odd];
	struct str text = {0};

	str_putf(&text, "cannot tell: bind() by ");
	put_user(e, &text);
	str_puts(&text, " to ");
	explain_put_address(&t->ip, t->v6only, false, &text);
	put_device(e, t->ifindex, ascii, &text);
	if (t->err) {
		str_puts(&text, " fails with ");
		explain_put_errno(t->err, &text);
	} else {
		str_puts(&text, " succeeds");
	}
	if (t->expect == EXPECT_INUSE)
		str_puts(&text, ", though a listener is in the way");
	else if (t->expect == EXPECT_DENIED)
		str_puts(&text, ", though the port is privileged");
	else if (t->expect == EXPECT_OK)
		str_puts(&text, ", though nothing is in the way");
	str_putf(out, "%s:\n  something sockeye cannot see (LSM, seccomp, cgroup-BPF, ...)\n", str_text(&text));
	str_done(&text);
}

static void put_verdict(const struct explain *e, bool ascii, struct str *out)
{
	const char *calls = e->proto == PROTO_TCP ? "bind() and listen()" : "bind()";

	str_putf(out, "%u/%s", e->port, proto_name(e));
	switch ((enum explain_verdict)e->verdict) {
	case EXPLAIN_FREE:
		if (e->proto == PROTO_UDP && shared(e))
			str_puts(out, " can be shared: bind() with SO_REUSEADDR by ");
		else
			str_putf(out, " is free: %s by ", calls);
		put_user(e, out);
		str_puts(out, " would succeed on every\nlocal address.\n");
		return;
	case EXPLAIN_TAKEN:
		str_putf(out, " is %staken: bind() by ", partly(e) ? "partly " : "");
		put_user(e, out);
		str_putf(out, " would fail with EADDRINUSE%s.\n", partly(e) ? "\non some addresses" : "");
		return;
	case EXPLAIN_DENIED:
		str_puts(out, held(e) ? " is taken, and even if it were not, bind() by " : " is not taken, but bind() by ");
		put_user(e, out);
		str_puts(out, " would fail with EACCES:\n");
		str_putf(out, "  below %d it needs CAP_NET_BIND_SERVICE (net.ipv4.ip_unprivileged_port_start)\n",
			 e->facts->unprivileged_start);
		return;
	case EXPLAIN_UNKNOWN:
	case EXPLAIN_VERDICT_N:
		break;
	}
	str_puts(out, ": ");
	if (e->odd != NONE)
		put_odd(e, ascii, out);
	else if (!e->tries.n)
		str_puts(out, "cannot tell: there is neither IPv4 nor IPv6 here.\n");
	else
		str_puts(out, "cannot tell: whether another's socket set SO_REUSEADDR shows only in a try.\n");
}

void explain_put_text(const struct explain *e, bool ascii, struct str *out)
{
	put_verdict(e, ascii, out);
	put_holders(e, ascii, out);
	put_notes(e, out);
	/* A lack of privilege is said at once, and nothing else was in question. */
	if (e->verdict != EXPLAIN_DENIED)
		put_checked(e, out);
	else if (e->not_tried)
		put_wrapped(out, "not tried", e->not_tried);
	put_ways(e, ascii, out);
	if (e->next_free) {
		put_label(out, "next free");
		str_putf(out, "%u\n", e->next_free);
	}
}

void explain_put_brief(const struct explain *e, bool ascii, struct str *out)
{
	str_putf(out, "%u/%s", e->port, proto_name(e));
	switch ((enum explain_verdict)e->verdict) {
	case EXPLAIN_FREE:
		str_puts(out, shared(e) ? " can be shared (SO_REUSEADDR) with " : " is free.");
		if (!shared(e))
			return;
		break;
	case EXPLAIN_TAKEN:
		str_putf(out, " is %staken by ", partly(e) ? "partly " : "");
		break;
	case EXPLAIN_DENIED:
		str_puts(out, held(e) ? " is taken by " : " is as privileged.");
		if (!held(e))
			return;
		break;
	default:
		str_puts(out, ": cannot tell.");
		return;
	}
	if (e->holders.n)
		put_process(e, &e->holders.v[0], ascii, out);
	str_putf(out, " (sockeye explain %u/%s).", e->port, proto_name(e));
}
