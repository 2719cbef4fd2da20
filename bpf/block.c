/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * block.c - life of block requests: how long they queued, how long the device took, and who submitted them.
 *
 * Measures  per window, device and direction: queueing time (request allocated until issued to the driver) and service
 *           time (issued until completed), in ns, in log-linear bins, the service's own requests apart; requests, bytes
 *           and both times by submitting memory cgroup. The window is the one in which the request completed.
 * Submitter the memory cgroup that the first page of the request is charged to: right for buffered I/O in whatever context
 *           it is submitted, writeback by a kworker included; for direct I/O the owner of the buffer. Where the page is
 *           charged to nobody, the cgroup of the issuing task, unless that is a kernel thread: 0, unknown.
 * Attaches  raw tracepoints block_rq_issue, block_rq_complete.
 * Kernels   5.11 and later (one-argument block_rq_issue); `request.q->disk` 5.15 and later.
 * Cost      one hash insert and one delete per request, two hash updates per completion.
 * Misses    queueing above the request layer (throttled bios, device mapper); requests without a start time stamp
 *           (queue/iostats = 0) have no queueing time and are counted in `untimed`.
 */
struct request_in_flight {
	u64 start_ns, issue_ns, cgroup, bytes;
	u32 device, own;
	u32 op, pad;
};
BPF_HASH(requests, u64, struct request_in_flight, 16384);

struct block_key {
	u64 cgroup;
	u32 window;
	u32 device;
	u32 op;
	u32 pad;
};
struct block_counts {
	u64 requests, bytes, queue_ns, service_ns, untimed;
};
BPF_HASH(block_requests, struct block_key, struct block_counts, 16384);

struct block_bin_key {
	u32 window, device;
	u16 op, stage, own, bin;
};
BPF_HASH(block_bins, struct block_bin_key, u64, 32768);

#define REQ_OP_BITS 8
#define REQ_OP_READ 0
#define REQ_OP_WRITE 1

static __always_inline u64 page_to_folio(u64 page)
{
	u64 head = 0;
	READ(head, page, OFF_page_compound_head);
	return head & 1 ? head - 1 : page;
}

/* The cgroup (struct cgroup *) that submitted a request; 0: unknown. */
static __always_inline u64 submitter(u64 rq)
{
	u64 bio = 0, vector = 0, page = 0, cgroup = 0, flags;
	READ(bio, rq, OFF_request_bio);
	if (bio) {
		READ(vector, bio, OFF_bio_bi_io_vec);
		READ(page, vector, OFF_bio_vec_bv_page);
		if (page)
			cgroup = folio_cgroup(page_to_folio(page));
	}
	if (cgroup)
		return cgroup;
	u64 task = current_task();
	LOAD(u32, flags, task, OFF_task_struct_flags);
	return flags & PF_KTHREAD ? 0 : task_cgroup(task);
}

static __always_inline u32 device_of(u64 rq)
{
	u64 queue = 0, disk = 0;
	int major = 0, minor = 0;
	READ(queue, rq, OFF_request_q);
	READ(disk, queue, OFF_request_queue_disk);
	READ(major, disk, OFF_gendisk_major);
	READ(minor, disk, OFF_gendisk_first_minor);
	return (u32)major << 20 | (u32)minor;
}

int on_issue(struct bpf_raw_tracepoint_args *ctx)
{
	u64 rq = ctx->args[0];
	u32 flags = 0, bytes = 0;
	READ(flags, rq, OFF_request_cmd_flags);
	u32 op = flags & ((1 << REQ_OP_BITS) - 1);
	if (op != REQ_OP_READ && op != REQ_OP_WRITE)
		return 0;
	struct request_in_flight r = {};
	r.issue_ns = bpf_ktime_get_ns();
	READ(r.start_ns, rq, OFF_request_start_time_ns);
	READ(bytes, rq, OFF_request___data_len);
	r.bytes = bytes;
	r.device = device_of(rq);
	r.op = op;
	u64 cgroup = submitter(rq);
	r.cgroup = cgroup ? cgroup_id(cgroup) : 0;
	r.own = cgroup ? in_service(cgroup) : 0;
	if (requests.update(&rq, &r))
		count_lost(LOST_REQUESTS);
	return 0;
}

static __always_inline void count_bin(struct block_bin_key *key, u16 stage, u64 ns)
{
	u64 zero = 0, *count;
	key->stage = stage;
	key->bin = latency_bin(ns);
	count = block_bins.lookup_or_try_init(key, &zero);
	if (count)
		__sync_fetch_and_add(count, 1);
	else
		count_lost(LOST_BLOCK);
}

int on_complete(struct bpf_raw_tracepoint_args *ctx)
{
	u64 rq = ctx->args[0], now = bpf_ktime_get_ns();
	struct request_in_flight *r = requests.lookup(&rq);
	if (!r)
		return 0;
	struct block_key key = {};
	if (window_at(now, &key.window)) {
		u64 queue_ns = r->start_ns && r->start_ns <= r->issue_ns ? r->issue_ns - r->start_ns : 0;
		u64 service_ns = now - r->issue_ns;
		struct block_counts zero = {}, *counts;
		key.cgroup = r->cgroup;
		key.device = r->device;
		key.op = r->op;
		counts = block_requests.lookup_or_try_init(&key, &zero);
		if (counts) {
			__sync_fetch_and_add(&counts->requests, 1);
			__sync_fetch_and_add(&counts->bytes, r->bytes);
			__sync_fetch_and_add(&counts->queue_ns, queue_ns);
			__sync_fetch_and_add(&counts->service_ns, service_ns);
			if (!r->start_ns)
				__sync_fetch_and_add(&counts->untimed, 1);
		} else {
			count_lost(LOST_BLOCK);
		}
		struct block_bin_key bin = {};
		bin.window = key.window;
		bin.device = r->device;
		bin.op = r->op;
		bin.own = r->own;
		if (r->start_ns)
			count_bin(&bin, 0, queue_ns);
		count_bin(&bin, 1, service_ns);
	}
	requests.delete(&rq);
	return 0;
}
