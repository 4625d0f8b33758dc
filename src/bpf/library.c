/* Opens libbpf and looks its functions up by name, so that nothing is loaded for those who need no BPF. */
#include "library.h"
#include <dlfcn.h>
#include <errno.h>
#include <string.h>

int library_open(struct library *l)
{
	bool all = true;

	*l = (struct library){0};
	l->handle = dlopen("libbpf.so.1", RTLD_NOW | RTLD_LOCAL);
	if (!l->handle)
		return -ENOENT;
#define X(name)                                                                                              \
	{                                                                                                    \
		void *at = dlsym(l->handle, #name);                                                          \
                                                                                                             \
		memcpy(&l->name, &at, sizeof(at));                                                           \
		all &= at != NULL;                                                                           \
	}
	LIBBPF_CALLS(X)
#undef X
	if (!all) {
		library_close(l);
		return -ENOENT;
	}
	l->libbpf_set_print(NULL); /* it writes to stderr, where a dashboard may be */
	return 0;
}

void library_close(struct library *l)
{
	if (l->handle)
		dlclose(l->handle);
	*l = (struct library){0};
}
