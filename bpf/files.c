/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * files.c - the file that a read of the service is of: what it is, and how long was waited for it.
 *
 * Measures  per file (device, inode): slow and missed reads, ns waited, the last names of the path.
 * Attaches  nothing of its own: asked at the beginning of a read and told of its end by reads.c.
 * Cost      three calls at the beginning of a read of the service.
 * Misses    files beyond the first 2,048 that were waited for: counted as lost.
 */
/* Files waited for. The path's last names come along, since the file may be closed before anybody asks. */
#define NAMES 8
#define NAME_BYTES 48
struct file_key {
	u64 inode;
	u32 device;
	u32 pad;
};
struct file_waits {
	u64 slow_reads;
	u64 missed_reads;
	u64 total_ns;
	u64 depth; /* names filled; NAMES: the path may go on upwards */
	char names[NAMES][NAME_BYTES];
};
BPF_HASH(files, struct file_key, struct file_waits, 2048);
BPF_PERCPU_ARRAY(file_scratch, struct file_waits, 1);

static __always_inline u64 file_of(u64 task, u64 fd)
{
	u64 files_struct, fdt, max, table, file = 0;
	LOAD(u64, files_struct, task, OFF_task_struct_files);
	LOAD(u64, fdt, files_struct, OFF_files_struct_fdt);
	LOAD(u32, max, fdt, OFF_fdtable_max_fds);
	if ((u32)fd >= max)
		return 0;
	LOAD(u64, table, fdt, OFF_fdtable_fd);
	READ(file, table, 8 * (u64)(u32)fd);
	return file;
}

/*
 * Members of one struct in one call: the bytes from the first to behind the last of them are copied, if they are few.
 */
#define FILE_LOW LOWER(LOWER(OFF_file_f_inode, OFF_file_f_flags), OFF_file_f_pos)
#define FILE_HIGH (UPPER(UPPER(OFF_file_f_inode, OFF_file_f_flags), OFF_file_f_pos) + 8)
#define INODE_LOW LOWER(OFF_inode_i_mode, OFF_inode_i_sb)
#define INODE_HIGH (UPPER(OFF_inode_i_mode, OFF_inode_i_sb) + 8)
#define MOST_BYTES 192
#define COPIED(copy, low, offset, type) (*(type *)((copy) + (offset) - (low)))

struct opened {
	u64 inode, position;
	u32 flags;
};
static __always_inline void look_at_file(u64 file, struct opened *o)
{
#if FILE_HIGH - FILE_LOW <= MOST_BYTES
	u8 copy[FILE_HIGH - FILE_LOW] __attribute__((aligned(8)));
	bpf_probe_read_kernel(copy, sizeof(copy), (void *)(file + FILE_LOW));
	o->inode = COPIED(copy, FILE_LOW, OFF_file_f_inode, u64);
	o->position = COPIED(copy, FILE_LOW, OFF_file_f_pos, u64);
	o->flags = COPIED(copy, FILE_LOW, OFF_file_f_flags, u32);
#else
	READ(o->inode, file, OFF_file_f_inode);
	READ(o->position, file, OFF_file_f_pos);
	READ(o->flags, file, OFF_file_f_flags);
#endif
}

static __always_inline u64 mode_and_sb(u64 inode, u16 *mode)
{
#if INODE_HIGH - INODE_LOW <= MOST_BYTES
	u8 copy[INODE_HIGH - INODE_LOW] __attribute__((aligned(8)));
	bpf_probe_read_kernel(copy, sizeof(copy), (void *)(inode + INODE_LOW));
	*mode = COPIED(copy, INODE_LOW, OFF_inode_i_mode, u16);
	return COPIED(copy, INODE_LOW, OFF_inode_i_sb, u64);
#else
	u64 sb = 0;
	READ(*mode, inode, OFF_inode_i_mode);
	READ(sb, inode, OFF_inode_i_sb);
	return sb;
#endif
}

/* File systems whose files have no pages to wait for. */
static __always_inline int is_pseudo(u64 magic)
{
	return magic == 0x9fa0 /* proc */ || magic == 0x62656572 /* sysfs */ || magic == 0x27e0eb /* cgroup */ ||
	       magic == 0x63677270 /* cgroup2 */ || magic == 0x64626720 /* debugfs */ || magic == 0x74726163 /* tracefs */;
}

/* Who keeps reading on one file system need not ask each time what it is; but again in each window, mounts come and go. */
static __always_inline void know_file_system(struct read_in_flight *r, u64 sb)
{
	u64 magic = 0;
	u32 device = 0, window = 0;
	int within = window_now(&window);
	if (within && r->sb == sb && r->sb_window == window)
		return;
	READ(magic, sb, OFF_super_block_s_magic);
	READ(device, sb, OFF_super_block_s_dev);
	r->pseudo = is_pseudo(magic);
	r->stacked = (device >> 20) == 0;
	r->sb = sb;
	r->sb_window = window;
}

static __always_inline u32 kind_of(struct read_in_flight *r, u32 flags)
{
	u16 mode = 0;
	u64 sb = mode_and_sb(r->inode, &mode);
	switch (mode & 0xf000) {
	case 0x8000:
		break;
	case 0xc000:
		return KIND_SOCKET;
	case 0x1000:
		return KIND_PIPE;
	default:
		return KIND_OTHER;
	}
	know_file_system(r, sb);
	if (r->pseudo)
		return KIND_OTHER;
	return flags & O_DIRECT_FLAG ? KIND_DIRECT : KIND_HIT;
}

/* Remember where the file is: names from the leaf upwards until the file system's root. */
static __always_inline void fill_names(u64 file, struct file_waits *w)
{
	u64 dentry = 0, parent = 0, name = 0;
	READ(dentry, file, OFF_file_f_path + OFF_path_dentry);
	w->depth = 0;
#pragma unroll
	for (int i = 0; i < NAMES; i++) {
		READ(parent, dentry, OFF_dentry_d_parent);
		if (!dentry || parent == dentry)
			break;
		READ(name, dentry, OFF_dentry_d_name + OFF_qstr_name);
		bpf_probe_read_kernel_str(w->names[i], NAME_BYTES, (void *)name);
		w->depth = i + 1;
		dentry = parent;
	}
}

static __always_inline void waited_for(struct read_in_flight *r, u64 latency_ns)
{
	struct file_key key = {};
	u64 sb = 0;
	u32 zero = 0;
	READ(sb, r->inode, OFF_inode_i_sb);
	READ(key.device, sb, OFF_super_block_s_dev);
	READ(key.inode, r->inode, OFF_inode_i_ino);
	struct file_waits *w = files.lookup(&key);
	if (!w) {
		struct file_waits *fresh = file_scratch.lookup(&zero);
		if (!fresh)
			return;
		fresh->slow_reads = fresh->missed_reads = fresh->total_ns = 0;
		fill_names(r->file, fresh);
		files.insert(&key, fresh);
		w = files.lookup(&key);
		if (!w) {
			count_lost(LOST_FILES);
			return;
		}
	}
	__sync_fetch_and_add(&w->slow_reads, 1);
	__sync_fetch_and_add(&w->total_ns, latency_ns);
	if (r->kind == KIND_MISSED)
		__sync_fetch_and_add(&w->missed_reads, 1);
}
