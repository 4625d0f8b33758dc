/* Reads what the page of a process shows beyond its sockets: its ancestors, its namespaces, and what systemd will do
 * when it ends. */
#include "process_facts.h"
#include "sockeye/action/kill.h"
#include "sockeye/base/mem.h"
#include "sockeye/base/units.h"
#include "sockeye/collect/procread.h"
#include "sockeye/model/unit.h"
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PARENTS_MAX 12
#define ASK_NS (500 * NSEC_PER_MS)

void process_parents(uint32_t pid, struct str *out)
{
	struct proc_stat st;

	if (proc_stat_read(pid, &st) < 0)
		return;
	for (int i = 0; i < PARENTS_MAX && st.ppid; i++) {
		pid = st.ppid;
		if (proc_stat_read(pid, &st) < 0)
			return;
		str_putf(out, "%u ", pid);
		str_put(out, st.comm, st.comm_n);
		str_putc(out, '\0');
	}
}

static bool ns_link(const char *pid, const char *name, char *ret, size_t size)
{
	char path[64];
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%s/ns/%s", pid, name);
	n = readlink(path, ret, size - 1);
	if (n <= 0)
		return false;
	ret[n] = '\0';
	return true;
}

void process_namespaces(uint32_t pid, struct str *out)
{
	static const char *const names[] = {"net", "mnt", "pid", "user", "ipc", "uts", "cgroup", "time"};
	const char *base = "1", *base_name = "host";
	char number[16], it[64], ours[64];
	bool any = false;

	if (!ns_link(base, "net", ours, sizeof(ours))) {
		base = "self";
		base_name = "sockeye";
	}
	snprintf(number, sizeof(number), "%u", pid);
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		if (!ns_link(base, names[i], ours, sizeof(ours)) ||
		    !ns_link(number, names[i], it, sizeof(it)))
			continue;
		any = true;
		if (strcmp(it, ours))
			str_putf(out, "%s%s",
				 out->n         ? " "
				 : *base == '1' ? "own: "
						: "not sockeye's: ",
				 names[i]);
	}
	if (any && !out->n)
		str_putf(out, "as %s", base_name);
}

/* The path of its own cgroup: the unified one, else systemd's. */
static void put_cgroup(uint32_t pid, struct str *out)
{
	char path[40], buf[4096];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%u/cgroup", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : read(fd, buf, sizeof(buf) - 1);
	if (fd >= 0)
		close(fd);
	if (n <= 0)
		return;
	buf[n] = '\0';
	for (char *line = buf; *line;) {
		size_t len = strcspn(line, "\n");
		const char *colon = memchr(line, ':', len);
		const char *at = colon ? memchr(colon + 1, ':', len - (size_t)(colon + 1 - line)) : NULL;

		if (at && (!strncmp(line, "0::", 3) || !strncmp(colon, ":name=systemd:", 14))) {
			str_clear(out);
			str_put(out, at + 1, len - (size_t)(at + 1 - line));
		}
		line += len + (line[len] == '\n');
	}
}

void process_restart(uint32_t pid, struct str *out)
{
	struct str cgroup = {0}, unit = {0}, answer = {0};
	struct kill_plan plan = {0};
	struct kill_respawn *r;

	put_cgroup(pid, &cgroup);
	/* Units of a user's own manager are not the system's, though they may be called the same. */
	if (strncmp(str_text(&cgroup), "/user.slice/", 12) != 0)
		unit_name(str_text(&cgroup), &unit);
	if (unit.n && unit.n < sizeof(r->unit) && kill_unit_stoppable(str_text(&unit))) {
		r = vec_add(&plan.respawns);
		*r = (struct kill_respawn){.state = RESPAWN_ASKING};
		memcpy(r->unit, str_text(&unit), unit.n + 1);
		if (unit_ask(&plan, ASK_NS, &answer) == 0)
			kill_respawn_read(&plan, str_text(&answer));
		if (r->state == RESPAWN_KNOWN) {
			str_putf(out, "Restart=%s", r->restart);
			if (*r->trigger)
				str_putf(out, ", started by %s", r->trigger);
		}
	}
	str_done(&cgroup);
	str_done(&unit);
	str_done(&answer);
	vec_done(&plan.respawns);
}
