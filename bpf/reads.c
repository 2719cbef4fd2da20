/*
 * reads.c - latency of the service's reads, and which of them missed the page cache.
 *
 * Measures  read, pread64, readv, preadv and preadv2 of the tasks in the service's cgroup and below: latency in ns, in
 *           log-linear bins, per window and kind. Kinds: a regular file read from the page cache (hit, missed), past it
 *           (direct), socket, pipe, other (devices, eventfd, pseudo files of proc, sysfs, cgroup). The window is the one
 *           in which the read ended. A read that failed is not counted.
 * Missed    pages within the read's own range are inserted into the page cache by the reading thread (page_cache.c), or
 *           the read had to sleep and another thread of the service was fetching its pages (blame.c). Readahead beyond
 *           the range does not make a read a miss.
 * Delays    of reads of 10 us and more: how long the task waited for a CPU (sched_info.run_delay) and how long it
 *           reclaimed memory itself, by octave of latency.
 * Attaches  tracepoints syscalls:sys_{enter,exit}_{read,pread64,readv,preadv,preadv2}.
 * Kernels   5.8 and later with BTF.
 * Cost      see BENCHMARKS.md; the enter program walks from the task to its cgroup (7 loads) and, for the service
 *           alone, from the descriptor to the inode (3 calls). Reads in flight and threads have places by the low bits of
 *           the thread id: a look-up without a hash.
 * Misses    reads through mmap and io_uring; on stacked file systems (overlayfs) a read that waits for a page which
 *           another thread is already fetching counts as a hit (a slow one).
 */
enum kind { KIND_HIT, KIND_MISSED, KIND_DIRECT, KIND_SOCKET, KIND_PIPE, KIND_OTHER, KIND_URING, KINDS };

struct read_in_flight {
	u32 tid;    /* whose read; 0: nobody's */
	u32 others; /* of the threads whose place this would be, so many have theirs in in_flight_elsewhere */
	u64 start_ns;
	u64 file;
	u64 inode;
	u64 position; /* byte offset in the file */
	u64 first, last; /* pages asked for */
	u64 missed_pages;
	u64 runqueue_ns; /* the task's wait for a CPU, since it began (sched_info.run_delay) */
	u64 sleeps;      /* the task's voluntary context switches, since it began */
	u64 reclaim_ns;  /* spent reclaiming memory, during this read (evictions.c) */
	u64 sb; /* the file system that `pseudo` and `stacked` are of, asked in sb_window; they outlast the read */
	u32 sb_window;
	u16 pseudo;
	u16 stacked; /* the file system may keep its pages in another inode (overlayfs) */
	u32 kind;
	struct eviction blame; /* of the first missed page; not known: not evicted during the capture */
};
#ifndef PLACES
#define PLACES 16384
#endif
BPF_ARRAY(in_flight, struct read_in_flight, PLACES);
BPF_HASH(in_flight_elsewhere, u32, struct read_in_flight, 4096);

static __always_inline struct read_in_flight *place_of(u32 tid)
{
	u32 place = tid & (PLACES - 1);
	return in_flight.lookup(&place);
}

/* The read that a thread is in the middle of, if it is one of the service's. */
static __always_inline struct read_in_flight *flight_of(u32 tid)
{
	struct read_in_flight *r = place_of(tid);
	if (!r || r->tid == tid)
		return r;
	return r->others ? in_flight_elsewhere.lookup(&tid) : 0;
}

/* A place for a thread's read: its own, or where another thread's read has that one, one elsewhere. */
static __always_inline struct read_in_flight *begin_flight(u32 tid)
{
	struct read_in_flight *r = place_of(tid), none = {}, *elsewhere;
	if (!r || !r->tid || r->tid == tid)
		return r;
	elsewhere = in_flight_elsewhere.lookup_or_try_init(&tid, &none);
	if (elsewhere && !elsewhere->tid)
		__sync_fetch_and_add(&r->others, 1);
	return elsewhere;
}

static __always_inline void end_flight(struct read_in_flight *r, u32 tid)
{
	struct read_in_flight *place = place_of(tid);
	r->tid = 0;
	if (!place || place == r)
		return;
	in_flight_elsewhere.delete(&tid);
	__sync_fetch_and_add(&place->others, -1);
}

/* One slot a window, written by every CPU for itself, emptied by user space. `tag` is the window + 1, 0 when empty. */
#define READ_SLOTS 16
/* What delayed the reads is kept by octave of latency: bin / 8. */
#define OCTAVES (BINS / 8)
/* From here on it is asked what delayed a read; faster ones were not delayed by anything worth knowing. */
#define DELAYED_NS 10000
struct read_slot {
	u64 tag;
	u64 count[KINDS];
	u64 total_ns[KINDS];
	u64 total_bytes[KINDS];
	u64 looked_up_pages[KINDS];
	u64 missed_pages[KINDS];
	u64 bins[KINDS * BINS];
	u64 runqueue_ns[KINDS * OCTAVES];
	u64 reclaim_ns[KINDS * OCTAVES];
};
BPF_PERCPU_ARRAY(read_slots, struct read_slot, READ_SLOTS);

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

struct sys_enter {
	u64 common;
	long nr;
	u64 args[6];
};
struct sys_exit {
	u64 common;
	long nr;
	long ret;
};

static __always_inline u64 file_of(u64 fd)
{
	u64 files_struct, fdt, max, table, file = 0;
	LOAD(u64, files_struct, current_task(), OFF_task_struct_files);
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
#define LOWER(a, b) ((a) < (b) ? (a) : (b))
#define UPPER(a, b) ((a) > (b) ? (a) : (b))
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

static __always_inline void task_delays(u64 *runqueue_ns, u64 *sleeps)
{
#ifdef OFF_task_struct_sched_info /* CONFIG_SCHED_INFO */
	LOAD(u64, *runqueue_ns, current_task(), OFF_task_struct_sched_info + OFF_sched_info_run_delay);
#endif
	LOAD(u64, *sleeps, current_task(), OFF_task_struct_nvcsw);
}

#define AT_FILE_POSITION (~0ULL)
static __always_inline int read_begins(u64 fd, u64 position, u64 bytes)
{
	if (!task_in_service())
		return 0;
	struct opened opened = {};
	u64 file = file_of(fd);
	if (!file)
		return 0;
	u32 tid = bpf_get_current_pid_tgid();
	struct read_in_flight *r = begin_flight(tid);
	if (!r) {
		count_lost(LOST_INFLIGHT);
		return 0;
	}
	look_at_file(file, &opened);
	r->tid = tid;
	r->file = file;
	r->inode = opened.inode;
	r->position = position == AT_FILE_POSITION ? opened.position : position;
	r->first = r->position >> PAGE_SHIFT_BITS;
	r->last = bytes ? (r->position + bytes - 1) >> PAGE_SHIFT_BITS : r->first;
	r->missed_pages = r->reclaim_ns = 0;
	r->blame.known = 0;
	r->kind = kind_of(r, opened.flags);
	task_delays(&r->runqueue_ns, &r->sleeps);
	r->start_ns = bpf_ktime_get_ns();
	return 0;
}

/* Bytes that a vector asks for; of a long vector the first 8 parts, the rest taken as wanting no less. */
static __always_inline u64 vector_bytes(u64 vector, u64 parts)
{
	u64 bytes = 0;
	for (int i = 0; i < 8; i++) {
		u64 length = 0;
		if (i >= parts)
			break;
		bpf_probe_read_user(&length, sizeof(length), (void *)(vector + 16 * i + 8));
		bytes += length;
	}
	return parts > 8 ? bytes * ((parts + 7) >> 3) : bytes;
}

int enter_read(struct sys_enter *ctx) { return read_begins(ctx->args[0], AT_FILE_POSITION, ctx->args[2]); }
int enter_pread64(struct sys_enter *ctx) { return read_begins(ctx->args[0], ctx->args[3], ctx->args[2]); }
int enter_readv(struct sys_enter *ctx)
{
	return read_begins(ctx->args[0], AT_FILE_POSITION, vector_bytes(ctx->args[1], ctx->args[2]));
}
/* preadv takes the position in two halves; on 64 bit the first holds all. preadv2: -1 is the file's own position. */
int enter_preadv(struct sys_enter *ctx)
{
	return read_begins(ctx->args[0], ctx->args[3], vector_bytes(ctx->args[1], ctx->args[2]));
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

/* This CPU's slot for a window, or 0 if user space has not yet emptied the window that used it before. */
static __always_inline struct read_slot *slot_for(u32 window)
{
	u32 index = window % READ_SLOTS;
	struct read_slot *slot = read_slots.lookup(&index);
	if (!slot)
		return 0;
	if (slot->tag == 0)
		slot->tag = window + 1;
	if (slot->tag == window + 1)
		return slot;
	count_lost(LOST_READ_SLOT);
	return 0;
}

static __always_inline void count_read(struct read_slot *slot, struct read_in_flight *r, u64 latency_ns, u64 bytes)
{
	u32 kind = r->kind, bin = latency_bin(latency_ns), cell = kind * BINS + bin;
	u32 octave = kind * OCTAVES + (bin >> 3);
	/* The compiler may know the bounds and drop the checks; the verifier, which does not, needs them. */
	asm volatile("" : "+r"(cell), "+r"(octave));
	if (kind >= KINDS || cell >= KINDS * BINS)
		return;
	/* Of this CPU alone, and a program is not entered again on a CPU where it runs: no atomic additions. */
	slot->bins[cell]++;
	slot->count[kind]++;
	slot->total_ns[kind] += latency_ns;
	slot->total_bytes[kind] += bytes;
	if (latency_ns >= DELAYED_NS && octave < KINDS * OCTAVES - 1) {
		slot->runqueue_ns[octave] += r->runqueue_ns;
		slot->reclaim_ns[octave] += r->reclaim_ns;
	}
	if (kind > KIND_MISSED || !bytes)
		return;
	/* What was returned, not what was asked for: a read may end early at the end of the file. */
	u64 pages = ((r->position + bytes - 1) >> PAGE_SHIFT_BITS) - r->first + 1;
	slot->looked_up_pages[kind] += pages;
	slot->missed_pages[kind] += r->missed_pages < pages ? r->missed_pages : pages;
}

/*
 * A hit that had to sleep: were its pages still being fetched, by another thread or by the readahead of a read before it?
 * Then it missed like the one that asked. Of a long read a few pages spread over its range are looked at.
 */
#define LOOKED_AT 8
static __always_inline void missed_with_others(struct read_in_flight *r)
{
	struct page_key key = {};
	u64 pages = r->last - r->first + 1, step = pages > LOOKED_AT ? pages / LOOKED_AT : 1;
	page_key_of(r->inode, r->first, &key);
#pragma unroll
	for (int i = 0; i < LOOKED_AT; i++) {
		struct fetch *f = fetched_pages.lookup(&key);
		if (f && f->time_ns + FETCHED_RECENTLY_NS > r->start_ns && key.index <= r->last) {
			r->missed_pages = 1;
			r->blame = f->eviction;
			return;
		}
		key.index += step;
	}
}

static __always_inline void count_blame(struct read_in_flight *r, u32 window, u64 now, u64 latency_ns)
{
	struct blame_key key = {.evictor = r->blame.evictor, .window = window, .cause = r->blame.cause};
	struct blame_counts zero = {}, *counts = blamed.lookup_or_try_init(&key, &zero);
	if (!counts) {
		count_lost(LOST_BLAME);
		return;
	}
	__sync_fetch_and_add(&counts->reads, 1);
	__sync_fetch_and_add(&counts->total_ns, latency_ns);
	u64 age_ns = r->start_ns > r->blame.time_ns ? r->start_ns - r->blame.time_ns : 0;
	u32 bin = latency_bin(age_ns);
	u64 *count = blame_ages.lookup(&bin);
	if (count)
		__sync_fetch_and_add(count, 1);
	struct example *slowest = examples.lookup(&window);
	if (slowest && slowest->latency_ns >= latency_ns)
		return;
	struct page_key page = {};
	page_key_of(r->inode, r->first, &page);
	struct example e = {};
	e.time_ns = now;
	e.latency_ns = latency_ns;
	e.inode = page.inode;
	e.device = page.device;
	e.position = r->position;
	e.evictor = r->blame.evictor;
	e.cause = r->blame.cause;
	e.age_ns = age_ns;
	e.window = window;
	e.tid = bpf_get_current_pid_tgid();
	bpf_get_current_comm(e.comm, sizeof(e.comm));
	examples.update(&window, &e);
}

#define PAGES_A_READ 4
static __always_inline void sample_touched(struct read_in_flight *r)
{
	u64 pages = r->last - r->first + 1, step = pages > PAGES_A_READ ? pages / PAGES_A_READ : 1, index = r->first;
#pragma unroll
	for (int i = 0; i < PAGES_A_READ; i++) {
		/* Fibonacci hashing; the top bits choose one in 64, the next ones its group. */
		u64 hash = (index ^ r->inode) * 0x9e3779b97f4a7c15ULL;
		if (index > r->last)
			break;
		if (hash >> (64 - SAMPLE_BITS) == 0) {
			struct page_key key = {};
			struct touched t = {.pages = step, .group = hash >> (64 - SAMPLE_BITS - SAMPLE_GROUP_BITS)};
			page_key_of(r->inode, index, &key);
			if (touched_pages.update(&key, &t))
				count_lost(LOST_TOUCHED);
		}
		index += step;
	}
}

static __always_inline void settle(struct read_in_flight *r, u64 latency_ns)
{
	u64 runqueue_ns = 0, sleeps = 0;
	if (latency_ns >= DELAYED_NS) {
		task_delays(&runqueue_ns, &sleeps);
		r->runqueue_ns = runqueue_ns - r->runqueue_ns;
		if (r->kind == KIND_HIT && !r->missed_pages && sleeps != r->sleeps && !r->stacked)
			missed_with_others(r);
	}
	if (r->kind == KIND_HIT && r->missed_pages)
		r->kind = KIND_MISSED;
}

static __always_inline int read_ends(long ret)
{
	u32 tid = bpf_get_current_pid_tgid(), window = 0;
	struct read_in_flight *r = flight_of(tid);
	if (!r)
		return 0;
	u64 now = bpf_ktime_get_ns(), latency_ns = now - r->start_ns;
	if (ret >= 0 && window_at(now, &window)) {
		settle(r, latency_ns);
		struct read_slot *slot = slot_for(window);
		if (slot)
			count_read(slot, r, latency_ns, ret);
		if (r->kind <= KIND_MISSED && ret > 0)
			sample_touched(r);
		if (r->kind == KIND_MISSED && r->blame.known)
			count_blame(r, window, now, latency_ns);
		if (r->kind <= KIND_DIRECT && (r->kind != KIND_HIT || latency_ns >= SLOW_READ_NS))
			waited_for(r, latency_ns);
	}
	end_flight(r, tid);
	return 0;
}

/* One program for the end of every kind of read. */
int exit_any(struct sys_exit *ctx) { return read_ends(ctx->ret); }
