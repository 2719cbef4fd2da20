/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * uring.c - reads that the service makes through io_uring, counted beside those it makes by system calls.
 *
 * Measures  latency in ns from submission to completion of the operations READ, READV and READ_FIXED of the service's
 *           tasks, as the kind io_uring in the slots of
 *           reads.c. Hits and misses are not told apart, nor files and sockets; bytes and pages are not known.
 * Attaches  raw tracepoints io_uring_submit_req (6.4 and later) or io_uring_submit_sqe, io_uring_complete.
 * Kernels   5.15 and later.
 * Cost      nothing for who does not use io_uring.
 * Misses    reads submitted before the capture; multishot reads after their first completion.
 */
#ifdef OFF_io_kiocb_opcode
BPF_HASH(uring_in_flight, u64, u64, 10240);

/* include/uapi/linux/io_uring.h: IORING_OP_READV, READ_FIXED, READ */
static __always_inline int is_uring_read(u8 opcode) { return opcode == 1 || opcode == 4 || opcode == 22; }

int on_uring_submit(struct bpf_raw_tracepoint_args *ctx)
{
	u64 req = ctx->args[0], now = bpf_ktime_get_ns();
	u8 opcode = 0;
	READ(opcode, req, OFF_io_kiocb_opcode);
	if (!is_uring_read(opcode) || !task_in_service(current_task()))
		return 0;
	if (uring_in_flight.update(&req, &now))
		count_lost(LOST_INFLIGHT);
	return 0;
}

int on_uring_complete(struct bpf_raw_tracepoint_args *ctx)
{
	u64 req = ctx->args[1], now = bpf_ktime_get_ns(), *start = uring_in_flight.lookup(&req);
	struct read_in_flight r = {};
	u32 window = 0;
	if (!start)
		return 0;
	r.start_ns = *start;
	uring_in_flight.delete(&req);
	r.kind = KIND_URING;
	if (!window_at(now, &window))
		return 0;
	struct read_slot *slot = slot_for(window);
	if (slot)
		count_read(slot, &r, now - r.start_ns, 0);
	return 0;
}
#endif
