/* The yardstick for owners by BPF: loads the program and reads all descriptors, and does nothing with them. Prints what
 * loading and what the median of the scans took, in milliseconds of the clock and of the processor. */
#include "sockeye/bpf/owners.h"
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static unsigned long records;

static void count(void *arg, const struct owner_rec *v, size_t n)
{
	(void)arg, (void)v;
	records += n;
}

static double now_ms(clockid_t id)
{
	struct timespec t;

	clock_gettime(id, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

int main(int argc, char **argv)
{
	int rounds = argc > 1 ? atoi(argv[1]) : 5;
	struct owner_source *s = bpf_owners_new();
	double wall = now_ms(CLOCK_MONOTONIC), cpu = now_ms(CLOCK_PROCESS_CPUTIME_ID), scan[100],
	       scan_cpu[100];
	enum owner_source_state state;

	if (rounds < 1 || rounds > 100)
		return 2;
	state = owner_source_try(s, "/proc");
	if (state != OWNER_SOURCE_READY) {
		fprintf(stderr, "bpf: %s\n", owner_source_words[state].text);
		return 1;
	}
	wall = now_ms(CLOCK_MONOTONIC) - wall;
	cpu = now_ms(CLOCK_PROCESS_CPUTIME_ID) - cpu;
	for (int i = 0; i < rounds; i++) {
		double t = now_ms(CLOCK_MONOTONIC), c = now_ms(CLOCK_PROCESS_CPUTIME_ID);

		records = 0;
		if (s->ops->scan(s, count, NULL))
			return 1;
		scan[i] = now_ms(CLOCK_MONOTONIC) - t;
		scan_cpu[i] = now_ms(CLOCK_PROCESS_CPUTIME_ID) - c;
	}
	qsort(scan, (size_t)rounds, sizeof(scan[0]), by_value);
	qsort(scan_cpu, (size_t)rounds, sizeof(scan_cpu[0]), by_value);
	printf("load %.3f load_cpu %.3f scan %.3f scan_cpu %.3f records %lu\n", wall, cpu, scan[rounds / 2],
	       scan_cpu[rounds / 2], records);
	owner_source_free(s);
	return 0;
}
