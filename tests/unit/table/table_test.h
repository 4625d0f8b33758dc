/* What the tests of this layer share. */
#pragma once
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h> /* wants the ones above */

#include "fixture.h"
#include "sockeye/base/text.h"
#include "sockeye/table/table.h"

static inline uint32_t row_of_port(const struct frame *f, enum proto proto, uint32_t port)
{
	uint32_t i;

	for (i = 0; i < f->ports.n; i++)
		if (f->ports.v[i].proto == proto && f->ports.v[i].port == port)
			return i;
	fail_msg("no port %u", port);
	return NONE;
}

static inline uint32_t row_of_remote(const struct frame *f, uint32_t rport)
{
	uint32_t i;

	for (i = 0; i < f->rows_n; i++)
		if (frame_sock(f, i)->rport == rport)
			return i;
	fail_msg("no socket with remote port %u", rport);
	return NONE;
}

static inline uint32_t row_of_pid(const struct frame *f, uint32_t pid)
{
	uint32_t i;

	for (i = 0; i < f->procs.n; i++)
		if (f->procs.v[i].p.pid == pid)
			return i;
	fail_msg("no process %u", pid);
	return NONE;
}

static inline struct filter *parsed(const char *text, const struct services *services)
{
	struct filter *f = NULL;
	struct filter_error err = {0};

	if (filter_parse(text, services, &f, &err))
		fail_msg("%s: at %zu: %s", text, err.at, err.text);
	return f;
}

/* How many sockets it picks. */
static inline uint32_t picked_by(const char *text, const struct fixture *x, const struct frame *f)
{
	struct filter *filter = parsed(text, x->services);
	uint8_t *picked = mem_alloc(f->rows_n + 1, 1);
	uint32_t n = 0;

	filter_socks(filter, f, 0, f->rows_n, picked);
	for (uint32_t i = 0; i < f->rows_n; i++)
		n += picked[i];
	free(picked);
	filter_free(filter);
	return n;
}

static inline void assert_str(struct str *s, const char *expected)
{
	assert_string_equal(str_text(s), expected);
	str_clear(s);
}
