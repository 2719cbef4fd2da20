/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * cgroups.c - names of cgroups that are made during the capture, so that they keep them after they are gone.
 *
 * Measures  kernfs id and path of every cgroup made in the memory hierarchy (-D HIERARCHY_ID).
 * Attaches  raw tracepoint cgroup_mkdir (cgrp, path).
 * Kernels   4.20 and later.
 * Cost      nothing until somebody makes a cgroup.
 * Misses    renames; paths longer than 255 bytes are cut.
 */
struct cgroup_name {
	char path[256];
};
BPF_TABLE("lru_hash", u64, struct cgroup_name, new_cgroups, 2048);
BPF_PERCPU_ARRAY(name_scratch, struct cgroup_name, 1);

int on_mkdir(struct bpf_raw_tracepoint_args *ctx)
{
	u64 cgroup = ctx->args[0], root = 0, id = 0;
	int hierarchy = -1;
	u32 zero = 0;
	READ(root, cgroup, OFF_cgroup_root);
	READ(hierarchy, root, OFF_cgroup_root_hierarchy_id);
	if (hierarchy != HIERARCHY_ID)
		return 0;
	struct cgroup_name *name = name_scratch.lookup(&zero);
	if (!name)
		return 0;
	id = cgroup_id(cgroup);
	bpf_probe_read_kernel_str(name->path, sizeof(name->path), (void *)ctx->args[1]);
	new_cgroups.update(&id, name);
	return 0;
}
