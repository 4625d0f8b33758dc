/* A ui_host for tests: keeps the plan of a kill, sends nothing, and tells what would have happened. */
#include "golden.h"
#include "sockeye/model/hosts.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void quit(void *data)
{
	((struct golden_host *)data)->quit = true;
}

static void set_interval(void *data, uint64_t ns)
{
	((struct golden_host *)data)->interval_ns = ns;
}

static const struct kill_plan *kill_open_(void *data, struct kill_plan *plan)
{
	struct golden_host *h = data;

	if (h->open)
		kill_plan_done(&h->plan);
	h->plan = *plan;
	memset(plan, 0, sizeof(*plan));
	h->open = true;
	h->sent = false;
	h->steps_n = 0;
	h->over = false;
	return &h->plan;
}

static void step(struct golden_host *h, uint64_t after_ms, uint8_t event, uint8_t severity, const char *text)
{
	struct kill_step *s = &h->steps[h->steps_n++];

	s->at_ns = h->sent_ns + after_ms * 1000000u;
	s->event = event;
	s->severity = severity;
	snprintf(s->text, sizeof(s->text), "%s", text);
}

static int kill_send_(void *data, int sig)
{
	struct golden_host *h = data;

	h->sent = true;
	h->signal = sig;
	h->sent_ns = *h->now;
	step(h, 0, KILL_SENT, 0, "TERM to node 21877 (api.service)");
	step(h, 84, KILL_ENDED, 1, "node 21877 ended");
	step(h, 85, KILL_FREED, 1, "8080/tcp is free");
	step(h, 5100, KILL_TAKEN_AGAIN, 3, "8080/tcp taken again: node 30112, api.service");
	return 1;
}

/* Only what has happened by now. */
static const struct kill_step *kill_steps_(void *data, size_t *ret_n, uint64_t *ret_sent_ns, bool *ret_over)
{
	struct golden_host *h = data;
	size_t n = 0;

	while (n < h->steps_n && h->steps[n].at_ns <= *h->now)
		n++;
	*ret_n = n;
	*ret_sent_ns = h->sent ? h->sent_ns : 0;
	*ret_over = h->over;
	return h->steps;
}

static void kill_close_(void *data)
{
	struct golden_host *h = data;

	if (h->open)
		kill_plan_done(&h->plan);
	h->open = false;
}

static void explain_begin_(void *data, const struct ui_question *q)
{
	struct golden_host *h = data;

	h->question = *q;
	h->asked_ns = *h->now;
}

/* After 100 ms, in the words of action/explain.h. */
static const char *explain_answer_(void *data)
{
	const struct golden_host *h = data;

	if (!h->asked_ns || *h->now < h->asked_ns + 100 * UINT64_C(1000000))
		return NULL;
	if (h->question.port == 9999)
		return "9999/tcp is free: bind() and listen() by root (uid 0) would succeed on every\n"
		       "local address.\n"
		       "  checked     privileged, reserved, listener: none applies; a real bind() on 5\n"
		       "              addresses agrees\n"
		       "9999/udp is free.\n";
	return "443/tcp is taken: bind() by root (uid 0) would fail with EADDRINUSE.\n"
	       "  held by     nginx \xc3\x97"
	       "5 1044  root  nginx.service  listens on *\n"
	       "              blocks 0.0.0.0, [::] and every single address\n"
	       "  no matter   312 in time-wait for 41s (with SO_REUSEADDR)\n"
	       "  checked     privileged, reserved, ephemeral: none applies\n"
	       "  to free it  systemctl stop nginx.service   (after sockeye kill it may be started again)\n"
	       "  next free   444\n";
}

static int copy_(void *data, const char *text, size_t n)
{
	struct golden_host *h = data;

	free(h->copied);
	h->copied = strndup(text, n);
	return 0;
}

/* The resolver answers at once, and not only well-meaning. */
static void resolve_(void *data, struct late *host)
{
	static const struct {
		const char *ip, *name;
	} names[] = {{"203.0.113.77", "a.very.long.name.in.a.deep.domain.example.com"},
		     {"10.0.0.40", "evil\033[2J\n.example.net"},
		     {"10.0.0.9", "bastion.example.net"}};
	char text[IP_TEXT];
	struct ip ip;

	hosts_ip(host, &ip);
	ip_format(text, ip.b, ip.v6);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!strcmp(names[i].ip, text))
			late_set(host, LATE_HOST, names[i].name, (uint32_t)strlen(names[i].name));
	late_set(host, LATE_HOST, "", 0); /* the first one stays */
}

/* The workers answer at once. */
static void describe_(void *data, struct late *proc)
{
	static const char parents[] = "1 systemd\0";
	static const char session[] = "30991 sshd\0"
				      "30990 sshd\0"
				      "812 ss\033[31mhd\n\0"
				      "1 systemd\0";

	if (late_a(proc) == 30555)
		late_set(proc, LATE_PARENTS, session, sizeof(session) - 1);
	else
		late_set(proc, LATE_PARENTS, parents, sizeof(parents) - 1);
	late_set(proc, LATE_NAMESPACES,
		 late_a(proc) < 22000 && late_a(proc) > 21000 ? "own: net mnt pid" : "as host",
		 late_a(proc) < 22000 && late_a(proc) > 21000 ? 16 : 7);
	if (late_a(proc) == 21877) {
		late_set(proc, LATE_CWD, "/srv/api", 8);
		late_set(proc, LATE_RESTART, "Restart=always", 14);
	}
}

static int export_(void *data, const struct table *t, const char *path, bool overwrite, char *err,
		   size_t err_n)
{
	struct golden_host *h = data;

	if (!strchr(path, '.')) {
		snprintf(err, err_n, "%s says no format", path);
		return -EINVAL;
	}
	return h->file && !strcmp(path, h->file) && !overwrite ? -EEXIST : 0;
}

struct ui_host golden_host_of(struct golden_host *h)
{
	return (struct ui_host){
		.data = h,
		.quit = quit,
		.set_interval = set_interval,
		.kill_open = kill_open_,
		.kill_send = kill_send_,
		.kill_steps = kill_steps_,
		.kill_close = kill_close_,
		.explain_begin = explain_begin_,
		.explain_answer = explain_answer_,
		.copy = copy_,
		.export = export_,
		.resolve = resolve_,
		.describe = describe_,
	};
}

void golden_host_done(struct golden_host *h)
{
	kill_close_(h);
	free(h->copied);
	h->copied = NULL;
}
