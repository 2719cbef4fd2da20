/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * in_flight.c - the service's reads that are under way, one a thread.
 *
 * A thread has its place by the low bits of its id: found without a hash, at every read of everybody. A thread whose place
 * is taken has its read elsewhere, in a hash. Begun and ended by reads.c, marked as missed by page_cache.c, charged with
 * reclaim by evictions.c.
 *
 * Attaches  nothing of its own.
 * Misses    what neither has room for: counted as lost.
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
