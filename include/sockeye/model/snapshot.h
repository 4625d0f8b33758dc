/* What a source saw at one instant, raw: sockets, processes, descriptors, namespaces, limits.
 * Filled by collect (or a recording), read by the model. No meaning is added here. */
#pragma once
#include "sockeye/base/intern.h"
#include "sockeye/base/ip.h"
#include "sockeye/base/mem.h"
#include "sockeye/model/terms.h"
#include <stdbool.h>
#include <stdint.h>

/* What the reader needs. The source asks the kernel for nothing else (but may give more). */
enum want_attr {
	WANT_INFO = 1 << 0, /* tcp_info: counters, rtt, idle, … */
	WANT_MEM = 1 << 1, /* skmeminfo: buffers, drops */
	WANT_CONG = 1 << 2, /* congestion control name */
	WANT_OWNERS = 1 << 3, /* descriptors and their processes */
	WANT_MEMORY = 1 << 4, /* snapshot.memory: the kernel's own accounting */
	WANT_CLIENT_PORTS = 1 << 5, /* of the model: port rows of outgoing connections too, PORT_CLIENT */
};
/* Parts of a frame that take their time to make. */
enum want_part {
	PART_PEERS = 1 << 0, /* row.peer of families with addresses */
	PART_PORTS = 1 << 1, /* port rows, where they lead to, counts, rings, totals, findings */
	PART_LINKS = 1 << 2, /* row.dir and row.scope */
	PART_NEXT = 1 << 3, /* what finds rows by cookie and by process: the world ends with this look */
};
/* In which network namespaces. Not given it is the own one: all others cost a search. */
enum want_netns {
	WANT_NETNS_OWN, /* the program's own: no other is searched for */
	WANT_NETNS_ALL, /* all that can be found and entered */
	WANT_NETNS_HOST, /* that of pid 1, or own where that cannot be told */
	WANT_NETNS_ONE, /* that of want.netns_inode */
};
/* One end of a connection that is asked for. */
struct want_end {
	uint8_t ends; /* bits: 1 the local end, 2 the remote end, either of them will do */
	bool any_addr; /* net does not count */
	uint16_t port_lo, port_hi; /* 0..65535: any */
	/* Of the unmapped address: an IPv4 net is meant in mapped IPv6 addresses too, and an IPv6 net not; but that of no
	 * bits means every IPv6 socket. */
	struct ip_net net;
};
#define WANT_ENDS_MAX 8
struct want {
	uint32_t protos; /* bits 1 << enum proto */
	uint32_t
		states; /* STATE_BIT()s. STATE_BOUND costs a request of its own; LISTENING alone is nearly free */
	uint32_t attrs; /* enum want_attr */
	uint32_t skip; /* enum want_part: what nobody will read, and is left empty */
	uint8_t netns; /* enum want_netns */
	uint64_t netns_inode; /* with WANT_NETNS_ONE */
	/* A hint: of TCP connections (states outside STATES_PORT) only those with such an end are of interest, 0: all of
	 * them. A source may give more; whoever reads filters again. The kernel can pick them itself, by
	 * INET_DIAG_REQ_BYTECODE (inet_diag.c, inet_diag_bc_run). */
	uint8_t ends_n;
	/* So it is for listening sockets, and for UDP: what others than such rows are told by (a direction, an owner of what
	 * is not accepted yet) is of no interest either. */
	bool ends_all;
	struct want_end ends[WANT_ENDS_MAX];
};

enum sock_flag {
	SOCK_HAS_INFO = 1 << 0, /* struct sock_info is filled (tcp_info came along) */
	SOCK_HAS_MEM = 1 << 1, /* rcvbuf sndbuf drops are valid */
	SOCK_HAS_UID = 1 << 2, /* uid is the socket's (false: TIME_WAIT, SYN_RECV report a dummy 0) */
	SOCK_V6ONLY = 1 << 3,
	SOCK_HAS_MARK = 1 << 4,
	SOCK_MINI =
		1
		<< 5, /* a mini socket: time-wait, syn-recv, fin-wait-2 minisock: no inode, no uid, no info (inet_diag.c) */
	SOCK_HAS_TIMES = 1 << 6, /* last_sent/recv/ack_ms are valid */
	SOCK_HAS_SEGS = 1 << 7, /* segs_out is valid */
	SOCK_SEARCHED =
		1 << 8, /* every process was looked at since it came up: without a descriptor it has none */
	SOCK_HAS_BYTES = 1 << 9, /* rx_bytes tx_bytes are valid though there is no tcp_info (MPTCP) */
	SOCK_SUBFLOW = 1 << 10, /* a TCP socket that carries a MPTCP one: see token */
	SOCK_OWN_COOKIE =
		1
		<< 11, /* the kernel gave no cookie that is this row's alone: it is made of inode or addresses, and means nothing to the kernel */
	SOCK_FROM_PROC = 1 << 12, /* from /proc/net: a listener's limit is not told there */
	SOCK_MAYBE_SENT =
		1
		<< 13, /* when nobody was found to hold it, descriptors were under way between processes (SCM_RIGHTS): it may be one */
};

enum sock_type { SOCK_TYPE_NONE, SOCK_TYPE_STREAM, SOCK_TYPE_DGRAM, SOCK_TYPE_RAW, SOCK_TYPE_SEQPACKET = 5 };

/* One socket. Identity is (netns, cookie). Ports in host order. */
struct sock {
	uint64_t cookie;
	union {
		uint8_t laddr[16]; /* as struct ip: families ipv4 and ipv6 */
		uint32_t lname; /* interned, the other families: unix path or @name (raw bytes, NULs of an
				   abstract name kept), netlink protocol, packet ethertype, vsock cid */
	};
	union {
		uint8_t raddr[16];
		struct {
			uint32_t rname; /* interned: vsock cid of the other end */
			uint32_t peer_inode; /* unix: the other end's socket; 0 none, or see snap_waiting */
		};
	};
	uint64_t rx_bytes, tx_bytes; /* tcp_info bytes_received / bytes_acked; with SOCK_HAS_INFO */
	uint32_t lport,
		rport; /* netlink: port ids; raw: lport is the IP protocol; icmp: the echo identifier */
	uint32_t inode; /* 0: none: mini sockets, unaccepted ones, orphans */
	uint32_t uid;
	uint32_t recvq,
		sendq; /* bytes; on a listener: accept queue now, and its limit (tcp_diag.c, tcp_diag_get_info) */
	uint32_t ifindex; /* 0: not bound to an interface */
	uint32_t timer_ms; /* until the timer fires; with timer != 0 */
	uint32_t drops; /* with SOCK_HAS_MEM */
	uint32_t cgroup; /* interned path of the socket's cgroup; 0 unknown */
	uint16_t netns; /* index into snapshot.netns */
	uint16_t flags; /* enum sock_flag */
	uint8_t family, proto, state; /* enums of terms.h */
	uint8_t timer; /* idiag_timer: 0 off 1 on(retrans) 2 keepalive 3 timewait 4 persist, others: unknown */
	uint8_t retrans; /* idiag_retrans: the timer's count */
	uint8_t shutdown; /* INET_DIAG_SHUTDOWN bits: 1 RCV 2 SND */
	uint8_t type; /* enum sock_type, of families that have several; else SOCK_TYPE_NONE */
	union {
		uint32_t
			token; /* MPTCP and its subflows: the connection's local token ties them; 0 unknown */
		uint32_t groups; /* netlink: multicast groups 1..32 it listens to, as bits */
	};
};

#define TIMER_RETRANSMIT 1 /* sock.timer */
#define STUCK_FROM 2 /* times sent again */
/* What was sent is not acknowledged, and was sent again and again. */
static inline bool sock_stuck(const struct sock *s)
{
	return s->proto == PROTO_TCP && s->timer == TIMER_RETRANSMIT && s->retrans >= STUCK_FROM && s->sendq;
}

/* The wider knowledge about a full TCP socket, parallel to socks. Zero without its flag in sock.flags. What only the
 * page of a connection tells stands in shown.h. */
struct sock_info {
	uint32_t rtt_us, rttvar_us, min_rtt_us; /* min_rtt 0 or ~0: unknown */
	uint32_t cwnd, ssthresh, snd_mss;
	uint32_t retrans_total, lost, segs_out;
	uint32_t last_sent_ms, last_recv_ms, last_ack_recv_ms;
	uint32_t rcvbuf, sndbuf;
	uint32_t mark;
	uint32_t cc; /* interned name of the congestion control; 0 unknown */
};

enum proc_flag {
	PROC_NOT_READABLE = 1 << 0, /* its descriptors may not be read by us */
	PROC_FULL = 1 << 1, /* fields below comm are filled */
};
/* One thread group. Identity is (pid, start). */
struct snap_proc {
	uint32_t pid, ppid, uid;
	uint32_t comm; /* interned */
	uint32_t cgroup; /* interned path of /proc/PID/cgroup ("0::" line, else name=systemd) */
	uint64_t start; /* clock ticks since boot, /proc/PID/stat field 22 */
	uint32_t fds; /* open descriptors; 0 unknown */
	uint32_t fds_max; /* soft RLIMIT_NOFILE; 0 unknown */
	uint32_t threads;
	uint64_t cpu_ticks; /* utime + stime */
	uint64_t
		read_ns; /* CLOCK_BOOTTIME when these numbers were read, which need not be in this look; 0: they were */
	uint64_t rss_bytes;
	uint8_t flags; /* enum proc_flag */
	char state; /* R S D T Z … */
};
/* A descriptor that is a socket. Several may name one inode; all of them count. */
struct snap_fd {
	uint32_t inode;
	uint32_t proc; /* index into snapshot.procs */
	int32_t fd; /* -1: an io_uring registered file */
};
/* Processes whose descriptors could not be read: what is needed to tell whether they may hold a socket. */
struct snap_hidden {
	uint32_t uid; /* SNAP_ANY: not known either (hidepid) */
	uint32_t cgroup; /* interned path; 0 unknown */
	uint32_t
		netns; /* index into snapshot.netns, SNAP_ANY: unknown, SNAP_NOT_OWN: any but the program's own */
	uint32_t procs; /* how many are like that */
};
#define SNAP_ANY UINT32_MAX
#define SNAP_NOT_OWN (UINT32_MAX - 1)
/* A container's readable name, as files of its runtime say. */
struct snap_container {
	uint32_t cgroup; /* interned path: every one that was seen in it has an entry of its own */
	uint32_t name; /* interned "db" */
	uint8_t addr[16]; /* IPv4 (has_addr): what other namespaces reach it by */
	bool has_addr;
};
/* A unix socket that waits in a listener's accept queue: there the kernel tells it, and not with the socket itself,
 * whose other end has no inode yet. */
struct snap_waiting {
	uint32_t client, listener; /* inodes; they may be in two namespaces */
};
struct snap_netns {
	uint64_t inode;
	uint32_t name; /* interned; "host" for the one of pid 1 or of this program */
	uint16_t eph_low, eph_high; /* net.ipv4.ip_local_port_range */
	uint32_t somaxconn; /* net.core.somaxconn, which no listener's queue may pass; 0 unknown */
	uint32_t retries; /* net.ipv4.tcp_retries2: times sent again until it is given up; 0 unknown */
	bool own; /* the program's own; index 0 of the snapshot when it was wanted */
	bool ended; /* it is gone and only keeps its index */
	bool unread; /* its connections could not be read yet: its turn is still to come */
	uint64_t
		as_of_ns; /* CLOCK_BOOTTIME at which its connections were read, when that was in an earlier look;
			      0: in this one */
};
/* An interface that a socket of the snapshot is bound to. */
struct snap_iface {
	uint32_t ifindex;
	uint32_t name; /* interned; 0: not known, as of one that is gone */
	uint16_t netns; /* index into snapshot.netns */
};
/* What could not be seen, and why. Texts are whole sentences for people; `what` and `reason` are stable words. */
struct limit {
	char what[24]; /* "owners" "sctp" "bound" "mark" "netns" … */
	char reason[24]; /* "not-permitted" "not-supported" "truncated" … */
	char text[160];
};

/* All sockets of the machine together, but for the limits of the program's own namespace. */
struct snap_memory {
	bool known; /* false: not wanted, or not readable; all zero then */
	uint32_t page_bytes;
	uint64_t orphans, orphans_max; /* TCP sockets without a process; more are reset */
	uint64_t time_wait_max; /* of one namespace */
	uint64_t tcp_alloc; /* TCP sockets of every state that have memory */
	uint64_t tcp_pages, tcp_mem[3]; /* now; low, pressure, limit (tcp_mem). Limits 0: not readable */
	uint64_t udp_pages, udp_mem[3];
};

struct snapshot {
	VEC(struct sock) socks;
	VEC(struct sock_info) infos; /* parallel to socks; may be empty when no INFO/MEM/CONG was wanted */
	VEC(struct snap_proc) procs;
	VEC(struct snap_fd) fds; /* grouped by inode, each group's oldest process first */
	VEC(struct snap_waiting) waiting;
	VEC(struct snap_netns)
	netns; /* an index keeps its namespace from look to look, and for a while after its
				       end, when it has no sockets; what it is known by is the inode */
	VEC(struct limit) limits;
	VEC(struct snap_hidden)
	hidden; /* distinct; empty though hidden_procs is not 0: nothing is known of them */
	VEC(struct snap_container) containers; /* all that are known by now */
	VEC(struct snap_iface) ifaces;
	struct snap_memory memory; /* with WANT_MEMORY */
	struct want want; /* what was really asked for */
	uint64_t boot_ns; /* CLOCK_BOOTTIME at the start of the look */
	uint64_t wall_ns; /* CLOCK_REALTIME at that moment, for printing only */
	uint64_t took_ns; /* how long the look took */
	uint64_t
		fds_stand; /* the same number in two looks of a source: fds and who stands where in procs are the
			       same, and so are the sockets' inodes; 0: nothing is said */
	bool owners_complete; /* every process was looked at: an inode without fd has none */
	uint32_t hidden_procs; /* processes whose descriptors could not be read */
	bool part_of_pids; /* /proc shows a PID namespace that is not the first: processes outside of it are not seen */
};
void snapshot_init(struct snapshot *s);
void snapshot_done(struct snapshot *s);
void snapshot_clear(struct snapshot *s); /* keeps the capacity */
/* The sockets have been taken: many of them leave no memory behind, as they stand in the frame by now. */
void snapshot_drop_socks(struct snapshot *s);
void snapshot_drop_fds(struct snapshot *s); /* likewise */
/* Room for so many sockets, with infos too, in pages that cost few faults. */
void snapshot_expect_socks(struct snapshot *s, size_t n, bool infos);
/* Must a source give this socket as far as want.ends goes? */
bool want_has_end(const struct want *w, const struct sock *s);
struct limit *snapshot_limit(struct snapshot *s, const char *what, const char *reason, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
