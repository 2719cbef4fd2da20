/*
 * page_cache.c - page-cache traffic by the cgroup whose task does it, in pages.
 *
 * Measures  per window and cgroup: pages looked up by buffered reads, missed (looked up and absent), inserted for any
 *           reason, dirtied. Large folios count as the pages they hold. Marks the service's reads in flight as missed.
 * Attaches  raw tracepoints mm_filemap_add_to_page_cache, mm_filemap_get_pages, writeback_dirty_folio. Without the second
 *           (before 6.12) and with -D LOOKUPS_BY_KPROBE a kprobe on filemap_read (generic_file_buffered_read before 5.12).
 * Kernels   inserted: 5.8 and later; dirtied: 5.16 and later; looked up and missed: 6.12 and later, or with kprobes.
 * Cost      one hash update per inserted folio and per look-up.
 * Misses    pages faulted in through mmap count as inserted, not as looked up; a thread that faults a page in through
 *           mmap and reads it next is charged a miss for that read. By kprobe: look-ups by splice and sendfile; a thread
 *           that writes or faults in a page which it has just read, and which has been evicted since, is charged a miss.
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
	u64 mapping;
	u64 index, last;
	u64 inserted_mapping;
	u64 first_inserted, end_inserted, inserted_pages;
};
BPF_TABLE("lru_hash", u32, struct thread_cache, thread_caches, 16384);

static __always_inline struct cache_counts *cache_of(u64 cgroup)
{
	struct cache_key key = {};
	struct cache_counts zero = {};
	if (!window_at(bpf_ktime_get_ns(), &key.window))
		return 0;
	key.cgroup = cgroup_id(cgroup);
	struct cache_counts *counts = cache.lookup_or_try_init(&key, &zero);
	if (!counts)
		count_lost(LOST_CACHE);
	return counts;
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
static __always_inline void remember_inserted(u64 mapping, u64 index, u64 pages)
{
	u32 tid = bpf_get_current_pid_tgid();
	struct thread_cache *t = thread_caches.lookup(&tid);
	if (!t) {
		struct thread_cache fresh = {};
		fresh.inserted_mapping = mapping;
		fresh.first_inserted = index;
		fresh.end_inserted = index + pages;
		fresh.inserted_pages = pages;
		thread_caches.update(&tid, &fresh);
		return;
	}
	if (t->inserted_mapping != mapping || !t->inserted_pages || index < t->first_inserted) {
		t->inserted_mapping = mapping;
		t->first_inserted = index;
		t->inserted_pages = 0;
	}
	t->end_inserted = index + pages;
	t->inserted_pages += pages;
}

int on_insert(struct bpf_raw_tracepoint_args *ctx)
{
	u64 folio = ctx->args[0], mapping = 0, index = 0, host = 0, pages = folio_pages(folio);
	READ(mapping, folio, OFF_folio_mapping);
	READ(index, folio, OFF_folio_index);
	remember_inserted(mapping, index, pages);
	u64 cgroup = task_cgroup();
	if (in_service(cgroup)) {
		u32 tid = bpf_get_current_pid_tgid();
		READ(host, mapping, OFF_address_space_host);
		fetched_by_service(in_flight.lookup(&tid), host, index, pages);
	}
	struct cache_counts *counts = cache_of(cgroup);
	if (counts)
		__sync_fetch_and_add(&counts->inserted, pages);
#ifdef LOOKUPS_BY_KPROBE
	u32 tid = bpf_get_current_pid_tgid();
	struct thread_cache *t = thread_caches.lookup(&tid);
	if (counts && t && t->mapping == mapping)
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
	u64 file = 0, position = 0, bytes = 0;
	u32 tid = bpf_get_current_pid_tgid();
	struct thread_cache *t = thread_caches.lookup(&tid), fresh = {};
	READ(file, iocb, OFF_kiocb_ki_filp);
	READ(fresh.mapping, file, OFF_file_f_mapping);
	READ(position, iocb, OFF_kiocb_ki_pos);
	READ(bytes, iter, OFF_iov_iter_count);
	u64 end = pages_of(fresh.mapping);
	fresh.index = position >> PAGE_SHIFT_BITS;
	if (!bytes || fresh.index >= end)
		return 0;
	fresh.last = (position + bytes - 1) >> PAGE_SHIFT_BITS;
	if (fresh.last >= end)
		fresh.last = end - 1;
	if (t) {
		t->mapping = fresh.mapping;
		t->index = fresh.index;
		t->last = fresh.last;
	} else {
		thread_caches.update(&tid, &fresh);
	}
	struct cache_counts *counts = cache_of(task_cgroup());
	if (counts)
		__sync_fetch_and_add(&counts->looked_up, fresh.last - fresh.index + 1);
	return 0;
}
#else
/* mm_filemap_get_pages(mapping, index, last_index): since 6.12. */
int on_lookup(struct bpf_raw_tracepoint_args *ctx)
{
	u64 mapping = ctx->args[0], index = ctx->args[1], last = ctx->args[2], missed = 0, end = pages_of(mapping);
	if (last >= end)
		last = end - 1;
	u64 pages = end > index ? last - index + 1 : 0;
	u32 tid = bpf_get_current_pid_tgid();
	struct thread_cache *t = thread_caches.lookup(&tid);
	if (t && t->inserted_pages) {
		if (t->inserted_mapping == mapping)
			missed = overlap(index, last, t->first_inserted, t->end_inserted);
		if (missed > t->inserted_pages)
			missed = t->inserted_pages;
		t->inserted_pages = 0;
	}
	int goes_on = t && t->mapping == mapping && t->last == last && index > t->index;
	if (pages > 1 && !t) {
		struct thread_cache fresh = {};
		fresh.mapping = mapping;
		fresh.index = index;
		fresh.last = last;
		thread_caches.update(&tid, &fresh);
	} else if (t) {
		t->mapping = pages > 1 ? mapping : 0;
		t->index = index;
		t->last = last;
	}
	struct cache_counts *counts = cache_of(task_cgroup());
	if (!counts)
		return 0;
	if (!goes_on)
		__sync_fetch_and_add(&counts->looked_up, pages);
	if (missed)
		__sync_fetch_and_add(&counts->missed, missed);
	return 0;
}
#endif

/* writeback_dirty_folio(folio, mapping): since 5.16. A page that its inserter dirties was inserted by a write. */
int on_dirty(struct bpf_raw_tracepoint_args *ctx)
{
	u32 tid = bpf_get_current_pid_tgid();
	struct thread_cache *t = thread_caches.lookup(&tid);
	if (t)
		t->inserted_pages = 0;
	struct cache_counts *counts = cache_of(task_cgroup());
	if (counts)
		__sync_fetch_and_add(&counts->dirtied, folio_pages(ctx->args[0]));
	return 0;
}
