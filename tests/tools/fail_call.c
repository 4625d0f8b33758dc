/* Runs a command for which one system call fails: fail_call CALL ERRNO COMMAND..., to see what it does and says then.
 * "deed" is pidfd_send_signal with a signal, which the probe before it has not; "kill" is every way to signal by number. */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define PIDFD_SEND_SIGNAL 424 /* the same on every architecture (asm-generic/unistd.h) */
#define PIDFD_OPEN 434
#define PIDFD_GETFD 438

#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
#define ARG(n) (offsetof(struct seccomp_data, args[n]) + 4)
#else
#define ARG(n) offsetof(struct seccomp_data, args[n])
#endif
#define LOAD(at) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (at))
#define IS(value, skip) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (value), (skip), 0)

static const struct {
	const char *name;
	unsigned calls[3]; /* the first again where there are fewer */
} table[] = {
	{"pidfd_open", {PIDFD_OPEN, PIDFD_OPEN, PIDFD_OPEN}},
	{"pidfd_send_signal", {PIDFD_SEND_SIGNAL, PIDFD_SEND_SIGNAL, PIDFD_SEND_SIGNAL}},
	{"deed", {PIDFD_SEND_SIGNAL, PIDFD_SEND_SIGNAL, PIDFD_SEND_SIGNAL}},
	{"pidfd_getfd", {PIDFD_GETFD, PIDFD_GETFD, PIDFD_GETFD}},
	{"recvmsg", {SYS_recvmsg, SYS_recvmsg, SYS_recvmsg}},
	{"shutdown", {SYS_shutdown, SYS_shutdown, SYS_shutdown}},
	{"kill", {SYS_kill, SYS_tkill, SYS_tgkill}},
};

static int number(const char *name)
{
	static const struct {
		const char *name;
		int number;
	} all[] = {{"EPERM", EPERM},   {"ESRCH", ESRCH}, {"EINVAL", EINVAL},
		   {"EMFILE", EMFILE}, {"EINTR", EINTR}, {"ENOMEM", ENOMEM},
		   {"ENOSYS", ENOSYS}, {"EBADF", EBADF}, {"EIO", EIO}};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (!strcmp(all[i].name, name))
			return all[i].number;
	return 0;
}

int main(int argc, char **argv)
{
	size_t at = 0;
	int err;

	while (argc > 3 && at < sizeof(table) / sizeof(table[0]) && strcmp(table[at].name, argv[1]))
		at++;
	if (argc < 4 || at == sizeof(table) / sizeof(table[0]) || !(err = number(argv[2])))
		return 77;
	struct sock_filter rules[] = {
		LOAD(offsetof(struct seccomp_data, nr)),
		IS(table[at].calls[0], 3),
		IS(table[at].calls[1], 2),
		IS(table[at].calls[2], 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
		LOAD(ARG(1)),
		/* Of the deed, signal 0 passes; of the others nothing does. */
		IS(strcmp(argv[1], "deed") ? 0xffffffff : 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (unsigned)err),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = {sizeof(rules) / sizeof(rules[0]), rules};

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) < 0) {
		fprintf(stderr, "fail_call: seccomp: %s\n", strerror(errno));
		return 77;
	}
	execvp(argv[3], argv + 3);
	perror(argv[3]);
	return 77;
}
