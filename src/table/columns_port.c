/* The columns of ports: one table, and the getters that it names. */
#include "columns_kit.h"
#include "sockeye/base/text.h"
#include "sockeye/base/units.h"

static const struct port *port(const struct ctx *c, uint32_t row)
{
	return &c->f->ports.v[row];
}
static bool listens(const struct port *p)
{
	return p->backlog_max != 0 ||
	       (proto_table[p->proto].connected && p->member_n && !(p->flags & PORT_BOUND_ONLY));
}
static const struct proc *holder(const struct ctx *c, uint32_t row, uint32_t i)
{
	return &c->f->procs.v[c->f->holders.v[port(c, row)->holder + i]];
}
/* The kernel is a reason, no process. */
static bool has_holder(const struct ctx *c, uint32_t row)
{
	return port(c, row)->holder_n && holder(c, row, 0)->p.pid;
}

GET(netns)
{
	v_netns(v, c->f, port(c, row)->netns);
}
GET(netns_name)
{
	v_netns_name(v, c->f, port(c, row)->netns);
}
CELL(netns)
{
	put_netns(c, port(c, row)->netns, out, ret_style);
}
GET(proto)
{
	v_word(v, port(c, row)->proto, proto_table[port(c, row)->proto].name);
}
FIT(proto)
{
	put_proto(out, port(c, row)->proto, width);
}
GET(port)
{
	v_int(v, port(c, row)->port);
}
GET(service)
{
	if (c->f->services)
		v_word(v, 0, services_name(c->f->services, port(c, row)->proto, port(c, row)->port));
	else
		v_na(v);
}
GET(class)
{
	v_word(v, port(c, row)->class_, class_names[port(c, row)->class_]);
}
GET(scope)
{
	v_word(v, port(c, row)->scope, scope_names[port(c, row)->scope]);
}
GET(address)
{
	static const uint8_t any[16];
	const struct port *p = port(c, row);

	if (p->dual) /* shown as `*` whether one socket takes both families or two share them: sorted alike */
		v_ip(v, any, false);
	else if (p->addr_n && c->f->addrs.v[p->addr].name)
		v_name(v, c->f, c->f->addrs.v[p->addr].name);
	else if (p->addr_n)
		v_ip(v, c->f->addrs.v[p->addr].ip.b, c->f->addrs.v[p->addr].ip.v6);
	else
		v_na(v);
}
static uint8_t address_style(const struct port *p)
{
	if (p->dual || (p->flags & (PORT_ANY4 | PORT_ANY6)))
		return STYLE_WARN;
	return p->scope == SCOPE_LOOPBACK ? STYLE_DIM : STYLE_PLAIN;
}
static void put_port_addr(const struct ctx *c, const struct port_addr *a, bool brackets, struct str *out)
{
	if (a->name)
		put_name(c, out, a->name);
	else
		put_addr(out, &a->ip, brackets);
}
/* Bound to one interface it takes what arrives there alone: "0.0.0.0%eth0", as ss has it. */
static void put_iface(const struct ctx *c, const struct port *p, const struct port_addr *a, struct str *out)
{
	uint32_t name = a->ifindex ? frame_iface(c->f, p->netns, a->ifindex) : 0;

	if (!a->ifindex)
		return;
	if (a->ip.v6 && !a->v6only && ip_is_any(a->ip.b, true)) {
		str_clear(out);
		str_putc(out, '*');
	}
	str_putc(out, '%');
	if (name)
		put_name(c, out, name);
	else
		str_putf(out, "%u", a->ifindex);
}
/* "*" "127.0.0.1" "10.0.0.5 +2" ; the count of further addresses is never cut. */
static void put_address(const struct ctx *c, uint32_t row, unsigned width, struct str *out)
{
	const struct port *p = port(c, row);
	struct str addr = {0}, more = {0};
	uint32_t n = p->addr_n;

	if (p->dual) {
		str_puts(out, "*"); /* holds every address: single ones beside it add nothing */
		return;
	}
	if (!n)
		return;
	put_port_addr(c, &c->f->addrs.v[p->addr], true, &addr);
	put_iface(c, p, &c->f->addrs.v[p->addr], &addr);
	if (n > 1)
		str_putf(&more, " +%u", n - 1);
	if (more.n + 4 > width)
		str_clear(&more);
	text_put_clip_middle(out, str_text(&addr), (int)(width - more.n), ctx_dots(c));
	str_puts(out, str_text(&more));
	str_done(&addr);
	str_done(&more);
}
CELL(address)
{
	put_address(c, row, 1000, out);
	*ret_style = address_style(port(c, row));
}
FIT(address)
{
	put_address(c, row, width, out);
	*ret_style = address_style(port(c, row));
}
CELL(addresses)
{
	const struct port *p = port(c, row);
	uint32_t i;

	for (i = 0; i < p->addr_n; i++) {
		if (i)
			str_putc(out, ' ');
		put_port_addr(c, &c->f->addrs.v[p->addr + i], false, out);
	}
}
JSON(addresses)
{
	const struct port *p = port(c, row);
	const struct port_addr *a;
	char buf[IP_TEXT];
	uint32_t i;

	str_putc(out, '[');
	for (i = 0; i < p->addr_n; i++) {
		a = &c->f->addrs.v[p->addr + i];
		str_puts(out, i ? "," : "");
		if (a->name)
			text_put_json(out, intern_get(c->f->names, a->name),
				      intern_len(c->f->names, a->name));
		else
			json_quoted(out, ip_format(buf, a->ip.b, a->ip.v6));
	}
	str_putc(out, ']');
}
CELL(owner)
{
	const struct port *p = port(c, row);
	struct str name = {0};
	bool same = true;
	uint32_t i;

	if (!has_holder(c, row)) {
		uint8_t reason = p->holder_n ? (uint8_t)REASON_KERNEL : p->reason;

		*ret_style = STYLE_REASON;
		if (reason == REASON_OWNED) /* its sockets were not asked for */
			put_null(c, NULL_UNKNOWN, out, ret_style);
		else
			put_reason(c, out, reason_table[reason].cell);
		return;
	}
	for (i = 1; i < p->holder_n; i++)
		if (holder(c, row, i)->p.comm != holder(c, row, 0)->p.comm)
			same = false;
	put_name(c, &name, holder(c, row, 0)->p.comm);
	put_several(c, out, str_text(&name), p->holder_n, same);
	str_done(&name);
}
JSON(owner_)
{
	json_cell(c, row, cell_owner, out);
}
GET(owner_reason)
{
	uint8_t reason = port(c, row)->reason;

	if (has_holder(c, row) || reason == REASON_OWNED)
		v_na(v);
	else
		v_word(v, reason, reason_table[reason].name);
}
/* The descriptor by which a process holds the port: that of the first member it owns. */
static int32_t holder_fd(const struct ctx *c, uint32_t row, uint32_t proc)
{
	const struct port *p = port(c, row);
	const struct row *r;
	uint32_t i, k;

	for (i = 0; i < p->member_n; i++) {
		r = frame_row(c->f, c->f->members.v[p->member + i]);
		for (k = 0; k < r->owner_n; k++)
			if (frame_owner(c->f, r, k)->proc == proc)
				return frame_owner(c->f, r, k)->fd;
	}
	return -1;
}
CELL(owners)
{
	uint32_t i;

	if (!has_holder(c, row))
		return;
	for (i = 0; i < port(c, row)->holder_n; i++) {
		str_puts(out, i ? " " : "");
		str_put_u64(out, holder(c, row, i)->p.pid);
	}
}
JSON(owners)
{
	const struct port *p = port(c, row);
	bool former = (p->marks & MARK_CLOSED) != 0;
	uint32_t i, proc;

	str_putc(out, '[');
	for (i = 0; i < p->holder_n && has_holder(c, row); i++) {
		proc = c->f->holders.v[p->holder + i];
		if (i)
			str_putc(out, ',');
		json_owner(c->f, out, proc, holder_fd(c, row, proc), former);
	}
	str_putc(out, ']');
}
GET(owners_n)
{
	v_int(v, has_holder(c, row) ? port(c, row)->holder_n : 0);
}
GET(pid)
{
	if (has_holder(c, row))
		v_int(v, holder(c, row, 0)->p.pid);
	else
		v_na(v);
}
GET(process)
{
	uint32_t comm;

	if (!has_holder(c, row)) {
		v_na(v);
		return;
	}
	comm = holder(c, row, 0)->p.comm;
	v_str(v, intern_get(c->f->names, comm), intern_len(c->f->names, comm));
}
GET(uid)
{
	if (has_holder(c, row))
		v_int(v, holder(c, row, 0)->p.uid);
	else if (port(c, row)->uid != NONE)
		v_int(v, port(c, row)->uid);
	else
		v_na(v);
}
GET(user)
{
	struct value uid;

	get_uid(c, row, &uid);
	if (uid.null)
		*v = uid;
	else
		v_user(v, c->f, (uint32_t)uid.i);
}
/* "root +1": other users hold it too. */
CELL(user)
{
	const struct port *p = port(c, row);
	char buf[VALUE_BUF];
	struct value v;
	uint32_t i, k, n, more = 0;
	const char *s;

	get_user(c, row, &v);
	if (v.null) {
		put_null(c, v.null, out, ret_style);
		return;
	}
	s = value_text(&v, KIND_TEXT, buf, &n);
	text_put_cell(out, s, n, c->ascii, CELL_BYTES);
	for (i = 1; i < p->holder_n && i < 100 && has_holder(c, row); i++) {
		for (k = 0; k < i; k++)
			if (holder(c, row, k)->p.uid == holder(c, row, i)->p.uid)
				break;
		more += k == i;
	}
	if (more)
		str_putf(out, " +%u", more);
}
GET(unit)
{
	v_name(v, c->f, port(c, row)->unit);
}
/* Of a port that only passes things on, where it leads says more than whose program does it. */
CELL(unit)
{
	if (port(c, row)->forward) {
		str_puts(out, c->ascii ? ">" : "→");
		put_name(c, out, port(c, row)->forward);
	} else if (port(c, row)->unit) {
		put_unit(c, out, port(c, row)->unit);
	}
}
GET(container)
{
	v_container(v, c->f, port(c, row)->unit);
}
GET(forwards)
{
	v_name(v, c->f, port(c, row)->forward);
}
GET(conns)
{
	if (proto_table[port(c, row)->proto].connected)
		v_int(v, ctx_port_count(c, row)->conns);
	else
		v_na(v);
}
JSON(states)
{
	const struct count *n = ctx_port_count(c, row);
	bool first = true;
	int i;

	str_putc(out, '{');
	for (i = 0; i < STATE_N; i++) {
		if (!n->states[i] || !*state_table[i].name)
			continue;
		str_puts(out, first ? "" : ",");
		json_quoted(out, state_table[i].name);
		str_putc(out, ':');
		str_put_u64(out, n->states[i]);
		first = false;
	}
	str_putc(out, '}');
}
CELL(states)
{
	const struct count *n = ctx_port_count(c, row);
	bool first = true;
	int i;

	for (i = 0; i < STATE_N; i++) {
		if (!n->states[i] || !*state_table[i].name)
			continue;
		str_puts(out, first ? "" : " ");
		str_puts(out, state_table[i].name);
		str_putc(out, '=');
		str_put_u64(out, n->states[i]);
		first = false;
	}
}
GET(backlog)
{
	if (listens(port(c, row)) && port(c, row)->flags & PORT_NO_QUEUE)
		v_unknown(v);
	else if (listens(port(c, row)))
		v_int(v, port(c, row)->backlog);
	else
		v_na(v);
}
GET(backlog_max)
{
	if (listens(port(c, row)) && port(c, row)->flags & PORT_NO_LIMIT)
		v_unknown(v);
	else if (listens(port(c, row)))
		v_int(v, port(c, row)->backlog_max);
	else
		v_na(v);
}
GET(backlog_peak)
{
	if (listens(port(c, row)) && port(c, row)->flags & PORT_NO_QUEUE)
		v_unknown(v);
	else if (listens(port(c, row)))
		v_int(v, port(c, row)->backlog_peak);
	else
		v_na(v);
}
/* For the sort: how full the fullest queue is. */
GET(queue)
{
	const struct port *p = port(c, row);

	if (listens(p) && p->flags & PORT_NO_LIMIT)
		v_unknown(v);
	else if (listens(p))
		v_real(v, p->backlog / (p->backlog_max ? (double)p->backlog_max : 1));
	else if (!proto_table[p->proto].connected && p->recvq)
		v_real(v,
		       p->recvq /
			       1e12); /* unread bytes of UDP: among themselves, below any TCP queue in use */
	else
		v_na(v);
}
CELL(queue)
{
	const struct port *p = port(c, row);
	char buf[UNIT_BUF];

	if (listens(p) && p->flags & PORT_NO_LIMIT) {
		if (p->flags & PORT_NO_QUEUE)
			str_puts(out, "?");
		else
			str_put_u64(out, p->backlog);
		str_puts(out, "/?");
		*ret_style = STYLE_DIM;
	} else if (listens(p)) {
		str_put_u64(out, p->backlog);
		str_putc(out, '/');
		str_put_u64(out, p->backlog_max);
		if (p->backlog > p->backlog_max)
			*ret_style = STYLE_BAD;
		else if (p->backlog && p->backlog * UINT64_C(2) >= p->backlog_max)
			*ret_style = STYLE_WARN;
		else if (!p->backlog)
			*ret_style = STYLE_DIM;
	} else if (p->flags & PORT_BOUND_ONLY) {
		str_puts(out, "bound");
		*ret_style = STYLE_WARN;
	} else if (!proto_table[p->proto].connected && p->recvq) {
		if (c->raw_numbers)
			str_put_u64(out, p->recvq);
		else
			str_puts(out, fmt_size(buf, p->recvq));
	}
}
GET(drops)
{
	if (port(c, row)->has_drops)
		v_int(v, port(c, row)->drops);
	else
		v_unknown(v);
}
static void rate_value(const struct ctx *c, uint32_t row, float rate, struct value *v)
{
	if (proto_table[port(c, row)->proto].connected)
		v_sum_rate(v, c->f, ctx_port_count(c, row), rate);
	else
		v_na(v);
}
GET(rx_rate)
{
	rate_value(c, row, ctx_port_count(c, row)->rx_rate, v);
}
GET(tx_rate)
{
	rate_value(c, row, ctx_port_count(c, row)->tx_rate, v);
}
GET(rate)
{
	v_real(v, (double)ctx_port_count(c, row)->rate_mean);
}
GET(activity)
{
	get_rate(c, row, v);
}
FIT(activity)
{
	if (proto_table[port(c, row)->proto].connected)
		put_activity(c, port(c, row)->ring, width, out, ret_style);
}
CELL(activity)
{
	fit_activity(c, row, 16, out, ret_style);
}
GET(seen_s)
{
	const struct port *p = port(c, row);

	if ((p->marks & MARK_CLOSED) && p->closed_ns >= p->first_ns)
		v_real(v, (double)(p->closed_ns - p->first_ns) / (double)NSEC_PER_SEC);
	else
		v_real(v, frame_age_s(c->f, p->first_ns));
}
GET(age_s)
{
	if (port(c, row)->marks & MARK_START)
		v_unknown(v);
	else
		get_seen_s(c, row, v);
}
CELL(age_s)
{
	struct value v;

	get_seen_s(c, row, &v);
	put_age(c, v.d, (port(c, row)->marks & MARK_START) != 0, out, ret_style);
}
JSON(findings_)
{
	json_findings(c->f, FINDING_ON_PORT, row, port(c, row)->findings, out);
}
CELL(findings)
{
	if (port(c, row)->findings)
		cell_findings_on(c->f, FINDING_ON_PORT, row, out, ret_style);
}

#define OWN WANT_OWNERS
#define INF WANT_INFO
#define TALLY COL_TALLY
/* clang-format off */
const struct column columns_port[] = {
	{"netns", "NETNS", "network namespace, by name or inode", KIND_ID, 8, 12, 0, 101, COL_MULTI_NS, 0, get_netns, cell_netns},
	{"netns_name", "NETNS NAME", "name of the network namespace", KIND_TEXT, 8, 16, 0, 0, D, 0, get_netns_name},
	{"proto", "PROTO", "protocol", KIND_WORD, 5, 5, 0, 29, 0, 0, get_proto, NULL, NULL, fit_proto},
	{"port", "PORT", "local port", KIND_ID, 5, 5, 0, 1, COL_ALWAYS | R, 0, get_port},
	{"service", "SERVICE", "service name of the port", KIND_TEXT, 10, 12, 0, 137, 0, 0, get_service},
	{"class", "CLASS", "well-known, registered or ephemeral", KIND_WORD, 10, 10, 0, 0, D, 0, get_class},
	{"scope", "SCOPE", "widest reach of its addresses: loopback to any", KIND_WORD, 8, 8, 0, 146, 0, 0, get_scope},
	{"address", "ADDRESS", "local addresses; * is every one", KIND_ADDR, 13, 22, 2, 51, COL_DISPLAY, 0, get_address, cell_address, NULL, fit_address},
	{"addresses", "ADDRESSES", "every local address", KIND_LIST, 15, 39, 0, 0, D, 0, NULL, cell_addresses, json_addresses},
	{"owners", "OWNERS", "every process that holds the port", KIND_OBJECT, 12, 30, 0, 0, D, OWN, NULL, cell_owners, json_owners},
	{"owners_n", "OWNERS N", "number of processes that hold the port", KIND_COUNT, 8, 8, 0, 0, D | RD | COL_OWN, OWN, get_owners_n},
	{"owner", "OWNER", "who holds the port, or why nobody is known to", KIND_TEXT, 15, 22, 0, 0, D, OWN, NULL, cell_owner, json_owner_},
	{"owner_reason", "REASON", "why no owner is known", KIND_WORD, 13, 13, 0, 0, D, OWN, get_owner_reason},
	{"pid", "PID", "process id of the oldest owner", KIND_ID, 7, 7, 0, 37, R, OWN, get_pid},
	{"process", "PROCESS", "program that holds the port", KIND_TEXT, 15, 22, 3, 1, COL_ALWAYS, OWN, get_process, cell_owner},
	{"user", "USER", "user of the oldest owner", KIND_TEXT, 8, 12, 0, 110, 0, OWN, get_user, cell_user},
	{"uid", "UID", "user id of the oldest owner", KIND_ID, 7, 7, 0, 0, D | R, OWN, get_uid},
	{"unit", "UNIT", "systemd unit or container", KIND_TEXT, 12, 24, 1, 70, 0, OWN, get_unit, cell_unit},
	{"container", "CONTAINER", "container", KIND_TEXT, 12, 24, 0, 0, D, OWN, get_container},
	{"forwards", "FORWARDS", "where the port is forwarded to", KIND_TEXT, 12, 24, 0, 0, D, OWN, get_forwards},
	{"conns", "CONNS", "connections over the port", KIND_COUNT, 5, 6, 0, 57, RD | TALLY | COL_SUM, 0, get_conns},
	{"states", "STATES", "its sockets by state", KIND_OBJECT, 20, 40, 0, 0, D | TALLY, 0, NULL, cell_states, json_states},
	{"backlog", "BACKLOG", "connections waiting to be accepted, in the fullest queue", KIND_COUNT, 7, 7, 0, 0, D | RD | COL_SUM | COL_OWN, 0, get_backlog},
	{"backlog_max", "BACKLOG MAX", "how many may wait there", KIND_COUNT, 11, 11, 0, 0, D | RD | COL_OWN, 0, get_backlog_max},
	{"backlog_peak", "BACKLOG PEAK", "most that were seen waiting there", KIND_COUNT, 12, 12, 0, 0, D | RD | COL_OWN, 0, get_backlog_peak},
	{"queue", "QUEUE", "waiting to be accepted / limit; UDP: unread bytes", KIND_REAL, 9, 9, 0, 80, COL_DISPLAY | RD, 0, get_queue, cell_queue},
	{"drops", "DROPS", "arrivals dropped", KIND_COUNT, 6, 6, 0, 117, RD | COL_SUM | COL_OWN, WANT_MEM, get_drops},
	{"rx_rate", "RX/s", "bytes received per second; blank for UDP", KIND_RATE, 5, 5, 0, 92, LIVE | TALLY | COL_SUM, INF, get_rx_rate},
	{"tx_rate", "TX/s", "bytes sent per second; blank for UDP", KIND_RATE, 5, 5, 0, 92, LIVE | TALLY | COL_SUM, INF, get_tx_rate},
	{"rate", NULL, "bytes per second in both directions, mean of three looks", KIND_RATE, 5, 5, 0, 0, COL_DISPLAY | LIVE | TALLY | COL_SUM, INF, get_rate},
	{"activity", "ACTIVITY", "bytes per second over the last looks", KIND_RATE, 8, 16, 4, 126, COL_DISPLAY | COL_DESC | COL_LIVE | TALLY, INF, get_activity, cell_activity, NULL, fit_activity},
	{"age_s", "AGE", "time since the port appeared", KIND_DURATION, 5, 5, 0, 152, R | COL_LIVE | COL_OWN, 0, get_age_s, cell_age_s},
	{"seen_s", "SEEN", "time since we first saw it", KIND_DURATION, 5, 5, 0, 0, D | R | COL_LIVE | COL_OWN, 0, get_seen_s},
	{"findings", "FINDINGS", "what is wrong with it, by rule", KIND_LIST, 12, 30, 0, 0, D, 0, NULL, cell_findings, json_findings_},
};
/* clang-format on */
const size_t columns_port_n = ARRAY_LEN(columns_port);
