/* Feeds any bytes to every parser of /proc texts: a process chooses its name, and cgroups theirs. */
#include "cgroup.h"
#include "fuzz_plain.h"
#include "proctext.h"
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	const char *text = (const char *)data, *path = NULL;
	struct proc_stat st;
	uint32_t files;
	size_t path_n = 0;
	char *name = malloc(n + 1), *mount;

	if (!name)
		return 0;
	memcpy(name, data, n);
	name[n] = '\0';
	if (!proc_stat_parse(text, n, &st) && (st.comm_n >= sizeof(st.comm) || st.comm[st.comm_n]))
		abort();
	if (!proc_cgroup_parse(text, n, &path, &path_n) &&
	    (path < text || path + path_n > text + n || !path_n || path[0] != '/'))
		abort();
	proc_limits_parse(text, n, &files);
	proc_socket_link(text, n);
	if (proc_pid_name(name) > INT32_MAX)
		abort();
	mount = cgroups_find_mount(text, n);
	free(mount);
	free(name);
	return 0;
}
