/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * evictions.c - who removed whose pages from the page cache, and why.
 *
 * Measures  per window: pages removed, by evictor (memory cgroup of the running task) x victim (memory cgroup that the
 *           page is charged to) x cause. Large folios count as the pages they hold.
 * Causes    kswapd, proactive (kdamond; a write to memory.reclaim), memcg-reclaim and direct-reclaim (the task is between
 *           mm_vmscan_*_reclaim_begin and _end), drop-caches, invalidate (fadvise and the like), truncate (truncate,
 *           unlink, and whatever else gives a file's pages up). What is not marked by a tracepoint is told by the kernel
 *           stack: -D RANGE_<SYMBOL>_{LOW,HIGH} are the addresses of a function (/proc/kallsyms).
 *           Of drop-caches, invalidate and memory.reclaim also the command that did it.
 * Attaches  raw tracepoints mm_filemap_delete_from_page_cache, mm_vmscan_{memcg,direct}_reclaim_{begin,end}.
 * Kernels   5.8 and later.
 * Cost      one hash update per removed folio; one stack walk (about 1 us) per memcg reclaim and per folio that is
 *           removed outside reclaim from a file that still has it.
 * Misses    anonymous pages (see swap in the host samples).
 */
enum cause { CAUSE_MEMCG, CAUSE_DIRECT, CAUSE_KSWAPD, CAUSE_PROACTIVE, CAUSE_DROP, CAUSE_INVALIDATE, CAUSE_TRUNCATE };

struct eviction_key {
	u64 evictor;
	u64 victim;
	u32 window;
	u32 cause;
};
BPF_HASH(evictions, struct eviction_key, u64, 16384);

/* Who drops or invalidates pages, by command: a person or a script is to be found. */
struct dropper_key {
	u64 evictor;
	u32 cause;
	char comm[16];
	u32 pad;
};
BPF_HASH(droppers, struct dropper_key, u64, 512);

/* Threads inside reclaim, by thread id. */
struct reclaim {
	u64 start_ns;
	u32 cause;
	u32 pad;
};
BPF_HASH(reclaiming, u32, struct reclaim, 4096);

#define PF_KTHREAD 0x00200000
#ifndef STACK_DEPTH
#define STACK_DEPTH 24
#endif
#define WITHIN(address, function) ((address) >= RANGE_##function##_LOW && (address) < RANGE_##function##_HIGH)

/* On the side, not in a register: read back from a map it has one state for the verifier, whatever was found. */
BPF_PERCPU_ARRAY(cause_scratch, u32, 1);

/* Why pages go, by the functions on the kernel stack; `otherwise` where none of them is on it. */
static __always_inline u32 cause_by_stack(void *ctx, u32 otherwise)
{
	u64 stack[STACK_DEPTH] = {};
	u32 zero = 0, *cause = cause_scratch.lookup(&zero);
	if (!cause)
		return otherwise;
	*cause = otherwise;
	bpf_get_stack(ctx, stack, sizeof(stack), 0);
	/* Innermost first, and the outer function says more: drop_pagecache_sb invalidates too. Unrolled, this loop would be
	 * most of the module's compile time. */
#pragma clang loop unroll(disable)
	for (int i = 0; i < STACK_DEPTH; i++) {
		u64 address = stack[i];
#ifdef RANGE_MAPPING_TRY_INVALIDATE_LOW /* since 6.6 */
		if (WITHIN(address, MAPPING_TRY_INVALIDATE))
			*cause = CAUSE_INVALIDATE;
#endif
#ifdef RANGE_GENERIC_FADVISE_LOW
		if (WITHIN(address, GENERIC_FADVISE))
			*cause = CAUSE_INVALIDATE;
#endif
#ifdef RANGE_INVALIDATE_INODE_PAGES2_RANGE_LOW
		if (WITHIN(address, INVALIDATE_INODE_PAGES2_RANGE))
			*cause = CAUSE_INVALIDATE;
#endif
#ifdef RANGE_DROP_PAGECACHE_SB_LOW
		if (WITHIN(address, DROP_PAGECACHE_SB))
			*cause = CAUSE_DROP;
#endif
#ifdef RANGE_MEMORY_RECLAIM_LOW
		if (WITHIN(address, MEMORY_RECLAIM))
			*cause = CAUSE_PROACTIVE;
#endif
#ifdef RANGE_USER_PROACTIVE_RECLAIM_LOW
		if (WITHIN(address, USER_PROACTIVE_RECLAIM))
			*cause = CAUSE_PROACTIVE;
#endif
	}
	return *cause;
}

static __always_inline int reclaim_begins(u32 cause)
{
	u32 tid = bpf_get_current_pid_tgid();
	struct reclaim r = {.start_ns = bpf_ktime_get_ns(), .cause = cause};
	if (reclaiming.update(&tid, &r))
		count_lost(LOST_RECLAIM);
	return 0;
}

int on_memcg_reclaim_begin(struct bpf_raw_tracepoint_args *ctx)
{
	return reclaim_begins(cause_by_stack(ctx, CAUSE_MEMCG));
}

int on_direct_reclaim_begin(struct bpf_raw_tracepoint_args *ctx) { return reclaim_begins(CAUSE_DIRECT); }

int on_reclaim_end(struct bpf_raw_tracepoint_args *ctx)
{
	u32 tid = bpf_get_current_pid_tgid();
	struct reclaim *reclaim = reclaiming.lookup(&tid);
	struct read_in_flight *read = flight_of(tid);
	if (reclaim) {
		u64 ns = bpf_ktime_get_ns() - reclaim->start_ns;
		if (read)
			read->reclaim_ns += ns;
		count_stall(reclaim->cause == CAUSE_DIRECT ? STALL_DIRECT : STALL_MEMCG, ns);
	}
	reclaiming.delete(&tid);
	return 0;
}

/* Kernel threads that reclaim, by name; -1 for anybody else. A process may call itself kswapd0: the flag tells. */
static __always_inline int kernel_thread_cause(void)
{
	u64 flags;
	LOAD(u32, flags, current_task(), OFF_task_struct_flags);
	if (!(flags & PF_KTHREAD))
		return -1;
	char comm[16] = {};
	bpf_get_current_comm(comm, sizeof(comm));
	if (comm[0] == 'k' && comm[1] == 's' && comm[2] == 'w' && comm[3] == 'a' && comm[4] == 'p' && comm[5] == 'd')
		return CAUSE_KSWAPD;
	if (comm[0] == 'k' && comm[1] == 'd' && comm[2] == 'a' && comm[3] == 'm' && comm[4] == 'o' && comm[5] == 'n')
		return CAUSE_PROACTIVE;
	return -1;
}

/* Whether the file has given the page up: unlinked, or now shorter than where the page was. */
static __always_inline int given_up(u64 folio)
{
	u64 mapping = 0, inode = 0, index = 0, size = 0;
	u32 links = 0;
	READ(mapping, folio, OFF_folio_mapping);
	READ(index, folio, OFF_folio_index);
	READ(inode, mapping, OFF_address_space_host);
	READ(links, inode, OFF_inode_i_nlink);
	READ(size, inode, OFF_inode_i_size);
	return links == 0 || (index << PAGE_SHIFT_BITS) >= size;
}

static __always_inline u32 cause_outside_reclaim(void *ctx, u64 folio)
{
	return given_up(folio) ? CAUSE_TRUNCATE : cause_by_stack(ctx, CAUSE_TRUNCATE);
}

static __always_inline void count_dropper(u64 evictor, u32 cause, u64 pages)
{
	struct dropper_key key = {.evictor = evictor, .cause = cause};
	u64 zero = 0, *count;
	bpf_get_current_comm(key.comm, sizeof(key.comm));
	count = droppers.lookup_or_try_init(&key, &zero);
	if (count)
		__sync_fetch_and_add(count, pages);
	else
		count_lost(LOST_EVICTIONS);
}

/* The service's page goes: remember who took it, unless the file itself gave it up. */
static __always_inline void blame_for(u64 folio, u64 victim, u64 evictor, u32 cause, u64 pages, u64 now)
{
	u64 mapping = 0, inode = 0, index = 0;
	if (cause == CAUSE_TRUNCATE || !victim || !in_service(victim))
		return;
	READ(mapping, folio, OFF_folio_mapping);
	READ(index, folio, OFF_folio_index);
	READ(inode, mapping, OFF_address_space_host);
	remember_evicted(inode, index, pages, evictor, cause, now);
}

int on_delete(struct bpf_raw_tracepoint_args *ctx)
{
	u64 folio = ctx->args[0], now = bpf_ktime_get_ns(), pages_removed = folio_pages(folio);
	struct eviction_key key = {};
	if (!window_at(now, &key.window))
		return 0;
	u64 victim = folio_cgroup(folio);
	key.victim = victim ? cgroup_id(victim) : ROOT_ID;
	key.evictor = task_cgroup_id(current_task());

	u32 tid = bpf_get_current_pid_tgid();
	struct reclaim *marked = reclaiming.lookup(&tid);
	int cause = kernel_thread_cause();
	if (cause < 0)
		cause = marked ? marked->cause : cause_outside_reclaim(ctx, folio);
	key.cause = cause;

	u64 zero = 0, *pages = evictions.lookup_or_try_init(&key, &zero);
	if (pages)
		__sync_fetch_and_add(pages, pages_removed);
	else
		count_lost(LOST_EVICTIONS);
	blame_for(folio, victim, key.evictor, cause, pages_removed, now);
	if (cause == CAUSE_DROP || cause == CAUSE_INVALIDATE || (cause == CAUSE_PROACTIVE && marked))
		count_dropper(key.evictor, cause, pages_removed);
	return 0;
}
