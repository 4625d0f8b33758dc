/* What is only bound, asked for beside the connections of a machine that has many: its rows are those of any look. */
#include "live_look.h"
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

static int bound(void)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	return fd;
}

static void test_bound_beside_many(void **state)
{
	struct fixture fixture = {.names = intern_new()}, *x = &fixture;
	struct want want = {.protos = PROTO_BIT(PROTO_TCP), .states = STATES_ALL};
	uint64_t cookie = 0;
	uint16_t port = 0;
	int listener = bound(), held[3];

	snapshot_init(&x->snap);
	assert_int_equal(live_open(x->names, "/proc", &x->source), 0);
	assert_int_equal(listen(listener, 5), 0);
	for (size_t i = 0; i < ARRAY_LEN(held); i++)
		held[i] = bound();
	for (int many = 0; many < 4; many++) {
		const struct sock *s = NULL;

		if (many == 2) { /* the first look of all is such a one, too */
			source_free(x->source);
			assert_int_equal(live_open(x->names, "/proc", &x->source), 0);
		}
		if (many)
			snapshot_expect_socks(&x->snap, 10000, true);
		want.attrs = many == 3 ? WANT_INFO : 0;
		assert_int_equal(source_look(x->source, &want, &x->snap), 0);
		assert_int_equal(find(x, inode_of(listener))->state, STATE_LISTENING);
		for (size_t i = 0; i < ARRAY_LEN(held); i++) {
			unsigned rows = 0;

			for (size_t k = 0; k < x->snap.socks.n; k++)
				rows += x->snap.socks.v[k].inode == inode_of(held[i]);
			s = find(x, inode_of(held[i]));
			if (!s && !many) /* before Linux 6.8, or without sock_diag */
				break;
			assert_non_null(s);
			assert_int_equal(rows, 1);
			assert_int_equal(s->state, STATE_BOUND);
		}
		if (!s)
			break;
		assert_true(!many || (s->cookie == cookie && s->lport == port));
		cookie = s->cookie;
		port = (uint16_t)s->lport;
		for (size_t k = 0; k < x->snap.limits.n; k++)
			assert_string_not_equal(x->snap.limits.v[k].what, "bound");
		assert_true(many < 3 || x->snap.infos.n == x->snap.socks.n);
	}
	for (size_t i = 0; i < ARRAY_LEN(held); i++)
		close(held[i]);
	close(listener);
	source_free(x->source);
	snapshot_done(&x->snap);
	intern_free(x->names);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_bound_beside_many)};

	return cmocka_run_group_tests_name("diag_beside", tests, NULL, NULL);
}
