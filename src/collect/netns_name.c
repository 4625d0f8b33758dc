/* What a network namespace is called: by its administrator, by its container or service, by its process. */
#include "netns_find.h"
#include "proctext.h"
#include "sockeye/model/unit.h"
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define YOUNG_NS UINT64_C(5000000000)
#define FILE_MAX 4096

/* Where namespaces are mounted. Names that programs make up for themselves come after what people call the
 * thing inside. The first that fits. */
static const struct {
	const char *prefix;
	bool made_up;
	size_t skip; /* of the path, up to the name */
} places[] = {
	{"/run/netns/cni-", true, 11},
	{"/run/netns/netns-", true, 11},
	{"/run/netns/", false, 11},
	{"/run/docker/netns/", true, 18},
};

static const char *mount_name(const char *path, bool *ret_made_up)
{
	const char *slash;

	for (size_t i = 0; i < ARRAY_LEN(places); i++)
		if (!strncmp(path, places[i].prefix, strlen(places[i].prefix)) && path[places[i].skip]) {
			*ret_made_up = places[i].made_up;
			return path + places[i].skip;
		}
	slash = strrchr(path, '/');
	*ret_made_up = true;
	return slash && slash[1] ? slash + 1 : path;
}

static int read_of(const struct netns_find *f, uint32_t pid, const char *what, char *buf, size_t size)
{
	char name[32];

	snprintf(name, sizeof(name), "%u/%s", pid, what);
	return proc_file_read(f->proc_fd, name, buf, size);
}

/* Container or service; scopes and slices are logins, which say nothing about the namespace. */
static bool put_unit(const struct netns_find *f, uint32_t pid, struct str *out)
{
	static const char service[] = ".service";
	struct str path = {0}, unit = {0};
	char buf[FILE_MAX];
	const char *cgroup;
	size_t cgroup_n, tail = sizeof(service) - 1;
	int n = read_of(f, pid, "cgroup", buf, sizeof(buf));
	bool good = false;

	if (n > 0 && !proc_cgroup_parse(buf, (size_t)n, &cgroup, &cgroup_n)) {
		str_put(&path, cgroup, cgroup_n);
		unit_name(str_text(&path), &unit);
		good = unit.n && (memchr(unit.s, ':', unit.n) ||
				  (unit.n > tail && !memcmp(unit.s + unit.n - tail, service, tail)));
		if (good)
			str_put(out, unit.s, unit.n);
	}
	str_done(&path);
	str_done(&unit);
	return good;
}

static bool put_process(const struct netns_find *f, uint32_t pid, struct str *out)
{
	char buf[FILE_MAX];
	int n;

	if (pid == (uint32_t)getpid()) /* who asks is not what it is for */
		return false;
	n = read_of(f, pid, "comm", buf, sizeof(buf));
	if (n > 0 && buf[n - 1] == '\n')
		n--;
	if (n <= 0)
		return false;
	str_put(out, buf, (size_t)n);
	return true;
}

void netns_name(struct netns_find *f, struct netns_found *n, uint64_t now_ns)
{
	const char *path = netns_mounts_path(&f->mounts, n->inode), *mounted = NULL;
	bool made_up = false, fixed = true;
	struct str s = {0};

	if (path)
		mounted = mount_name(path, &made_up);
	if (n->inode == f->host) {
		str_puts(&s, "host");
	} else if (mounted && !made_up) {
		str_puts(&s, mounted);
	} else if (n->pid && put_unit(f, n->pid, &s)) {
		fixed = false;
	} else if (mounted) {
		str_puts(&s, mounted);
	} else if (n->pid && put_process(f, n->pid, &s)) {
		fixed = false;
	} else if (!n->name) {
		str_putf(&s, "net:[%llu]", (unsigned long long)n->inode);
	}
	if (s.n)
		n->name = intern_add(f->names, s.s, s.n);
	/* A name that does not come from a process is only asked for again when the mounts change. */
	n->named_until_ns = fixed ? 0 : n->named_until_ns ? n->named_until_ns : now_ns + YOUNG_NS;
	str_done(&s);
}
