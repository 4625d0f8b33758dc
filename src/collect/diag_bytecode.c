/* Says the ends that a look is about in the kernel's little language, so that it leaves the other connections out
 * itself: a row that is not sent costs a third of one that is.
 *
 * How the kernel reads it (inet_diag.c, inet_diag_bc_run): each operation goes on by its `yes` or its `no` bytes. What
 * comes out exactly at the end passes, what lands four bytes behind it does not. The kernel takes a program only if
 * every target of a `no` is met on the way of the `yes` (inet_diag_bc_audit), so the choices stand one behind the
 * other, each ends with a jump to the end, and a condition that fails goes to the next choice. */
#include "diag_bytecode.h"
#include <linux/inet_diag.h>
#include <string.h>
#include <sys/socket.h>

struct choice { /* one end at one side */
	const struct want_end *e;
	bool remote;
};

static bool low(const struct choice *c)
{
	return c->e->port_lo > 0;
}

static bool high(const struct choice *c)
{
	return c->e->port_hi < UINT16_MAX;
}

static bool anything(const struct want_end *e)
{
	return !e->port_lo && e->port_hi == UINT16_MAX && e->any_addr;
}

static size_t addr_size(const struct choice *c)
{
	return c->e->net.ip.v6 ? 16 : 4;
}

/* Without the jump behind it. */
static size_t size(const struct choice *c)
{
	size_t n = sizeof(struct inet_diag_bc_op) * 2 * (size_t)(low(c) + high(c));

	if (!c->e->any_addr)
		n += sizeof(struct inet_diag_bc_op) + sizeof(struct inet_diag_hostcond) + addr_size(c);
	return n;
}

static void put(uint8_t **at, const void *bytes, size_t n)
{
	memcpy(*at, bytes, n);
	*at += n;
}

/* A bound of the port: the number stands in an operation of its own. */
static void put_bound(uint8_t **at, uint8_t code, uint16_t port, size_t no)
{
	struct inet_diag_bc_op op[2] = {{code, sizeof(op), (uint16_t)no}, {.no = port}};

	put(at, op, sizeof(op));
}

static void put_addr(uint8_t **at, const struct choice *c, size_t no)
{
	struct inet_diag_hostcond cond = {
		.family = c->e->net.ip.v6 ? AF_INET6 : AF_INET, .prefix_len = c->e->net.bits, .port = -1};
	struct inet_diag_bc_op op = {
		c->remote ? INET_DIAG_BC_D_COND : INET_DIAG_BC_S_COND,
		(uint8_t)(sizeof(op) + sizeof(cond) + addr_size(c)),
		(uint16_t)no,
	};

	put(at, &op, sizeof(op));
	put(at, &cond, sizeof(cond));
	put(at, c->e->net.ip.b, addr_size(c));
}

/* next: where the next choice begins, or behind the end. */
static void put_choice(uint8_t **at, const struct choice *c, const uint8_t *next)
{
	if (low(c))
		put_bound(at, c->remote ? INET_DIAG_BC_D_GE : INET_DIAG_BC_S_GE, c->e->port_lo,
			  (size_t)(next - *at));
	if (high(c))
		put_bound(at, c->remote ? INET_DIAG_BC_D_LE : INET_DIAG_BC_S_LE, c->e->port_hi,
			  (size_t)(next - *at));
	if (!c->e->any_addr)
		put_addr(at, c, (size_t)(next - *at));
}

size_t diag_bytecode(const struct want_end *ends, size_t n, uint8_t program[DIAG_BYTECODE_MAX])
{
	struct choice choices[2 * WANT_ENDS_MAX];
	size_t choices_n = 0, total = 0, i;
	uint8_t *at = program;

	for (i = 0; i < n && i < WANT_ENDS_MAX; i++) {
		if (anything(&ends[i]))
			return 0;
		if (ends[i].ends & 1)
			choices[choices_n++] = (struct choice){&ends[i], false};
		if (ends[i].ends & 2)
			choices[choices_n++] = (struct choice){&ends[i], true};
	}
	for (i = 0; i < choices_n; i++)
		total += size(&choices[i]) + (i ? sizeof(struct inet_diag_bc_op) : 0);
	for (i = 0; i < choices_n; i++) {
		bool last = i + 1 == choices_n;
		size_t jump = last ? 0 : sizeof(struct inet_diag_bc_op);

		put_choice(&at, &choices[i], last ? program + total + 4 : at + size(&choices[i]) + jump);
		if (!last) {
			struct inet_diag_bc_op op = {INET_DIAG_BC_JMP, sizeof(op),
						     (uint16_t)(program + total - at)};

			put(&at, &op, sizeof(op));
		}
	}
	return total;
}
