/* Reads what explain has to know beside the sockets: who asks, and the settings and addresses of the namespace. */
#include "explain_facts.h"
#include "explain_links.h"
#include "privileges.h"
#include "sockeye/base/mem.h"
#include "sockeye/base/text.h"
#include "sockeye/base/units.h"
#include <errno.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define SYSCTL "/proc/sys/net/ipv4/"
#define SYSCTL_MAX                                                                                           \
	262144 /* more than a list of every other port takes; the kernel gives such a list in one read */

static void set_name(struct explain_facts *facts, const char *name)
{
	struct str safe = {0};

	text_put_cell(&safe, name, strlen(name), MB_CUR_MAX == 1, sizeof(facts->user) / 2);
	if (safe.n < sizeof(facts->user))
		memcpy(facts->user, str_text(&safe), safe.n + 1);
	str_done(&safe);
}

static int named_user(const char *name, struct explain_facts *facts, struct explain_who *ret)
{
	uint64_t uid;
	const struct passwd *pw;

	errno = 0;
	pw = getpwnam(name);
	if (!pw && parse_u64(name, UINT32_MAX - 1, &uid) == 0) {
		pw = getpwuid((uid_t)uid);
		*ret = (struct explain_who){(uid_t)uid, pw ? pw->pw_gid : (gid_t)uid};
	} else if (!pw) {
		complain("--as: no user \"%s\"; expected a name or a uid", name);
		return -1;
	} else {
		*ret = (struct explain_who){pw->pw_uid, pw->pw_gid};
	}
	if (pw)
		set_name(facts, pw->pw_name);
	return 0;
}

static bool sudo_user(struct explain_facts *facts, struct explain_who *ret)
{
	const char *uid_text = getenv("SUDO_UID"), *gid_text = getenv("SUDO_GID"),
		   *name = getenv("SUDO_USER");
	uint64_t uid, gid;

	if (geteuid() != 0 || !uid_text || parse_u64(uid_text, UINT32_MAX - 1, &uid) < 0)
		return false;
	if (!gid_text || parse_u64(gid_text, UINT32_MAX - 1, &gid) < 0)
		gid = uid;
	*ret = (struct explain_who){(uid_t)uid, (gid_t)gid};
	if (name)
		set_name(facts, name);
	return true;
}

int explain_who(const char *as_user, struct explain_facts *facts, struct explain_who *ret)
{
	if (as_user) {
		if (named_user(as_user, facts, ret) < 0)
			return -1;
	} else if (!sudo_user(facts, ret)) {
		const struct passwd *pw = getpwuid(geteuid());

		*ret = (struct explain_who){geteuid(), getegid()};
		if (pw)
			set_name(facts, pw->pw_name);
	}
	facts->uid = ret->uid;
	facts->asker = geteuid();
	/* Who changes from one user to another loses the capabilities, unless it becomes root. */
	facts->cap_bind = ret->uid == geteuid() ? privileges_bind_low() : ret->uid == 0;
	return 0;
}

/* The text of a small file, or NULL. To be freed. */
static char *read_text(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	char *text;
	ssize_t n;

	if (fd < 0)
		return NULL;
	text = mem_alloc(SYSCTL_MAX + 1, 1);
	n = read(fd, text, SYSCTL_MAX);
	close(fd);
	if (n < 0) {
		free(text);
		return NULL;
	}
	text[n] = '\0';
	return text;
}

static void read_settings(struct explain_facts *facts)
{
	char *text = read_text(SYSCTL "ip_unprivileged_port_start"), *end;

	facts->unprivileged_start = -1;
	if (text) {
		long start = strtol(text, &end, 10);

		if (end != text && start >= 0 && start <= 65536)
			facts->unprivileged_start = (int32_t)start;
	}
	free(text);
	text = read_text(SYSCTL "tcp_l3mdev_accept"); /* none: this kernel has no VRFs */
	facts->vrfs_share = !text || strtol(text, NULL, 10) != 0;
	free(text);
	text = read_text(SYSCTL "ip_local_reserved_ports");
	if (text)
		explain_read_reserved(facts, text);
	free(text);
}

static bool family_works(int family)
{
	int fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd >= 0)
		close(fd);
	return fd >= 0 || errno != EAFNOSUPPORT;
}

static void read_addresses(struct explain_facts *facts)
{
	struct ifaddrs *all = NULL;

	if (getifaddrs(&all) < 0)
		return;
	for (const struct ifaddrs *i = all; i; i = i->ifa_next) {
		struct explain_addr a = {0};

		if (!i->ifa_addr)
			continue;
		if (i->ifa_addr->sa_family == AF_INET) {
			memcpy(a.ip.b, &((struct sockaddr_in *)i->ifa_addr)->sin_addr, 4);
		} else if (i->ifa_addr->sa_family == AF_INET6) {
			const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)i->ifa_addr;

			a.ip.v6 = true;
			memcpy(a.ip.b, &in6->sin6_addr, 16);
			if (IN6_IS_ADDR_LINKLOCAL(&in6->sin6_addr))
				a.ifindex = in6->sin6_scope_id;
		} else {
			continue;
		}
		vec_push(&facts->addrs, a);
	}
	freeifaddrs(all);
}

void explain_read_facts(struct explain_facts *facts)
{
	facts->v4 = family_works(AF_INET);
	facts->v6 = family_works(AF_INET6);
	read_settings(facts);
	read_addresses(facts);
	explain_read_links(facts);
}
