/* Feeds any bytes as a row of each kind of sock_diag answer but TCP's, and any text as a line of /proc/net. */
#include "diag_parse.h"
#include "diag_protos.h"
#include "fuzz_plain.h"
#include "procnet.h"
#include <string.h>

static void within(const void *p, size_t n, const struct diag_extra *x, const uint8_t *from, size_t from_n)
{
	const uint8_t *b = p, *text = (const uint8_t *)x->text;

	if (!n)
		return;
	if (b >= from && b + n <= from + from_n)
		return;
	if (b >= text && b + n <= text + sizeof(x->text))
		return;
	/* else a name of our own: it ends where it says */
	if (n > 32 || b[n])
		abort();
}

static void feed(const struct diag_proto *p, const uint8_t *data, size_t n, bool infos)
{
	struct sock_info info;
	struct diag_extra x;
	struct sock s;

	if (!p->parse || p->parse(data, n, (enum proto)p->proto, false, &s, infos ? &info : NULL, &x))
		return;
	if (s.state >= STATE_N || s.family >= FAMILY_N || s.proto != p->proto || s.netns || s.cgroup)
		abort();
	if (s.family > FAMILY_IPV6 && (s.lname || s.rname))
		abort();
	within(x.lname, x.lname_n, &x, data, n);
	within(x.rname, x.rname_n, &x, data, n);
	within(x.waiting, x.waiting_n * 4, &x, data, n);
	within(x.cc, x.cc_n, &x, data, n);
}

static void feed_line(const uint8_t *data, size_t n, bool v6)
{
	struct sock s;

	if (procnet_parse_line((const char *)data, n, PROTO_TCP, v6, 100, &s))
		return;
	if (s.state >= STATE_N || s.lport > 65535 || s.rport > 65535 || !(s.cookie >> 63) ||
	    (s.flags & SOCK_MINI && (s.flags & SOCK_HAS_UID || s.inode)))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	uint8_t pick;

	if (!n)
		return 0;
	pick = data[0];
	data++;
	n--;
	if (pick & 0x80)
		feed_line(data, n, pick & 1);
	else
		feed(&diag_protos[(pick >> 1) % diag_protos_n], data, n, pick & 1);
	return 0;
}
