/* The netlink side of sock_diag: what to ask for each protocol, and receiving answers that can be cut,
 * interrupted, refused or mixed with those of another dump, without ever taking a failure for "no sockets". */
#include "diag.h"
#include "diag_bytecode.h"
#include "diag_private.h"
#include "diag_protos.h"
#include "sockeye/base/str.h"
#include "sockeye/base/threads.h"
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define TRIES 3

/* Rows as the kernel sent them: each a length of four bytes, then as many. */
struct held {
	VEC(uint8_t) v;
};
/* One dump that is under way. */
struct job {
	struct diag *d;
	const struct diag_proto *proto;
	uint32_t states; /* rows in others are left out */
	uint32_t kernel_states;
	const struct want_end *ends; /* borrowed for the call; of interest alone */
	uint8_t ends_n; /* 0: everything is */
	uint8_t ext;
	bool bound; /* the BOUND_INACTIVE request */
	bool infos; /* infos run parallel to socks */
	uint32_t probe_inode; /* our own bound socket: noticed and left out; 0 none */
	bool probe_seen;
	uint32_t bad; /* rows that could not be read */
	uint16_t netns;
	struct intern *names; /* borrowed, as below: for the call */
	struct cgroups *cgroups;
	struct snapshot *out;
	struct held *held; /* borrowed: rows are kept as they come instead of being taken; NULL */
	char cc[16]; /* the last row's congestion control and its id: mostly the next row's too */
	size_t cc_n;
	uint32_t cc_id;
};

static uint32_t cc_id(struct job *j, const struct diag_extra *x)
{
	if (!x->cc_n || x->cc_n > sizeof(j->cc))
		return 0;
	if (x->cc_n != j->cc_n || memcmp(x->cc, j->cc, x->cc_n)) {
		memcpy(j->cc, x->cc, x->cc_n);
		j->cc_n = x->cc_n;
		j->cc_id = intern_add(j->names, x->cc, x->cc_n);
	}
	return j->cc_id;
}

static void take_waiting(struct job *j, const struct diag_extra *x, uint32_t listener)
{
	for (size_t i = 0; i < x->waiting_n; i++) {
		struct snap_waiting *w = vec_add(&j->out->waiting);

		memcpy(&w->client, x->waiting + 4 * i, 4);
		w->listener = listener;
	}
}

static uint32_t name_id(struct job *j, const char *name, size_t n)
{
	struct str text = {0};
	uint32_t id;

	if (!n)
		return 0;
	if (name[0])
		return intern_add(j->names, name, n);
	str_putc(&text, '@'); /* an abstract name: as people write it */
	str_put(&text, name + 1, n - 1);
	id = intern_add(j->names, str_text(&text), text.n);
	str_done(&text);
	return id;
}

static void take_row(void *arg, const void *payload, size_t n)
{
	struct job *j = arg;
	struct snapshot *out = j->out;
	struct sock_info *info = NULL;
	struct diag_extra x;
	struct sock *s;
	int r;

	vec_reserve(&out->socks, 1);
	s = &out->socks.v[out->socks.n];
	if (j->infos) {
		vec_reserve(&out->infos, 1);
		info = &out->infos.v[out->infos.n];
	}
	r = j->proto->parse(payload, n, (enum proto)j->proto->proto, j->bound, s, info, &x);
	if (r < 0)
		j->bad++;
	if (r || !(j->states & STATE_BIT(s->state)))
		return;
	if (j->probe_inode && s->inode == j->probe_inode) {
		j->probe_seen = true;
		return;
	}
	s->netns = j->netns;
	s->cgroup = cgroups_path(j->cgroups, x.cgroup);
	if (s->family > FAMILY_IPV6) {
		s->lname = name_id(j, x.lname, x.lname_n);
		s->rname = name_id(j, x.rname, x.rname_n);
		take_waiting(j, &x, s->inode);
	}
	if (info) {
		info->cc = cc_id(j, &x);
		out->infos.n++;
	}
	out->socks.n++;
}

static void hold_row(void *arg, const void *payload, size_t n)
{
	struct held *h = ((struct job *)arg)->held;
	uint32_t length = (uint32_t)n;

	vec_reserve(&h->v, sizeof(length) + n);
	memcpy(h->v.v + h->v.n, &length, sizeof(length));
	memcpy(h->v.v + h->v.n + sizeof(length), payload, n);
	h->v.n += sizeof(length) + n;
}

static void take_held(struct job *j, const struct held *h)
{
	uint32_t length;

	for (size_t at = 0; at < h->v.n; at += length) {
		memcpy(&length, h->v.v + at, sizeof(length));
		at += sizeof(length);
		take_row(j, h->v.v + at, length);
	}
}

static int send_request(struct job *j, uint8_t family, uint32_t seq)
{
	union {
		struct nlmsghdr h;
		char room[256 + DIAG_BYTECODE_MAX];
	} msg = {0};
	uint8_t program[DIAG_BYTECODE_MAX];
	size_t program_n = diag_bytecode(j->ends, j->ends_n, program);
	struct nlmsghdr *h = mnl_nlmsg_put_header(&msg);
	struct diag_ask ask = {.family = family,
			       .protocol = proto_table[j->proto->proto].ipproto,
			       .ext = j->ext,
			       .kernel_states = j->kernel_states};

	h->nlmsg_type = SOCK_DIAG_BY_FAMILY;
	h->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	h->nlmsg_seq = seq;
	j->proto->put(h, &ask);
	if (program_n)
		mnl_attr_put(h, INET_DIAG_REQ_BYTECODE, program_n, program);
	for (;;) {
		if (mnl_socket_sendto(j->d->nl, h, h->nlmsg_len) >= 0)
			return 0;
		if (errno != EINTR)
			return -errno;
	}
}

/* One request and all of its answer. -EAGAIN: interrupted by a change of the table. */
static int dump_once(struct job *j, uint8_t family)
{
	struct diag *d = j->d;
	struct diag_reply reply = {0};
	uint32_t seq = ++d->seq;
	int r;

	if (!d->nl) {
		r = diag_reopen(d);
		if (r)
			return r;
	}
	r = send_request(j, family, seq);
	while (!r && !reply.done) {
		ssize_t n = mnl_socket_recvfrom(d->nl, d->buf, BUFFER_SIZE);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			r = -errno; /* ENOSPC: libmnl's word for MSG_TRUNC; ENOBUFS: rows were lost */
		else if (!n)
			r = -EPIPE;
		else
			r = diag_walk(d->buf, (size_t)n, seq, j->held ? hold_row : take_row, j, &reply);
	}
	if (r) {
		/* what is still on its way must not meet the next dump */
		diag_reopen(d);
		return r;
	}
	if (reply.err)
		return reply.err;
	return reply.interrupted ? -EAGAIN : 0;
}

/* Rows of a failed try are taken back, except those of the last one: some rows are better than none. */
static int dump(struct job *j, uint8_t family)
{
	size_t from = j->out->socks.n, waiting = j->out->waiting.n;
	uint32_t bad = j->bad;
	int r = 0;

	for (int i = 0; i < TRIES; i++) {
		j->bad = bad;
		j->out->waiting.n = waiting;
		j->out->socks.n = from;
		if (j->held)
			vec_clear(&j->held->v);
		if (j->infos)
			j->out->infos.n = from;
		r = dump_once(j, family);
		if (r == -EBUSY)
			diag_reopen(j->d);
		if (!diag_worth_another_try(r) || (r == -EAGAIN && i == 1))
			break;
	}
	return r;
}

#define PROTOCOL_NOBODY_HAS UINT16_MAX

static void put_nobodys(struct nlmsghdr *h, const struct diag_ask *a)
{
	struct diag_ask ask = *a;

	ask.protocol = PROTOCOL_NOBODY_HAS;
	diag_protos[0].put(h, &ask);
}

/* A kernel that does not heed the protocol beside the old request would answer with TCP's sockets whatever is named:
 * asked for one that no kernel has, and no states, it gives itself away. */
static bool heeds_protocol(struct diag *d)
{
	static const struct diag_proto nobodys = {.proto = PROTO_TCP, .put = put_nobodys};
	struct job j = {.d = d, .proto = &nobodys};

	if (d->naming == NAMING_UNPROBED)
		d->naming = dump_once(&j, AF_UNSPEC) == -ENOENT ? NAMING_YES : NAMING_NO;
	return d->naming == NAMING_YES;
}

static bool twin(const struct job *j)
{
	return j->proto->twin && !(j->d->no_twin & PROTO_BIT(j->proto->proto)) &&
	       (j->proto->proto == PROTO_TCP || heeds_protocol(j->d));
}

/* All families of a protocol, in as few walks as it can be done. Returns 0 when anything was answered; a
 * refusal is the caller's to tell. */
static int ask(struct job *j, const char *what)
{
	size_t limits = j->out->limits.n;
	int r = 0, first = 0;
	bool answered = false;

	if (twin(j)) {
		r = dump(j, AF_UNSPEC);
		if (!diag_refused(r)) {
			if (r)
				diag_say_failure(j->out, what, r);
			return r;
		}
		j->d->no_twin |= PROTO_BIT(j->proto->proto);
	}
	for (const uint8_t *family = j->proto->families; *family; family++) {
		r = dump(j, *family);
		/* a kernel without IPv6 answers for IPv4 alone; that is no limit */
		if (!r)
			answered = true;
		else if (!first)
			first = r;
		if (r && !diag_refused(r) && j->out->limits.n == limits)
			diag_say_failure(j->out, what, r);
	}
	return answered ? 0 : first;
}

/* A bound socket of our own: a kernel that knows the request must show it. -1 when it cannot be made. */
static int make_probe(uint32_t *ret_inode)
{
	struct sockaddr_in any = {.sin_family = AF_INET};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct stat st;

	if (fd < 0)
		return -1;
	if (bind(fd, (struct sockaddr *)&any, sizeof(any)) < 0 || fstat(fd, &st) < 0) {
		close(fd);
		return -1;
	}
	*ret_inode = (uint32_t)st.st_ino;
	return fd;
}

/* Bound and not listening is a state of its own to ask for (Linux 6.8), in a request of its own because it
 * walks another table. Older kernels ignore the bit: they are asked once. Gives the socket that tells; -1. */
static int begin_bound(struct job *j)
{
	j->bound = true;
	j->states = STATE_BIT(STATE_BOUND);
	j->kernel_states = 1u << DIAG_KERNEL_BOUND_INACTIVE;
	return j->d->bound == BOUND_UNPROBED && !j->d->foreign ? make_probe(&j->probe_inode) : -1;
}

/* r: what came of asking. */
static void end_bound(struct job *j, struct diag *d, int probe, int r)
{
	if (d->bound != BOUND_NO) {
		if (probe >= 0 && !r)
			d->bound = j->probe_seen ? BOUND_YES : BOUND_NO;
		else if (diag_refused(r))
			d->bound = BOUND_NO;
	}
	if (probe >= 0)
		close(probe);
	if (d->bound == BOUND_NO && !d->foreign) /* said for the whole machine */
		snapshot_limit(
			j->out, "bound", "not-supported",
			"This kernel does not tell of TCP ports that are bound but not listening (Linux "
			"6.8 and later do).");
}

static void ask_bound(struct job *j)
{
	int probe = begin_bound(j);

	end_bound(j, j->d, probe, j->d->bound == BOUND_NO ? 0 : ask(j, "bound"));
}

/* That table takes a quarter of the time of the connections' one: where there are many, both are walked at once. The
 * thread that asks for it has a socket of its own, and only keeps what it gets. */
#define MANY_SOCKS 8192

struct beside {
	struct job j;
	struct diag d;
	struct snapshot out; /* for what it has to say */
	struct held rows;
	pthread_t thread;
	int probe, result;
	bool begun;
};

static void *beside_main(void *arg)
{
	struct beside *b = arg;

	b->result = ask(&b->j, "bound");
	return NULL;
}

/* Room that was made says that many are expected. */
static bool is_worth_it(const struct job *j, const struct want *want)
{
	const struct diag *d = j->d;

	return want->states & STATE_BIT(STATE_BOUND) && j->states & STATE_BIT(STATE_ESTABLISHED) &&
	       !want->ends_n && j->out->socks.cap - j->out->socks.n >= MANY_SOCKS && !d->foreign &&
	       !d->none && !(d->missing & PROTO_BIT(PROTO_TCP)) && d->bound != BOUND_NO &&
	       threads_processors() > 1;
}

static void begin_beside(struct beside *b, const struct job *j, const struct want *want)
{
	if (!is_worth_it(j, want))
		return;
	b->j = *j;
	b->d = (struct diag){.bound = j->d->bound, .no_twin = j->d->no_twin};
	if (diag_reopen(&b->d))
		return;
	b->d.buf = mem_alloc(BUFFER_SIZE, 1);
	b->j.d = &b->d;
	b->j.out = &b->out;
	b->j.held = &b->rows;
	b->probe = begin_bound(&b->j);
	b->begun = !threads_start(&b->thread, beside_main, b);
	if (b->begun)
		return;
	if (b->probe >= 0)
		close(b->probe);
	mnl_socket_close(b->d.nl);
	free(b->d.buf);
}

/* ok: the connections came, else nothing is taken. */
static void end_beside(struct beside *b, struct job *j, bool ok)
{
	pthread_join(b->thread, NULL);
	b->j.held = NULL;
	b->j.out = j->out;
	for (size_t i = 0; i < b->out.limits.n && ok; i++)
		vec_push(&j->out->limits, b->out.limits.v[i]);
	if (ok)
		take_held(&b->j, &b->rows);
	end_bound(&b->j, j->d, b->probe, ok ? b->result : -EAGAIN);
	j->bad += b->j.bad;
	if (b->d.nl)
		mnl_socket_close(b->d.nl);
	free(b->d.buf);
	vec_done(&b->rows.v);
	snapshot_done(&b->out);
}

/* What sock_diag has not. Nothing is said about ping sockets: no kernel has them there. */
static int ask_proc(struct job *j)
{
	struct diag *d = j->d;
	enum proto proto = (enum proto)j->proto->proto;
	int r;

	diag_open_proc(d, proto);
	r = procnet_look(&d->proc, proto, j->states, j->netns, j->infos, j->out, &j->bad);
	if (r)
		diag_say_failure(j->out, proto_table[proto].name, r);
	else if (j->proto->families[0])
		diag_say_proc(j->out, proto, d->none);
	return 0;
}

/* A handler that is missing is no failure: there is an answer, and a line that says so. */
static int ask_proto(struct job *j)
{
	const struct diag_proto *p = j->proto;
	uint32_t bit = PROTO_BIT(p->proto);
	const char *name = proto_table[p->proto].name;
	int r;

	if (!j->d->none && !(j->d->missing & bit) && p->families[0]) {
		if (p->proto == PROTO_MPTCP && !diag_may_have_mptcp(j->d))
			return 0;
		r = ask(j, name);
		if (!diag_refused(r))
			return r;
		if (r == -EINVAL || r == -EPROTO) {
			diag_say_failure(j->out, name, r);
			return r;
		}
		j->d->missing |= bit;
	}
	if (p->proc)
		return ask_proc(j);
	if (!j->d->none)
		diag_say_failure(j->out, name, -ENOENT);
	return 0;
}

static bool heeds_ends(const struct diag_proto *p, const struct want *want)
{
	return want->ends_n && (p->proto == PROTO_TCP || (p->proto == PROTO_UDP && want->ends_all));
}

/* Of connections only those with one of these ends: the kernel leaves out the others. Listeners all come, unless they
 * are of no interest either: from a table of their own, so that asking for them apart costs nothing. */
static int ask_ends(struct job *j, const struct want *want)
{
	uint32_t states = j->states, whole = want->ends_all ? 0 : STATES_PORT;
	int r = 0;

	j->states = states & whole;
	j->kernel_states = diag_kernel_states(j->proto, j->states);
	if (j->states)
		r = ask_proto(j);
	j->states = states & ~whole;
	j->kernel_states = diag_kernel_states(j->proto, j->states);
	if (r || !j->states)
		return r;
	if (!j->d->none && !(j->d->missing & PROTO_BIT(j->proto->proto))) {
		j->ends = want->ends;
		j->ends_n = want->ends_n;
		r = ask(j, proto_table[j->proto->proto].name);
		j->ends_n = 0;
		if (!diag_refused(r))
			return r;
	}
	return ask_proto(j);
}

int diag_look(struct diag *d, const struct want *want, uint16_t netns, struct intern *names,
	      struct cgroups *cgroups, struct snapshot *ret)
{
	uint32_t attrs = want->attrs & (WANT_INFO | WANT_MEM | WANT_CONG);
	uint8_t ext = 0;
	int first = 0;
	bool answered = false, asked = false;

	ext |= attrs & WANT_INFO ? EXT_INFO : 0;
	ext |= attrs & WANT_MEM ? EXT_MEM : 0;
	ext |= attrs & WANT_CONG ? EXT_CONG : 0;
	for (size_t i = 0; i < diag_protos_n; i++) {
		const struct diag_proto *p = &diag_protos[i];
		bool tcp = p->proto == PROTO_TCP; /* the others give bound sockets with the rest */
		uint32_t states = want->states & p->states;
		struct job j = {
			.d = d,
			.proto = p,
			.states = tcp ? states & ~STATE_BIT(STATE_BOUND) : states,
			.ext = ext & p->ext,
			.infos = attrs != 0,
			.netns = netns,
			.names = names,
			.cgroups = cgroups,
			.out = ret,
		};
		const char *name = proto_table[p->proto].name;
		struct beside beside = {.begun = false};
		int r = 0;

		if (!(want->protos & PROTO_BIT(p->proto)))
			continue;
		if (tcp)
			begin_beside(&beside, &j, want);
		if (j.states) {
			asked = true;
			j.kernel_states = diag_kernel_states(p, j.states);
			r = heeds_ends(p, want) ? ask_ends(&j, want) : ask_proto(&j);
			if (!r)
				answered = true;
			else if (!first)
				first = r;
		}
		if (beside.begun)
			end_beside(&beside, &j, !r);
		else if (tcp && states & STATE_BIT(STATE_BOUND) && !r && !d->none &&
			 !(d->missing & PROTO_BIT(PROTO_TCP)))
			ask_bound(&j);
		if (j.bad)
			snapshot_limit(ret, name, "unreadable",
				       "%u rows of the kernel's list of %s sockets could not be read.", j.bad,
				       name);
	}
	return asked && !answered ? first : 0;
}
