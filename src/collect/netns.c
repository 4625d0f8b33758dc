/* Enters network namespaces, and lets go of them in time: a descriptor of ours in a namespace keeps it and its
 * devices alive, and nobody who looks may do that. */
#include "netns.h"
#include "netns_enter.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#define SEARCH_NS UINT64_C(900000000) /* a look that comes sooner takes the list as it is */
#define RETRY_NS UINT64_C(10000000000)
#define FDS_EACH 6 /* a namespace */
#define FDS_OTHER 128

static int open_below(const char *proc_root, const char *name)
{
	struct str path = {0};
	int fd;

	str_puts(&path, proc_root);
	str_puts(&path, name);
	fd = open(str_text(&path), O_RDONLY | O_CLOEXEC);
	str_done(&path);
	return fd;
}

struct opening {
	const char *proc_root;
	struct netns *n;
	int result;
};

/* In the namespace: what is opened here stays of here. Of the thread, not of "self", which is the main one. */
static void open_here(void *arg)
{
	struct opening *x = arg;

	x->result = diag_open(&x->n->diag);
	if (x->result)
		return;
	x->n->stat_fd = open_below(x->proc_root, "/thread-self/net/sockstat");
	x->n->stat6_fd = open_below(x->proc_root, "/thread-self/net/sockstat6");
	x->n->range_fd = open_below(x->proc_root, "/sys/net/ipv4/ip_local_port_range");
	x->n->somaxconn_fd = open_below(x->proc_root, "/sys/net/core/somaxconn");
	x->n->retries_fd = open_below(x->proc_root, "/sys/net/ipv4/tcp_retries2");
}

static struct netns *netns_new(uint64_t inode)
{
	struct netns *n = mem_zalloc(1, sizeof(*n));

	n->inode = inode;
	n->stat_fd = n->stat6_fd = n->range_fd = n->somaxconn_fd = n->retries_fd = -1;
	n->index = UINT16_MAX;
	return n;
}

static void netns_free(struct netns *n)
{
	int fds[] = {n->stat_fd, n->stat6_fd, n->range_fd, n->somaxconn_fd, n->retries_fd};

	diag_close(n->diag);
	for (size_t i = 0; i < ARRAY_LEN(fds); i++)
		if (fds[i] >= 0)
			close(fds[i]);
	for (size_t i = 0; i < NETNS_PARTS; i++) {
		vec_done(&n->rows[i].socks);
		vec_done(&n->rows[i].infos);
	}
	free(n);
}

static void mark_rows(const struct netns_rows *r, struct intern *names)
{
	for (size_t i = 0; i < r->socks.n; i++)
		intern_mark(names, r->socks.v[i].cgroup); /* they are TCP sockets */
	for (size_t i = 0; i < r->infos.n; i++)
		intern_mark(names, r->infos.v[i].cc);
}

void netns_set_mark_names(const struct netns_set *s)
{
	struct intern *names = s->find.names;

	for (size_t i = 0; i < s->find.found.n; i++)
		intern_mark(names, s->find.found.v[i].name);
	for (size_t i = 0; i < s->places.n; i++)
		intern_mark(names, s->places.v[i].name);
	for (size_t i = 0; i < s->v.n; i++) {
		intern_mark(names, s->v.v[i]->name);
		for (size_t k = 0; k < NETNS_PARTS; k++)
			mark_rows(&s->v.v[i]->rows[k], names);
	}
}

int netns_set_open(struct netns_set *s, struct intern *names, const char *proc_root)
{
	struct opening x = {.proc_root = proc_root};
	int r;

	*s = (struct netns_set){0};
	r = netns_find_open(&s->find, names, proc_root);
	if (r)
		return r;
	x.n = netns_new(s->find.own);
	open_here(&x);
	if (x.result) {
		netns_free(x.n);
		netns_find_done(&s->find);
		return x.result;
	}
	x.n->own = true;
	x.n->name = s->find.found.v[0].name;
	vec_push(&s->v, x.n);
	return 0;
}

void netns_set_done(struct netns_set *s)
{
	for (size_t i = 0; i < s->v.n; i++)
		netns_free(s->v.v[i]);
	vec_done(&s->v);
	vec_done(&s->places);
	netns_find_done(&s->find);
}

static bool wants(const struct netns_set *s, uint8_t want, uint64_t want_inode, uint64_t inode)
{
	switch (want) {
	case WANT_NETNS_OWN:
		return inode == s->find.own;
	case WANT_NETNS_HOST:
		return inode == s->find.host;
	case WANT_NETNS_ONE:
		return inode == want_inode;
	default:
		return true;
	}
}

/* Each takes some descriptors, and the usual soft limit of 1024 is met with 230 of them. Nothing here uses
 * select(), which is what that limit is for. */
static void make_room(size_t netns_n)
{
	struct rlimit l;
	rlim_t need = (rlim_t)(netns_n * FDS_EACH + FDS_OTHER);

	if (getrlimit(RLIMIT_NOFILE, &l) || l.rlim_cur == RLIM_INFINITY || l.rlim_cur >= need)
		return;
	l.rlim_cur = l.rlim_max == RLIM_INFINITY || l.rlim_max > need * 2 ? need * 2 : l.rlim_max;
	setrlimit(RLIMIT_NOFILE, &l);
}

/* The new member of the set; NULL: not entered. */
static struct netns *enter_fd(struct netns_set *s, uint64_t inode, int fd, int *ret_error)
{
	struct opening x = {.proc_root = s->find.proc_root, .n = netns_new(inode)};
	int r = netns_enter(fd, open_here, &x);

	if (!r)
		r = x.result;
	if (r) {
		netns_free(x.n);
		*ret_error = r;
		return NULL;
	}
	diag_set_foreign(x.n->diag, s->v.v[0]->diag);
	vec_push(&s->v, x.n);
	return x.n;
}

static void enter(struct netns_set *s, struct netns_found *found, uint64_t now_ns)
{
	int fd = netns_find_fd(&s->find, found);
	struct netns *n = NULL;

	found->refused = 0;
	if (fd == -ESTALE) /* ended since it was found */
		return;
	if (fd < 0) {
		found->refused = fd;
	} else {
		n = enter_fd(s, found->inode, fd, &found->refused);
		close(fd);
	}
	if (n)
		n->name = found->name;
	else
		found->retry_ns = now_ns + RETRY_NS;
}

/* Lets go of those that have ended, are not wanted, or cannot be asked any more. doubt: one that neither process
 * nor mount keeps stays till the end of this look, which tells whether a socket does. */
static void drop(struct netns_set *s, uint8_t want, uint64_t want_inode, bool doubt)
{
	size_t kept = 1;

	for (size_t i = 1; i < s->v.n; i++) {
		struct netns *n = s->v.v[i];
		const struct netns_found *found = netns_find_inode(&s->find, n->inode);

		if (!wants(s, want, want_inode, n->inode) || (!found && !n->held && !doubt) ||
		    diag_lost(n->diag)) {
			netns_free(n);
			continue;
		}
		n->alone = !found;
		if (found)
			n->name = found->name;
		s->v.v[kept++] = n;
	}
	s->v.n = kept;
	s->v.v[0]->name = s->find.found.v[0].name;
}

static void search(struct netns_set *s, uint64_t now_ns)
{
	s->last_ns = now_ns;
	netns_find_look(&s->find, now_ns);
}

static bool is_open(const struct netns_set *s, uint64_t inode)
{
	for (size_t i = 0; i < s->v.n; i++)
		if (s->v.v[i]->inode == inode)
			return true;
	return false;
}

bool netns_set_enter_stray(struct netns_set *s, uint64_t inode, int fd, uint32_t pid, uint64_t now_ns)
{
	struct netns_found holder = {.inode = inode, .pid = pid};
	struct netns *n;
	int error;

	if (is_open(s, inode) || netns_find_inode(&s->find, inode))
		return false;
	n = enter_fd(s, inode, fd, &error);
	if (!n)
		return false;
	netns_name(&s->find, &holder, now_ns);
	n->name = holder.name;
	n->alone = n->held = true;
	return true;
}

static void enter_new(struct netns_set *s, uint64_t now_ns)
{
	s->denied = s->failed = 0;
	make_room(s->find.found.n);
	for (size_t i = 1; i < s->find.found.n; i++) {
		struct netns_found *found = &s->find.found.v[i];

		if (!wants(s, s->want, s->want_inode, found->inode) || is_open(s, found->inode))
			continue;
		if (!found->refused || found->retry_ns <= now_ns)
			enter(s, found, now_ns);
		if (found->refused == -EPERM || found->refused == -EACCES) {
			s->denied++;
		} else if (found->refused) {
			s->failed++;
			s->error = found->refused;
		}
	}
}

void netns_set_update(struct netns_set *s, const struct want *want, uint64_t now_ns)
{
	bool other = !s->last_ns || s->want != want->netns || s->want_inode != want->netns_inode;
	bool alone = want->netns == WANT_NETNS_OWN ||
		     (want->netns == WANT_NETNS_ONE && want->netns_inode == s->find.own) ||
		     (want->netns == WANT_NETNS_HOST && s->find.host == s->find.own);

	s->want = want->netns;
	s->want_inode = want->netns_inode;
	if (other) {
		vec_clear(&s->places);
		for (size_t i = 0; i < s->v.n; i++)
			s->v.v[i]->index = UINT16_MAX;
	}
	if (alone) {
		s->denied = s->failed = 0;
		drop(s, s->want, s->want_inode, false);
	} else if (other || s->left || now_ns - s->last_ns >= SEARCH_NS || now_ns < s->last_ns) {
		s->left = false;
		search(s, now_ns);
		drop(s, s->want, s->want_inode, want->attrs & WANT_OWNERS);
		enter_new(s, now_ns);
	}
	for (size_t i = 0; i < s->v.n; i++)
		s->v.v[i]->wanted = wants(s, s->want, s->want_inode, s->v.v[i]->inode);
}

void netns_set_let_go(struct netns_set *s, uint64_t now_ns)
{
	if (s->v.n < 2)
		return;
	search(s, now_ns);
	drop(s, s->want, s->want_inode, false);
}

void netns_set_leave(struct netns_set *s)
{
	for (size_t i = 1; i < s->v.n; i++)
		netns_free(s->v.v[i]);
	s->v.n = 1;
	s->left = true;
}

/* A netlink socket may be that of another program like this one, and two of them would hold each other. */
static bool can_hold(const struct sock *s)
{
	return s->inode && s->proto != PROTO_NETLINK;
}

/* Snapshot index → place in the set, of those that no process is in. False: there are none. */
static bool list_empty(struct netns_set *s, size_t n, uint32_t *ret_at)
{
	bool any = false;

	for (size_t i = 0; i < n; i++)
		ret_at[i] = MAP_NONE;
	for (size_t i = 1; i < s->v.n; i++) {
		const struct netns_found *found = netns_find_inode(&s->find, s->v.v[i]->inode);

		if ((found && found->pid) || s->v.v[i]->index >= n)
			continue;
		ret_at[s->v.v[i]->index] = (uint32_t)i;
		any = true;
	}
	return any;
}

static void drop_alone(struct netns_set *s)
{
	size_t kept = 1;

	for (size_t i = 1; i < s->v.n; i++) {
		if (s->v.v[i]->alone && !s->v.v[i]->held)
			netns_free(s->v.v[i]);
		else
			s->v.v[kept++] = s->v.v[i];
	}
	s->v.n = kept;
}

void netns_set_note_holders(struct netns_set *s, const struct snapshot *snap)
{
	uint32_t *at = mem_alloc(snap->netns.n, sizeof(*at)), self = (uint32_t)getpid();
	struct map inodes = {0};

	for (size_t i = 1; i < s->v.n; i++)
		if (s->v.v[i]->index != UINT16_MAX) /* else it was entered too late for this look */
			s->v.v[i]->held = false;
	if (list_empty(s, snap->netns.n, at)) {
		for (size_t i = 0; i < snap->socks.n; i++) {
			const struct sock *sock = &snap->socks.v[i];

			if (at[sock->netns] != MAP_NONE && can_hold(sock))
				*map_at(&inodes, sock->inode, 0) = at[sock->netns];
		}
	}
	for (size_t i = 0; inodes.n && i < snap->fds.n; i++) {
		uint32_t ns = map_get(&inodes, snap->fds.v[i].inode, 0);

		if (ns != MAP_NONE && snap->procs.v[snap->fds.v[i].proc].pid != self)
			s->v.v[ns]->held = true;
	}
	drop_alone(s);
	map_done(&inodes);
	free(at);
}
