/* Opens the live kernel and gives it the ways to find owners that this program has: the one place that knows both. */
#include "live_source.h"
#include "sockeye/bpf/owners.h"
#include <stdlib.h>
#include <string.h>

static const char *choice(void)
{
	const char *s = secure_getenv("SOCKEYE_OWNERS");

	return s ? s : "";
}

int live_source_open(struct intern *names, struct source **ret)
{
	struct owner_source *owners;
	int r = live_open(names, "/proc", ret);

	if (r < 0 || !strcmp(choice(), "proc"))
		return r;
	owners = bpf_owners_new();
	owners->always = !strcmp(choice(), "bpf");
	live_set_owner_source(*ret, owners);
	return 0;
}

void live_source_put_method(struct str *out)
{
	struct owner_source *owners;
	enum owner_source_state state;

	if (!strcmp(choice(), "proc")) {
		str_puts(out, "owners: from /proc, as SOCKEYE_OWNERS says\n");
		return;
	}
	owners = bpf_owners_new();
	state = owner_source_try(owners, "/proc");
	if (state == OWNER_SOURCE_READY)
		str_putf(out,
			 "owners: by BPF (libbpf %s) where there are many descriptors, else from /proc\n",
			 bpf_owners_library(owners));
	else
		str_putf(out, "owners: from /proc. BPF is faster, but: %s\n", owner_source_words[state].text);
	owner_source_free(owners);
}
