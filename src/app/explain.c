/* sockeye explain: reads what is asked, has it judged and tried, and prints what came of it. */
#include "explain.h"
#include "explain_ask.h"
#include "explain_facts.h"
#include "netns_option.h"
#include "netns_socket.h"
#include "print.h"
#include "sockeye/base/mem.h"
#include "sockeye/base/text.h"
#include "sockeye/base/units.h"
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

#define FREE_FROM 1024

struct ask { /* all zero before ask_open */
	struct explain_ask base;
	uint32_t port;
	int proto; /* enum proto; -1: not said */
};

static const int exit_codes[EXPLAIN_VERDICT_N] = {
	[EXPLAIN_FREE] = 0, [EXPLAIN_TAKEN] = 1, [EXPLAIN_DENIED] = 1, [EXPLAIN_UNKNOWN] = 3};

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
	if (services_port(a->base.look.services, name, &a->port) == 0)
		return 0;
	complain("explain: \"%.*s\" is no port; expected 1 to 65535 or a service's name, e.g. 8080, 53/udp, "
		 "https",
		 (int)n, words);
	return -1;
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

	a->base.look.services = services_load("/etc/services");
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
	    explain_who(o->as_user, &a->base.facts, &a->base.who) < 0)
		return -1;
	r = explain_ask_open(&a->base);
	if (r < 0)
		complain("%s", a->base.look.err);
	return r;
}

static void put_json(const struct ask *a, const struct explain *const *list, size_t n, struct str *out)
{
	const struct frame *f = &a->base.look.frame;
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
	errno = 0;
	if (fwrite(str_text(out), 1, out->n, stdout) != out->n || fflush(stdout))
		return print_failed(errno);
	return exit_code;
}

static int run_free(struct ask *a, const struct options *o)
{
	uint32_t from = o->from ? o->from : o->words ? a->port : FREE_FROM;
	int proto = a->proto < 0 ? PROTO_TCP : a->proto, r;
	struct explain e = {0};
	const struct explain *list = &e;
	struct str out = {0};
	uint32_t port = explain_ask_free(&a->base, &e, proto, from);

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
	int r = explain_ask_both(&a->base, a->proto, a->port, &main_one, &beside);

	if (r < 0)
		complain("%s", a->base.look.err);
	else if (o->format == FORMAT_JSON)
		put_json(a, list, both ? 2 : 1, &out);
	else
		explain_ask_put(&main_one, &beside, both, ascii, &out);
	r = r < 0 ? 2 : print(&out, exit_codes[main_one.verdict]);
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
	explain_ask_done(&a.base);
	return r;
}
