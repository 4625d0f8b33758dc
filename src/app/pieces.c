/* The measuring of the main loop behind pieces.h, for the bench and for the test that holds it to its promise. */
#include "pieces.h"
#include "clock.h"
#include "sockeye/base/mem.h"
#include "sockeye/base/units.h"
#include <stdio.h>
#include <stdlib.h>

#define PIECE_MAX_NS (8 * NSEC_PER_MS)
#define FRAME_NS (NSEC_PER_SEC / 60)

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
	p->now = (struct piece){0};
	p->began_ns = clock_read(CLOCK_THREAD_CPUTIME_ID);
}

void pieces_part(struct pieces *p, enum piece_part part)
{
	p->now.parts |= (uint8_t)part;
}

void pieces_key(struct pieces *p, uint32_t key)
{
	p->now.key = key;
	p->now.parts |= PIECE_KEYS;
}

void pieces_end(struct pieces *p)
{
	if (!p->path || !p->began_ns)
		return;
	p->now.ns = clock_read(CLOCK_THREAD_CPUTIME_ID) - p->began_ns;
	p->n++;
	if (p->now.ns > p->longest_ns)
		p->longest_ns = p->now.ns;
	if (p->now.ns <= PIECE_MAX_NS)
		return;
	p->over++;
	p->over_frame += p->now.ns > FRAME_NS;
	if (p->told_n < PIECES_TOLD)
		p->told[p->told_n++] = p->now;
}

static double ms(uint64_t ns)
{
	return (double)ns / 1e6;
}

static void put_piece(FILE *out, const struct piece *p)
{
	fprintf(out, "{\"ms\":%.2f,\"did\":\"", ms(p->ns));
	for (unsigned i = 0, n = 0; i < ARRAY_LEN(part_names); i++)
		if (p->parts >> i & 1)
			fprintf(out, "%s%s", n++ ? " " : "", part_names[i]);
	fputc('"', out);
	if (p->key > ' ' && p->key < 127 && p->key != '"' && p->key != '\\')
		fprintf(out, ",\"key\":\"%c\"", (char)p->key);
	else if (p->key)
		fprintf(out, ",\"key\":%u", p->key);
	fputc('}', out);
}

void pieces_write(const struct pieces *p)
{
	FILE *out = p->path ? fopen(p->path, "we") : NULL;

	if (!out)
		return;
	fprintf(out, "{\"pieces\":%llu,\"longest_ms\":%.2f,\"over_8ms\":%llu,\"over_frame\":%llu,\"long\":[",
		(unsigned long long)p->n, ms(p->longest_ns), (unsigned long long)p->over,
		(unsigned long long)p->over_frame);
	for (unsigned i = 0; i < p->told_n; i++) {
		fputs(i ? ",\n" : "\n", out);
		put_piece(out, &p->told[i]);
	}
	fputs("]}\n", out);
	fclose(out);
}
