/* Stands in where the program is built without clang or libbpf: there is no BPF, and it says so. */
#include "sockeye/base/mem.h"
#include "sockeye/bpf/owners.h"
#include <errno.h>
#include <stdlib.h>

static enum owner_source_state load(struct owner_source *s)
{
	(void)s;
	return OWNER_SOURCE_NOT_BUILT;
}

static int scan(struct owner_source *s, void (*take)(void *arg, const struct owner_rec *v, size_t n),
		void *arg)
{
	(void)s, (void)take, (void)arg;
	return -EOPNOTSUPP;
}

static void absent_free(struct owner_source *s)
{
	free(s);
}

static const struct owner_source_ops ops = {.load = load, .scan = scan, .free = absent_free};

struct owner_source *bpf_owners_new(void)
{
	struct owner_source *s = mem_zalloc(1, sizeof(*s));

	s->ops = &ops;
	return s;
}

const char *bpf_owners_library(const struct owner_source *s)
{
	(void)s;
	return NULL;
}
