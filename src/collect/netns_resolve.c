/* From what a user calls a network namespace to the namespace, or to a sentence that says which there are. */
#include "netns_enter.h"
#include "netns_find.h"
#include "proctext.h"
#include "sockeye/base/text.h"
#include "sockeye/collect/netns.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/nsfs.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define PID_LIMIT 4194304u /* PID_MAX_LIMIT of 64-bit kernels; numbers of namespaces are far above it */
#define NAMES_TOLD 12

struct search {
	struct intern *names;
	struct netns_find find;
	const char *text;
	struct netns_choice *choice;
	struct str *err;
};

static const char *name_of(const struct search *s, const struct netns_found *n)
{
	return intern_get(s->names, n->name);
}

static int choose(struct search *s, uint64_t inode)
{
	const struct netns_found *n = netns_find_inode(&s->find, inode);

	if (!n) {
		str_putf(s->err, "network namespace %s is held by no process and no mount that can be seen",
			 s->text);
		return -ENOENT;
	}
	s->choice->want = inode == s->find.own ? WANT_NETNS_OWN : WANT_NETNS_ONE;
	s->choice->inode = inode;
	snprintf(s->choice->name, sizeof(s->choice->name), "%s", name_of(s, n));
	return 0;
}

/* What people write has the last part of the path where it is mounted, too, whatever it is shown as. */
static bool mounted_as(const struct search *s, const struct netns_found *n)
{
	const char *path = netns_mounts_path(&s->find.mounts, n->inode),
		   *slash = path ? strrchr(path, '/') : NULL;

	return slash && !strcmp(slash + 1, s->text);
}

/* -ENOENT without a sentence: nothing is called so. */
static int by_name(struct search *s)
{
	const struct netns_found *found = NULL;
	size_t n = 0;

	for (size_t i = 0; i < s->find.found.n; i++)
		if (mounted_as(s, &s->find.found.v[i]))
			return choose(s, s->find.found.v[i].inode);
	for (size_t i = 0; i < s->find.found.n; i++) {
		if (strcmp(name_of(s, &s->find.found.v[i]), s->text) != 0)
			continue;
		if (!found)
			found = &s->find.found.v[i];
		n++;
	}
	if (n == 1)
		return choose(s, found->inode);
	if (!n)
		return -ENOENT;
	str_putf(s->err, "%zu network namespaces are called \"%s\"; say which by a pid:", n, s->text);
	for (size_t i = 0; i < s->find.found.n; i++)
		if (!strcmp(name_of(s, &s->find.found.v[i]), s->text))
			str_putf(s->err, " %u", s->find.found.v[i].pid);
	return -ENOTUNIQ;
}

static int by_number(struct search *s)
{
	uint64_t number = 0, inode;
	char path[32], link[64];
	ssize_t n;

	for (const char *p = s->text; *p; p++)
		number = number > UINT32_MAX ? number : number * 10 + (uint64_t)(*p - '0');
	if (number > PID_LIMIT) {
		if (netns_find_inode(&s->find, number))
			return choose(s, number);
		return -ENOENT;
	}
	snprintf(path, sizeof(path), "%llu/ns/net", (unsigned long long)number);
	n = readlinkat(s->find.proc_fd, path, link, sizeof(link));
	if (n < 0 && (errno == EACCES || errno == EPERM)) {
		str_putf(s->err, "the network namespace of process %s may not be seen: run as root", s->text);
		return -EPERM;
	}
	inode = n < 0 ? 0 : netns_link_inode(link, (size_t)n);
	if (!inode) {
		str_putf(s->err, "no process %s, and no network namespace called so", s->text);
		return -ENOENT;
	}
	return choose(s, inode);
}

static int by_path(struct search *s)
{
	int fd = open(s->text, O_RDONLY | O_CLOEXEC | O_NONBLOCK), err = errno;
	struct stat st;

	if (fd < 0) {
		str_putf(s->err, "cannot open %s: %s", s->text, strerror(err));
		return -err;
	}
	/* Any other file refuses the question, and another kind of namespace answers it with its own. */
	if (ioctl(fd, NS_GET_NSTYPE) != CLONE_NEWNET || fstat(fd, &st) < 0) {
		close(fd);
		str_putf(s->err, "%s is no network namespace", s->text);
		return -ENOENT;
	}
	close(fd);
	return choose(s, st.st_ino);
}

static size_t first_of(const char *const *names, const char *name)
{
	size_t i = 0;

	while (strcmp(names[i], name) != 0)
		i++;
	return i;
}

static void tell_names(struct search *s)
{
	const char *names[256];
	size_t n = 0, told = 0, meant = 0;
	int near;

	for (size_t i = 0; i < s->find.found.n && n < ARRAY_LEN(names); i++)
		names[n++] = name_of(s, &s->find.found.v[i]);
	str_putf(s->err, "no network namespace \"%s\"; ", s->text);
	near = text_nearest(s->text, names, n);
	if (near >= 0) {
		str_putf(s->err, "did you mean %s?", names[near]);
		return;
	}
	str_puts(s->err, n == 1 ? "there is " : "there are ");
	for (size_t i = 0; i < n && told < NAMES_TOLD; i++) {
		size_t same = 0;

		if (first_of(names, names[i]) != i)
			continue;
		for (size_t k = i; k < n; k++)
			same += !strcmp(names[k], names[i]);
		str_putf(s->err, "%s%s", told++ ? ", " : "", names[i]);
		if (same > 1)
			str_putf(s->err, " (%zu, told apart by a pid)", same);
		meant += same;
	}
	if (s->find.found.n > meant)
		str_putf(s->err, " and %zu more", s->find.found.n - meant);
	if (s->find.denied)
		str_puts(s->err, " (root sees more)");
}

static void nothing(void *arg)
{
}

static int try_to_enter(struct search *s)
{
	struct netns_found *n = netns_find_inode(&s->find, s->choice->inode);
	int fd, r;

	if (s->choice->want != WANT_NETNS_ONE)
		return 0;
	fd = netns_find_fd(&s->find, n);
	r = fd < 0 ? fd : netns_enter(fd, nothing, NULL);
	if (fd >= 0)
		close(fd);
	if (r == -EPERM || r == -EACCES)
		str_putf(s->err, "network namespace %s may not be entered: run as root", s->text);
	else if (r)
		str_putf(s->err, "cannot enter network namespace %s: %s", s->text, strerror(-r));
	return r == -EACCES ? -EPERM : r;
}

static int resolve(struct search *s)
{
	int r = by_name(s);

	if (r == -ENOENT && s->text[0] && !s->text[strspn(s->text, "0123456789")])
		r = by_number(s);
	else if (r == -ENOENT && strchr(s->text, '/'))
		r = by_path(s);
	if (r == -ENOENT && !s->err->n)
		tell_names(s);
	return r ? r : try_to_enter(s);
}

int netns_resolve(const char *proc_root, const char *text, struct netns_choice *ret, struct str *err)
{
	struct netns_choice choice = {0};
	struct search s = {.text = text, .choice = &choice, .err = err};
	struct timespec t;
	int r;

	if (!strcmp(text, "all") || !strcmp(text, "host")) {
		choice.want = text[0] == 'a' ? WANT_NETNS_ALL : WANT_NETNS_HOST;
		snprintf(choice.name, sizeof(choice.name), "%s", text);
		*ret = choice;
		return 0;
	}
	s.names = intern_new();
	r = netns_find_open(&s.find, s.names, proc_root);
	if (r) {
		str_putf(err, "cannot read %s: %s", proc_root, strerror(-r));
	} else {
		clock_gettime(CLOCK_BOOTTIME, &t);
		netns_find_look(&s.find, (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec);
		r = resolve(&s);
		netns_find_done(&s.find);
	}
	intern_free(s.names);
	if (!r)
		*ret = choice;
	return r;
}
