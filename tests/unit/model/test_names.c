/* Names that come and go for days: what nobody shows any more goes, and what is shown is called what it was. */
#include "frame_check.h"
#include <stdio.h>
#include <string.h>

#define PROCS 12
#define LOOKS 3000

static void mark(const struct fixture *x)
{
	const struct snapshot *s = &x->snap;

	intern_mark_begin(x->names);
	for (int i = 0; i < 3; i++)
		frame_mark_names(&x->frames[i], i ? &x->frames[i - 1] : NULL, x->names);
	for (size_t i = 0; i < s->procs.n; i++) { /* the source's */
		intern_mark(x->names, s->procs.v[i].comm);
		intern_mark(x->names, s->procs.v[i].cgroup);
	}
	for (size_t i = 0; i < s->socks.n; i++) {
		intern_mark(x->names, s->socks.v[i].cgroup);
		if (s->socks.v[i].family > FAMILY_IPV6)
			intern_mark(x->names, s->socks.v[i].lname);
	}
	for (size_t i = 0; i < s->infos.n; i++)
		intern_mark(x->names, s->infos.v[i].cc);
	for (size_t i = 0; i < s->netns.n; i++)
		intern_mark(x->names, s->netns.v[i].name);
	for (size_t i = 0; i < s->ifaces.n; i++)
		intern_mark(x->names, s->ifaces.v[i].name);
	for (size_t i = 0; i < s->containers.n; i++) {
		intern_mark(x->names, s->containers.v[i].cgroup);
		intern_mark(x->names, s->containers.v[i].name);
	}
	world_mark_names(x->world);
	intern_sweep(x->names);
}

static void populate(struct fixture *x)
{
	char local[32], name[32];

	fixture_init(x);
	for (uint32_t i = 0; i < PROCS; i++) {
		snprintf(name, sizeof(name), "first-%u", i);
		fixture_proc(x, 100 + i, 1, 0, name, "/system.slice/first.service");
		snprintf(local, sizeof(local), "0.0.0.0:%u", 1000 + i);
		fixture_fd(x, fixture_sock(x, PROTO_TCP, STATE_LISTENING, local, NULL), 100 + i, 3);
		snprintf(local, sizeof(local), "10.0.0.1:%u", 1000 + i);
		fixture_fd(x, fixture_sock(x, PROTO_TCP, STATE_ESTABLISHED, local, "192.0.2.1:4000"), 100 + i,
			   4);
	}
}

/* Another process has the sockets of one, or one of the sockets was opened by another cgroup; its name, its unit and its
 * container were never heard of before. */
static void change(struct fixture *x, uint32_t look)
{
	struct snap_proc *p = &x->snap.procs.v[look % PROCS];
	char name[200];

	p->pid = 1000 + look;
	p->start = p->pid * 100;
	snprintf(name, sizeof(name), "job-%u", look);
	p->comm = intern_adds(x->names, name);
	if (look % 3 == 0)
		snprintf(name, sizeof(name), "/system.slice/job%u.service", look);
	else
		snprintf(name, sizeof(name), "/system.slice/docker-%08x%08x%08x%08x%08x%08x%08x%08x.scope",
			 look, look, look, look, look, look, look, look);
	p->cgroup = intern_adds(x->names, name);
	x->snap.containers.n = 0;
	if (look % 3 == 1) {
		snprintf(name, sizeof(name), "web%u", look);
		vec_push(&x->snap.containers,
			 ((struct snap_container){.cgroup = p->cgroup, .name = intern_adds(x->names, name)}));
	}
	for (size_t i = 0; i < x->snap.socks.n; i++)
		if (i % PROCS == look % PROCS)
			x->snap.socks.v[i].cgroup = p->cgroup;
	if (look % 5 == 0) { /* a port is let go of, and comes back */
		uint32_t s = (uint32_t)(look % x->snap.socks.n);

		x->snap.socks.v[s].cookie = ++x->next_cookie;
		x->snap.socks.v[s].lport += 7;
	}
}

static void same(const struct frame *f, uint32_t a, const struct frame *g, uint32_t b)
{
	assert_string_equal(intern_get(f->names, a), intern_get(g->names, b));
}

static void all_the_same(const struct frame *f, const struct frame *g)
{
	assert_int_equal(f->rows_n, g->rows_n);
	for (uint32_t i = 0; i < f->rows_n; i++) {
		same(f, frame_sock(f, i)->cgroup, g, frame_sock(g, i)->cgroup);
		same(f, frame_row(f, i)->unit, g, frame_row(g, i)->unit);
		same(f, frame_info(f, i).cc, g, frame_info(g, i).cc);
	}
	assert_int_equal(f->procs.n, g->procs.n);
	for (size_t i = 0; i < f->procs.n; i++) {
		same(f, f->procs.v[i].p.comm, g, g->procs.v[i].p.comm);
		same(f, f->procs.v[i].p.cgroup, g, g->procs.v[i].p.cgroup);
		same(f, f->procs.v[i].unit, g, g->procs.v[i].unit);
	}
	assert_int_equal(f->ports.n, g->ports.n);
	for (size_t i = 0; i < f->ports.n; i++)
		same(f, f->ports.v[i].unit, g, g->ports.v[i].unit);
	assert_int_equal(f->freed.n, g->freed.n);
	for (size_t i = 0; i < f->freed.n; i++)
		same(f, f->freed.v[i].comm, g, g->freed.v[i].comm);
	assert_int_equal(f->port_notes.v.n, g->port_notes.v.n);
	for (size_t i = 0; i < f->port_notes.v.n; i++)
		same(f, f->port_notes.v.v[i].comm, g, g->port_notes.v.v[i].comm);
	assert_int_equal(f->netns.n, g->netns.n);
	for (size_t i = 0; i < f->netns.n; i++)
		same(f, f->netns.v[i].name, g, g->netns.v[i].name);
}

/* Beside one that keeps everything: swept as often as can be, it says the same, and keeps what it shows. */
static void test_come_and_go(void **state)
{
	const struct frame *f = NULL, *g;
	bool named = false, freed = false;
	uint32_t most = 0;
	struct fixture x, y;

	(void)state;
	populate(&x);
	populate(&y);
	for (uint32_t look = 0; look < LOOKS; look++) {
		change(&x, look);
		change(&y, look);
		f = fixture_apply(&x, 1);
		mark(&x);
		g = fixture_apply(&y, 1);
		all_the_same(f, g);
		for (size_t i = 0; i < f->procs.n; i++)
			named |= !strncmp(intern_get(f->names, f->procs.v[i].unit), "docker:web", 10);
		freed |= f->freed.n > 0;
		if (look > 100)
			most = intern_live(x.names) > most ? intern_live(x.names) : most;
	}
	assert_true(named && freed);
	assert_true(intern_live(y.names) > 2 * LOOKS);
	assert_true(most < 1000);
	assert_true(intern_count(x.names) < 1000); /* numbers, too, are given again */
	assert_false(intern_wasteful(x.names));
	assert_true(intern_wasteful(y.names));
	fixture_done(&x);
	fixture_done(&y);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_come_and_go),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
