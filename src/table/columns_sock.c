/* The columns of sockets and connections: one table, and the getters that it names. */
#include "columns_sock.h"
#include "sockeye/base/text.h"

const char *const family_names[FAMILY_N] = {"ipv4", "ipv6", "unix", "packet", "netlink", "vsock"};
const char *const timer_names[TIMERS_N] = {"", "on", "keepalive", "timewait", "persist", "unknown"};

/* The process that stands for the row: the oldest present owner, else a former one; NONE. */
static uint32_t shown_owner(const struct ctx *c, uint32_t row)
{
	return frame_first_owner(c->f, row, true);
}
/* … whose pid may be shown: a former owner's only on a row that has just gone. */
static uint32_t pid_owner(const struct ctx *c, uint32_t row)
{
	return frame_first_owner(c->f, row, (extra(c, row)->marks & MARK_CLOSED) != 0);
}
static uint32_t present_owners(const struct ctx *c, uint32_t row, bool *ret_same)
{
	const struct row *r = extra(c, row);
	uint32_t i, n = 0, last = NONE, comm = 0;
	const struct owner *o;

	*ret_same = true;
	for (i = 0; i < r->owner_n; i++) {
		o = frame_owner(c->f, r, i);
		if (o->former || o->proc == last)
			continue;
		if (!n)
			comm = c->f->procs.v[o->proc].p.comm;
		else if (c->f->procs.v[o->proc].p.comm != comm)
			*ret_same = false;
		last = o->proc;
		n++;
	}
	return n;
}
static uint32_t owner_uid(const struct ctx *c, uint32_t row)
{
	uint32_t p = pid_owner(c, row);

	if (p != NONE && c->f->procs.v[p].p.pid)
		return c->f->procs.v[p].p.uid;
	return sock(c, row)->flags & SOCK_HAS_UID ? sock(c, row)->uid : NONE;
}

GET(netns)
{
	v_netns(v, c->f, sock(c, row)->netns);
}
GET(netns_name)
{
	v_netns_name(v, c->f, sock(c, row)->netns);
}
CELL(netns)
{
	put_netns(c, sock(c, row)->netns, out, ret_style);
}
GET(proto)
{
	v_word(v, sock(c, row)->proto, proto_table[sock(c, row)->proto].name);
}
FIT(proto)
{
	put_proto(out, sock(c, row)->proto, width);
}
GET(family)
{
	uint8_t family = sock(c, row)->family;

	v_word(v, family, family < FAMILY_N ? family_names[family] : NULL);
}
GET(state)
{
	v_word(v, sock(c, row)->state, state_table[sock(c, row)->state].name);
}
static uint8_t state_style(uint8_t state)
{
	switch (state) {
	case STATE_LISTENING:
		return STYLE_INFO;
	case STATE_SYN_SENT:
	case STATE_SYN_RECV:
	case STATE_BOUND:
		return STYLE_WARN;
	case STATE_CLOSE_WAIT:
		return STYLE_BAD;
	case STATE_TIME_WAIT:
	case STATE_FIN_WAIT_1:
	case STATE_FIN_WAIT_2:
	case STATE_LAST_ACK:
	case STATE_CLOSING:
		return STYLE_DIM;
	default:
		return STYLE_PLAIN;
	}
}
CELL(state)
{
	str_puts(out, state_table[sock(c, row)->state].name);
	*ret_style = state_style(sock(c, row)->state);
}
FIT(state)
{
	const struct state_info *info = &state_table[sock(c, row)->state];

	str_puts(out, width >= strlen("established") ? info->name : info->brief);
	*ret_style = state_style(sock(c, row)->state);
}
GET(iface)
{
	const struct sock *s = sock(c, row);
	uint32_t name = s->ifindex ? frame_iface(c->f, s->netns, s->ifindex) : 0;

	if (name)
		v_name(v, c->f, name);
	else
		v_null(v, s->ifindex ? NULL_UNKNOWN : NULL_NA);
}
GET(scope)
{
	v_word(v, extra(c, row)->scope, scope_names[extra(c, row)->scope]);
}
GET(class)
{
	const struct sock *s = sock(c, row);
	const struct snap_netns *n = s->netns < c->f->netns.n ? &c->f->netns.v[s->netns] : NULL;
	int k;

	if (!proto_table[s->proto].ports || !s->lport) {
		v_na(v);
		return;
	}
	k = (int)class_of(s->lport, n ? n->eph_low : 0, n ? n->eph_high : 0);
	v_word(v, k, class_names[k]);
}
/* The service is at the end that was called. */
GET(service)
{
	const struct sock *s = sock(c, row);
	uint32_t port = extra(c, row)->dir == DIR_OUT && has_remote(s) ? s->rport : s->lport;

	if (c->f->services && port && proto_table[s->proto].ports)
		v_word(v, (int)port, services_name(c->f->services, s->proto, port));
	else
		v_na(v);
}
GET(direction)
{
	v_word(v, extra(c, row)->dir, direction_names[extra(c, row)->dir]);
}
CELL(direction)
{
	uint8_t dir = extra(c, row)->dir;

	if (!has_remote(sock(c, row)))
		return;
	*ret_style = dir == DIR_OUT ? STYLE_INFO : STYLE_DIM;
	if (dir == DIR_IN)
		str_puts(out, c->ascii ? "<" : "←");
	else if (dir == DIR_OUT)
		str_puts(out, c->ascii ? ">" : "→");
}
CELL(owner)
{
	struct str name = {0};
	bool same;
	uint32_t n = present_owners(c, row, &same), p = shown_owner(c, row);

	if (p == NONE) {
		put_reason(c, out, reason_table[extra(c, row)->reason].cell);
		*ret_style = STYLE_REASON;
		return;
	}
	if (!c->f->procs.v[p].p.pid) {
		put_reason(c, out, reason_table[REASON_KERNEL].cell);
		*ret_style = STYLE_REASON;
		return;
	}
	put_name(c, &name, c->f->procs.v[p].p.comm);
	put_several(c, out, str_text(&name), n ? n : 1, same);
	str_done(&name);
	if (!n)
		*ret_style = STYLE_DIM;
}
JSON(owner_)
{
	json_cell(c, row, cell_owner, out);
}
GET(owner_reason)
{
	uint8_t reason = extra(c, row)->reason;

	v_word(v, reason, reason == REASON_OWNED ? NULL : reason_table[reason].name);
}
CELL(owners)
{
	const struct row *r = extra(c, row);
	const struct owner *o;
	uint32_t i;

	for (i = 0; i < r->owner_n; i++) {
		o = frame_owner(c->f, r, i);
		if (!o->former && c->f->procs.v[o->proc].p.pid) {
			str_puts(out, i ? " " : "");
			str_put_u64(out, c->f->procs.v[o->proc].p.pid);
		}
	}
}
JSON(owners)
{
	const struct row *r = extra(c, row);
	const struct owner *o;
	uint32_t i;
	bool first = true;

	str_putc(out, '[');
	for (i = 0; i < r->owner_n; i++) {
		o = frame_owner(c->f, r, i);
		if (!c->f->procs.v[o->proc].p.pid)
			continue; /* the kernel is a reason, no process */
		if (!first)
			str_putc(out, ',');
		first = false;
		json_owner(c->f, out, o->proc, o->fd, o->former);
	}
	str_putc(out, ']');
}
GET(owners_n)
{
	bool same;

	v_int(v, present_owners(c, row, &same));
}
GET(pid)
{
	uint32_t p = pid_owner(c, row);

	if (p == NONE || !c->f->procs.v[p].p.pid)
		v_na(v);
	else
		v_int(v, c->f->procs.v[p].p.pid);
}
GET(process)
{
	uint32_t p = shown_owner(c, row), comm;

	if (p == NONE || !c->f->procs.v[p].p.pid) {
		v_na(v);
		return;
	}
	comm = c->f->procs.v[p].p.comm;
	v_str(v, intern_get(c->f->names, comm), intern_len(c->f->names, comm));
}
GET(uid)
{
	uint32_t uid = owner_uid(c, row);

	if (uid == NONE)
		v_na(v);
	else
		v_int(v, uid);
}
GET(user)
{
	uint32_t uid = owner_uid(c, row);

	if (uid == NONE)
		v_na(v);
	else
		v_user(v, c->f, uid);
}
GET(unit)
{
	v_name(v, c->f, extra(c, row)->unit);
}
CELL(unit)
{
	if (extra(c, row)->unit)
		put_unit(c, out, extra(c, row)->unit);
}
GET(container)
{
	v_container(v, c->f, extra(c, row)->unit);
}
GET(cgroup)
{
	v_name(v, c->f, sock(c, row)->cgroup);
}
GET(inode)
{
	if (sock(c, row)->inode)
		v_int(v, sock(c, row)->inode);
	else
		v_na(v);
}
GET(cookie)
{
	if (sock(c, row)->flags & SOCK_OWN_COOKIE) /* ours alone: it means nothing to the kernel */
		v_unknown(v);
	else
		v_hex(v, sock(c, row)->cookie);
}
/* Who is at the other end: what nobody has accepted yet is the listener's business. */
static uint32_t peer_row(const struct ctx *c, uint32_t row)
{
	uint32_t peer = extra(c, row)->peer;

	if (peer == NONE || peer >= c->f->rows_n)
		return NONE;
	if (extra(c, peer)->reason == REASON_UNACCEPTED && extra(c, peer)->listener < c->f->rows_n)
		return extra(c, peer)->listener;
	return peer;
}
GET(peer_process)
{
	uint32_t peer = peer_row(c, row);

	if (peer == NONE)
		v_na(v);
	else
		get_process(c, peer, v);
}
GET(peer_pid)
{
	uint32_t peer = peer_row(c, row);

	if (peer == NONE)
		v_na(v);
	else
		get_pid(c, peer, v);
}
GET(forwards)
{
	uint32_t port = frame_port_of(c->f, row);

	if (port < c->f->ports.n && STATES_PORT & STATE_BIT(sock(c, row)->state))
		v_name(v, c->f, c->f->ports.v[port].forward);
	else
		v_na(v);
}
JSON(findings_)
{
	json_findings(c->f, FINDING_ON_SOCK, row, extra(c, row)->findings, out);
}
CELL(findings)
{
	if (extra(c, row)->findings)
		cell_findings_on(c->f, FINDING_ON_SOCK, row, out, ret_style);
}
#define OWN WANT_OWNERS
#define INF WANT_INFO
#define MEM WANT_MEM
/* clang-format off */
const struct column columns_sock[] = {
	{"netns", "NETNS", "network namespace, by name or inode", KIND_ID, 8, 12, 0, 0, D, 0, get_netns, cell_netns},
	{"netns_name", "NETNS NAME", "name of the network namespace", KIND_TEXT, 8, 16, 0, 0, D, 0, get_netns_name},
	{"proto", "PROTO", "protocol", KIND_WORD, 5, 5, 0, 79, 0, 0, get_proto, NULL, NULL, fit_proto},
	{"family", "FAMILY", "address family", KIND_WORD, 7, 7, 0, 0, D, 0, get_family},
	{"state", "STATE", "state, as ss spells it", KIND_WORD, 8, 11, 1, 44, 0, 0, get_state, cell_state, NULL, fit_state},
	{"local", "LOCAL", "local address and port", KIND_ENDPOINT, 6, 21, 2, 53, 0, 0, sock_get_local, sock_cell_local, NULL, sock_fit_local},
	{"laddr", "LADDR", "local address", KIND_ADDR, 15, 39, 0, 0, D, 0, sock_get_laddr},
	{"lport", "LPORT", "local port", KIND_ID, 5, 5, 0, 0, D | R, 0, sock_get_lport},
	{"remote", "REMOTE", "remote address and port", KIND_ENDPOINT, 20, 45, 3, 1, COL_ALWAYS, 0, sock_get_remote, sock_cell_remote, NULL, sock_fit_remote},
	{"raddr", "RADDR", "remote address", KIND_ADDR, 15, 39, 0, 0, D, 0, sock_get_raddr},
	{"rport", "RPORT", "remote port", KIND_ID, 5, 5, 0, 0, D | R, 0, sock_get_rport},
	{"iface", "IFACE", "interface the socket is bound to", KIND_TEXT, 6, 15, 0, 0, D, 0, get_iface},
	{"scope", "SCOPE", "reach of the local address: loopback to any", KIND_WORD, 8, 9, 0, 0, D, 0, get_scope},
	{"class", "CLASS", "well-known, registered or ephemeral local port", KIND_WORD, 10, 10, 0, 0, D, 0, get_class},
	{"service", "SERVICE", "service name of the port that was called", KIND_TEXT, 10, 12, 0, 0, D, 0, get_service},
	{"direction", "", "in: they called, out: we called", KIND_WORD, 1, 1, 0, 53, 0, 0, get_direction, cell_direction},
	{"owner", "OWNER", "who holds the socket, or why nobody is known to", KIND_TEXT, 12, 18, 0, 0, D, OWN, NULL, cell_owner, json_owner_},
	{"owner_reason", "REASON", "why no owner is known", KIND_WORD, 13, 13, 0, 0, D, OWN, get_owner_reason},
	{"owners", "OWNERS", "every process that holds the socket", KIND_OBJECT, 12, 30, 0, 0, D, OWN, NULL, cell_owners, json_owners},
	{"owners_n", "OWNERS N", "number of processes that hold the socket", KIND_COUNT, 8, 8, 0, 0, D | RD, OWN, get_owners_n},
	{"pid", "PID", "process id of the oldest owner", KIND_ID, 7, 7, 0, 61, R, OWN, get_pid},
	{"process", "PROCESS", "program that owns the socket", KIND_TEXT, 12, 18, 4, 1, COL_ALWAYS, OWN, get_process, cell_owner},
	{"user", "USER", "user of the owner", KIND_TEXT, 8, 12, 0, 0, D, OWN, get_user},
	{"uid", "UID", "user id of the owner", KIND_ID, 7, 7, 0, 0, D | R, OWN, get_uid},
	{"unit", "UNIT", "systemd unit or container", KIND_TEXT, 12, 20, 5, 114, 0, OWN, get_unit, cell_unit},
	{"container", "CONTAINER", "container", KIND_TEXT, 12, 24, 0, 0, D, OWN, get_container},
	{"cgroup", "CGROUP", "control group of the socket's creator", KIND_TEXT, 16, 40, 0, 0, D, 0, get_cgroup},
	{"inode", "INODE", "inode of the socket; none in time-wait", KIND_ID, 10, 10, 0, 0, D | R, 0, get_inode},
	{"cookie", "COOKIE", "the kernel's identity of the socket", KIND_HEX, 10, 18, 0, 0, D | R, 0, get_cookie},
	{"recvq", "RECV-Q", "bytes received and not yet read", KIND_SIZE, 7, 7, 0, 93, RD | COL_SUM, 0, sock_get_recvq},
	{"sendq", "SEND-Q", "bytes sent and not acknowledged, or not yet sent", KIND_SIZE, 7, 7, 0, 101, RD | COL_SUM, 0, sock_get_sendq},
	{"eof_read", "EOF READ", "in close-wait: has the program read the end", KIND_BOOL, 8, 8, 0, 0, D, 0, sock_get_eof_read},
	{"backlog", "BACKLOG", "connections waiting to be accepted", KIND_COUNT, 7, 7, 0, 0, D | RD | COL_SUM, 0, sock_get_backlog},
	{"backlog_max", "BACKLOG MAX", "how many may wait", KIND_COUNT, 11, 11, 0, 0, D | RD, 0, sock_get_backlog_max},
	{"backlog_peak", "BACKLOG PEAK", "most that were seen waiting", KIND_COUNT, 12, 12, 0, 0, D | RD, 0, sock_get_backlog_peak},
	{"rcvbuf", "RCVBUF", "size of the receive buffer", KIND_SIZE, 6, 6, 0, 0, D | RD, MEM, sock_get_rcvbuf},
	{"sndbuf", "SNDBUF", "size of the send buffer", KIND_SIZE, 6, 6, 0, 0, D | RD, MEM, sock_get_sndbuf},
	{"drops", "DROPS", "arrivals dropped", KIND_COUNT, 6, 6, 0, 0, D | RD | COL_SUM, MEM, sock_get_drops},
	{"rx_bytes", "RX", "bytes received", KIND_SIZE, 5, 5, 0, 0, D | RD | COL_SUM, INF, sock_get_rx_bytes},
	{"tx_bytes", "TX", "bytes sent and acknowledged", KIND_SIZE, 5, 5, 0, 0, D | RD | COL_SUM, INF, sock_get_tx_bytes},
	{"rx_rate", "RX/s", "bytes received per second; blank for UDP", KIND_RATE, 5, 5, 0, 73, LIVE | COL_SUM, INF, sock_get_rx_rate},
	{"tx_rate", "TX/s", "bytes sent per second; blank for UDP", KIND_RATE, 5, 5, 0, 73, LIVE | COL_SUM, INF, sock_get_tx_rate},
	{"rate", NULL, "bytes per second in both directions, mean of three looks", KIND_RATE, 5, 5, 0, 0, COL_DISPLAY | LIVE | COL_SUM, INF, sock_get_rate},
	{"rtt_ms", "RTT ms", "round trip time in milliseconds", KIND_MS, 7, 7, 0, 122, RD, INF, sock_get_rtt_ms},
	{"rttvar_ms", "RTTVAR ms", "how much the round trip time varies", KIND_MS, 9, 9, 0, 0, D | RD, INF, sock_get_rttvar_ms},
	{"minrtt_ms", "MINRTT ms", "lowest round trip time", KIND_MS, 9, 9, 0, 0, D | RD, INF, sock_get_minrtt_ms},
	{"cwnd", "CWND", "congestion window in segments", KIND_COUNT, 6, 6, 0, 0, D | RD, INF, sock_get_cwnd},
	{"ssthresh", "SSTHRESH", "slow start threshold in segments", KIND_COUNT, 8, 8, 0, 0, D | RD, INF, sock_get_ssthresh},
	{"mss", "MSS", "maximum segment size", KIND_COUNT, 6, 6, 0, 0, D | RD, INF, sock_get_mss},
	{"retrans", "RETRANS", "tries of the retransmit timer now running", KIND_COUNT, 7, 7, 0, 0, D | RD, 0, sock_get_retrans},
	{"retrans_total", "RETR", "segments sent again", KIND_COUNT, 5, 5, 0, 128, RD | COL_SUM, INF, sock_get_retrans_total},
	{"lost", "LOST", "segments taken for lost now", KIND_COUNT, 5, 5, 0, 0, D | RD | COL_SUM, INF, sock_get_lost},
	{"cc", "CC", "congestion control", KIND_TEXT, 6, 10, 0, 0, D, WANT_CONG, sock_get_cc},
	{"timer", "TIMER", "timer that runs: on, keepalive, timewait, persist", KIND_WORD, 9, 9, 0, 0, D, 0, sock_get_timer},
	{"timer_s", "TIMER S", "seconds until the timer fires", KIND_DURATION, 7, 7, 0, 0, D | R, 0, sock_get_timer_s},
	{"idle_s", "IDLE", "time since data went either way", KIND_DURATION, 5, 5, 0, 85, RD, INF, sock_get_idle_s},
	{"age_s", "AGE", "time since the socket appeared", KIND_DURATION, 5, 5, 0, 149, R | COL_LIVE, 0, sock_get_age_s, sock_cell_age_s},
	{"seen_s", "SEEN", "time since we first saw it", KIND_DURATION, 5, 5, 0, 0, D | R | COL_LIVE, 0, sock_get_seen_s},
	{"state_age_s", "STATE AGE", "time in this state, as far as seen", KIND_DURATION, 9, 9, 0, 0, D | RD | COL_LIVE, 0, sock_get_state_age_s},
	{"v6only", "V6ONLY", "an IPv6 socket that takes no IPv4", KIND_BOOL, 6, 6, 0, 0, D, 0, sock_get_v6only},
	{"mark", "MARK", "firewall mark; seen with CAP_NET_ADMIN", KIND_HEX32, 10, 10, 0, 0, D | R, INF, sock_get_mark},
	{"peer_process", "PEER PROCESS", "program at the other end, on this machine", KIND_TEXT, 14, 20, 0, 143, 0, OWN, get_peer_process},
	{"peer_pid", "PEER PID", "process id at the other end, on this machine", KIND_ID, 8, 8, 0, 0, D | R, OWN, get_peer_pid},
	{"forwards", "FORWARDS", "where the port is forwarded to", KIND_TEXT, 12, 24, 0, 0, D, OWN, get_forwards},
	{"findings", "FINDINGS", "what is wrong with it, by rule", KIND_LIST, 12, 30, 0, 0, D, 0, NULL, cell_findings, json_findings_},
	{"as_of_s", "AS OF", "how old this row's data is", KIND_DURATION, 5, 5, 0, 0, D | R | COL_LIVE, 0, sock_get_as_of_s},
};
/* clang-format on */
const size_t columns_sock_n = ARRAY_LEN(columns_sock);
