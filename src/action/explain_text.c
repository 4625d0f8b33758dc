/* The judgement in words: who holds the port, what that blocks, what is no matter, what was checked and what can be
 * done, in the lines that `sockeye explain` prints and a page can show. */
#include "explain_private.h"
#include "sockeye/base/units.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>

#define LEFT_MAX 5 /* addresses */
#define TIME_WAIT_MS 60000
#define HOLDERS_MAX 12 /* lines of one kind; a busy port has thousands of sockets */

static const char *proto_name(const struct explain *e)
{
	return proto_table[e->proto].name;
}

static void put_user(const struct explain *e, struct str *out)
{
	if (e->facts->user[0])
		str_putf(out, "%s (uid %u)", e->facts->user, e->facts->uid);
	else
		str_putf(out, "uid %u", e->facts->uid);
}

/* The lines */

static void put_vrf(const struct explain *e, uint32_t vrf, bool ascii, struct str *out)
{
	const char *name = explain_device(e, vrf);

	str_puts(out, " (VRF ");
	explain_put_foreign(out, name ? name : "?", name ? strlen(name) : 1, ascii);
	str_puts(out, " has ports of its own)");
}

static void put_holder(const struct explain *e, const struct explain_holder *h, const char *label, bool ascii,
		       struct str *out)
{
	explain_put_label(out, label);
	if (h->kind != EXPLAIN_TIME_WAIT) {
		explain_put_who(e, h, ascii, out);
		str_puts(out, "  ");
	}
	explain_put_deed(e, h, ascii, out);
	if (h->effect == EFFECT_BLOCKS && h->kind != EXPLAIN_LISTEN)
		str_puts(out, h->kind == EXPLAIN_TIME_WAIT ? ": their program had not set SO_REUSEADDR"
							   : " (without SO_REUSEADDR)");
	else if (h->effect == EFFECT_NO_MATTER && explain_vrf(e, h->ifindex) && e->proto == PROTO_TCP)
		put_vrf(e, explain_vrf(e, h->ifindex), ascii, out);
	else if (h->effect == EFFECT_NO_MATTER && h->ifindex)
		str_puts(out, " (its device has ports of its own, or it set SO_REUSEADDR)");
	else if (h->effect == EFFECT_NO_MATTER || h->kind == EXPLAIN_TIME_WAIT)
		str_puts(out, " (with SO_REUSEADDR)");
	if (h->kind == EXPLAIN_LISTEN || h->kind == EXPLAIN_BOUND || h->kind == EXPLAIN_DATAGRAM)
		explain_put_since(e, h, out);
	str_putc(out, '\n');
	if (h->effect == EFFECT_BLOCKS && h->kind != EXPLAIN_TIME_WAIT)
		explain_put_blocked(e, h, ascii, out);
}

static bool conflicts_at_all(const struct explain *e, const struct explain_holder *h)
{
	for (size_t i = 0; i < e->tries.n; i++)
		if (explain_counts(&e->tries.v[i]) && explain_conflicts(e, h, &e->tries.v[i]))
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
		explain_put_label(out, "");
		str_putf(out, "%s more\n", fmt_count(buf, left));
	}
}

/* What is left of connections remembers no process: nothing is made up. Their end is 60 s before that of time-wait
 * (TCP_TIMEWAIT_LEN). */
static void put_last(const struct explain *e, struct str *out)
{
	uint32_t longest_ms = 0;
	char buf[UNIT_BUF];

	for (size_t i = 0; i < e->holders.n; i++) {
		const struct explain_holder *h = &e->holders.v[i];

		if (h->kind != EXPLAIN_TIME_WAIT)
			return; /* somebody is there */
		if (h->timer_ms > longest_ms)
			longest_ms = h->timer_ms;
	}
	if (!longest_ms || longest_ms > TIME_WAIT_MS)
		return;
	explain_put_label(out, "last held");
	str_putf(out, "its last connection ended %s ago; by whom, one look cannot tell\n",
		 fmt_duration(buf, (TIME_WAIT_MS - longest_ms) / 1000));
}

/* Where a bind would succeed although it would not everywhere. */
static void put_left(const struct explain *e, bool ascii, struct str *out)
{
	struct str line = {0};
	unsigned shown = 0, more = 0;

	for (size_t i = 0; i < e->tries.n; i++) {
		const struct explain_try *t = &e->tries.v[i];
		bool any6 = t->ip.v6 && ip_is_any(t->ip.b, true);

		if (!explain_counts(t) || (t->tried ? t->err != 0 : t->expect != EXPECT_OK))
			continue;
		if (shown == LEFT_MAX) {
			more++;
			continue;
		}
		str_puts(&line, shown++ ? ", " : "");
		explain_put_address(&t->ip, false, false, &line);
		explain_put_device(e, t->ifindex, ascii, &line);
		if (any6)
			str_puts(&line, t->v6only ? " with IPV6_V6ONLY" : " without IPV6_V6ONLY");
	}
	if (more)
		str_putf(&line, ", %u more", more);
	if (shown)
		explain_put_wrapped(out, "still free", str_text(&line));
	str_done(&line);
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
		explain_put_wrapped(
			out, "note",
			"in net.ipv4.ip_local_reserved_ports: kept from outgoing connections, not from "
			"bind()");
	} else if (is_so(e, CHECK_EPHEMERAL)) {
		str_putf(&text, "in the ephemeral range %u-%u: an outgoing connection may take it any time",
			 ns->eph_low, ns->eph_high);
		explain_put_wrapped(out, "note", str_text(&text));
	}
	str_clear(&text);
	if (is_so(e, CHECK_REUSEPORT)) {
		for (size_t i = 0; i < e->holders.n; i++) {
			const struct sock *s = frame_sock(e->f, e->holders.v[i].row);

			if (e->holders.v[i].kind != EXPLAIN_LISTEN || !(s->flags & SOCK_HAS_UID))
				continue;
			if (s->uid == e->facts->uid)
				str_putf(&text, "a socket of uid %u that sets SO_REUSEPORT too could join",
					 s->uid);
			else
				str_putf(&text, "only uid %u could join with SO_REUSEPORT", s->uid);
			explain_put_wrapped(out, "note", str_text(&text));
			break;
		}
	}
	str_done(&text);
}

static unsigned tried_n(const struct explain *e)
{
	unsigned n = 0;

	for (size_t i = 0; i < e->tries.n; i++)
		n += e->tries.v[i].tried && explain_counts(&e->tries.v[i]);
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
		str_putf(&text, "%sa real bind() on %u address%s agrees", text.n ? "; " : "", n,
			 n == 1 ? "" : "es");
	if (text.n)
		explain_put_wrapped(out, "checked", str_text(&text));
	if (e->not_tried)
		explain_put_wrapped(out, "not tried", e->not_tried);
	str_done(&text);
}

/* What to do */

static void put_ways(const struct explain *e, bool ascii, struct str *out)
{
	const char *label = e->verdict == EXPLAIN_DENIED ? "ways" : "to free it";
	struct str all = {0};
	unsigned n = 0;

	explain_put_ways(e, ascii, &all);
	for (const char *p = str_text(&all); *p && n < HOLDERS_MAX; n++) {
		size_t len = strcspn(p, "\n");

		explain_put_label(out, n ? "" : label);
		str_put(out, p, len);
		str_putc(out, '\n');
		p += len + (p[len] == '\n');
	}
	str_done(&all);
}

/* The first line */

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
	explain_put_device(e, t->ifindex, ascii, &text);
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
	str_putf(out, "%s:\n  something sockeye cannot see (LSM, seccomp, cgroup-BPF, %s)\n", str_text(&text),
		 ascii ? "..." : "…");
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
		str_puts(out, " is taken: bind() by ");
		put_user(e, out);
		str_puts(out, " would fail with EADDRINUSE.\n");
		return;
	case EXPLAIN_DENIED:
		str_puts(out, held(e) ? " is taken, and even if it were not, bind() by "
				      : " is not taken, but bind() by ");
		put_user(e, out);
		str_puts(out, " would fail with EACCES:\n");
		str_putf(out,
			 "  below %d it needs CAP_NET_BIND_SERVICE (net.ipv4.ip_unprivileged_port_start)\n",
			 e->facts->unprivileged_start);
		return;
	case EXPLAIN_UNKNOWN:
	case EXPLAIN_VERDICT_N:
		break;
	}
	str_puts(out, ": ");
	if (e->odd != NONE)
		put_odd(e, ascii, out);
	else if (e->broke)
		str_puts(out, "cannot tell: trying it did not come to an end.\n");
	else if (!e->tries.n)
		str_puts(out, "cannot tell: there is neither IPv4 nor IPv6 here.\n");
	else
		str_puts(out,
			 "cannot tell: whether another's socket set SO_REUSEADDR shows only in a try.\n");
}

void explain_put_text(const struct explain *e, bool ascii, struct str *out)
{
	put_verdict(e, ascii, out);
	put_holders(e, ascii, out);
	put_last(e, out);
	if (e->verdict == EXPLAIN_TAKEN)
		put_left(e, ascii, out);
	put_notes(e, out);
	/* A lack of privilege is said at once, and nothing else was in question. */
	if (e->verdict != EXPLAIN_DENIED)
		put_checked(e, out);
	else if (e->not_tried)
		explain_put_wrapped(out, "not tried", e->not_tried);
	put_ways(e, ascii, out);
	if (e->next_free) {
		explain_put_label(out, "next free");
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
		str_puts(out, " is taken by ");
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
		explain_put_process(e, &e->holders.v[0], ascii, out);
	str_putf(out, " (sockeye explain %u/%s).", e->port, proto_name(e));
}
