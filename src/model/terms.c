/* The closed vocabularies, one table each, so that every screen, export and filter spells them alike. */
#include "sockeye/model/terms.h"
#include "sockeye/base/ip.h"
#include "sockeye/base/mem.h"
#include <string.h>
#include <strings.h>

const struct proto_info proto_table[PROTO_N] = {
	[PROTO_TCP] = {"tcp", 6, true, true, NULL, "TCP"},
	[PROTO_UDP] = {"udp", 17, true, false, NULL, "UDP"},
	[PROTO_UDPLITE] = {"udplite", 136, true, false, "udpl", "UDP-Lite"},
	[PROTO_SCTP] = {"sctp", 132, true, true, NULL, "SCTP"},
	/* 262 does not fit sdiag_protocol: 255 and an attribute */
	[PROTO_MPTCP] = {"mptcp", 255, true, true, NULL, "MPTCP"},
	[PROTO_RAW] = {"raw", 255, false, false, NULL, "raw"},
	[PROTO_ICMP] = {"icmp", 1, false, false, NULL, "ICMP"},
	[PROTO_UNIX] = {"unix", 0, false, false, NULL, "unix"},
	[PROTO_PACKET] = {"packet", 0, false, false, "pack", "packet"},
	[PROTO_NETLINK] = {"netlink", 0, false, false, "nlink", "netlink"},
	[PROTO_VSOCK] = {"vsock", 0, true, true, NULL, "vsock"},
};

const struct state_info state_table[STATE_N] = {
	[STATE_NONE] = {"", "", false, false, false, false},
	[STATE_ESTABLISHED] = {"established", "estab", true, true, true, false},
	[STATE_SYN_SENT] = {"syn-sent", "syn-sent", false, true, false, false},
	[STATE_SYN_RECV] = {"syn-recv", "syn-recv", false, true, true, true},
	[STATE_FIN_WAIT_1] = {"fin-wait-1", "fin-w1", true, true, true, false},
	[STATE_FIN_WAIT_2] = {"fin-wait-2", "fin-w2", true, true, true, false},
	[STATE_TIME_WAIT] = {"time-wait", "time-w", false, true, true, true},
	[STATE_CLOSED] = {"closed", "closed", false, false, false, false},
	[STATE_CLOSE_WAIT] = {"close-wait", "close-w", true, true, true, false},
	[STATE_LAST_ACK] = {"last-ack", "last-ack", true, true, true, false},
	[STATE_LISTENING] = {"listening", "listen", false, false, false, false},
	[STATE_CLOSING] = {"closing", "closing", true, true, true, false},
	[STATE_NEW_SYN_RECV_] = {"", "", false, false, false, false},
	[STATE_BOUND] = {"bound", "bound", false, false, false, false},
	[STATE_UNCONN] = {"unconn", "unconn", false, false, false, false},
};

const char *const scope_names[SCOPE_N] = {
	[SCOPE_NONE] = "",           [SCOPE_LOOPBACK] = "loopback",   [SCOPE_LINK] = "link",
	[SCOPE_PRIVATE] = "private", [SCOPE_MULTICAST] = "multicast", [SCOPE_PUBLIC] = "public",
	[SCOPE_ANY] = "any",
};

const char *const class_names[CLASS_N] = {
	[CLASS_NONE] = "",
	[CLASS_WELL_KNOWN] = "well-known",
	[CLASS_REGISTERED] = "registered",
	[CLASS_EPHEMERAL] = "ephemeral",
};

const char *const direction_names[DIR_N] = {[DIR_NONE] = "", [DIR_IN] = "in", [DIR_OUT] = "out"};

const struct reason_info reason_table[REASON_N] = {
	[REASON_OWNED] = {"", "", "held by a process"},
	[REASON_TIME_WAIT] =
		{"time-wait", "time-wait",
		 "closed; the kernel keeps the pair of ports for a minute so that late packets do no harm"},
	[REASON_SYN_RECV] = {"syn-recv", "syn-recv", "the handshake is not finished: no program has it yet"},
	[REASON_UNACCEPTED] = {"unaccepted", "unaccepted",
			       "waits in the accept queue: the listening program has not taken it yet"},
	[REASON_ORPHAN] = {"orphan", "orphan",
			   "its program has closed it; the kernel finishes the conversation"},
	[REASON_KERNEL] = {"kernel", "kernel", "belongs to the kernel itself (nfsd, wireguard, vxlan, …)"},
	[REASON_NO_FD] =
		{"no-fd", "no fd",
		 "no process has it open: on its way over a unix socket, or held by the kernel for one"},
	[REASON_NOT_PERMITTED] = {"not-permitted", "not permitted",
				  "descriptors of other users' processes are hidden from you"},
	[REASON_OTHER_PIDNS] = {"other-pidns", "other pidns", "its process lives outside this pid namespace"},
	[REASON_GONE] = {"gone", "gone", "the socket has gone"},
	[REASON_NOT_SCANNED] = {"not-scanned", "not scanned", "not every process was looked at yet"},
};

enum scope scope_of(const uint8_t addr[16], bool v6)
{
	struct ip ip;
	const uint8_t *b = ip.b;

	ip_unmap(addr, v6, &ip);
	if (ip_is_any(b, ip.v6))
		return SCOPE_ANY;
	if (ip.v6) {
		static const uint8_t one[16] = {[15] = 1};

		if (!memcmp(b, one, 16))
			return SCOPE_LOOPBACK;
		if (b[0] == 0xff)
			return SCOPE_MULTICAST;
		if (b[0] == 0xfe && (b[1] & 0xc0) == 0x80)
			return SCOPE_LINK;
		return (b[0] & 0xfe) == 0xfc ? SCOPE_PRIVATE : SCOPE_PUBLIC;
	}
	if (b[0] == 127)
		return SCOPE_LOOPBACK;
	if ((b[0] == 169 && b[1] == 254) || (b[0] == 255 && b[1] == 255 && b[2] == 255 && b[3] == 255))
		return SCOPE_LINK;
	if ((b[0] & 0xf0) == 0xe0)
		return SCOPE_MULTICAST;
	if (b[0] == 10 || (b[0] == 172 && (b[1] & 0xf0) == 16) || (b[0] == 192 && b[1] == 168) ||
	    (b[0] == 100 && (b[1] & 0xc0) == 64))
		return SCOPE_PRIVATE;
	return SCOPE_PUBLIC;
}

enum port_class class_of(uint32_t port, uint16_t eph_low, uint16_t eph_high)
{
	if (port > 65535)
		return CLASS_NONE;
	if (port < 1024)
		return CLASS_WELL_KNOWN;
	return port >= eph_low && port <= eph_high ? CLASS_EPHEMERAL : CLASS_REGISTERED;
}

int proto_by_name(const char *name)
{
	for (int i = 0; i < PROTO_N; i++)
		if (!strcasecmp(proto_table[i].name, name))
			return i;
	return -1;
}

int state_by_name(const char *name)
{
	if (!name[0])
		return -1;
	for (int i = 0; i < STATE_N; i++)
		if (!strcasecmp(state_table[i].name, name))
			return i;
	return -1;
}

/* Spellings of ss that are neither one of our names nor a prefix of one. */
static const struct {
	const char *word;
	uint32_t states;
} aliases[] = {
	{"all", STATES_ALL},
	{"syn-rcv", STATE_BIT(STATE_SYN_RECV)},
	{"fin-wait", STATE_BIT(STATE_FIN_WAIT_1) | STATE_BIT(STATE_FIN_WAIT_2)},
	{"close", STATE_BIT(STATE_CLOSED) | STATE_BIT(STATE_BOUND) | STATE_BIT(STATE_UNCONN)},
	{"unconnected", STATE_BIT(STATE_CLOSED) | STATE_BIT(STATE_BOUND) | STATE_BIT(STATE_UNCONN)},
};

static uint32_t states_of_group(const char *word)
{
	bool connected = !strcasecmp(word, "connected"), sync = !strcasecmp(word, "synchronized");
	bool bucket = !strcasecmp(word, "bucket"), big = !strcasecmp(word, "big");
	uint32_t set = 0;

	for (int i = 1; i < STATE_N; i++) {
		const struct state_info *s = &state_table[i];

		if (!s->name[0])
			continue;
		if ((connected && s->connected) || (sync && s->synchronized) || (bucket && s->bucket) ||
		    (big && !s->bucket))
			set |= STATE_BIT(i);
	}
	return set;
}

uint32_t states_by_word(const char *word)
{
	int exact = state_by_name(word);
	size_t n = strlen(word);
	uint32_t set;

	if (!n)
		return 0;
	if (exact >= 0)
		return STATE_BIT(exact);
	for (size_t i = 0; i < ARRAY_LEN(aliases); i++)
		if (!strcasecmp(aliases[i].word, word))
			return aliases[i].states;
	set = states_of_group(word);
	if (set)
		return set;
	for (int i = 1; i < STATE_N; i++)
		if (!strcasecmp(state_table[i].brief, word))
			return STATE_BIT(i);
	for (int i = 1; i < STATE_N; i++)
		if (state_table[i].name[0] && !strncasecmp(state_table[i].name, word, n))
			set |= STATE_BIT(i);
	return set;
}
