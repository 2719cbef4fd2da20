/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * blame.c - which of the service's missed reads waited for a page that somebody had evicted, who, why and how long before.
 *
 * Measures  for pages of the service only: at eviction (evictions.c) the evictor, the cause, the time and the eviction
 *           clock are remembered by device, inode and page index; when a task of the service brings the page back
 *           (page_cache.c), the read that asked for it is blamed on that eviction (reads.c). Per window, evictor and
 *           cause: blamed reads, their pages and ns. For the whole capture: the age of the eviction (ns) and the refault
 *           distance, in log-linear bins. Per window the slowest blamed read, with its provenance.
 *           Different pages that came back, and a sample of the different pages that were read.
 * Distance  the eviction clock counts the pages of the service evicted so far. A page that comes back when the clock has
 *           moved on by d would have stayed with d more pages of room: the tail of the miss-ratio curve. The kernel's
 *           workingset_refault_file rests on the same idea (mm/workingset.c).
 * Shared    a page may have been brought in by another thread of the service (readahead): it is kept for a while in
 *           `fetched`, so that a read that had to sleep for it is recognised as missed, and blamed likewise.
 * Attaches  nothing of its own.
 * Cost      one LRU insert per evicted and per inserted page of the service; bounded maps (EVICTED_PAGES, FETCHED_PAGES),
 *           allocated from the start: 38 MiB in all on 6.18 ("memlock:" in /proc/self/fdinfo of the maps, in each report).
 * Misses    evictions before the capture; pages that fell out of the map; of a folio of more than FOLIO_PAGES (-D) pages
 *           all but the first FOLIO_PAGES. Kernels whose verifier gives up on so long a loop get a shorter one.
 */
#define EVICTED_PAGES 131072
#define FETCHED_PAGES 131072
/* A read that slept finds a page fetched so shortly before it began to be the one it waited for. */
#define FETCHED_RECENTLY_NS 1000000000ULL

struct page_key {
	u64 inode;
	u64 index;
	u32 device;
	u32 pad;
};
struct eviction {
	u64 evictor;
	u64 time_ns;
	u64 clock;
	u32 cause;
	u32 known; /* 0 in a page that was fetched without having been evicted during the capture */
};
struct fetch {
	u64 time_ns;
	struct eviction eviction;
};
BPF_TABLE("lru_hash", struct page_key, struct eviction, evicted_pages, EVICTED_PAGES);
BPF_TABLE("lru_hash", struct page_key, struct fetch, fetched_pages, FETCHED_PAGES);
BPF_ARRAY(eviction_clock, u64, 1);
/* Different pages that came back: a bound for the refault distance, which counts a page at each of its evictions. */
BPF_ARRAY(distinct_refaults, u64, 1);

/*
 * How many different pages the service reads: its working set, as far as it reads by system calls. Every page is looked
 * at, one in SAMPLE_ONE_IN by its hash is remembered (spatial sampling, Waldspurger et al. 2015, SHARDS), with the pages
 * that it stands for within its read. The next bits of the hash part the sample into groups, whose spread says how
 * exact the estimate is: Fibonacci hashing takes very nearly one in 64 of pages that lie side by side, by chance only of
 * scattered ones.
 */
#define SAMPLE_BITS 6
#define SAMPLE_GROUP_BITS 3
struct touched {
	u32 pages;
	u32 group;
};
BPF_HASH(touched_pages, struct page_key, struct touched, 65536);

struct blame_key {
	u64 evictor;
	u32 window;
	u32 cause;
};
struct blame_counts {
	u64 reads;
	u64 total_ns;
};
BPF_HASH(blamed, struct blame_key, struct blame_counts, 8192);
BPF_ARRAY(blame_ages, u64, BINS);
BPF_ARRAY(refault_distances, u64, BINS);

struct example {
	u64 time_ns;
	u64 latency_ns;
	u64 inode;
	u64 position;
	u64 evictor;
	u64 age_ns;
	u32 device;
	u32 tid;
	u32 cause;
	u32 window;
	char comm[16];
};
/* The slowest blamed read of a window, by window; read at the end. */
BPF_TABLE("lru_hash", u32, struct example, examples, 1024);

static __always_inline u64 clock_now(void)
{
	u32 zero = 0;
	u64 *clock = eviction_clock.lookup(&zero);
	return clock ? *clock : 0;
}

static __always_inline void page_key_of(u64 inode, u64 index, struct page_key *key)
{
	u64 sb = 0;
	READ(sb, inode, OFF_inode_i_sb);
	READ(key->device, sb, OFF_super_block_s_dev);
	READ(key->inode, inode, OFF_inode_i_ino);
	key->index = index;
}

/* Remember an eviction of the service's pages [index, index + pages). */
static __always_inline void remember_evicted(u64 inode, u64 index, u64 pages, u64 evictor, u32 cause, u64 now)
{
	struct page_key key = {};
	struct eviction e = {};
	u32 zero = 0;
	u64 *clock = eviction_clock.lookup(&zero);
	if (!clock)
		return;
	__sync_fetch_and_add(clock, pages);
	e.evictor = evictor;
	e.time_ns = now;
	e.clock = *clock;
	e.cause = cause;
	e.known = 1;
	page_key_of(inode, index, &key);
	for (int i = 0; i < FOLIO_PAGES; i++) {
		if (i >= pages)
			break;
		evicted_pages.update(&key, &e);
		key.index++;
	}
}

/* What a folio brings back: pages evicted before, those among them that come back for the first time, the clock then. */
struct comeback {
	u64 pages, distinct, clock;
};

/* On the side, not on the stack: what lies in a map has one state for the verifier, and the loop below stays cheap. */
BPF_PERCPU_ARRAY(fetch_scratch, struct fetch, 1);
BPF_PERCPU_ARRAY(comeback_scratch, struct comeback, 1);

/* A task of the service brings a page in: note when, and what is known of its eviction. Returns the note. */
static __always_inline struct fetch *fetch_page(struct page_key *key, u64 now, struct comeback *back)
{
	u32 zero = 0;
	struct fetch *f = fetch_scratch.lookup(&zero);
	struct eviction *e = evicted_pages.lookup(key);
	if (!f)
		return 0;
	f->time_ns = now;
	f->eviction.known = 0;
	if (e) {
		struct fetch *before = fetched_pages.lookup(key);
		f->eviction = *e;
		back->clock = e->clock;
		back->pages++;
		if (!before || !before->eviction.known)
			back->distinct++;
		evicted_pages.delete(key);
	}
	fetched_pages.update(key, f);
	return f;
}

/* Count the refault distance of pages that came back together; they were evicted together, or nearly so. */
static __always_inline void count_comeback(struct comeback *back, u64 now)
{
	u64 clock = clock_now(), *count;
	u32 bin = latency_bin(clock > back->clock ? clock - back->clock : 0), window = 0, zero = 0;
	if (!back->pages || !window_at(now, &window))
		return;
	count = refault_distances.lookup(&bin);
	if (count)
		__sync_fetch_and_add(count, back->pages);
	count = distinct_refaults.lookup(&zero);
	if (count)
		__sync_fetch_and_add(count, back->distinct);
}
