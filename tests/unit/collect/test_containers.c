/* Names of containers from files as docker, podman, containerd and cri-o write them, and from files nobody should
 * write. */
#include "containers.h"
#include "json_walk.h"
#include "sockeye/base/str.h"
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

/* ---- the walk ---- */

static bool put_string(void *arg, const struct json_string *s)
{
	struct str *out = arg;

	for (size_t i = 0; i < s->depth; i++)
		str_putf(out, "/%.*s", s->key[i] ? (int)s->key_n[i] : 0, s->key[i] ? s->key[i] : "");
	str_putf(out, "=%s ", s->s);
	return strcmp(s->s, "stop") != 0;
}

static void test_walk(void **state)
{
	static const struct {
		const char *text, *strings;
		int r;
	} cases[] = {
		{"{\"a\":\"b\"}", "/a=b ", 0},
		{" { \"a\" : [ \"x\" , 1 , true , null , -2.5e3 , { \"k\" : \"y\" } ] , \"b\" : { } } ",
		 "/a/=x /a//k=y ", 0},
		{"[{\"id\":\"1\",\"names\":[\"db\"]},{\"id\":\"2\"}]", "//id=1 //names/=db //id=2 ", 0},
		{"{\"a\":\"q\\\"\\\\\\/\\n\\u00e9\\ud83d\\ude00\"}", "/a=q\"\\/\n\303\251\360\237\230\200 ",
		 0},
		{"{\"a\":\"\\ud83dx\\u00\"}", "/a=\355\240\275xu00 ", 0},
		{"{\"a\\\"b\":\"c\"}", "/a\\\"b=c ", 0},
		{"{\"a\":{\"b\":{\"c\":{\"d\":{\"e\":{\"f\":\"6\",\"g\":{\"h\":\"7\"}}}}}}}",
		 "/a/b/c/d/e/f=6 ", 0},
		{"{\"a\":\"stop\",\"b\":\"c\"}", "/a=stop ", 0},
		{"\"alone\"", "", 0},
		{"12", "", 0},
		{"{\"a\":\"b\",}", "/a=b ", -EBADMSG},
		{"{\"a\":\"b\" \"c\":\"d\"}", "/a=b ", -EBADMSG},
		{"{\"a\":\"b\"", "/a=b ", -EBADMSG},
		{"{\"a\":\"b", "", -EBADMSG},
		{"{\"a\":\"b\\", "", -EBADMSG},
		{"{\"a\"", "", -EBADMSG},
		{"{\"a\":", "", -EBADMSG},
		{"{a:1}", "", -EBADMSG},
		{"[\"a\"}", "/=a ", -EBADMSG},
		{"", "", -EBADMSG},
		{"]", "", -EBADMSG},
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		size_t n = strlen(cases[i].text);
		char *exact = mem_dup(cases[i].text, n);
		struct str out = {0};
		int r = json_walk(exact, n, put_string, &out);

		if (r != cases[i].r || strcmp(str_text(&out), cases[i].strings))
			fail_msg("%s: %d \"%s\"", cases[i].text, r, str_text(&out));
		for (size_t cut = 0; cut < n; cut++) {
			char *part = mem_dup(exact, cut);

			(void)json_walk(part, cut, put_string, &out);
			free(part);
		}
		free(exact);
		str_done(&out);
	}
}

static void test_walk_deep(void **state)
{
	struct str text = {0}, out = {0};

	for (int i = 0; i < 100000; i++)
		str_puts(&text, "[");
	assert_int_equal(json_walk(str_text(&text), text.n, put_string, &out), -EBADMSG);
	str_done(&text);
	str_done(&out);
}

/* ---- the files ---- */

#define A "aaaabbbbccccddddeeeeffff0000111122223333444455556666777788889999"
#define B "bbbbbbbbccccddddeeeeffff0000111122223333444455556666777788889999"
#define C "ccccbbbbccccddddeeeeffff0000111122223333444455556666777788889999"
#define D "ddddbbbbccccddddeeeeffff0000111122223333444455556666777788889999"
#define E "eeeebbbbccccddddeeeeffff0000111122223333444455556666777788889999"

struct host {
	char root[64];
	struct intern *names;
	struct containers *c;
	struct snapshot snap;
};

static void put(const struct host *h, const char *path, const char *text)
{
	char full[512];
	FILE *f;

	snprintf(full, sizeof(full), "%s%s", h->root, path);
	for (char *p = full + strlen(h->root) + 1; (p = strchr(p, '/')); p++) {
		*p = '\0';
		(void)mkdir(full, 0755);
		*p = '/';
	}
	f = fopen(full, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static int setup(void **state)
{
	struct host *h = mem_zalloc(1, sizeof(*h));
	char line[128];

	strcpy(h->root, "/tmp/sockeye-containers-XXXXXX");
	if (!mkdtemp(h->root))
		return -1;
	h->names = intern_new();
	snprintf(line, sizeof(line), "other:x:%u:0::/nowhere:/bin/sh\nme:x:%u:0::/home/me:/bin/sh\n",
		 geteuid() + 1, geteuid());
	put(h, "/etc/passwd", line);
	snapshot_init(&h->snap);
	*state = h;
	return 0;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	return remove(path);
}

static int teardown(void **state)
{
	struct host *h = *state;

	containers_free(h->c);
	snapshot_done(&h->snap);
	intern_free(h->names);
	nftw(h->root, remove_one, 8, FTW_DEPTH | FTW_PHYS);
	free(h);
	return 0;
}

static void proc(struct host *h, const char *cgroup)
{
	vec_push(&h->snap.procs, ((struct snap_proc){.pid = 5, .cgroup = intern_adds(h->names, cgroup)}));
}

static void look(struct host *h, uint64_t seconds)
{
	if (!h->c)
		h->c = containers_new(h->names, h->root);
	vec_clear(&h->snap.containers);
	containers_look(h->c, &h->snap, seconds * 1000000000u);
}

/* The name of this path, "" when there is none. */
static const char *name_of(const struct host *h, const char *cgroup)
{
	uint32_t id = intern_adds(h->names, cgroup);

	for (size_t i = 0; i < h->snap.containers.n; i++)
		if (h->snap.containers.v[i].cgroup == id)
			return intern_get(h->names, h->snap.containers.v[i].name);
	return "";
}

static void test_runtimes(void **state)
{
	static const char docker[] = "/system.slice/docker-" A ".scope", inside[] = "/docker/" A "/x.service",
			  podman[] = "/machine.slice/libpod-" B ".scope",
			  mine[] = "/user.slice/user-0.slice/user@0.service/user.slice/libpod-" C ".scope",
			  k8s[] = "/kubepods.slice/x/cri-containerd-" D ".scope",
			  kube[] = "/kubepods/pod12/" E, none[] = "/system.slice/nginx.service";
	struct host *h = *state;

	put(h, "/var/lib/docker/containers/" A "/config.v2.json",
	    "{\"StreamConfig\":{},\"State\":{\"Name\":\"no\"},\"ID\":\"" A
	    "\",\"NetworkSettings\":{\"Bridge\":\"\",\"Networks\":{\"bridge\":{\"IPAMConfig\":null,"
	    "\"IPAddress\":\"172.17.0.2\"}}},\"Name\":\"/db\",\"Driver\":\"overlay2\"}");
	put(h, "/var/lib/containers/storage/overlay-containers/containers.json",
	    "[{\"id\":\"" A "\",\"names\":[\"wrong\"]},{\"id\":\"" B
	    "\",\"names\":[\"web\",\"web2\"],\"metadata\":\"{}\"}]");
	put(h, "/home/me/.local/share/containers/storage/overlay-containers/containers.json",
	    "[{\"id\":\"" C "\",\"names\":[\"mine\"]}]");
	put(h, "/run/containerd/io.containerd.runtime.v2.task/k8s.io/" D "/config.json",
	    "{\"ociVersion\":\"1.0\",\"process\":{\"args\":[\"x\"]},\"annotations\":{\"io.kubernetes.cri."
	    "container-name\":"
	    "\"api\",\"io.kubernetes.cri.sandbox-name\":\"pod\"}}");
	put(h, "/run/containers/storage/overlay-containers/" E "/userdata/config.json",
	    "{\"annotations\":{\"io.kubernetes.container.name\":\"crio-one\"}}");
	proc(h, docker);
	proc(h, inside);
	proc(h, podman);
	proc(h, mine);
	proc(h, k8s);
	proc(h, none);
	proc(h, "");
	vec_push(&h->snap.socks,
		 ((struct sock){.cgroup = intern_adds(h->names, kube)})); /* by its socket alone */
	look(h, 1);
	assert_int_equal(h->snap.containers.n, 6);
	assert_string_equal(name_of(h, docker), "db");
	assert_string_equal(name_of(h, inside), "db");
	assert_string_equal(name_of(h, podman), "web");
	assert_string_equal(name_of(h, mine), "mine");
	assert_string_equal(name_of(h, k8s), "api");
	assert_string_equal(name_of(h, kube), "crio-one");
	assert_string_equal(name_of(h, none), "");
	for (size_t i = 0; i < h->snap.containers.n; i++) {
		const struct snap_container *c = &h->snap.containers.v[i];

		assert_int_equal(c->has_addr, !strcmp(intern_get(h->names, c->name), "db"));
		if (c->has_addr)
			assert_memory_equal(c->addr, "\254\021\0\002\0\0", 6);
	}
	/* read once: what the file says later is not asked again */
	put(h, "/var/lib/docker/containers/" A "/config.v2.json", "{\"Name\":\"/renamed\"}");
	look(h, 100);
	assert_string_equal(name_of(h, docker), "db");
	assert_int_equal(h->snap.containers.n, 6);
}

static void test_late_and_missing(void **state)
{
	static const char path[] = "/docker/" A;
	struct host *h = *state;

	proc(h, path);
	look(h, 1);
	assert_string_equal(name_of(h, path), "");
	put(h, "/var/lib/docker/containers/" A "/config.v2.json", "{\"Name\":\"/db\"}");
	look(h, 2); /* too soon to try again */
	assert_string_equal(name_of(h, path), "");
	look(h, 7);
	assert_string_equal(name_of(h, path), "db");
}

/* One that has gone is forgotten with its cgroup; the others keep their names without being asked again, and their paths'
 * numbers mean nobody else. */
static void test_forgotten(void **state)
{
	static const char gone[] = "/docker/" A, stays[] = "/machine.slice/libpod-" B ".scope";
	struct host *h = *state;
	uint32_t id, kept, again;

	put(h, "/var/lib/docker/containers/" A "/config.v2.json", "{\"Name\":\"/db\"}");
	put(h, "/var/lib/containers/storage/overlay-containers/containers.json",
	    "[{\"id\":\"" B "\",\"names\":[\"web\"]}]");
	proc(h, gone);
	proc(h, stays);
	look(h, 1);
	assert_int_equal(h->snap.containers.n, 2);
	put(h, "/var/lib/containers/storage/overlay-containers/containers.json", "[]");
	id = intern_adds(h->names, gone);
	kept = intern_adds(h->names, stays);
	h->snap.procs.n = 0;
	proc(h, stays);
	for (int i = 0; i < 2; i++) {
		intern_mark_begin(h->names);
		intern_mark(h->names, kept);
		containers_mark_names(h->c);
		intern_sweep(h->names);
		look(h, 2);
		assert_int_equal(h->snap.containers.n, 1);
		assert_string_equal(name_of(h, stays), "web");
	}
	assert_string_equal(intern_get(h->names, id), "");
	again = intern_adds(h->names, "x");
	for (char c = 'a'; again != id && c < 'k'; c++) /* until its number is the next */
		again = intern_add(h->names, &c, 1);
	assert_int_equal(again, id);
	vec_push(&h->snap.procs, ((struct snap_proc){.pid = 6, .cgroup = id})); /* it is another's */
	look(h, 3);
	assert_int_equal(h->snap.containers.n, 1);
	proc(h, gone); /* and if it is started again, it is asked again */
	look(h, 4);
	assert_string_equal(name_of(h, gone), "db");
	assert_string_equal(name_of(h, stays), "web");
}

static void test_gives_up(void **state)
{
	static const char path[] = "/docker/" A;
	struct host *h = *state;

	proc(h, path);
	for (uint64_t s = 0; s < 100; s += 10)
		look(h, s);
	put(h, "/var/lib/docker/containers/" A "/config.v2.json", "{\"Name\":\"/db\"}");
	look(h, 200);
	assert_string_equal(name_of(h, path), "");
}

static void test_hostile_files(void **state)
{
	struct host *h = *state;
	char full[512];
	struct str big = {0};

	for (int i = 0; i < 300; i++)
		str_puts(&big, "0123456789abcdef");
	str_puts(&big, "\"}");
	put(h, "/var/lib/docker/containers/" A "/config.v2.json",
	    "{\"Name\":\"/\\u001b]0;x\\u0007\\u202e\"}");
	put(h, "/var/lib/docker/containers/" B "/config.v2.json", "{\"Name\":\"/\",\"Name\":17}");
	snprintf(full, sizeof(full), "%s/var/lib/docker/containers/" C, h->root);
	assert_int_equal(mkdir(full, 0755), 0);
	strcat(full, "/config.v2.json");
	assert_int_equal(mkfifo(full, 0644), 0); /* must not hang */
	snprintf(full, sizeof(full), "%s/var/lib/docker/containers/" D, h->root);
	assert_int_equal(mkdir(full, 0755), 0);
	strcat(full, "/config.v2.json");
	assert_int_equal(symlink("/dev/zero", full), 0);
	put(h, "/var/lib/docker/containers/" E "/config.v2.json", "{\"Name\":\"/");
	snprintf(full, sizeof(full), "%s/var/lib/docker/containers/" E "/config.v2.json", h->root);
	FILE *f = fopen(full, "a");
	assert_non_null(f);
	fputs(str_text(&big), f);
	fclose(f);
	proc(h, "/docker/" A);
	proc(h, "/docker/" B);
	proc(h, "/docker/" C);
	proc(h, "/docker/" D);
	proc(h, "/docker/" E);
	look(h, 1);
	assert_string_equal(name_of(h, "/docker/" A),
			    "\033]0;x\a\342\200\256"); /* raw: whoever prints makes it safe */
	assert_string_equal(name_of(h, "/docker/" B), "");
	assert_string_equal(name_of(h, "/docker/" C), "");
	assert_string_equal(name_of(h, "/docker/" D), "");
	assert_int_equal(strlen(name_of(h, "/docker/" E)), 255);
	str_done(&big);
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_walk), cmocka_unit_test(test_walk_deep),
		CASE(test_runtimes),         CASE(test_late_and_missing),
		CASE(test_forgotten),        CASE(test_gives_up),
		CASE(test_hostile_files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
