/* Loads the BPF iterator once and reads it as often as it is asked to: every descriptor that is a socket, with its
 * process, in a few reads. */
#include "sockeye/bpf/owners.h"
#include "library.h"
#include "object.h"
#include "sockeye/base/mem.h"
#include <errno.h>
#include <linux/capability.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef CAP_PERFMON
#define CAP_PERFMON 38
#endif
#ifndef CAP_BPF
#define CAP_BPF 39
#endif
#define READ_BYTES 32768 /* the kernel gives no more at once (bpf_seq_read() in kernel/bpf/bpf_iter.c) */

struct bpf_owners {
	struct owner_source base;
	bool tried;
	enum owner_source_state state; /* when tried */
	struct library lib;
	struct bpf_object *object; /* owned */
	struct bpf_link *link; /* owned */
};

/* Asked before anything is loaded; the kernel decides (bpf_capable(), perfmon_capable()). */
static bool permitted(void)
{
	struct __user_cap_header_struct h = {_LINUX_CAPABILITY_VERSION_3, 0};
	struct __user_cap_data_struct d[2] = {{0}};
	uint64_t all;

	if (syscall(SYS_capget, &h, d) < 0)
		return false;
	all = (uint64_t)d[1].effective << 32 | d[0].effective;
	if (all & UINT64_C(1) << CAP_SYS_ADMIN)
		return true;
	return (all & UINT64_C(1) << CAP_BPF) && (all & UINT64_C(1) << CAP_PERFMON);
}

static void unload(struct bpf_owners *b)
{
	if (b->link)
		b->lib.bpf_link__destroy(b->link);
	if (b->object)
		b->lib.bpf_object__close(b->object);
	b->link = NULL;
	b->object = NULL;
	library_close(&b->lib);
}

static int load_program(struct bpf_owners *b)
{
	struct bpf_program *program;
	int r;

	b->object = b->lib.bpf_object__open_mem(owners_object, owners_object_size, NULL);
	if (!b->object)
		return errno ? -errno : -EINVAL;
	r = b->lib.bpf_object__load(b->object);
	if (r < 0)
		return r;
	program = b->lib.bpf_object__find_program_by_name(b->object, "owners");
	if (!program)
		return -ENOENT;
	b->link = b->lib.bpf_program__attach_iter(program, NULL);
	return b->link ? 0 : errno ? -errno : -EINVAL;
}

static enum owner_source_state try_to_load(struct bpf_owners *b)
{
	if (!permitted())
		return OWNER_SOURCE_NOT_PERMITTED;
	if (library_open(&b->lib))
		return OWNER_SOURCE_NO_LIBRARY;
	if (!load_program(b))
		return OWNER_SOURCE_READY;
	unload(b);
	return OWNER_SOURCE_REFUSED;
}

static enum owner_source_state load(struct owner_source *s)
{
	struct bpf_owners *b = (struct bpf_owners *)s;

	if (!b->tried) {
		b->tried = true;
		b->state = try_to_load(b);
	}
	return b->state;
}

static int scan(struct owner_source *s, void (*take)(void *arg, const struct owner_rec *v, size_t n),
		void *arg)
{
	struct bpf_owners *b = (struct bpf_owners *)s;
	struct owner_rec *buf;
	size_t have = 0;
	ssize_t n;
	int fd, r = 0;

	if (!b->link)
		return -EBADF;
	fd = b->lib.bpf_iter_create(b->lib.bpf_link__fd(b->link));
	if (fd < 0)
		return fd;
	buf = mem_alloc(READ_BYTES, 1);
	for (;;) {
		n = read(fd, (char *)buf + have, READ_BYTES - have);
		/* EAGAIN: after very many descriptors that are no sockets the kernel takes a breath */
		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			continue;
		if (n <= 0)
			break;
		have += (size_t)n;
		take(arg, buf, have / sizeof(*buf));
		n = (ssize_t)(have % sizeof(*buf)); /* a read may end within a record */
		memmove(buf, (char *)buf + have - (size_t)n, (size_t)n);
		have = (size_t)n;
	}
	if (n < 0)
		r = -errno;
	else if (have)
		r = -EBADMSG;
	free(buf);
	close(fd);
	return r;
}

static void bpf_owners_free(struct owner_source *s)
{
	struct bpf_owners *b = (struct bpf_owners *)s;

	unload(b);
	free(b);
}

static const struct owner_source_ops ops = {.load = load, .scan = scan, .free = bpf_owners_free};

struct owner_source *bpf_owners_new(void)
{
	struct bpf_owners *b = mem_zalloc(1, sizeof(*b));

	b->base.ops = &ops;
	return &b->base;
}

const char *bpf_owners_library(const struct owner_source *s)
{
	const struct bpf_owners *b = (const struct bpf_owners *)s;

	return b->lib.handle ? b->lib.libbpf_version_string() + 1 : NULL; /* "v1.1" */
}
