/* The measuring of the main loop behind pieces.h, for the bench and for the test that holds it to its promise. */
#include "pieces.h"
#include "clock.h"
#include "sockeye/base/mem.h"
#include "sockeye/base/units.h"
#include <stdio.h>
#include <stdlib.h>

#define PIECE_MAX_NS (8 * NSEC_PER_MS)
#define FRAME_NS (NSEC_PER_SEC / 60)
#define TOLD_NS NSEC_PER_MS

static const char *const part_names[] = {"signals", "keys", "frame", "refresh", "work", "tick", "draw"};

void pieces_init(struct pieces *p)
{
	const char *path = getenv("SOCKEYE_PIECES");

	*p = (struct pieces){.path = path && *path ? path : NULL};
}

void pieces_begin(struct pieces *p)
{
	if (!p->path)
		return;
	p->now = (struct piece){.at_ns = clock_read(CLOCK_MONOTONIC), .after = p->after};
	p->began_ns = clock_read(CLOCK_THREAD_CPUTIME_ID);
}

void pieces_part(struct pieces *p, enum piece_part part)
{
	p->now.parts |= (uint8_t)part;
}

void pieces_key(struct pieces *p, uint32_t key)
{
	p->now.key = p->after = key;
	p->now.parts |= PIECE_KEYS;
}

void pieces_end(struct pieces *p)
{
	if (!p->path || !p->began_ns)
		return;
	p->now.ns = clock_read(CLOCK_THREAD_CPUTIME_ID) - p->began_ns;
	p->now.wall_ns = clock_read(CLOCK_MONOTONIC) - p->now.at_ns;
	p->n++;
	if (p->now.ns >= TOLD_NS && p->told.n < PIECES_TOLD)
		vec_push(&p->told, p->now);
	if (p->now.ns > p->longest_ns)
		p->longest_ns = p->now.ns;
	if (p->now.ns <= PIECE_MAX_NS)
		return;
	p->over++;
	p->over_frame += p->now.ns > FRAME_NS;
}

static double ms(uint64_t ns)
{
	return (double)ns / 1e6;
}

static void put_key(FILE *out, const char *name, uint32_t key)
{
	if (key > ' ' && key < 127 && key != '"' && key != '\\')
		fprintf(out, ",\"%s\":\"%c\"", name, (char)key);
	else if (key)
		fprintf(out, ",\"%s\":%u", name, key);
}

static void put_piece(FILE *out, const struct piece *p)
{
	fprintf(out, "{\"ms\":%.2f,\"wall_ms\":%.2f,\"at_s\":%.4f,\"did\":\"", ms(p->ns), ms(p->wall_ns),
		(double)p->at_ns / 1e9);
	for (unsigned i = 0, n = 0; i < ARRAY_LEN(part_names); i++)
		if (p->parts >> i & 1)
			fprintf(out, "%s%s", n++ ? " " : "", part_names[i]);
	fputc('"', out);
	put_key(out, "key", p->key);
	put_key(out, "after", p->after);
	fputc('}', out);
}

static void put_those(FILE *out, const struct pieces *p, bool too_long)
{
	const char *before = "\n";

	for (size_t i = 0; i < p->told.n; i++) {
		if ((p->told.v[i].ns > PIECE_MAX_NS) != too_long)
			continue;
		fputs(before, out);
		put_piece(out, &p->told.v[i]);
		before = ",\n";
	}
}

void pieces_write(struct pieces *p)
{
	FILE *out = p->path ? fopen(p->path, "we") : NULL;

	if (out) {
		fprintf(out,
			"{\"pieces\":%llu,\"longest_ms\":%.2f,\"over_8ms\":%llu,\"over_frame\":%llu,\"long\":"
			"[",
			(unsigned long long)p->n, ms(p->longest_ns), (unsigned long long)p->over,
			(unsigned long long)p->over_frame);
		put_those(out, p, true);
		fputs("],\"others\":[", out);
		put_those(out, p, false);
		fputs("]}\n", out);
		fclose(out);
	}
	vec_done(&p->told);
}
