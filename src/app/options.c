/* The tables of commands and options, and the takers that put a value into struct options. */
#include "options.h"
#include "close_cmd.h"
#include "config.h"
#include "explain.h"
#include "kill_cmd.h"
#include "list.h"
#include "options_private.h"
#include "sockeye/action/kill.h"
#include "sockeye/base/mem.h"
#include "sockeye/base/text.h"
#include "sockeye/base/units.h"
#include "wait.h"
#include <string.h>
#include <unistd.h>

/* Without a command: a terminal gets the dashboard, anything else a list. */
static int run_default(const struct options *o)
{
	if (o->print_config)
		return config_show();
	if (!isatty(STDOUT_FILENO) || o->summary)
		return cmd_list(o);
	if (o->near_command) {
		uint32_t matched;
		int r = list_count(o, &matched);
		if (r)
			return r;
		if (!matched) {
			complain_near(o);
			return 2;
		}
	}
	return cmd_dashboard(o);
}

const struct command commands[] = {
	{NULL, "the dashboard", ON_DASHBOARD, run_default},
	{"list", "print one look and end", ON_LIST, cmd_list, NULL,
	 "0 found, 1 nothing matched, 2 usage or failure."},
	/* Words that will be commands are none of the filter's already now. */
	{"kill", "signal who holds the sockets that match", ON_KILL, cmd_kill, "FILTER...",
	 "0 freed (signals that do not end: delivered), 1 no match, 2 usage or failure,\n"
	 "        3 refused, not permitted or unconfirmed, 4 still held or taken again",
	 .deed = "nothing is signalled"},
	{"close", "close connections that match, the process lives on", ON_CLOSE, cmd_close, "FILTER...",
	 "0 all gone, 1 no match, 2 usage or failure, 3 refused, not permitted or\n"
	 "        unconfirmed, 4 some remain",
	 .deed = "nothing is closed"},
	{"wait", "wait until something matches", ON_WAIT, cmd_wait, "FILTER...",
	 "0 it matches (--gone: no more), 1 timed out, 2 usage or failure, 130 interrupted"},
	{"explain", "say why bind() would fail", ON_EXPLAIN, cmd_explain, "PORT[/PROTO]",
	 "0 bind and listen would succeed on every local address, 1 they would fail on some,\n"
	 "        2 usage or failure, 3 cannot tell. --free: 0 found, 1 there is none.",
	 true},
	{"watch", NULL, 0, NULL},
	{"record", NULL, 0, NULL},
};
const size_t commands_n = ARRAY_LEN(commands);

static void *member(struct reading *r, const struct option_row *row)
{
	return (char *)r->o + row->at;
}

static int take_true(struct reading *r, const struct option_row *row, const char *value)
{
	*(bool *)member(r, row) = true;
	return 0;
}

static int take_false(struct reading *r, const struct option_row *row, const char *value)
{
	*(bool *)member(r, row) = false;
	return 0;
}

static int take_text(struct reading *r, const struct option_row *row, const char *value)
{
	*(const char **)member(r, row) = value;
	return 0;
}

static int take_format(struct reading *r, const struct option_row *row, const char *value)
{
	r->o->format = (enum format)format_by_name(row->name);
	return 0;
}

void complain_view(const char *name)
{
	const char *names[VIEW_N];
	struct str all = {0};
	for (size_t i = 0; i < VIEW_N; i++) {
		names[i] = view_table[i].key;
		str_putf(&all, "%s%s", i ? ", " : "", names[i]);
	}
	int near = text_nearest(name, names, VIEW_N);
	if (near >= 0)
		complain("--view: no view \"%s\"; did you mean %s?", name, names[near]);
	else
		complain("--view: no view \"%s\"; expected one of %s", name, str_text(&all));
	str_done(&all);
}

static int take_view(struct reading *r, const struct option_row *row, const char *value)
{
	r->o->view = view_by_key(value);
	r->o->view_name = NULL;
	if (r->o->view >= 0)
		return 0;
	if (r->dashboard) { /* the settings may know it */
		r->o->view_name = value;
		return 0;
	}
	complain_view(value);
	return -1;
}

static int take_interval(struct reading *r, const struct option_row *row, const char *value)
{
	uint64_t ns;
	if (parse_duration(value, &ns) < 0) {
		complain("--interval: \"%s\" is no duration; expected 2, 500ms, 30s or 5m", value);
		return -1;
	}
	if (ns < INTERVAL_MIN || ns > INTERVAL_MAX) {
		complain("--interval: %s is too %s; expected 0.1s to 1d", value,
			 ns < INTERVAL_MIN ? "short" : "long");
		return -1;
	}
	r->o->interval_ns = ns;
	return 0;
}

static int take_timeout(struct reading *r, const struct option_row *row, const char *value)
{
	if (parse_duration(value, &r->o->timeout_ns) == 0)
		return 0;
	complain("--timeout: \"%s\" is no duration; expected 30, 500ms, 30s or 5m", value);
	return -1;
}

static int take_wait(struct reading *r, const struct option_row *row, const char *value)
{
	r->o->wait_given = true;
	if (parse_duration(value, &r->o->wait_ns) == 0)
		return 0;
	complain("--wait: \"%s\" is no duration; expected 5, 500ms, 30s or 5m", value);
	return -1;
}

static int take_kill_after(struct reading *r, const struct option_row *row, const char *value)
{
	if (parse_duration(value, &r->o->kill_after_ns) == 0)
		return 0;
	complain("--kill-after: \"%s\" is no duration; expected 3, 500ms, 30s or 5m", value);
	return -1;
}

static int take_signal(struct reading *r, const struct option_row *row, const char *value)
{
	const char *names[16];
	size_t n = 0;
	r->o->signal = kill_signal_by_name(value);
	if (r->o->signal)
		return 0;
	for (; n < kill_signals_n && n < ARRAY_LEN(names); n++)
		names[n] = kill_signals[n].name;
	int near = text_nearest(value, names, n);
	if (near >= 0)
		complain("--signal: no signal \"%s\"; did you mean %s?", value, names[near]);
	else
		complain("--signal: no signal \"%s\"; expected a name or number, e.g. TERM, INT, HUP, 9",
			 value);
	return -1;
}

static int take_to(struct reading *r, const struct option_row *row, const char *value)
{
	static const char *const names[] = {"holders", "group", "unit", "stop"}; /* as enum kill_to */
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		if (!strcmp(value, names[i])) {
			r->o->kill_to = (uint8_t)i;
			return 0;
		}
	}
	complain("--to: no \"%s\"; expected holders, group, unit or stop", value);
	return -1;
}

static int take_from(struct reading *r, const struct option_row *row, const char *value)
{
	uint64_t port;
	if (parse_u64(value, UINT16_MAX, &port) < 0 || !port) {
		complain("--from: \"%s\" is no port; expected 1 to 65535", value);
		return -1;
	}
	r->o->from = (uint32_t)port;
	return 0;
}

/* ss's letters. */
static int take_letter(struct reading *r, const struct option_row *row, const char *value)
{
	r->o->letters = true;
	switch (row->letter) {
	case 't':
		r->protos |= PROTO_BIT(PROTO_TCP);
		break;
	case 'u':
		r->protos |= PROTO_BIT(PROTO_UDP);
		break;
	case 'x':
		r->protos |= PROTO_BIT(PROTO_UNIX);
		break;
	case 'w':
		r->protos |= PROTO_BIT(PROTO_RAW) | PROTO_BIT(PROTO_ICMP);
		break;
	case '0':
		r->protos |= PROTO_BIT(PROTO_PACKET);
		break;
	case '4':
		r->v4 = true;
		break;
	case '6':
		r->v6 = true;
		break;
	case 'l':
		r->o->listening = true;
		break;
	case 'a':
		r->o->all = true;
		break;
	}
	return 0;
}

/* ss's letters that show more: as columns. */
static int take_columns(struct reading *r, const struct option_row *row, const char *value)
{
	static const struct {
		char letter;
		const char *columns;
	} more[] = {
		{'e', "+uid,+inode,+cookie,+cgroup"},
		{'i', "+rtt_ms,+cwnd,+mss,+retrans_total,+cc"},
		{'m', "+rcvbuf,+sndbuf,+drops"},
		{'o', "+timer,+timer_s"},
	};
	r->o->letters = true;
	for (size_t i = 0; i < ARRAY_LEN(more); i++)
		if (more[i].letter == row->letter)
			str_putf(&r->columns, "%s%s", r->columns.n ? "," : "", more[i].columns);
	return 0;
}

/* ss -K */
static int take_close(struct reading *r, const struct option_row *row, const char *value)
{
	for (size_t i = 0; i < commands_n; i++)
		if (commands[i].bit == ON_CLOSE)
			r->o->command = &commands[i];
	r->on = r->on | ON_CLOSE;
	return 0;
}

#define AT(m) offsetof(struct options, m)
#define BOTH (ON_DASHBOARD | ON_LIST)
#define ON_ALL (BOTH | ON_KILL | ON_CLOSE | ON_WAIT | ON_EXPLAIN)
#define NARROW (BOTH | ON_CLOSE) /* ss -K takes them too */
const struct option_row option_rows[] = {
	{0, "view", "VIEW", "ports, connections, processes or one of your own; list also: sockets", BOTH,
	 take_view, 0},
	{0, "sort", "[-]COL,...", "sort by these columns; - is descending", BOTH, take_text, AT(sort)},
	{0, "columns", "COL,...", "show just these, or more and fewer: +a,-b", BOTH, take_text, AT(columns)},
	{0, "findings", NULL, "only rows with a finding, as the key ! has it", BOTH, take_true, AT(findings)},
	{'d', "interval", "DUR", "time between two looks: 2, 500ms (default 1s)", ON_DASHBOARD, take_interval,
	 0},
	{'N', "netns", "NS", "network namespace: a name, path or pid, all, host", ON_ALL, take_text,
	 AT(netns)},
	{0, "ascii", NULL, "no characters beyond ASCII", NARROW, take_true, AT(ascii)},
	{0, "no-color", NULL, "no colours (as NO_COLOR does)", ON_DASHBOARD, take_true, AT(no_color)},
	{0, "no-mouse", NULL, "leave the mouse to the terminal", ON_DASHBOARD, take_true, AT(no_mouse)},
	{0, "read-only", NULL, "refuse every action, and give up the rights for them", ON_ALL, take_true,
	 AT(read_only)},
	{'s', "signal", "SIG", "instead of TERM, by name or number; also -9, -HUP", ON_KILL, take_signal, 0},
	{0, "to", "WHOM", "holders, or the first one's group or unit; stop: systemctl stop", ON_KILL, take_to,
	 0},
	{0, "dry-run", NULL, "say what would be done, and do nothing", ON_KILL | ON_CLOSE, take_true,
	 AT(dry_run)},
	{'y', "yes", NULL, "do not ask", ON_KILL | ON_CLOSE, take_true, AT(yes)},
	{0, "all", NULL, "even if it reaches several ports, units or programs", ON_KILL | ON_CLOSE, take_true,
	 AT(all_of)},
	{0, "partial", NULL, "also if some are unknown, refused or not permitted", ON_KILL | ON_CLOSE,
	 take_true, AT(partial)},
	{0, "wait", "DUR", "watch the outcome for this long (default 5s)", ON_KILL, take_wait, 0},
	{0, "kill-after", "DUR", "then send KILL to those that still run", ON_KILL, take_kill_after, 0},
	{0, "print-config", NULL, "print the settings in force, as the configuration file has them, and end",
	 ON_DASHBOARD, take_true, AT(print_config)},
	{0, "gone", NULL, "wait until nothing matches any more", ON_WAIT, take_true, AT(gone)},
	{0, "timeout", "DUR", "give up after this time: 30, 500ms, 5m", ON_WAIT, take_timeout, 0},
	{'v', "verbose", NULL, "say how often it looks, and what came", ON_WAIT, take_true, AT(verbose)},
	{0, "as", "USER", "judge for this user (name or uid; default: you, under sudo who called it)",
	 ON_EXPLAIN, take_text, AT(as_user)},
	{0, "free", NULL, "print the next free port instead", ON_EXPLAIN, take_true, AT(free_port)},
	{0, "from", "N", "with --free: the first port to try", ON_EXPLAIN, take_from, 0},
	{0, "json", NULL, "one JSON object", ON_LIST | ON_EXPLAIN, take_format, 0},
	{0, "ndjson", NULL, "JSON, a line a row", ON_LIST, take_format, 0},
	{0, "csv", NULL, "comma separated, RFC 4180", ON_LIST, take_format, 0},
	{0, "tsv", NULL, "tab separated", ON_LIST, take_format, 0},
	{'H', "no-header", NULL, "without the line of column names", ON_LIST, take_false, AT(header)},
	{0, "help-columns", NULL, "list the columns, which are also the filter's fields", ON_LIST, take_true,
	 AT(help_columns)},
	{'s', "summary", NULL, "count by protocol, family and state instead", BOTH, take_true, AT(summary)},
	{'t', "tcp", NULL, "TCP", NARROW, take_letter, 0},
	{'u', "udp", NULL, "UDP", NARROW, take_letter, 0},
	{'x', "unix", NULL, "unix sockets", NARROW, take_letter, 0},
	{'w', "raw", NULL, "raw and ICMP (ping) sockets", NARROW, take_letter, 0},
	{'0', "packet", NULL, "packet sockets", NARROW, take_letter, 0},
	{'4', "ipv4", NULL, "IPv4", NARROW, take_letter, 0},
	{'6', "ipv6", NULL, "IPv6", NARROW, take_letter, 0},
	{'l', "listening", NULL, "listening and bound sockets, as ports", BOTH, take_letter, 0},
	{'a', "all", NULL, "every state; in ports also those of outgoing connections", BOTH, take_letter, 0},
	{'e', "extended", NULL, "with the columns uid, inode, cookie, cgroup", NARROW, take_columns, 0},
	{'i', "info", NULL, "with rtt_ms, cwnd, mss, retrans_total, cc; -i4 -i:22 -itcp@::1 as lsof", NARROW,
	 take_columns, 0},
	{'m', "memory", NULL, "with rcvbuf, sndbuf, drops", NARROW, take_columns, 0},
	{'o', "options", NULL, "with timer, timer_s", NARROW, take_columns, 0},
	{'n', "numeric", NULL, "accepted: addresses and ports are numbers anyway", NARROW, take_letter, 0},
	{'p', "processes", NULL, "accepted: processes are shown anyway", NARROW, take_letter, 0},
	{'P', "numeric-ports", NULL, "accepted: as -n", NARROW, take_letter, 0},
	{'O', "oneline", NULL, "accepted: a row is a line anyway", NARROW, take_letter, 0},
	{'K', "kill", NULL, "close what matches: as sockeye close", BOTH, take_close, 0},
};
const size_t option_rows_n = ARRAY_LEN(option_rows);
