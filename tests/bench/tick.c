/* Warm ticks as the sampler does them, without a screen: look and apply, again and again; owners by BPF where that is
 * what the program would do, unless SOCKEYE_OWNERS says proc. Prints the first tick, medians of the others (with more
 * than 8: of those after the fourth), what of it was the look, processor time, the memory, and whether BPF was used;
 * or, once its stdin has ended, the cookies of the TCP sockets that it shows then. */
#include "sockeye/base/units.h"
#include "sockeye/bpf/owners.h"
#include "sockeye/collect/source.h"
#include "sockeye/model/world.h"
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

static double now_ms(clockid_t id)
{
	struct timespec t;

	clock_gettime(id, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

/* By walking the pages: the counters of statm and status may be some hundred KiB off. */
static long rss_kib(void)
{
	long kib = 0;
	char line[128];
	FILE *f = fopen("/proc/self/smaps_rollup", "r");

	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "Rss: %ld", &kib) == 1)
			break;
	if (f)
		fclose(f);
	return kib;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static bool by_bpf(const struct snapshot *s)
{
	for (size_t i = 0; i < s->limits.n; i++)
		if (!strcmp(s->limits.v[i].what, "owner-scan"))
			return !strcmp(s->limits.v[i].reason, "bpf");
	return false;
}

/* Like ss: without leading zeros. */
static void print_cookies(const struct frame *f)
{
	for (uint32_t i = 0; i < f->open_rows; i++) {
		const struct sock *s = frame_sock(f, i);

		if (s->proto == PROTO_TCP && s->state != STATE_BOUND)
			printf("%llx\n", (unsigned long long)s->cookie);
	}
}

/* A tick every so many ms until nobody writes to stdin any more, then three more: what was missed once is gone. */
static void churned(struct source *src, struct world *w, struct snapshot *snap, const struct want *want,
		    struct frame f[3], int pause_ms)
{
	struct pollfd end = {0, POLLIN, 0};
	unsigned i = 0, after = 0;

	for (; after < 3; i++) {
		if (source_look(src, want, snap))
			return;
		world_apply(w, snap, NSEC_PER_SEC, &f[i % 3]);
		after += end.revents != 0;
		if (poll(&end, end.revents ? 0 : 1, pause_ms) < 0)
			return;
	}
	print_cookies(&f[(i - 1) % 3]);
}

static double median(double *v, size_t n)
{
	qsort(v, n, sizeof(*v), by_value);
	return v[n / 2];
}

/* What one tick has just given back or taken says little: the mean after several. */
#define READINGS 16u

struct readings {
	size_t from, n; /* ticks */
	long sum;
};

static void read_rss(struct readings *r, size_t tick)
{
	if (tick >= r->from && tick < r->from + r->n)
		r->sum += rss_kib();
}

#define SETTLES 4 /* looks until rates are known, and what rests is not written any more */

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";
	size_t rounds = argc > 2 ? (size_t)atoi(argv[2]) : 10;
	mem_return_large();
	struct want want = {1u << PROTO_TCP | 1u << PROTO_UDP, STATES_ALL,
			    WANT_INFO | WANT_MEM | WANT_CONG | WANT_OWNERS};
	struct intern *names = intern_new();
	struct world *w = world_new(names, NULL, (uint32_t)sysconf(_SC_CLK_TCK));
	struct snapshot snap;
	struct frame f[3];
	struct source *src;
	double *tick = mem_zalloc(rounds, sizeof(*tick)), *look = mem_zalloc(rounds, sizeof(*look)),
	       *cpu = mem_zalloc(rounds, sizeof(*cpu));
	size_t cold = rounds > 2 * SETTLES ? SETTLES : 1;
	size_t some = rounds > 4 * READINGS ? READINGS : 1;
	struct readings early = {rounds > 200 ? 100 : rounds / 2, some, 0}, late = {rounds - some, some, 0};
	size_t socks = 0;

	if (!strcmp(what, "listen")) {
		want.states = STATE_BIT(STATE_LISTENING);
		want.attrs = 0;
		want.protos = 1u << PROTO_TCP;
	} else if ((strcmp(what, "tick") && strcmp(what, "cookies")) || rounds < 2) {
		fprintf(stderr, "usage: tick tick|listen [rounds] | cookies [ms between ticks]\n");
		return 2;
	}
	snapshot_init(&snap);
	for (int i = 0; i < 3; i++)
		frame_init(&f[i]);
	if (live_open(names, "/proc", &src))
		return 2;
	if (!getenv("SOCKEYE_OWNERS") || strcmp(getenv("SOCKEYE_OWNERS"), "proc") != 0)
		live_set_owner_source(src, bpf_owners_new());
	if (!strcmp(what, "cookies")) {
		churned(src, w, &snap, &want, f, (int)rounds);
		return 0;
	}
	for (size_t i = 0; i < rounds; i++) {
		double t = now_ms(CLOCK_MONOTONIC);

		(void)getppid(); /* a mark for who traces the system calls */
		cpu[i] = -now_ms(CLOCK_PROCESS_CPUTIME_ID);
		if (source_look(src, &want, &snap))
			return 2;
		look[i] = now_ms(CLOCK_MONOTONIC) - t;
		live_set_owner_budget(src, NSEC_PER_SEC / 5); /* the first look is complete; then as at 1 s */
		world_apply(w, &snap, NSEC_PER_SEC, &f[i % 3]);
		if (i % 32 == 31 && intern_wasteful(names)) {
			intern_mark_begin(names);
			for (int k = 0; k < 3; k++)
				frame_mark_names(&f[k], k ? &f[k - 1] : NULL, names);
			live_mark_names(src);
			world_mark_names(w);
			intern_sweep(names);
		}
		tick[i] = now_ms(CLOCK_MONOTONIC) - t;
		cpu[i] += now_ms(CLOCK_PROCESS_CPUTIME_ID);
		socks = f[i % 3].rows_n;
		read_rss(&early, i);
		read_rss(&late, i);
	}
	printf("first %.3f tick %.3f look %.3f cpu %.3f rss_early_kib %ld rss_kib %ld sockets %zu by_bpf "
	       "%d\n",
	       tick[0], median(tick + cold, rounds - cold), median(look + cold, rounds - cold),
	       median(cpu + cold, rounds - cold), early.sum / (long)some, late.sum / (long)some, socks,
	       by_bpf(&snap));
	for (int i = 0; i < 3; i++)
		frame_done(&f[i]);
	snapshot_done(&snap);
	world_free(w);
	source_free(src);
	intern_free(names);
	free(tick);
	free(look);
	free(cpu);
	return 0;
}
