/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * page_cache.c - page-cache traffic by the cgroup whose task does it, in pages.
 *
 * Measures  per window and cgroup: pages looked up by buffered reads, missed (looked up and absent), inserted for any
 *           reason, dirtied. Large folios count as the pages they hold. Marks the service's reads in flight as missed.
 * Attaches  raw tracepoints mm_filemap_add_to_page_cache, mm_filemap_get_pages, writeback_dirty_folio. Without the second
 *           (before 6.12) and with -D LOOKUPS_BY_KPROBE a kprobe on filemap_read (generic_file_buffered_read before 5.12).
 * Kernels   inserted: 5.8 and later; dirtied: 5.16 and later; looked up and missed: 6.12 and later, or with kprobes.
 * Cost      one hash update per inserted folio. Look-ups are added up by CPU as long as one cgroup makes them, and go to the
 *           hash when another one's follow; a thread's state has its place by the low bits of the thread id.
 * Misses    pages faulted in through mmap count as inserted, not as looked up; a thread that faults a page in through
 *           mmap and reads it next is charged a miss for that read. Of two threads that share a place and insert at the
 *           same time, the first one's next look-up counts as a hit. By kprobe: look-ups by splice and sendfile; a
 *           thread that writes or faults in a page which it has just read, and which has been evicted since, is charged
 *           a miss.
 */
struct cache_key {
	u64 cgroup;
	u32 window;
	u32 pad;
};
struct cache_counts {
	u64 looked_up;
	u64 missed;
	u64 inserted;
	u64 dirtied;
};
BPF_HASH(cache, struct cache_key, struct cache_counts, 16384);

/*
 * A thread between look-ups: the pages it has inserted since, and the look-up it is in the middle of. One read() that
 * spans many folios fires mm_filemap_get_pages several times, each time with the whole rest of the range: only the first
 * is counted.
 */
struct thread_cache {
	u32 tid;
	u32 pad;
	u64 mapping; /* 0: not in the middle of a look-up */
	u64 index, last;
	u64 inserted_mapping;
	u64 first_inserted, end_inserted, inserted_pages;
};
BPF_ARRAY(thread_caches, struct thread_cache, PLACES);

static __always_inline struct thread_cache *thread_place(u32 tid)
{
	u32 place = tid & (PLACES - 1);
	return thread_caches.lookup(&place);
}

/* The counts of a cgroup in a window; 0 where there is no room for them. */
static __always_inline struct cache_counts *counts_of(u64 cgroup, u32 window)
{
	struct cache_key key = {.cgroup = cgroup, .window = window};
	struct cache_counts zero = {};
	return cache.lookup_or_try_init(&key, &zero);
}

/* Those of the running task's cgroup, now. */
static __always_inline struct cache_counts *counts_now(u64 task)
{
	u32 window = 0;
	if (!window_now(&window))
		return 0;
	struct cache_counts *counts = counts_of(task_cgroup_id(task), window);
	if (!counts)
		count_lost(LOST_CACHE);
	return counts;
}

/* What one cgroup has looked up on a CPU lately, not in `cache` yet; slots as those of reads.c. */
struct look_ups {
	u64 tag; /* the window + 1; 0: empty */
	u64 cgroup;
	u64 looked_up;
	u64 missed;
};
BPF_PERCPU_ARRAY(look_ups, struct look_ups, READ_SLOTS);

static __always_inline void add_look_ups(u64 cgroup, u32 window, u64 looked_up, u64 missed)
{
	struct cache_counts *counts = counts_of(cgroup, window);
	if (!counts) {
		lose(LOST_CACHE, looked_up); /* in pages: how many look-ups they were is not known any more */
		return;
	}
	__sync_fetch_and_add(&counts->looked_up, looked_up);
	__sync_fetch_and_add(&counts->missed, missed);
}

static __always_inline void count_look_ups(u64 task, u64 looked_up, u64 missed)
{
	u32 window = 0, slot;
	if (!window_now(&window))
		return;
	slot = window % READ_SLOTS;
	u64 cgroup = task_cgroup_id(task), tag = (u64)window + 1;
	struct look_ups *l = look_ups.lookup(&slot);
	if (!l)
		return;
	if (l->tag == tag && l->cgroup == cgroup) {
		l->looked_up += looked_up;
		l->missed += missed;
		return;
	}
	if (l->tag && l->tag != tag) { /* user space has not yet emptied the window that used the slot before */
		add_look_ups(cgroup, window, looked_up, missed);
		return;
	}
	if (l->tag)
		add_look_ups(l->cgroup, window, l->looked_up, l->missed);
	l->tag = tag;
	l->cgroup = cgroup;
	l->looked_up = looked_up;
	l->missed = missed;
}

static __always_inline u64 overlap(u64 first, u64 last, u64 from, u64 end)
{
	u64 low = first > from ? first : from, high = last + 1 < end ? last + 1 : end;
	return high > low ? high - low : 0;
}

/* The service fetches pages: were they its own before? The read in flight that asked for them missed. */
static __always_inline void fetched_by_service(struct read_in_flight *r, u64 host, u64 index, u64 pages)
{
	struct page_key key = {};
	u64 now = bpf_ktime_get_ns(), wanted = 0;
	if (r && r->kind == KIND_HIT && (host == r->inode || r->stacked))
		wanted = overlap(r->first, r->last, index, index + pages);
	u32 zero = 0;
	struct comeback *back = comeback_scratch.lookup(&zero);
	if (!back)
		return;
	back->pages = back->distinct = back->clock = 0;
	page_key_of(host, index, &key);
	for (int i = 0; i < FOLIO_PAGES; i++) {
		if (i >= pages)
			break;
		struct fetch *f = fetch_page(&key, now, back);
		if (f && wanted && f->eviction.known && !r->blame.known && key.index >= r->first && key.index <= r->last)
			r->blame = f->eviction;
		key.index++;
	}
	count_comeback(back, now);
	if (wanted)
		r->missed_pages += wanted;
}

/* The pages that this thread inserts since its last look-up: the next one missed them. */
static __always_inline struct thread_cache *remember_inserted(u32 tid, u64 mapping, u64 index, u64 pages)
{
	struct thread_cache *t = thread_place(tid);
	if (!t)
		return 0;
	if (t->tid != tid) {
		t->tid = tid;
		t->mapping = 0;
		t->inserted_pages = 0;
	}
	if (t->inserted_mapping != mapping || !t->inserted_pages || index < t->first_inserted) {
		t->inserted_mapping = mapping;
		t->first_inserted = index;
		t->inserted_pages = 0;
	}
	t->end_inserted = index + pages;
	t->inserted_pages += pages;
	return t;
}

int on_insert(struct bpf_raw_tracepoint_args *ctx)
{
	u64 folio = ctx->args[0], mapping = 0, index = 0, host = 0, pages = folio_pages(folio);
	u64 task = current_task();
	u32 tid = task_tid(task);
	READ(mapping, folio, OFF_folio_mapping);
	READ(index, folio, OFF_folio_index);
	struct thread_cache *t = remember_inserted(tid, mapping, index, pages);
	if (task_in_service(task)) {
		READ(host, mapping, OFF_address_space_host);
		fetched_by_service(flight_of(tid), host, index, pages);
	}
	struct cache_counts *counts = counts_now(task);
	if (!counts)
		return 0;
	__sync_fetch_and_add(&counts->inserted, pages);
#ifdef LOOKUPS_BY_KPROBE
	if (t && t->mapping == mapping)
		__sync_fetch_and_add(&counts->missed, overlap(t->index, t->last, index, index + pages));
#endif
	return 0;
}

/* The end of a file, in pages that begin before it: nothing is looked up beyond, however much is asked for. */
static __always_inline u64 pages_of(u64 mapping)
{
	u64 host = 0, size = 0;
	READ(host, mapping, OFF_address_space_host);
	READ(size, host, OFF_inode_i_size);
	return (size + (1 << PAGE_SHIFT_BITS) - 1) >> PAGE_SHIFT_BITS;
}

#ifdef LOOKUPS_BY_KPROBE
/*
 * filemap_read(kiocb, iov_iter, already_read): the range of the whole read, before any of it is looked up. What the thread
 * inserts of this range until its next read was missed (on_insert). -D ARGUMENT_<N>: where pt_regs has the arguments.
 */
int on_filemap_read(struct pt_regs *ctx)
{
	u64 iocb = *(u64 *)((char *)ctx + ARGUMENT_1), iter = *(u64 *)((char *)ctx + ARGUMENT_2);
	u64 file = 0, position = 0, bytes = 0, mapping = 0, index, last, task = current_task();
	u32 tid = task_tid(task);
	struct thread_cache *t = thread_place(tid);
	READ(file, iocb, OFF_kiocb_ki_filp);
	READ(mapping, file, OFF_file_f_mapping);
	READ(position, iocb, OFF_kiocb_ki_pos);
	READ(bytes, iter, OFF_iov_iter_count);
	u64 end = pages_of(mapping);
	index = position >> PAGE_SHIFT_BITS;
	if (!bytes || index >= end || !t)
		return 0;
	last = LOWER((position + bytes - 1) >> PAGE_SHIFT_BITS, end - 1);
	if (t->tid != tid)
		t->inserted_pages = 0;
	t->tid = tid;
	t->mapping = mapping;
	t->index = index;
	t->last = last;
	count_look_ups(task, last - index + 1, 0);
	return 0;
}
#else
/* Pages that the thread has inserted since its last look-up and looks up now. */
static __always_inline u64 take_missed(struct thread_cache *t, u64 mapping, u64 index, u64 last)
{
	u64 missed = t->inserted_mapping == mapping ? overlap(index, last, t->first_inserted, t->end_inserted) : 0;
	missed = LOWER(missed, t->inserted_pages);
	t->inserted_pages = 0;
	return missed;
}

/* Whether a look-up of several pages goes on that was counted when it began. */
static __always_inline int goes_on(struct thread_cache *t, u64 mapping, u64 index, u64 last)
{
	return t->mapping == mapping && t->last == last && index > t->index;
}

/* mm_filemap_get_pages(mapping, index, last_index): since 6.12. */
int on_lookup(struct bpf_raw_tracepoint_args *ctx)
{
	u64 mapping = ctx->args[0], index = ctx->args[1], last = ctx->args[2], missed = 0, pages = 1, task = current_task();
	u32 tid = task_tid(task);
	struct thread_cache *t = thread_place(tid);
	if (!t)
		return 0;
	int mine = t->tid == tid;
	if (last != index) { /* a single page is in the file, or would not be looked for */
		u64 end = pages_of(mapping);
		last = LOWER(last, end - 1);
		pages = end > index ? last - index + 1 : 0;
	}
	if (mine && t->inserted_pages)
		missed = take_missed(t, mapping, index, last);
	u64 counted = mine && goes_on(t, mapping, index, last) ? 0 : pages;
	if (pages > 1) {
		if (!mine)
			t->inserted_pages = 0;
		t->tid = tid;
		t->mapping = mapping;
		t->index = index;
		t->last = last;
	} else if (mine) {
		t->mapping = 0;
	}
	count_look_ups(task, counted, missed);
	return 0;
}
#endif

/* writeback_dirty_folio(folio, mapping): since 5.16. A page that its inserter dirties was inserted by a write. */
int on_dirty(struct bpf_raw_tracepoint_args *ctx)
{
	u64 task = current_task();
	u32 tid = task_tid(task);
	struct thread_cache *t = thread_place(tid);
	if (t && t->tid == tid)
		t->inserted_pages = 0;
	struct cache_counts *counts = counts_now(task);
	if (counts)
		__sync_fetch_and_add(&counts->dirtied, folio_pages(ctx->args[0]));
	return 0;
}
