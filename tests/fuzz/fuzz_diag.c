/* Feeds any bytes as a received buffer of a sock_diag dump, and as a single row. */
#include "diag_parse.h"
#include "fuzz_plain.h"
#include <stdbool.h>
#include <string.h>

struct feed {
	uint8_t options;
};

static void check(int r, const struct sock *s, const struct diag_extra *x, const uint8_t *from, size_t n)
{
	if (r)
		return;
	if (s->state >= STATE_N || s->family > FAMILY_IPV6 || s->lport > 65535 || s->rport > 65535)
		abort();
	if (s->family == FAMILY_IPV4 && (s->laddr[4] | s->raddr[15]))
		abort();
	if (s->flags & SOCK_MINI && s->flags & SOCK_HAS_UID)
		abort();
	/* the name of the congestion control lies inside the message */
	if (x->cc_n && ((const uint8_t *)x->cc < from || (const uint8_t *)x->cc + x->cc_n > from + n))
		abort();
}

static void row(void *arg, const void *payload, size_t n)
{
	const struct feed *f = arg;
	enum proto proto = f->options & 1 ? PROTO_UDP : PROTO_TCP;
	struct sock_info info;
	struct diag_extra x;
	struct shown shown;
	struct sock s;

	(void)diag_parse_shown(payload, n, &shown);
	check(diag_parse_inet(payload, n, proto, f->options & 2, &s, f->options & 4 ? NULL : &info, &x), &s,
	      &x, payload, n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct diag_reply reply = {0};
	struct feed f;
	uint32_t seq = 0;

	if (n < 5)
		return 0;
	f.options = data[0];
	memcpy(&seq, data + 1, sizeof(seq));
	data += 5;
	n -= 5;
	diag_walk(data, n, seq, row, &f, &reply);
	if (!reply.done && reply.err)
		abort();
	row(&f, data, n);
	return 0;
}
