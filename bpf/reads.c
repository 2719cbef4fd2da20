/* SPDX-License-Identifier: GPL-2.0-only */
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
 *           alone, from the descriptor to the inode (3 calls).
 * Misses    reads through mmap and io_uring; on stacked file systems (overlayfs) a read that waits for a page which
 *           another thread is already fetching counts as a hit (a slow one).
 */
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

static __always_inline void task_delays(u64 task, u64 *runqueue_ns, u64 *sleeps)
{
#ifdef OFF_task_struct_sched_info /* CONFIG_SCHED_INFO */
	LOAD(u64, *runqueue_ns, task, OFF_task_struct_sched_info + OFF_sched_info_run_delay);
#endif
	LOAD(u64, *sleeps, task, OFF_task_struct_nvcsw);
}

#define AT_FILE_POSITION (~0ULL)
static __always_inline int read_begins(u64 fd, u64 position, u64 bytes)
{
	u64 task = current_task();
	if (!task_in_service(task))
		return 0;
	struct opened opened = {};
	u64 file = file_of(task, fd);
	if (!file)
		return 0;
	u32 tid = task_tid(task);
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
	task_delays(task, &r->runqueue_ns, &r->sleeps);
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
		read_user(&length, sizeof(length), (void *)(vector + 16 * i + 8));
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

/* What was returned, not what was asked for: a read may end early at the end of the file. */
static __always_inline u64 pages_read(struct read_in_flight *r, u64 bytes)
{
	return ((r->position + bytes - 1) >> PAGE_SHIFT_BITS) - r->first + 1;
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
	u64 pages = pages_read(r, bytes);
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

/* Of a read that many pages are looked at, spread over it; each stands for those up to the next one. */
#define PAGES_A_READ 4
static __always_inline void sample_touched(struct read_in_flight *r, u64 bytes)
{
	u64 pages = pages_read(r, bytes), begin = 0;
#pragma unroll
	for (int i = 1; i <= PAGES_A_READ; i++) {
		u64 end = pages * i / PAGES_A_READ, index = r->first + begin, count = end - begin;
		/* Fibonacci hashing; the top bits choose one in 64, the next ones its group. */
		u64 hash = (index ^ r->inode) * 0x9e3779b97f4a7c15ULL;
		begin = end;
		if (count && hash >> (64 - SAMPLE_BITS) == 0) {
			struct page_key key = {};
			struct touched t = {.pages = count, .group = hash >> (64 - SAMPLE_BITS - SAMPLE_GROUP_BITS)};
			page_key_of(r->inode, index, &key);
			if (touched_pages.update(&key, &t))
				count_lost(LOST_TOUCHED);
		}
	}
}

static __always_inline void settle(struct read_in_flight *r, u64 latency_ns)
{
	u64 runqueue_ns = 0, sleeps = 0;
	if (latency_ns >= DELAYED_NS) {
		task_delays(current_task(), &runqueue_ns, &sleeps);
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
			sample_touched(r, ret);
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
