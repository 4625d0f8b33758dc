/* Network namespaces: the parsers, and the search on a tree of files. */
#include "netns.h"
#include "netns_find.h"
#include "sockeye/collect/netns.h"
#include "sockstat.h"
#include <errno.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define S_NS UINT64_C(1000000000)

/* ---- parsers ---- */

/* As Linux 6.18 prints them, in a namespace with a v4 and a v6 listener, two connections, one time-wait. */
static const char stat4[] = "sockets: used 9\n"
			    "TCP: inuse 4 orphan 1 tw 1 alloc 7 mem 12\n"
			    "UDP: inuse 2 mem 5\n"
			    "UDPLITE: inuse 1\n"
			    "RAW: inuse 3\n"
			    "FRAG: inuse 0 memory 0\n";
static const char stat6[] = "TCP6: inuse 2\n"
			    "UDP6: inuse 1\n"
			    "UDPLITE6: inuse 0\n"
			    "RAW6: inuse 0\n"
			    "FRAG6: inuse 0 memory 0\n";

static void test_sockstat(void **state)
{
	struct sockstat s = {0};

	assert_int_equal(sockstat_parse(stat4, sizeof(stat4) - 1, &s), 0);
	assert_int_equal(s.used, 9);
	assert_int_equal(s.tcp, 4);
	assert_int_equal(s.tcp_tw, 1);
	assert_int_equal(s.udp, 3);
	assert_int_equal(sockstat_parse(stat6, sizeof(stat6) - 1, &s), 0);
	assert_int_equal(s.tcp, 6);
	assert_int_equal(s.udp, 4);
	assert_int_equal(s.used, 9);
}

static void test_sockstat_rubbish(void **state)
{
	static const char *const bad[] = {"",
					  "TCP",
					  "TCP: \n",
					  "TCP: inuse\n",
					  "TCP inuse 5\n",
					  "sockets: used 5\n",
					  "\n\n : : :\n",
					  "UDP: inuse 1"};
	static const char big[] = "TCP: inuse 99999999999999999999 tw -1\nTCP: inuse 5\n";
	struct sockstat s;

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		s = (struct sockstat){0};
		assert_int_equal(sockstat_parse(bad[i], strlen(bad[i]), &s), -EBADMSG);
		assert_int_equal(s.tcp, 0);
	}
	s = (struct sockstat){0};
	assert_int_equal(sockstat_parse(big, sizeof(big) - 1, &s), 0);
	assert_int_equal(s.tcp, UINT32_MAX);
	assert_int_equal(s.tcp_tw, 0);
	for (size_t n = 0; n < sizeof(stat4); n++) {
		char *cut = mem_dup(stat4, n ? n : 1);

		sockstat_parse(cut, n, &s);
		free(cut);
	}
	sockstat_read(-1, -1, &s);
	assert_false(s.known);
}

static void test_links(void **state)
{
	assert_int_equal(netns_link_inode("net:[4026531840]", 16), 4026531840u);
	assert_int_equal(netns_link_inode("net:[7]", 7), 7);
	assert_int_equal(netns_link_inode("net:[]", 6), 0);
	assert_int_equal(netns_link_inode("net:[7", 6), 0);
	assert_int_equal(netns_link_inode("mnt:[7]", 7), 0);
	assert_int_equal(netns_link_inode("net:[-7]", 8), 0);
	assert_int_equal(netns_link_inode("net:[99999999999999999999999]", 29), 0);
	assert_int_equal(netns_link_inode("", 0), 0);
}

static void test_mountinfo(void **state)
{
	static const char text[] = "21 1 254:0 / / rw - ext4 /dev/vda rw\n"
				   "44 21 0:4 net:[4026532177] /run/netns/db rw shared:5 - nsfs nsfs rw\n"
				   "45 21 0:4 net:[4026532177] /var/again rw shared:5 - nsfs nsfs rw\n"
				   "46 21 0:4 mnt:[4026532178] /run/mnt/x rw - nsfs nsfs rw\n"
				   "47 21 0:4 net:[4026532179] /run/netns/a\\040b\\134 rw - nsfs nsfs rw\n"
				   "48 21 0:5 net:[4026532180] /run/netns/no rw - tmpfs nsfs rw\n"
				   "49 21 0:4 net:[bad] /run/netns/bad rw - nsfs nsfs rw\n"
				   "50 21 - nsfs\n"
				   "51 21 0:4 net:[4026532181] /run/netns/last rw - nsfs";
	struct netns_mounts m = {.fd = -1};

	netns_mounts_parse(&m, text, sizeof(text) - 1);
	assert_int_equal(m.v.n, 3);
	assert_string_equal(netns_mounts_path(&m, 4026532177u), "/run/netns/db");
	assert_string_equal(netns_mounts_path(&m, 4026532179u), "/run/netns/a b\\");
	assert_string_equal(netns_mounts_path(&m, 4026532181u), "/run/netns/last");
	assert_null(netns_mounts_path(&m, 4026532178u));
	assert_null(netns_mounts_path(&m, 4026532180u));
	netns_mounts_done(&m);
	for (size_t n = 0; n < sizeof(text); n += 3) {
		char *cut = mem_dup(text, n ? n : 1);

		m = (struct netns_mounts){.fd = -1};
		netns_mounts_parse(&m, cut, n);
		assert_true(m.v.n <= 3);
		netns_mounts_done(&m);
		free(cut);
	}
}

static void test_range(void **state)
{
	uint16_t low = 1, high = 2;

	assert_true(netns_range_parse("20000\t30000\n", 12, &low, &high));
	assert_int_equal(low, 20000);
	assert_int_equal(high, 30000);
	assert_false(netns_range_parse("30000 20000\n", 12, &low, &high));
	assert_false(netns_range_parse("1 70000\n", 8, &low, &high));
	assert_false(netns_range_parse("", 0, &low, &high));
	assert_int_equal(netns_number_parse("4096\n", 5), 4096);
	assert_int_equal(netns_number_parse("15", 2), 15);
	assert_int_equal(netns_number_parse("-1\n", 3), 0);
	assert_int_equal(netns_number_parse("\n", 1), 0);
	assert_int_equal(netns_number_parse("", 0), 0);
	assert_int_equal(netns_number_parse("1234567890123456", 16), 0);
	assert_int_equal(low, 20000);
}

/* ---- a tree of files in the place of /proc ---- */

struct tree {
	char root[64];
	struct intern *names;
	struct netns_find find;
	uint64_t now;
};

static void write_file(const struct tree *t, const char *name, const char *text)
{
	char path[200];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", t->root, name);
	f = fopen(path, "w");
	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

static void make_dir(const struct tree *t, const char *name)
{
	char path[200];

	snprintf(path, sizeof(path), "%s/%s", t->root, name);
	assert_int_equal(mkdir(path, 0755), 0);
}

static void set_netns(const struct tree *t, const char *who, unsigned inode)
{
	char path[200], link[40];

	snprintf(path, sizeof(path), "%s/%s/ns/net", t->root, who);
	snprintf(link, sizeof(link), "net:[%u]", inode);
	unlink(path);
	assert_int_equal(symlink(link, path), 0);
}

static void add_process(const struct tree *t, const char *pid, unsigned inode, const char *comm,
			const char *cgroup)
{
	char name[100];

	make_dir(t, pid);
	snprintf(name, sizeof(name), "%s/ns", pid);
	make_dir(t, name);
	if (inode)
		set_netns(t, pid, inode);
	snprintf(name, sizeof(name), "%s/comm", pid);
	write_file(t, name, comm);
	snprintf(name, sizeof(name), "%s/cgroup", pid);
	write_file(t, name, cgroup);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	return remove(path);
}

static void remove_process(const struct tree *t, const char *pid)
{
	char path[200];

	snprintf(path, sizeof(path), "%s/%s", t->root, pid);
	assert_int_equal(nftw(path, remove_one, 8, FTW_DEPTH | FTW_PHYS), 0);
}

#define OWN 4026531840u

/* pid 1 and two more where we are, one container, one service, one thing started by hand, one mount. */
static int tree_setup(void **state)
{
	struct tree *t = mem_zalloc(1, sizeof(*t));

	snprintf(t->root, sizeof(t->root), "/tmp/sockeye-netns-XXXXXX");
	assert_non_null(mkdtemp(t->root));
	add_process(t, "thread-self", OWN, "", "");
	make_dir(t, "self");
	write_file(t, "self/mountinfo",
		   "44 21 0:4 net:[4026532001] /run/netns/db rw - nsfs nsfs rw\n"
		   "44 21 0:4 net:[4026532002] /run/netns/cni-0b1c rw - nsfs nsfs rw\n"
		   "44 21 0:4 net:[4026532003] /run/docker/netns/1f2e rw - nsfs nsfs rw\n");
	add_process(t, "1", OWN, "init\n", "0::/init.scope\n");
	add_process(t, "40", OWN, "cron\n", "0::/system.slice/cron.service\n");
	add_process(t, "50", 4026532003u, "postgres\n",
		    "0::/system.slice/"
		    "docker-0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef.scope\n");
	add_process(t, "60", 4026532004u, "rtkit\n", "0::/system.slice/rtkit-daemon.service\n");
	add_process(t, "70", 4026532005u, "sl\033[1m)eep\n", "0::/user.slice/user-0.slice/session-3.scope\n");
	add_process(t, "71", 4026532005u, "other\n", "0::/\n");
	t->names = intern_new();
	assert_int_equal(netns_find_open(&t->find, t->names, t->root), 0);
	t->now = 1000 * S_NS;
	*state = t;
	return 0;
}

static int tree_teardown(void **state)
{
	struct tree *t = *state;

	netns_find_done(&t->find);
	intern_free(t->names);
	assert_int_equal(nftw(t->root, remove_one, 8, FTW_DEPTH | FTW_PHYS), 0);
	free(t);
	return 0;
}

static void look(struct tree *t)
{
	t->now += S_NS;
	netns_find_look(&t->find, t->now);
}

static const char *name_of(struct tree *t, unsigned inode)
{
	const struct netns_found *n = netns_find_inode(&t->find, inode);

	return n ? intern_get(t->names, n->name) : NULL;
}

static void test_names(void **state)
{
	struct tree *t = *state;

	look(t);
	assert_int_equal(t->find.found.n, 6);
	assert_true(t->find.own == OWN && t->find.host == OWN);
	assert_int_equal(t->find.found.v[0].inode, OWN);
	assert_string_equal(name_of(t, OWN), "host");
	assert_string_equal(name_of(t, 4026532001u), "db");
	assert_string_equal(name_of(t, 4026532002u), "cni-0b1c"); /* nobody in it who says more */
	assert_string_equal(name_of(t, 4026532003u), "docker:0123456789ab");
	assert_string_equal(name_of(t, 4026532004u), "rtkit-daemon.service");
	assert_string_equal(name_of(t, 4026532005u), "sl\033[1m)eep"); /* raw: made safe where it is shown */
	assert_int_equal(netns_find_inode(&t->find, 4026532005u)->pid, 70);
	assert_null(netns_find_inode(&t->find, 4026532009u));
}

static void test_young_process_changes_its_name(void **state)
{
	struct tree *t = *state;

	look(t);
	write_file(t, "70/comm", "nginx\n");
	look(t);
	assert_string_equal(name_of(t, 4026532005u), "nginx");
}

static void test_end_and_move(void **state)
{
	struct tree *t = *state;

	look(t);
	remove_process(t, "60");
	look(t);
	assert_null(netns_find_inode(&t->find, 4026532004u)); /* at once, not in turn */
	/* the first process leaves: the second is still in it */
	for (int i = 0; i < 5; i++)
		look(t);
	set_netns(t, "70", OWN);
	look(t);
	look(t);
	assert_string_equal(name_of(t, 4026532005u), "other");
	set_netns(t, "71", OWN);
	look(t);
	assert_null(netns_find_inode(&t->find, 4026532005u));
	/* the container ends, its mount stays: so does the name it had till something changes */
	remove_process(t, "50");
	look(t);
	assert_non_null(netns_find_inode(&t->find, 4026532003u));
	assert_int_equal(netns_find_inode(&t->find, 4026532003u)->pid, 0);
	/* an old process goes to a namespace of its own: found within two seconds */
	set_netns(t, "40", 4026532010u);
	look(t);
	look(t);
	look(t);
	assert_string_equal(name_of(t, 4026532010u), "cron.service");
	/* a pid that is another process by now */
	remove_process(t, "40");
	add_process(t, "40", 4026532011u, "x\n", "0::/\n");
	look(t);
	assert_non_null(netns_find_inode(&t->find, 4026532011u));
	assert_null(netns_find_inode(&t->find, 4026532010u));
}

static void test_not_the_host(void **state)
{
	struct tree *t = *state;

	netns_find_done(&t->find);
	set_netns(t, "thread-self", 4026532005u);
	assert_int_equal(netns_find_open(&t->find, t->names, t->root), 0);
	look(t);
	assert_true(t->find.own == 4026532005u && t->find.host == OWN);
	assert_string_equal(name_of(t, OWN), "host");
	assert_string_equal(name_of(t, 4026532005u), "sl\033[1m)eep");
	assert_int_equal(t->find.found.v[0].inode, 4026532005u);
	/* pid 1 may not be asked: a kernel thread is where it is */
	netns_find_done(&t->find);
	remove_process(t, "1");
	add_process(t, "2", OWN, "kthreadd\n", "0::/\n");
	write_file(t, "2/stat", "2 (kth) a) S 0 0 0 0 -1 2129984 0 0 0 0 0 0 0 0 20 0 1 0 24 0 0\n");
	assert_int_equal(netns_find_open(&t->find, t->names, t->root), 0);
	assert_true(t->find.own == 4026532005u && t->find.host == OWN);
	/* an ordinary process with that number says nothing; then we take ourselves to be on the host */
	netns_find_done(&t->find);
	write_file(t, "2/stat", "2 (sh) S 0 2 2 0 -1 4194560 0 0 0 0 0 0 0 0 20 0 1 0 24 0 0\n");
	assert_int_equal(netns_find_open(&t->find, t->names, t->root), 0);
	assert_true(t->find.host == 4026532005u);
	assert_string_equal(intern_get(t->names, t->find.found.v[0].name), "host");
}

static int resolve(struct tree *t, const char *text, struct netns_choice *c, struct str *err)
{
	str_clear(err);
	*c = (struct netns_choice){.want = 99};
	return netns_resolve(t->root, text, c, err);
}

static void test_resolve(void **state)
{
	struct tree *t = *state;
	struct netns_choice c;
	struct str err = {0};

	assert_int_equal(resolve(t, "all", &c, &err), 0);
	assert_int_equal(c.want, WANT_NETNS_ALL);
	assert_int_equal(resolve(t, "host", &c, &err), 0);
	assert_int_equal(c.want, WANT_NETNS_HOST);
	assert_int_equal(resolve(t, "40", &c, &err), 0);
	assert_int_equal(c.want, WANT_NETNS_OWN);
	assert_string_equal(c.name, "host");
	assert_int_equal(resolve(t, "4026531840", &c, &err), 0);
	assert_true(c.inode == OWN);
	assert_int_equal(err.n, 0);

	assert_int_equal(resolve(t, "dbb", &c, &err), -ENOENT);
	assert_string_equal(str_text(&err), "no network namespace \"dbb\"; did you mean db?");
	assert_int_equal(c.want, 99);
	assert_int_equal(resolve(t, "elsewhere", &c, &err), -ENOENT);
	assert_non_null(strstr(str_text(&err), "there are host, "));
	assert_non_null(strstr(str_text(&err), "docker:0123456789ab"));
	assert_int_equal(resolve(t, "", &c, &err), -ENOENT);
	assert_int_equal(resolve(t, "4711", &c, &err), -ENOENT);
	assert_string_equal(str_text(&err), "no process 4711, and no network namespace called so");
	assert_int_equal(resolve(t, "99999999999999999999", &c, &err), -ENOENT);
	assert_int_equal(resolve(t, "/etc/passwd", &c, &err), -ENOENT);
	assert_string_equal(str_text(&err), "/etc/passwd is no network namespace");
	assert_int_equal(resolve(t, "/proc/self/ns/mnt", &c, &err), -ENOENT);
	assert_int_equal(resolve(t, "/none/at/all", &c, &err), -ENOENT);
	assert_string_equal(str_text(&err), "cannot open /none/at/all: No such file or directory");
	add_process(t, "80", 4026532020u, "other\n", "0::/\n");
	add_process(t, "81", 4026532021u, "other\n", "0::/\n");
	assert_int_equal(resolve(t, "other", &c, &err), -ENOTUNIQ);
	assert_string_equal(str_text(&err),
			    "2 network namespaces are called \"other\"; say which by a pid: 80 81");
	/* When all are told, such names are told once. */
	assert_int_equal(resolve(t, "nothing-like-it", &c, &err), -ENOENT);
	assert_non_null(strstr(str_text(&err), "other (2, told apart by a pid)"));
	assert_null(strstr(strstr(str_text(&err), "other") + 1, "other"));
	str_done(&err);
}

int main(void)
{
#define TREE(f) cmocka_unit_test_setup_teardown(f, tree_setup, tree_teardown)
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sockstat),
		cmocka_unit_test(test_sockstat_rubbish),
		cmocka_unit_test(test_links),
		cmocka_unit_test(test_mountinfo),
		cmocka_unit_test(test_range),
		TREE(test_names),
		TREE(test_young_process_changes_its_name),
		TREE(test_end_and_move),
		TREE(test_not_the_host),
		TREE(test_resolve),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
