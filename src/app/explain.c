/* sockeye explain: looks, lets action judge, tries for real, and prints what came of it. */
#include "explain.h"
#include "clock.h"
#include "explain_facts.h"
#include "live_source.h"
#include "netns_option.h"
#include "netns_socket.h"
#include "sockeye/base/mem.h"
#include "sockeye/base/text.h"
#include "sockeye/base/units.h"
#include "sockeye/collect/source.h"
#include "sockeye/model/world.h"
#include "workers.h"
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#define LATE_WAIT_NS (1500 * NSEC_PER_MS) /* a worker gives a read up after one second */
#define EXIT_EPIPE 141 /* 128 + SIGPIPE, as a shell would see it */
#define FREE_FROM 1024
#define FREE_TRIES 64

struct ask { /* all zero before ask_open */
	struct services *services;
	struct intern *names;
	struct source *source;
	struct world *world;
	struct workers *workers;
	struct snapshot snap;
	struct frame frame;
	struct explain_facts facts;
	struct explain_who who;
	uint32_t port;
	int proto; /* enum proto; -1: not said */
};

static const int exit_codes[EXPLAIN_VERDICT_N] = {
	[EXPLAIN_FREE] = 0, [EXPLAIN_TAKEN] = 1, [EXPLAIN_DENIED] = 1, [EXPLAIN_UNKNOWN] = 3};

static void ask_done(struct ask *a)
{
	workers_free(a->workers);
	frame_done(&a->frame);
	world_free(a->world);
	snapshot_done(&a->snap);
	source_free(a->source);
	explain_facts_done(&a->facts);
	services_free(a->services);
	intern_free(a->names);
}

/* "8080" ":8080" "8080/udp" "https" "domain/udp" */
static int read_port(struct ask *a, const char *words)
{
	const char *slash = strchr(words, '/');
	size_t n = slash ? (size_t)(slash - words) : strlen(words);
	bool colon = words[0] == ':';
	char name[64];
	uint64_t port;

	a->proto = -1;
	if (strchr(words, ' ')) {
		complain("explain takes one port, not \"%s\"", words);
		return -1;
	}
	if (slash) {
		a->proto = proto_by_name(slash + 1);
		if (a->proto != PROTO_TCP && a->proto != PROTO_UDP) {
			complain("explain: \"%s\" is no protocol it knows; expected tcp or udp", slash + 1);
			return -1;
		}
	}
	snprintf(name, sizeof(name), "%.*s", (int)(n - colon), words + colon);
	if (n - colon < sizeof(name) && parse_u64(name, UINT16_MAX, &port) == 0) {
		a->port = (uint32_t)port;
		if (port)
			return 0;
		complain("explain: port 0 means any free port: bind() to it always finds one; see --free");
		return -1;
	}
	if (services_port(a->services, name, &a->port) == 0)
		return 0;
	complain("explain: \"%.*s\" is no port; expected 1 to 65535 or a service's name, e.g. 8080, 53/udp, "
		 "https",
		 (int)n, words);
	return -1;
}

static int take_look(struct ask *a)
{
	struct want want = {
		.protos = 1 << PROTO_TCP | 1 << PROTO_UDP, .states = STATES_ALL, .attrs = WANT_OWNERS};
	int r = source_look(a->source, &want, &a->snap);

	if (r < 0) {
		complain("cannot read the sockets: %s", strerror(-r));
		return r;
	}
	/* A world of its own for each look: what was there before is no matter here. */
	world_free(a->world);
	a->world = world_new(a->names, a->services, (uint32_t)sysconf(_SC_CLK_TCK));
	world_apply(a->world, &a->snap, NSEC_PER_SEC, &a->frame);
	return 0;
}

/* -N: from here on that namespace is this program's own, for the look, the settings and the tries. Before any thread is
 * started: namespaces belong to threads. */
static int enter_netns(const struct options *o)
{
	struct want want = {0};
	struct stat own = {0};
	int fd, r;

	if (netns_option(o, WANT_NETNS_OWN, &want, NULL) < 0)
		return -1;
	if (want.netns == WANT_NETNS_OWN)
		return 0;
	if (want.netns == WANT_NETNS_ALL) {
		complain("-N: explain is about one namespace, not all");
		return -1;
	}
	(void)stat("/proc/thread-self/ns/net", &own);
	if (want.netns == WANT_NETNS_ONE && want.netns_inode == own.st_ino)
		return 0;
	fd = want.netns == WANT_NETNS_ONE ? netns_open(want.netns_inode)
					  : open("/proc/1/ns/net", O_RDONLY | O_CLOEXEC);
	r = fd < 0 ? (want.netns == WANT_NETNS_ONE ? fd : -errno) : setns(fd, CLONE_NEWNET) < 0 ? -errno : 0;
	if (fd >= 0)
		close(fd);
	if (r < 0)
		complain("-N: cannot enter %s: %s", o->netns, strerror(-r));
	return r;
}

static int ask_open(struct ask *a, const struct options *o)
{
	int r;

	snapshot_init(&a->snap);
	frame_init(&a->frame);
	a->services = services_load("/etc/services");
	a->names = intern_new();
	if (!o->words && !o->free_port) {
		complain("explain needs a port, e.g. sockeye explain 8080");
		return -1;
	}
	if (o->from && !o->free_port) {
		complain("--from belongs to --free: sockeye explain --free --from %u", o->from);
		return -1;
	}
	a->proto = -1;
	if ((o->words && read_port(a, o->words) < 0) || enter_netns(o) < 0 ||
	    explain_who(o, &a->facts, &a->who) < 0)
		return -1;
	explain_read_facts(&a->facts);
	r = live_source_open(a->names, &a->source);
	if (r < 0) {
		complain("cannot ask the kernel for its sockets: %s", strerror(-r));
		return r;
	}
	live_set_owner_budget(a->source, 0);
	return take_look(a);
}

/* The namespace that is asked about: where this thread is, and where the child that tries will be (enter_netns). */
static uint16_t netns_of(const struct frame *f)
{
	for (uint16_t i = 0; i < f->netns.n; i++)
		if (f->netns.v[i].own)
			return i;
	return 0;
}

static void judge(struct ask *a, struct explain *e, int proto, uint32_t port)
{
	explain_judge(e, &a->frame, netns_of(&a->frame), (enum proto)proto, port, &a->facts);
	explain_probe(e, &a->who);
	explain_settle(e);
}

/* Judged, and once more when the try says otherwise: sockets come and go between the look and the try. */
static int judge_twice(struct ask *a, struct explain *e, int proto)
{
	judge(a, e, proto, a->port);
	if (e->odd == NONE)
		return 0;
	if (take_look(a) < 0)
		return -1;
	judge(a, e, proto, a->port);
	return 0;
}

/* The first port that is really free, judged into *e; 0: none. */
static uint32_t find_free(struct ask *a, struct explain *e, int proto, uint32_t from)
{
	for (int i = 0; i < FREE_TRIES && from && from <= UINT16_MAX; i++) {
		uint32_t port =
			explain_next(&a->frame, netns_of(&a->frame), (enum proto)proto, &a->facts, from);

		if (!port)
			break;
		judge(a, e, proto, port);
		if (e->verdict == EXPLAIN_FREE)
			return port;
		from = port + 1;
	}
	return 0;
}

static uint32_t next_free(struct ask *a, int proto)
{
	struct explain e = {0};
	uint32_t port = find_free(a, &e, proto, a->port + 1);

	explain_done(&e);
	return port;
}

/* User names take a read that can hang. */
static void ask_late(struct ask *a)
{
	if (!a->workers)
		a->workers = workers_new();
	for (size_t i = 0; i < a->frame.users.n; i++)
		workers_ask(a->workers, a->frame.users.v[i].late, LATE_USER);
	workers_wait(a->workers, clock_boot() + LATE_WAIT_NS);
}

static void put_json(const struct ask *a, const struct explain *const *list, size_t n, struct str *out)
{
	const struct frame *f = &a->frame;
	struct utsname host;
	char when[UNIT_BUF];

	uname(&host);
	str_puts(out, "{\"schema\":\"sockeye/1\",\"host\":");
	text_put_json(out, host.nodename, strlen(host.nodename));
	str_putf(out, ",\"time\":\"%s\",\"kernel\":", fmt_rfc3339(when, f->wall_ns));
	text_put_json(out, host.release, strlen(host.release));
	str_puts(out, ",\"limits\":[");
	for (size_t i = 0; i < f->limits.n; i++) {
		const struct limit *l = &f->limits.v[i];
		const char *const texts[][2] = {
			{"{\"what\":", l->what}, {",\"reason\":", l->reason}, {",\"text\":", l->text}};

		str_puts(out, i ? "," : "");
		for (size_t k = 0; k < ARRAY_LEN(texts); k++) {
			str_puts(out, texts[k][0]);
			text_put_json(out, texts[k][1], strlen(texts[k][1]));
		}
		str_putc(out, '}');
	}
	str_puts(out, "],\"explain\":[");
	for (size_t i = 0; i < n; i++) {
		str_puts(out, i ? "," : "");
		explain_put_json(list[i], out);
	}
	str_puts(out, "]}\n");
}

static int print(struct str *out, int exit_code)
{
	int err;

	errno = 0;
	err = fwrite(str_text(out), 1, out->n, stdout) != out->n || fflush(stdout) ? errno : 0;
	if (err == EPIPE)
		return EXIT_EPIPE;
	if (err)
		complain("cannot write: %s", strerror(err));
	return err ? 2 : exit_code;
}

static int run_free(struct ask *a, const struct options *o)
{
	uint32_t from = o->from ? o->from : o->words ? a->port : FREE_FROM;
	int proto = a->proto < 0 ? PROTO_TCP : a->proto, r;
	struct explain e = {0};
	const struct explain *list = &e;
	struct str out = {0};
	uint32_t port = find_free(a, &e, proto, from);

	if (!port)
		complain("no %s port from %u on is free", proto_table[proto].name, from);
	else if (o->format == FORMAT_JSON)
		put_json(a, &list, 1, &out);
	else
		str_putf(&out, "%u\n", port);
	r = print(&out, port ? 0 : 1);
	str_done(&out);
	explain_done(&e);
	return r;
}

static int run_explain(struct ask *a, const struct options *o)
{
	bool ascii = o->ascii || MB_CUR_MAX == 1, both = a->proto < 0;
	struct explain main_one = {0}, beside = {0};
	const struct explain *list[] = {&main_one, &beside};
	struct str out = {0};
	int r = judge_twice(a, &main_one, both ? PROTO_TCP : a->proto);

	if (r == 0 && both) {
		judge(a, &beside, PROTO_UDP, a->port);
		/* A second look would replace the frame that the first one speaks of: a contradiction stands here. */
	}
	if (r == 0) {
		if (main_one.verdict != EXPLAIN_FREE)
			main_one.next_free = next_free(a, main_one.proto);
		ask_late(a);
		if (o->format == FORMAT_JSON) {
			put_json(a, list, both ? 2 : 1, &out);
		} else {
			explain_put_text(&main_one, ascii, &out);
			/* The same lack of privilege need not be said twice. */
			if (both &&
			    !(main_one.verdict == EXPLAIN_DENIED && beside.verdict == EXPLAIN_DENIED)) {
				explain_put_brief(&beside, ascii, &out);
				str_putc(&out, '\n');
			}
		}
		r = print(&out, exit_codes[main_one.verdict]);
	} else {
		r = 2;
	}
	str_done(&out);
	explain_done(&main_one);
	explain_done(&beside);
	return r;
}

int cmd_explain(const struct options *o)
{
	struct ask a = {0};
	int r = 2;

	signal(SIGPIPE, SIG_IGN);
	if (ask_open(&a, o) == 0)
		r = o->free_port ? run_free(&a, o) : run_explain(&a, o);
	ask_done(&a);
	return r;
}
