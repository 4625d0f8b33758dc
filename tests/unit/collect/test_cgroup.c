/* Cgroup numbers to paths on a tree of plain directories: all that is used of the real one are inodes. */
#include "cgroup.h"
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

static void test_find_mount(void **state)
{
	static const char text[] =
		"23 1 254:0 / / rw - ext4 /dev/vda rw\n"
		"31 23 0:28 / /sys/fs/cgroup rw - tmpfs tmpfs rw\n"
		"32 31 0:29 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu\n"
		"33 31 0:30 / /mnt/with\\040blank rw,nosuid shared:7 master:2 - cgroup2 cgroup2 rw\n";
	char *mount = cgroups_find_mount(text, sizeof(text) - 1);

	assert_non_null(mount);
	assert_string_equal(mount, "/mnt/with blank");
	free(mount);
	assert_null(cgroups_find_mount(text, 120));
	assert_null(cgroups_find_mount("", 0));
	assert_null(cgroups_find_mount("x - cgroup2", 11));
	assert_null(cgroups_find_mount("1 2 3 / /cgroup2 rw - tmpfs cgroup2 rw\n", 39));
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	return remove(path);
}

static uint64_t make(const char *root, const char *name)
{
	char path[300];
	struct stat st;

	snprintf(path, sizeof(path), "%s%s", root, name);
	assert_int_equal(mkdir(path, 0755), 0);
	assert_int_equal(stat(path, &st), 0);
	return st.st_ino;
}

static void test_paths(void **state)
{
	char root[] = "/tmp/sockeye-cgroup-XXXXXX", path[300];
	struct intern *names = intern_new();
	struct cgroups c;
	uint32_t shown;
	uint64_t nginx, later, slice, removed = UINT64_MAX - 5;
	FILE *f;

	assert_non_null(mkdtemp(root));
	make(root, "/proc");
	make(root, "/proc/self");
	make(root, "/tree");
	slice = make(root, "/tree/system.slice");
	nginx = make(root, "/tree/system.slice/nginx.service");
	snprintf(path, sizeof(path), "%s/proc/self/mountinfo", root);
	f = fopen(path, "w");
	assert_non_null(f);
	fprintf(f, "33 31 0:30 / %s/tree rw - cgroup2 cgroup2 rw\n", root);
	fclose(f);

	snprintf(path, sizeof(path), "%s/proc", root);
	cgroups_init(&c, names, path);
	assert_string_equal(intern_get(names, cgroups_path(&c, nginx)), "/system.slice/nginx.service");
	assert_string_equal(intern_get(names, cgroups_path(&c, slice)), "/system.slice");
	assert_int_equal(cgroups_path(&c, 1), 0);
	assert_int_equal(cgroups_path(&c, 0), 0);

	/* one walk a look: what comes up later is found by the next, even if it was asked for before */
	later = make(root, "/tree/late.service");
	assert_int_equal(cgroups_path(&c, later), 0);
	assert_int_equal(cgroups_path(&c, later), 0);
	assert_int_equal(cgroups_path(&c, removed), 0);
	cgroups_tick(&c);
	assert_int_equal(cgroups_path(&c, removed), 0);
	assert_string_equal(intern_get(names, cgroups_path(&c, later)), "/late.service");
	cgroups_tick(&c);
	assert_int_equal(cgroups_path(&c, removed), 0);
	assert_false(c.walked); /* known to be removed: no walk for it ever again */

	/* paths that somebody shows are remembered, though the directory may be gone; the others are found again */
	shown = cgroups_path(&c, nginx);
	snprintf(path, sizeof(path), "%s/tree/system.slice/nginx.service", root);
	assert_int_equal(rmdir(path), 0);
	for (int i = 0; i < 2; i++) {
		intern_mark_begin(names);
		intern_mark(names, shown);
		cgroups_mark_names(&c);
		intern_sweep(names);
	}
	cgroups_tick(&c);
	assert_int_equal(cgroups_path(&c, nginx), shown);
	assert_string_equal(intern_get(names, shown), "/system.slice/nginx.service");
	assert_false(c.walked);
	assert_string_equal(intern_get(names, cgroups_path(&c, later)), "/late.service");
	assert_true(c.walked);
	cgroups_done(&c);

	snprintf(path, sizeof(path), "%s/tree", root); /* no mountinfo there */
	cgroups_init(&c, names, path);
	assert_int_equal(cgroups_path(&c, nginx), 0);
	cgroups_done(&c);
	intern_free(names);
	assert_int_equal(nftw(root, remove_one, 8, FTW_DEPTH | FTW_PHYS), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_find_mount),
		cmocka_unit_test(test_paths),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
