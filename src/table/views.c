/* The views: which rows, which default columns in which order, which sort. */
#include "sockeye/base/mem.h"
#include "sockeye/table/column.h"
#include <strings.h>

#define LIST(...) ((const char *const[]){__VA_ARGS__, NULL})

const struct view_info view_table[VIEW_N] = {
	[VIEW_PORTS] =
		{
			.key = "ports",
			.title = "Ports",
			.help = "ports in use on this machine, and who holds them",
			.rows = ROWS_PORT,
			.dashboard = true,
			.columns = LIST("port", "proto", "service", "address", "scope", "netns", "process",
					"pid", "user", "unit", "conns", "queue", "drops", "rx_rate",
					"tx_rate", "activity", "age_s"),
			/* Looked up by number: rows must not move. */
			.sort = LIST("port", "proto", "netns", "address"),
			.protos = PROTOS_PORTS,
			.states = STATES_ALL,
		},
	[VIEW_CONNECTIONS] =
		{
			.key = "connections",
			.title = "Connections",
			.help = "sockets that are not listening or merely bound",
			.rows = ROWS_SOCK,
			.dashboard = true,
			.columns = LIST("proto", "state", "local", "direction", "remote", "process", "pid",
					"unit", "rx_rate", "tx_rate", "idle_s", "recvq", "sendq", "rtt_ms",
					"retrans_total", "peer_process", "age_s"),
			/* What is busy first; an idle machine falls back to the stable rest. */
			.sort = LIST("-rate", "process", "remote"),
			.protos = PROTOS_PORTS,
			.states = STATES_ALL & ~STATES_PORT,
		},
	[VIEW_PROCESSES] =
		{
			.key = "processes",
			.title = "Processes",
			.help = "processes that hold sockets",
			.rows = ROWS_PROC,
			.dashboard = true,
			.columns = LIST("process", "pid", "user", "unit", "listens", "conns", "close_wait",
					"fds", "rx_rate", "tx_rate", "activity", "peers", "age_s"),
			.sort = LIST("-rate", "-conns", "process"),
			.protos = PROTOS_PORTS,
			.states = STATES_ALL,
		},
	[VIEW_SOCKETS] =
		{
			.key = "sockets",
			.title = "Sockets",
			.help = "every socket",
			.rows = ROWS_SOCK,
			.columns = LIST("proto", "state", "local", "direction", "remote", "process", "pid",
					"unit", "rx_rate", "tx_rate", "idle_s", "recvq", "sendq", "rtt_ms",
					"retrans_total", "peer_process", "age_s"),
			.sort = LIST("proto", "lport", "local", "remote"),
			.protos = PROTOS_ALL,
			.states = STATES_ALL,
		},
};

int view_by_key(const char *key)
{
	int i;

	for (i = 0; i < VIEW_N; i++)
		if (!strcasecmp(view_table[i].key, key))
			return i;
	return -1;
}

enum view_id view_of_rows(enum row_kind kind)
{
	int v = 0;

	while (v < VIEW_N - 1 && view_table[v].rows != kind)
		v++;
	return (enum view_id)v;
}
