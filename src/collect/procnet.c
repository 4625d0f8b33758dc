/* Reads the socket tables of /proc/net, so that something is seen where sock_diag is missing. Every table has
 * the same first columns (tcp4_seq_show, udp4_seq_show, raw_seq_show, ping_v4_seq_show). */
#include "procnet.h"
#include "diag_parse.h"
#include "sockeye/base/str.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CHUNK 65536u

static const struct {
	const char *name;
	uint8_t proto;
	bool v6;
} files[PROCNET_N] = {
	[PROCNET_TCP] = {"tcp", PROTO_TCP, false},
	[PROCNET_TCP6] = {"tcp6", PROTO_TCP, true},
	[PROCNET_UDP] = {"udp", PROTO_UDP, false},
	[PROCNET_UDP6] = {"udp6", PROTO_UDP, true},
	[PROCNET_UDPLITE] = {"udplite", PROTO_UDPLITE, false},
	[PROCNET_UDPLITE6] = {"udplite6", PROTO_UDPLITE, true},
	[PROCNET_RAW] = {"raw", PROTO_RAW, false},
	[PROCNET_RAW6] = {"raw6", PROTO_RAW, true},
	[PROCNET_ICMP] = {"icmp", PROTO_ICMP, false},
	[PROCNET_ICMP6] = {"icmp6", PROTO_ICMP, true},
};

/* ---- one line ---- */

struct cursor {
	const char *p, *end;
	bool bad;
};

static void skip_blanks(struct cursor *c)
{
	while (c->p < c->end && *c->p == ' ')
		c->p++;
}

static int digit(char ch, unsigned base)
{
	int v = ch >= '0' && ch <= '9'   ? ch - '0'
		: ch >= 'A' && ch <= 'F' ? ch - 'A' + 10
		: ch >= 'a' && ch <= 'f' ? ch - 'a' + 10
					 : 99;
	return v < (int)base ? v : -1;
}

/* At most `most` digits; none, or a number that does not fit, spoils the line. */
static uint64_t number(struct cursor *c, unsigned base, unsigned most)
{
	uint64_t v = 0;
	unsigned n = 0;

	while (c->p < c->end && n < most && digit(*c->p, base) >= 0) {
		v = v * base + (uint64_t)digit(*c->p++, base);
		n++;
	}
	c->bad |= !n;
	return v;
}

static void expect(struct cursor *c, char ch)
{
	if (c->p < c->end && *c->p == ch)
		c->p++;
	else
		c->bad = true;
}

/* Words of 32 bits as this machine has them in memory, in hexadecimal: "0100007F:1F90". */
static void endpoint(struct cursor *c, bool v6, uint8_t addr[16], uint32_t *port)
{
	for (int i = 0; i < (v6 ? 4 : 1); i++) {
		uint32_t word = (uint32_t)number(c, 16, 8);

		memcpy(addr + 4 * i, &word, 4);
	}
	expect(c, ':');
	*port = (uint32_t)number(c, 16, 4);
}

static uint8_t state_of(unsigned kernel, enum proto proto)
{
	if (kernel == DIAG_KERNEL_CLOSE)
		return proto_table[proto].connected ? STATE_CLOSED : STATE_UNCONN;
	return kernel <= STATE_CLOSING ? (uint8_t)kernel : STATE_NONE;
}

/* Without a cookie the inode must do, and where there is none, the two ends. */
static void identify(struct sock *s)
{
	s->flags |= SOCK_OWN_COOKIE | SOCK_FROM_PROC;
	if (s->inode)
		s->cookie = UINT64_C(1) << 63 | (uint64_t)s->proto << 32 | s->inode;
	else
		s->cookie = diag_own_cookie(0, s) | UINT64_C(1) << 62;
}

int procnet_parse_line(const char *line, size_t n, enum proto proto, bool v6, uint32_t hz, struct sock *ret)
{
	struct cursor c = {.p = line, .end = line + n};
	struct sock s = {.family = v6 ? FAMILY_IPV6 : FAMILY_IPV4, .proto = (uint8_t)proto};
	uint64_t ticks;
	unsigned kernel;

	skip_blanks(&c);
	if (c.p < c.end && *c.p == 's')
		return 1;
	number(&c, 10, 10);
	expect(&c, ':');
	skip_blanks(&c);
	endpoint(&c, v6, s.laddr, &s.lport);
	skip_blanks(&c);
	endpoint(&c, v6, s.raddr, &s.rport);
	skip_blanks(&c);
	kernel = (unsigned)number(&c, 16, 2);
	skip_blanks(&c);
	s.sendq = (uint32_t)number(&c, 16, 8);
	expect(&c, ':');
	s.recvq = (uint32_t)number(&c, 16, 8);
	skip_blanks(&c);
	s.timer = (uint8_t)number(&c, 16, 2);
	expect(&c, ':');
	ticks = number(&c, 16, 16);
	skip_blanks(&c);
	s.retrans = (uint8_t)number(&c, 16, 8);
	skip_blanks(&c);
	s.uid = (uint32_t)number(&c, 10, 10);
	skip_blanks(&c);
	number(&c, 10, 20); /* unanswered probes, or nothing */
	skip_blanks(&c);
	s.inode = (uint32_t)number(&c, 10, 20);
	if (c.bad)
		return -EBADMSG;
	s.state = state_of(kernel, proto);
	if (s.timer && hz)
		s.timer_ms = (uint32_t)(ticks * 1000 / hz);
	/* The stand-ins for sockets in these states have no user: 0 is printed (get_timewait4_sock, get_openreq4). */
	if (s.state == STATE_TIME_WAIT || s.state == STATE_SYN_RECV ||
	    (s.state == STATE_FIN_WAIT_2 && s.timer == 3)) {
		s.flags |= SOCK_MINI;
		s.uid = 0;
		s.inode = 0;
	} else {
		s.flags |= SOCK_HAS_UID;
	}
	if (s.proto == PROTO_RAW)
		s.rport = 0;
	identify(&s);
	*ret = s;
	return 0;
}

/* ---- files ---- */

void procnet_init(struct procnet *p)
{
	for (int i = 0; i < PROCNET_N; i++)
		p->fd[i] = -1;
	p->protocols = -1;
}

void procnet_done(struct procnet *p)
{
	for (int i = 0; i < PROCNET_N; i++) {
		if (p->fd[i] >= 0)
			close(p->fd[i]);
		p->fd[i] = -1;
	}
	if (p->protocols >= 0)
		close(p->protocols);
	p->protocols = -1;
}

void procnet_open_protocols(struct procnet *p, const char *proc_root)
{
	struct str path = {0};

	if (p->protocols >= 0)
		return;
	str_putf(&path, "%s/thread-self/net/protocols", proc_root);
	p->protocols = open(str_text(&path), O_RDONLY | O_CLOEXEC);
	str_done(&path);
}

/* "MPTCP     1936      2       0 …": name, bytes of one, how many (net/core/sock.c, proto_seq_printf) */
int procnet_parse_protocols(const char *text, size_t n, const char *const *names, uint64_t *ret)
{
	const char *end = text + n;
	uint64_t sum = 0;
	bool found = false;

	while (text < end) {
		const char *nl = memchr(text, '\n', (size_t)(end - text));
		struct cursor c = {.p = text, .end = nl ? nl : end};

		for (const char *const *name = names; *name; name++) {
			size_t len = strlen(*name);
			uint64_t count;

			if ((size_t)(c.end - text) <= len || memcmp(text, *name, len) != 0 ||
			    text[len] != ' ')
				continue;
			c.p = text + len;
			skip_blanks(&c);
			number(&c, 10, 10);
			skip_blanks(&c);
			count = number(&c, 10, 10);
			if (!c.bad) {
				sum += count;
				found = true;
			}
		}
		text = c.end + 1;
	}
	if (!found)
		return -ENOENT;
	*ret = sum;
	return 0;
}

int procnet_count(const struct procnet *p, const char *const *names, uint64_t *ret)
{
	char buf[16384];
	size_t have = 0;

	if (p->protocols < 0)
		return -ENOENT;
	while (have < sizeof(buf)) {
		ssize_t n = pread(p->protocols, buf + have, sizeof(buf) - have, (off_t)have);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		have += (size_t)n;
	}
	return procnet_parse_protocols(buf, have, names, ret);
}

bool procnet_open(struct procnet *p, const char *proc_root, uint32_t protos)
{
	struct str path = {0};
	bool any = false;

	for (int i = 0; i < PROCNET_N; i++) {
		if (!(protos & PROTO_BIT(files[i].proto)))
			continue;
		if (p->fd[i] < 0) {
			str_clear(&path);
			/* the thread's own: /proc/self is the main thread, which may be elsewhere */
			str_putf(&path, "%s/thread-self/net/%s", proc_root, files[i].name);
			p->fd[i] = open(str_text(&path), O_RDONLY | O_CLOEXEC);
		}
		any |= p->fd[i] >= 0;
	}
	str_done(&path);
	return any;
}

bool procnet_has(const struct procnet *p, enum proto proto)
{
	for (int i = 0; i < PROCNET_N; i++)
		if (files[i].proto == proto && p->fd[i] >= 0)
			return true;
	return false;
}

struct table {
	enum proto proto;
	bool v6, infos;
	uint32_t states, hz;
	uint16_t netns;
	struct snapshot *out;
	uint32_t bad;
};

static void take_line(struct table *t, const char *line, size_t n)
{
	struct sock s;
	int r = procnet_parse_line(line, n, t->proto, t->v6, t->hz, &s);

	if (r < 0 && n)
		t->bad++;
	if (r || !(t->states & STATE_BIT(s.state)))
		return;
	s.netns = t->netns;
	vec_push(&t->out->socks, s);
	if (t->infos)
		vec_push(&t->out->infos, (struct sock_info){0});
}

static int read_table(struct table *t, int fd, char *buf)
{
	size_t have = 0;
	off_t at = 0;

	for (;;) {
		ssize_t n = pread(fd, buf + have, CHUNK - have, at);
		char *line = buf, *nl;

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		at += n;
		have += (size_t)n;
		while ((nl = memchr(line, '\n', have - (size_t)(line - buf)))) {
			take_line(t, line, (size_t)(nl - line));
			line = nl + 1;
		}
		have -= (size_t)(line - buf);
		memmove(buf, line, have);
		if (!n || have == CHUNK) { /* a line as long as that is none */
			if (have)
				t->bad++;
			return 0;
		}
	}
}

int procnet_look(struct procnet *p, enum proto proto, uint32_t states, uint16_t netns, bool infos,
		 struct snapshot *ret, uint32_t *ret_bad)
{
	struct table t = {.proto = proto,
			  .infos = infos,
			  .states = states,
			  .hz = (uint32_t)sysconf(_SC_CLK_TCK),
			  .netns = netns,
			  .out = ret};
	char *buf;
	int r = -ENOENT, first = 0;

	if (!procnet_has(p, proto))
		return r;
	buf = mem_alloc(CHUNK, 1);
	for (int i = 0; i < PROCNET_N; i++) {
		if (files[i].proto != proto || p->fd[i] < 0)
			continue;
		t.v6 = files[i].v6;
		r = read_table(&t, p->fd[i], buf);
		if (r && !first)
			first = r;
	}
	free(buf);
	*ret_bad += t.bad;
	return first;
}
