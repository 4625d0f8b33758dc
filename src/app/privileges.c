/* Capabilities by bare system calls: three lines of them do not earn a dependency on libcap. */
#include "privileges.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/nsfs.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static const unsigned dropped[] = {CAP_KILL, CAP_NET_ADMIN};

static int get(struct __user_cap_data_struct d[2])
{
	struct __user_cap_header_struct h = {_LINUX_CAPABILITY_VERSION_3, 0};

	return syscall(SYS_capget, &h, d) < 0 ? -errno : 0;
}

static bool has(const struct __user_cap_data_struct d[2], unsigned cap)
{
	return d[cap / 32].effective & (UINT32_C(1) << cap % 32);
}

int privileges_drop(void)
{
	struct __user_cap_header_struct h = {_LINUX_CAPABILITY_VERSION_3, 0};
	struct __user_cap_data_struct d[2];
	int r = get(d);

	if (r < 0)
		return r;
	for (unsigned i = 0; i < sizeof(dropped) / sizeof(dropped[0]); i++) {
		uint32_t bit = ~(UINT32_C(1) << dropped[i] % 32);

		/* Without CAP_SETPCAP this fails, and then there is little to lose either. */
		(void)prctl(PR_CAPBSET_DROP, dropped[i], 0, 0, 0);
		d[dropped[i] / 32].effective &= bit;
		d[dropped[i] / 32].permitted &= bit;
		d[dropped[i] / 32].inheritable &= bit;
	}
	(void)prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	return syscall(SYS_capset, &h, d) < 0 ? -errno : 0;
}

bool privileges_see_all_owners(void)
{
	struct __user_cap_data_struct d[2];

	/* Reading another user's descriptors takes both: one to open the directory, one to read its links. */
	return !get(d) && has(d, CAP_DAC_READ_SEARCH) && has(d, CAP_SYS_PTRACE);
}

bool privileges_bind_low(void)
{
	struct __user_cap_data_struct d[2];
	int ns, owner;

	if (get(d) || !has(d, CAP_NET_BIND_SERVICE))
		return false;
	/* The capability counts only if the network namespace is our user namespace's or a child's; the kernel shows the
	 * owner of no other (ns_get_owner). */
	ns = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
	if (ns < 0)
		return true;
	owner = ioctl(ns, NS_GET_USERNS);
	if (owner >= 0)
		close(owner);
	close(ns);
	return owner >= 0 || errno != EPERM;
}
