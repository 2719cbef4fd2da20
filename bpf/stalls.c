/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * stalls.c - tasks that the memory management makes wait, by memory cgroup.
 *
 * Measures  per window, cgroup and kind: how often and how long (ns) tasks were held up. Kinds: dirty-throttle (paused in
 *           balance_dirty_pages because too many pages are dirty), memcg-reclaim and direct-reclaim (reclaiming memory
 *           before they get any; fed by evictions.c).
 * Attaches  tracepoint writeback:balance_dirty_pages (-D OFF_BDP_PAUSE, the offset of its field `pause`, in ms).
 * Kernels   3.2 and later.
 * Cost      one hash update per pause or reclaim, each of which takes far longer itself.
 * Misses    waiting for locked or written-back pages.
 */
enum stall { STALL_DIRTY, STALL_MEMCG, STALL_DIRECT };

struct stall_key {
	u64 cgroup;
	u32 window;
	u32 kind;
};
struct stall_counts {
	u64 stalls;
	u64 total_ns;
};
BPF_HASH(stalls, struct stall_key, struct stall_counts, 8192);

static __always_inline void count_stall(u32 kind, u64 ns)
{
	struct stall_key key = {.kind = kind};
	struct stall_counts zero = {}, *counts;
	if (!window_at(bpf_ktime_get_ns(), &key.window))
		return;
	key.cgroup = task_cgroup_id(current_task());
	counts = stalls.lookup_or_try_init(&key, &zero);
	if (!counts) {
		count_lost(LOST_STALLS);
		return;
	}
	__sync_fetch_and_add(&counts->stalls, 1);
	__sync_fetch_and_add(&counts->total_ns, ns);
}

#ifdef OFF_BDP_PAUSE
struct balance_dirty_pages {
	u8 before[OFF_BDP_PAUSE];
	s64 pause_ms;
};
int on_dirty_throttle(struct balance_dirty_pages *ctx)
{
	if (ctx->pause_ms > 0)
		count_stall(STALL_DIRTY, (u64)ctx->pause_ms * 1000000);
	return 0;
}
#endif
