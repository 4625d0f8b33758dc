/* The rules that judge a frame, one table row each: what is worth a person's attention, in one sentence. */
#include "sockeye/model/finding.h"
#include "frame_private.h"
#include "sockeye/base/text.h"
#include "sockeye/base/units.h"
#include <stdio.h>
#include <stdlib.h>

#define LEAK_S 60.0 /* a program has this long to close what the other side has closed */

static void mark(uint8_t *findings)
{
	if (*findings < UINT8_MAX)
		(*findings)++;
}

/* The name of a process for a sentence: safe, and short enough to leave room for the sentence. */
static void put_name(char buf[40], const struct frame *f, uint32_t proc)
{
	struct str s = {0}, cut = {0};
	uint32_t comm = f->procs.v[proc].p.comm;

	text_put_cell(&s, intern_get(f->names, comm), intern_len(f->names, comm), false, 64);
	text_put_clip(&cut, str_text(&s), 16, "~");
	/* 16 cells may still be many bytes of combining marks. */
	snprintf(buf, 40, "%s", cut.n && cut.n < 40 ? str_text(&cut) : "it");
	str_done(&s);
	str_done(&cut);
}

static void put_holder(char buf[40], const struct frame *f, const struct port *p)
{
	if (p->holder_n)
		put_name(buf, f, f->holders.v[p->holder]);
	else
		snprintf(buf, 40, "%s", p->reason == REASON_KERNEL ? "the kernel" : "its program");
}

static bool full(uint32_t queue, uint32_t limit)
{
	return limit && queue >= limit;
}

static bool accept_queue_full(const struct frame *f, uint32_t row, char *text, size_t size)
{
	const struct port *p = &f->ports.v[row];
	char a[UNIT_BUF], b[UNIT_BUF], name[40];

	if (!full(p->backlog, p->backlog_max))
		return false;
	put_holder(name, f, p);
	snprintf(text, size, "accept queue full, %s of %s: %s does not accept, clients time out",
		 fmt_count(a, p->backlog), fmt_count(b, p->backlog_max), name);
	return true;
}

static void spread_full(struct frame *f, uint32_t row)
{
	const struct port *p = &f->ports.v[row];

	for (uint32_t i = 0; i < p->member_n; i++) {
		uint32_t at = f->members.v[p->member + i];
		const struct sock *s = frame_sock(f, at);

		if (s->state == STATE_LISTENING && full(s->recvq, s->sendq))
			mark(&frame_write_row(f, at)->findings);
	}
}

static bool drops_rising(const struct frame *f, uint32_t row, char *text, size_t size)
{
	const struct port *p = &f->ports.v[row];
	char all[UNIT_BUF];

	if (!(p->drop_rate > 0))
		return false;
	snprintf(text, size, "%s %s dropped, %.*f/s now", fmt_count(all, p->drops),
		 proto_table[p->proto].connected ? "arrivals" : "datagrams", p->drop_rate < 10 ? 1 : 0,
		 (double)p->drop_rate);
	return true;
}

static const struct {
	uint32_t port;
	const char *name;
} databases[] = {{3306, "mysql"},    {5432, "postgresql"},    {6379, "redis"},
		 {27017, "mongodb"}, {9200, "elasticsearch"}, {11211, "memcached"}};

static bool database_exposed(const struct frame *f, uint32_t row, char *text, size_t size)
{
	const struct port *p = &f->ports.v[row];

	/* Inside a container every interface is the container's own matter. */
	if (p->flags & (PORT_CLIENT | PORT_BOUND_ONLY) || !f->netns.v[p->netns].own ||
	    (p->scope != SCOPE_ANY && p->scope != SCOPE_PUBLIC))
		return false;
	for (size_t i = 0; i < ARRAY_LEN(databases); i++) {
		if (databases[i].port != p->port)
			continue;
		snprintf(text, size, "a database (%s) on %s: only a firewall keeps others out",
			 databases[i].name, p->scope == SCOPE_ANY ? "every interface" : "a public address");
		return true;
	}
	return false;
}

static bool close_wait_old(const struct frame *f, uint32_t row, double *ret_age)
{
	const struct sock *s = frame_sock(f, row);
	double seen = frame_age_s(f, frame_row(f, row)->state_ns), told = 0;

	if (s->state != STATE_CLOSE_WAIT)
		return false;
	/* Nothing was acknowledged since the other side closed. */
	if (s->flags & SOCK_HAS_TIMES)
		told = frame_info(f, row).last_ack_recv_ms / 1e3;
	*ret_age = told > seen ? told : seen;
	return *ret_age > LEAK_S;
}

static bool close_wait_leak(const struct frame *f, uint32_t row, char *text, size_t size)
{
	const struct proc *p = &f->procs.v[row];
	unsigned n = 0, unread = 0;
	double oldest = 0, age;
	char name[40], since[UNIT_BUF];

	if (!f->tally.procs.v[row].close_wait)
		return false;
	for (uint32_t i = 0; i < p->sock_n; i++) {
		uint32_t at = f->proc_socks.v[p->sock + i];

		if (!close_wait_old(f, at, &age))
			continue;
		n++;
		/* The receive queue of a close-wait socket counts the end itself until it is read. */
		unread += frame_sock(f, at)->recvq > 0;
		oldest = age > oldest ? age : oldest;
	}
	if (!n)
		return false;
	put_name(name, f, row);
	fmt_duration(since, oldest);
	if (unread && unread < n)
		snprintf(text, size,
			 "%u sockets in close-wait, oldest %s: %s read the end of %u and never closed them",
			 n, since, name, n - unread);
	else
		snprintf(text, size, "%u socket%s in close-wait, oldest %s: %s %s", n, n == 1 ? "" : "s",
			 since, name,
			 unread   ? "has not read their end"
			 : n == 1 ? "read its end and never closed it"
				  : "read their end and never closed them");
	return true;
}

static void spread_to_ports(struct frame *f, uint32_t row)
{
	const struct proc *p = &f->procs.v[row];

	for (uint32_t i = 0; i < p->port_n; i++)
		mark(&f->ports.v[f->proc_ports.v[p->port + i]].findings);
}

static bool serves(const struct frame *f, uint32_t port)
{
	return port < f->ports.n && !(f->ports.v[port].flags & PORT_CLIENT);
}

/* The ports that the stuck connections came in by. For those that went out: the ports that the process has connections
 * on, which are what it does for others; with none of that, all of its ports. */
static void spread_leak(struct frame *f, uint32_t row)
{
	const struct proc *p = &f->procs.v[row];
	bool out = false, busy = false;
	double age;

	for (uint32_t i = 0; i < p->sock_n; i++) {
		uint32_t at = f->proc_socks.v[p->sock + i], port = frame_port_of(f, at);

		if (!close_wait_old(f, at, &age))
			continue;
		mark(&frame_write_row(f, at)->findings);
		out |= !serves(f, port);
		if (serves(f, port) && !f->ports.v[port].findings)
			mark(&f->ports.v[port].findings);
	}
	for (uint32_t i = 0; i < p->port_n; i++) {
		uint32_t port = f->proc_ports.v[p->port + i];

		busy |= serves(f, port) && f->tally.ports.v[port].conns > 0;
	}
	for (uint32_t i = 0; out && i < p->port_n; i++) {
		uint32_t port = f->proc_ports.v[p->port + i];

		if (serves(f, port) && (!busy || f->tally.ports.v[port].conns))
			mark(&f->ports.v[port].findings);
	}
}

static bool fd_limit_near(const struct frame *f, uint32_t row, char *text, size_t size)
{
	const struct snap_proc *p = &f->procs.v[row].p;
	uint32_t left;

	if (!p->fds_max || (uint64_t)p->fds * 100 < (uint64_t)p->fds_max * 95)
		return false;
	left = p->fds < p->fds_max ? p->fds_max - p->fds : 0;
	if (left)
		snprintf(text, size, "%u descriptor%s left: soon accept() and connect() fail with EMFILE",
			 left, left == 1 ? "" : "s");
	else
		snprintf(text, size, "no descriptor left: accept() and connect() fail with EMFILE");
	return true;
}

const struct finding_rule finding_rules[] = {
	{"accept-queue-full", "a listener's accept queue has reached its limit", FINDING_ON_PORT, FINDING_BAD,
	 accept_queue_full, spread_full},
	{"drops", "arrivals are dropped now", FINDING_ON_PORT, FINDING_WARN, drops_rising, NULL},
	{"database-exposed", "a database listens on a public address or everywhere", FINDING_ON_PORT,
	 FINDING_WARN, database_exposed, NULL},
	{"close-wait-leak", "the other side has closed for more than a minute, the program has not",
	 FINDING_ON_PROC, FINDING_BAD, close_wait_leak, spread_leak},
	{"fd-limit", "95 % of the descriptors a process may have are in use", FINDING_ON_PROC, FINDING_BAD,
	 fd_limit_near, spread_to_ports},
};
const size_t finding_rules_n = ARRAY_LEN(finding_rules);

static uint8_t *counter(struct frame *f, uint8_t on, uint32_t row)
{
	switch (on) {
	case FINDING_ON_SOCK:
		return &frame_write_row(f, row)->findings;
	case FINDING_ON_PORT:
		return &f->ports.v[row].findings;
	default:
		return &f->procs.v[row].findings;
	}
}

static uint32_t rows_of(const struct frame *f, uint8_t on)
{
	switch (on) {
	case FINDING_ON_SOCK:
		return f->open_rows;
	case FINDING_ON_PORT:
		return f->open_ports;
	default:
		return f->open_procs;
	}
}

void findings_run(struct frame *f)
{
	vec_clear(&f->findings);
	for (size_t r = 0; r < finding_rules_n; r++) {
		const struct finding_rule *rule = &finding_rules[r];
		uint32_t n = rows_of(f, rule->on);
		char text[sizeof(((struct finding *)NULL)->text)];

		for (uint32_t row = 0; row < n; row++) {
			struct finding *found;

			if (!rule->test(f, row, text, sizeof(text)))
				continue;
			found = vec_add(&f->findings);
			*found = (struct finding){rule->severity, rule->on, (uint16_t)r, row, ""};
			snprintf(found->text, sizeof(found->text), "%s", text);
			mark(counter(f, rule->on, row));
			if (rule->spread)
				rule->spread(f, row);
		}
	}
	/* Whoever waits in a queue that is full is part of that finding. */
	for (uint32_t i = 0; f->findings.n && i < f->open_rows; i++) {
		uint32_t l = frame_row(f, i)->listener;

		if (l != NONE && frame_row(f, l)->findings &&
		    full(frame_sock(f, l)->recvq, frame_sock(f, l)->sendq))
			mark(&frame_write_row(f, i)->findings);
	}
}
