/* The columns of processes: one table, and the getters that it names. */
#include "columns_kit.h"
#include "sockeye/base/text.h"
#include "sockeye/base/units.h"

/* pid 0 gathers the sockets that the kernel itself holds: it has none of a process's facts. */
static const struct proc *proc(const struct ctx *c, uint32_t row)
{
	return &c->f->procs.v[row];
}

GET(pid)
{
	if (proc(c, row)->p.pid)
		v_int(v, proc(c, row)->p.pid);
	else
		v_na(v);
}
GET(process)
{
	uint32_t comm = proc(c, row)->p.comm;

	if (proc(c, row)->p.pid)
		v_str(v, intern_get(c->f->names, comm), intern_len(c->f->names, comm));
	else
		v_na(v);
}
CELL(process)
{
	struct str name = {0};

	if (!proc(c, row)->p.pid) {
		put_reason(c, out, reason_table[REASON_KERNEL].cell);
		*ret_style = STYLE_REASON;
		return;
	}
	put_name(c, &name, proc(c, row)->p.comm);
	put_several(c, out, str_text(&name), 1, true);
	str_done(&name);
}
GET(uid)
{
	if (proc(c, row)->p.pid)
		v_int(v, proc(c, row)->p.uid);
	else
		v_na(v);
}
GET(user)
{
	if (proc(c, row)->p.pid)
		v_user(v, c->f, proc(c, row)->p.uid);
	else
		v_na(v);
}
GET(unit)
{
	v_name(v, c->f, proc(c, row)->unit);
}
CELL(unit)
{
	if (proc(c, row)->unit)
		put_unit(c, out, proc(c, row)->unit);
}
GET(container)
{
	v_container(v, c->f, proc(c, row)->unit);
}
GET(exe)
{
	v_command(v, proc(c, row)->late, LATE_EXE);
}
GET(cmdline)
{
	v_command(v, proc(c, row)->late, LATE_CMDLINE);
}
/* Arguments are separated by NUL in the kernel; people read spaces. */
static void put_cmdline(const struct ctx *c, uint32_t row, struct str *out, struct value *v)
{
	uint32_t i;

	get_cmdline(c, row, v);
	for (i = 0; !v->null && i < v->s_n; i++)
		str_putc(out, v->s[i] ? v->s[i] : ' ');
}
CELL(cmdline)
{
	struct str line = {0};
	struct value v;

	put_cmdline(c, row, &line, &v);
	if (v.null)
		put_null(c, v.null, out, ret_style);
	else
		text_put_cell(out, str_text(&line), line.n, c->ascii, CELL_BYTES);
	str_done(&line);
}
JSON(cmdline)
{
	struct str line = {0};
	struct value v;

	put_cmdline(c, row, &line, &v);
	if (v.null)
		str_puts(out, "null");
	else
		text_put_json(out, str_text(&line), line.n);
	str_done(&line);
}
GET(start)
{
	if (proc(c, row)->p.pid)
		v_hex(v, frame_proc_start_wall(c->f, row));
	else
		v_na(v);
}
static const char *port_mark(uint8_t proto)
{
	switch ((enum proto)proto) {
	case PROTO_TCP:
		return "";
	case PROTO_UDP:
		return "u";
	case PROTO_UDPLITE:
		return "ul";
	case PROTO_SCTP:
		return "s";
	case PROTO_MPTCP:
		return "m";
	case PROTO_VSOCK:
		return "v";
	default:
		return "?";
	}
}
/* Ports it holds that have a row of their own: "80 443 443u". */
static void put_ports(const struct ctx *c, uint32_t row, struct str *out,
		      void (*put)(struct str *, const struct port *))
{
	const struct proc *p = proc(c, row);
	const struct port *q;
	uint32_t i;
	bool first = true;

	for (i = 0; i < p->port_n; i++) {
		q = &c->f->ports.v[c->f->proc_ports.v[p->port + i]];
		if ((q->flags & PORT_CLIENT) || ((q->marks & MARK_CLOSED) && !(p->marks & MARK_CLOSED)))
			continue;
		if (!first)
			str_putc(out, put ? ',' : ' ');
		first = false;
		if (put)
			put(out, q);
		else {
			str_put_u64(out, q->port);
			str_puts(out, port_mark(q->proto));
		}
	}
}
static void put_port_json(struct str *out, const struct port *q)
{
	str_putc(out, '"');
	str_put_u64(out, q->port);
	str_putc(out, '/');
	str_puts(out, proto_table[q->proto].name);
	str_putc(out, '"');
}
JSON(ports)
{
	str_putc(out, '[');
	put_ports(c, row, out, put_port_json);
	str_putc(out, ']');
}
CELL(listens)
{
	put_ports(c, row, out, NULL);
}
GET(listens)
{
	const struct proc *p = proc(c, row);

	if (p->port_n)
		v_int(v, c->f->ports.v[c->f->proc_ports.v[p->port]].port);
	else
		v_na(v);
}
GET(conns)
{
	v_int(v, ctx_proc_count(c, row)->conns);
}
GET(close_wait)
{
	v_int(v, ctx_proc_count(c, row)->close_wait);
}
GET(peers)
{
	v_int(v, ctx_proc_count(c, row)->peers);
}
GET(fds)
{
	if (proc(c, row)->p.fds)
		v_int(v, proc(c, row)->p.fds);
	else
		v_null(v, proc(c, row)->p.pid ? NULL_UNKNOWN : NULL_NA);
}
GET(fds_max)
{
	if (proc(c, row)->p.fds_max)
		v_int(v, proc(c, row)->p.fds_max);
	else
		v_null(v, proc(c, row)->p.pid ? NULL_UNKNOWN : NULL_NA);
}
GET(rx_rate)
{
	v_sum_rate(v, c->f, ctx_proc_count(c, row), ctx_proc_count(c, row)->rx_rate);
}
GET(tx_rate)
{
	v_sum_rate(v, c->f, ctx_proc_count(c, row), ctx_proc_count(c, row)->tx_rate);
}
GET(rate)
{
	v_real(v, (double)ctx_proc_count(c, row)->rate_mean);
}
FIT(activity)
{
	put_activity(c, proc(c, row)->ring, width, out, ret_style);
}
CELL(activity)
{
	fit_activity(c, row, 16, out, ret_style);
}
/* The kernel tells when it started, so this age is known from the first look on. */
GET(age_s)
{
	const struct proc *p = proc(c, row);
	double since;

	if (!p->p.pid || !c->f->hz) {
		v_na(v);
		return;
	}
	since = (double)c->f->boot_ns / (double)NSEC_PER_SEC - (double)p->p.start / c->f->hz;
	v_real(v, since > 0 ? since : 0);
}
JSON(findings_)
{
	json_findings(c->f, FINDING_ON_PROC, row, proc(c, row)->findings, out);
}
CELL(findings)
{
	if (proc(c, row)->findings)
		cell_findings_on(c->f, FINDING_ON_PROC, row, out, ret_style);
}

#define OWN WANT_OWNERS
#define INF (WANT_INFO | WANT_OWNERS)
#define TALLY COL_TALLY
/* clang-format off */
const struct column columns_proc[] = {
	{"pid", "PID", "process id", KIND_ID, 7, 7, 0, 25, R, OWN, get_pid},
	{"process", "PROCESS", "program", KIND_TEXT, 15, 24, 3, 1, COL_ALWAYS, OWN, get_process, cell_process},
	{"user", "USER", "user", KIND_TEXT, 8, 12, 0, 66, 0, OWN, get_user},
	{"uid", "UID", "user id", KIND_ID, 7, 7, 0, 0, D | R, OWN, get_uid},
	{"unit", "UNIT", "systemd unit or container", KIND_TEXT, 12, 24, 2, 98, 0, OWN, get_unit, cell_unit},
	{"container", "CONTAINER", "container", KIND_TEXT, 12, 24, 0, 0, D, OWN, get_container},
	{"exe", "EXE", "path of the program", KIND_TEXT, 16, 40, 0, 0, D, OWN, get_exe},
	{"cmdline", "CMDLINE", "command line", KIND_TEXT, 20, 80, 0, 0, D, OWN, get_cmdline, cell_cmdline, json_cmdline},
	{"start", "START", "when it started", KIND_TIME, 20, 24, 0, 0, D, OWN, get_start},
	{"ports", "PORTS", "ports it listens on or has bound", KIND_LIST, 12, 30, 0, 0, D | COL_WORDS, OWN, NULL, cell_listens, json_ports},
	{"listens", "LISTENS ON", "ports it listens on or has bound; u: UDP, ul: UDP-Lite, s: SCTP, m: MPTCP, v: vsock", KIND_ID, 12, 30, 1, 38, COL_DISPLAY | COL_WORDS, OWN, get_listens, cell_listens},
	{"conns", "CONNS", "connections", KIND_COUNT, 6, 6, 0, 45, RD | TALLY | COL_SUM, OWN, get_conns},
	{"close_wait", "CLOSE-W", "connections the peer has ended and it has not", KIND_COUNT, 8, 8, 0, 75, RD | TALLY | COL_WARN | COL_SUM, OWN, get_close_wait},
	{"peers", "PEERS", "distinct remote addresses", KIND_COUNT, 6, 6, 0, 105, RD | TALLY, OWN, get_peers},
	{"fds", "FDS", "open descriptors", KIND_COUNT, 9, 9, 0, 85, RD | COL_OWN | COL_SUM, OWN, get_fds},
	{"fds_max", "FDS MAX", "how many it may open", KIND_COUNT, 9, 9, 0, 0, D | RD | COL_OWN, OWN, get_fds_max},
	{"rx_rate", "RX/s", "bytes received per second; blank for UDP", KIND_RATE, 5, 5, 0, 57, LIVE | TALLY | COL_SUM, INF, get_rx_rate},
	{"tx_rate", "TX/s", "bytes sent per second; blank for UDP", KIND_RATE, 5, 5, 0, 57, LIVE | TALLY | COL_SUM, INF, get_tx_rate},
	{"rate", NULL, "bytes per second in both directions, mean of three looks", KIND_RATE, 5, 5, 0, 0, COL_DISPLAY | LIVE | TALLY | COL_SUM, INF, get_rate},
	{"activity", "ACTIVITY", "bytes per second over the last looks", KIND_RATE, 8, 16, 0, 114, COL_DISPLAY | COL_DESC | COL_LIVE | TALLY, INF, get_rate, cell_activity, NULL, fit_activity},
	{"age_s", "AGE", "time since it started", KIND_DURATION, 5, 5, 0, 120, R | COL_LIVE | COL_OWN, OWN, get_age_s},
	{"findings", "FINDINGS", "what is wrong with it, by rule", KIND_LIST, 12, 30, 0, 0, D, OWN, NULL, cell_findings, json_findings_},
};
/* clang-format on */
const size_t columns_proc_n = ARRAY_LEN(columns_proc);
