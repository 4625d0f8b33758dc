/* Feeds any text to the filter: an error must point into it, and what is taken must print, parse again to the
 * same, and pick the same sockets. */
#include "fuzz_plain.h"
#include "sockeye/model/world.h"
#include "sockeye/table/filter.h"
#include "sockeye/table/table.h"
#include <stdio.h>
#include <string.h>

#define TEXT_MAX 1024 /* what a prompt takes is far shorter */

static struct frame frame;
static struct services *services;
static struct intern *names;

static struct sock *add_sock(struct snapshot *s, enum state state, uint32_t lport, uint32_t rport)
{
	struct sock *k = vec_add(&s->socks);

	*vec_add(&s->infos) = (struct sock_info){.rtt_us = 1200, .cwnd = 10};
	*k = (struct sock){.cookie = s->socks.n,
			   .laddr = {10, 0, 0, 5},
			   .raddr = {rport ? 10 : 0, 0, 0, rport ? 7 : 0},
			   .lport = lport,
			   .rport = rport,
			   .inode = (uint32_t)s->socks.n,
			   .flags = SOCK_HAS_INFO | SOCK_HAS_UID,
			   .state = (uint8_t)state};
	return k;
}

/* A few sockets and processes, made once. */
static void make_frame(void)
{
	struct world *world;
	struct snapshot s;
	uint32_t i;

	names = intern_new();
	services = services_load("/etc/services");
	snapshot_init(&s);
	vec_push(&s.netns,
		 ((struct snap_netns){.inode = 1, .name = intern_adds(names, "host"), .own = true}));
	for (i = 0; i < 3; i++)
		vec_push(&s.procs,
			 ((struct snap_proc){.pid = 10 + i,
					     .start = i,
					     .comm = intern_add(names, "node\xff\x1b(", 4 + i),
					     .cgroup = intern_adds(names, "/system.slice/a.service")}));
	add_sock(&s, STATE_LISTENING, 80, 0);
	add_sock(&s, STATE_ESTABLISHED, 80, 1001);
	add_sock(&s, STATE_CLOSE_WAIT, 40000, 443);
	add_sock(&s, STATE_UNCONN, 53, 0)->proto = PROTO_UDP;
	*(add_sock(&s, STATE_ESTABLISHED, 22, 1)) =
		(struct sock){.cookie = 99,
			      .family = FAMILY_IPV6,
			      .laddr = {[15] = 1},
			      .raddr = {[10] = 255, [11] = 255, 10, 0, 0, 7},
			      .lport = 22,
			      .rport = 1,
			      .state = STATE_TIME_WAIT,
			      .flags = SOCK_MINI};
	for (i = 0; i < 4; i++)
		vec_push(&s.fds, ((struct snap_fd){.inode = i + 1, .proc = i % 3, .fd = 3}));
	s.want = (struct want){.protos = 3, .states = STATES_ALL, .attrs = WANT_INFO | WANT_OWNERS};
	s.owners_complete = true;
	s.boot_ns = UINT64_C(100000000000);
	frame_init(&frame);
	world = world_new(names, services, 100);
	world_apply(world, &s, UINT64_C(1000000000), &frame);
	world_free(world); /* a frame has no pointers into it */
	snapshot_done(&s);
}

static void picks(const struct filter *f, uint8_t out[16])
{
	struct ctx c = {.f = &frame, .tally = &frame.tally};
	struct want want = {0};
	uint8_t other[16];
	uint32_t row;

	if (frame.rows_n > 16)
		abort();
	want.ends_n = filter_ends(f, want.ends);
	memset(out, 2, 16);
	filter_socks(f, &frame, 0, (uint32_t)frame.rows_n, out);
	for (row = 0; row < frame.rows_n; row++)
		if (out[row] > 1 ||
		    (out[row] && !filter_has_row_terms(f) &&
		     (!(filter_states(f) & STATE_BIT(frame_sock(&frame, row)->state)) ||
		      !(filter_protos_of(f, PROTOS_ALL) & PROTO_BIT(frame_sock(&frame, row)->proto)) ||
		      !want_has_end(&want, frame_sock(&frame, row)))))
			abort();
	filter_socks_for(f, ROWS_PORT, &frame, 0, (uint32_t)frame.rows_n, other);
	for (row = 0; row < frame.ports.n; row++)
		filter_row(f, ROWS_PORT, &c, row);
	for (row = 0; row < frame.procs.n; row++)
		filter_row(f, ROWS_PROC, &c, row);
}

/* The text as `field=prefix`: what is offered for it parses. */
static void offer(const char *text)
{
	char field[64], whole[400];
	const char *is = strchr(text, '=');
	struct filter_values v = {0};
	struct filter_error err;
	struct filter *f = NULL;
	struct table t;
	size_t i;

	if (!is || is - text >= (int)sizeof(field))
		return;
	snprintf(field, sizeof(field), "%.*s", (int)(is - text), text);
	table_init(&t, VIEW_SOCKETS);
	filter_values(&t, &frame, field, is + 1, 3, &v);
	for (i = 0; i < v.v.n; i++) {
		snprintf(whole, sizeof(whole), "%s=%s", field, v.v.v[i].text);
		if (filter_parse(whole, services, &f, &err))
			abort();
		filter_free(f);
	}
	filter_values_done(&v);
	table_done(&t);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct filter *f = NULL, *g = NULL;
	struct str once = {0}, twice = {0};
	struct filter_error err;
	struct want want = {0};
	uint8_t a[16], b[16];
	char *text;

	if (!frame.rows_n)
		make_frame();
	if (n > TEXT_MAX)
		n = TEXT_MAX;
	text = malloc(n + 1);
	if (!text)
		return 0;
	memcpy(text, data, n);
	text[n] = '\0';
	memset(&err, 0, sizeof(err));
	offer(text);
	if (filter_parse(text, services, &f, &err)) {
		if (err.at > strlen(text) || err.len > strlen(text) - err.at || !*err.text || f)
			abort();
		free(text);
		return 0;
	}
	picks(f, a);
	filter_want(f, &want);
	filter_print(f, &once);
	if (filter_parse(str_text(&once), services, &g, &err))
		abort();
	filter_print(g, &twice);
	picks(g, b);
	if (strcmp(str_text(&once), str_text(&twice)) != 0 || memcmp(a, b, sizeof(a)) != 0 ||
	    filter_states(f) != filter_states(g) || filter_has_row_terms(f) != filter_has_row_terms(g))
		abort();
	filter_free(f);
	filter_free(g);
	str_done(&once);
	str_done(&twice);
	free(text);
	return 0;
}
