/* What the tests of explain share: who asks on which machine, and what tries gave. */
#pragma once
#include "fixture.h"
#include "sockeye/action/explain.h"
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
/* after the above */
#include <cmocka.h>

#define PORT 8080

static inline struct explain_facts facts_of(uint32_t uid, const char *user)
{
	static const char *const addrs[] = {"127.0.0.1", "10.0.0.5", "::1"};
	struct explain_facts facts = {.uid = uid,
				      .cap_bind = uid == 0,
				      .unprivileged_start = 1024,
				      .reserved_known = true,
				      .v4 = true,
				      .v6 = true};
	struct explain_dev dev = {.ifindex = 7, .name = "vrf-red"};

	strcpy(facts.user, user);
	for (size_t i = 0; i < ARRAY_LEN(addrs); i++) {
		struct explain_addr a = {0};

		assert_int_equal(ip_parse(addrs[i], &a.ip), 0);
		vec_push(&facts.addrs, a);
	}
	vec_push(&facts.devs, dev);
	return facts;
}

/* What tries gave, in the order of e->tries, one letter each: . ok, X EADDRINUSE, A EACCES, P EPERM, N EADDRNOTAVAIL,
 * - not tried. */
static inline void fill(struct explain *e, const char *tries)
{
	for (size_t i = 0; i < e->tries.n && tries[i]; i++) {
		e->tries.v[i].tried = tries[i] != '-';
		e->tries.v[i].err = tries[i] == 'X'   ? EADDRINUSE
				    : tries[i] == 'A' ? EACCES
				    : tries[i] == 'P' ? EPERM
				    : tries[i] == 'N' ? EADDRNOTAVAIL
						      : 0;
	}
}

/* A socket that a process holds. */
static inline uint32_t held(struct fixture *x, enum proto proto, enum state st, const char *local,
			    uint32_t pid)
{
	uint32_t s = fixture_sock(x, proto, st, local, NULL);

	fixture_fd(x, s, pid, 3);
	return s;
}

/* Somebody asks about a port of an invented machine. */
struct asked {
	struct explain_facts facts;
	struct explain e;
	struct fixture x;
	struct str out;
};
static inline void asked_init(struct asked *a, uint32_t uid, const char *user)
{
	memset(a, 0, sizeof(*a));
	a->facts = facts_of(uid, user);
	fixture_init(&a->x);
}
static inline void asked_done(struct asked *a)
{
	str_done(&a->out);
	explain_done(&a->e);
	explain_facts_done(&a->facts);
	fixture_done(&a->x);
}
/* What comes of it when tries give this. */
static inline void asked_judge(struct asked *a, enum proto proto, uint32_t port, const char *tries)
{
	explain_judge(&a->e, fixture_apply(&a->x, 1), 0, proto, port, &a->facts);
	fill(&a->e, tries);
	explain_settle(&a->e);
}
