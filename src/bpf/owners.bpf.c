/* The BPF program: for every descriptor of every task that is a socket or an io_uring, or one of the first
 * three, a record. Only the members
 * named here are needed of the kernel's structs; libbpf finds where they are in the kernel that runs. */
#include "sockeye/collect/owner_source.h"

#define SEC(name) __attribute__((section(name), used))
struct file;
struct seq_file;
struct socket;
/* Helpers by their numbers in linux/bpf.h, so that no header of the building machine counts. */
static long (*const bpf_probe_read_kernel_str)(void *to, uint32_t size, const void *from) = (void *)115;
static long (*const bpf_seq_write)(struct seq_file *to, const void *data, uint32_t size) = (void *)127;
static struct socket *(*const bpf_sock_from_file)(struct file *file) = (void *)162;

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)
struct super_block {
	unsigned long s_magic;
};
struct inode {
	unsigned long i_ino;
	struct super_block *i_sb;
};
struct qstr {
	const unsigned char *name;
};
struct dentry {
	struct qstr d_name;
};
struct path {
	struct dentry *dentry;
};
struct file {
	struct path f_path;
	struct inode *f_inode;
};
struct files_struct;
struct task_struct {
	int pid;
	int tgid;
	struct task_struct *group_leader;
	uint64_t start_boottime;
	struct files_struct *files;
};
struct bpf_iter_meta {
	struct seq_file *seq;
};
struct bpf_iter__task_file {
	struct bpf_iter_meta *meta;
	struct task_struct *task;
	uint32_t fd;
	struct file *file;
};
#pragma clang attribute pop

#define ANON_INODE_FS_MAGIC 0x09041934 /* linux/magic.h */

/* What /proc calls "anon_inode:[io_uring]" (io_uring_get_file() in io_uring/io_uring.c). */
static int is_ring(struct file *file)
{
	const char wanted[] = "[io_uring]";
	char name[sizeof(wanted)];

	if (file->f_inode->i_sb->s_magic != ANON_INODE_FS_MAGIC)
		return 0;
	if (bpf_probe_read_kernel_str(name, sizeof(name), file->f_path.dentry->d_name.name) != sizeof(name))
		return 0;
	for (unsigned i = 0; i < sizeof(name); i++)
		if (name[i] != wanted[i])
			return 0;
	return 1;
}

SEC("iter/task_file")
int owners(struct bpf_iter__task_file *ctx)
{
	struct task_struct *task = ctx->task;
	struct file *file = ctx->file;
	struct owner_rec rec;

	if (!task || !file)
		return 0;
	if (bpf_sock_from_file(file))
		rec.inode = (uint32_t)file->f_inode->i_ino;
	else if (is_ring(file))
		rec.inode = OWNER_REC_RING;
	else if (ctx->fd <= 2)
		rec.inode = OWNER_REC_SEEN;
	else
		return 0;
	rec.pid = (uint32_t)task->tgid;
	rec.tid = (uint32_t)task->pid;
	rec.fd = (int32_t)ctx->fd;
	rec.start_ns = task->group_leader->start_boottime;
	rec.table = (uint64_t)(unsigned long)task->files;
	bpf_seq_write(ctx->meta->seq, &rec, sizeof(rec));
	return 0;
}

/* The helpers used are for GPL-compatible programs; MIT is, and has to be said together with GPL. */
const char owners_license[] SEC("license") = "Dual MIT/GPL";
