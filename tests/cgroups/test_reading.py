import pytest

from diagnose.cgroups import (
    read_cache,
    read_cpu_quota,
    read_cpu_usage,
    read_cpu_weight,
    read_io_limits,
    read_memory,
    settable,
)
from diagnose.errors import UsageError
from tests.helpers.cgroup_trees import KEYS, PRESSURE, V1_STAT, V2_STAT, Host

V2_FILES = {
    "memory__current": "340787200\n",
    "memory__peak": "400000000\n",
    "memory__swap__current": "4096\n",
    "memory__stat": V2_STAT,
    "memory__events": "low 0\nhigh 12\nmax 34\noom 1\noom_kill 1\n",
    "memory__pressure": PRESSURE.format(11, 5),
    "io__pressure": PRESSURE.format(22, 6),
    "cpu__pressure": PRESSURE.format(33, 0),
    "cpu__stat": "usage_usec 1000\nuser_usec 600\nnr_periods 10\nnr_throttled 4\nthrottled_usec 250\n",
}
V1_FILES = {
    "memory__usage_in_bytes": "550000000\n",
    "memory__max_usage_in_bytes": "600000000\n",
    "memory__kmem__usage_in_bytes": "7000000\n",
    "memory__failcnt": "34\n",
    "memory__oom_control": "oom_kill_disable 0\nunder_oom 0\noom_kill 2\n",
    "memory__stat": V1_STAT,
}
CPU_FILES = {"cpu__stat": "nr_periods 10\nnr_throttled 4\nthrottled_time 250999\n", "cpuacct__usage": "1000999\n"}
CPU = {"cpu_usage_us": 1000, "cpu_throttled_us": 250, "cpu_periods": 10, "cpu_throttled_periods": 4}
NO_CPU = dict.fromkeys(CPU)


def cpu_of(sample):
    return {key: sample[key] for key in CPU}


def test_hits_of_limits_below_are_not_taken_for_hits_of_a_cgroups_own(tmp_path):
    """memory.events adds up the subtree: a limit that was never hit would seem to be, for those of its children."""
    host = Host(tmp_path, "v2")
    host.cgroup("/dg", **V2_FILES, memory__events__local="low 0\nhigh 1\nmax 2\noom 0\noom_kill 0\n")
    sample = read_memory(host.hierarchy, "/dg")
    assert (sample["limit_hits"], sample["high_hits"]) == (2, 1)
    assert sample["oom_kills"] == 1, "of the whole subtree: any of its processes may be the one that is watched"


def test_v2_sample(tmp_path):
    host = Host(tmp_path, "v2")
    host.cgroup("/dg/svc", **V2_FILES)
    sample = read_memory(host.hierarchy, "/dg/svc")
    assert sample == {
        "usage_bytes": 340787200,
        "peak_bytes": 400000000,
        "file_bytes": 314572800,
        "anon_bytes": 20971520,
        "kernel_bytes": 5242880,
        "unevictable_bytes": 0,
        "shmem_bytes": 8192,
        "mapped_file_bytes": 1048576,
        "dirty_bytes": 12288,
        "writeback_bytes": 4096,
        "active_file_bytes": 209715200,
        "inactive_file_bytes": 104857600,
        "refault_file_pages": 54235,
        "refault_anon_pages": 3,
        "reclaimed_pages": 61000,
        "swap_bytes": 4096,
        "major_faults": 977,
        "limit_hits": 34,
        "high_hits": 12,
        "oom_kills": 1,
        "psi_memory_some_us": 11,
        "psi_memory_full_us": 5,
        "psi_io_some_us": 22,
        "psi_io_full_us": 6,
        "psi_cpu_some_us": 33,
        **CPU,
    }
    assert set(sample) == KEYS
    assert read_cache(host.hierarchy, "/dg/svc") == (340787200, 314572800)


def test_v2_of_older_kernels(tmp_path):
    host = Host(tmp_path, "v2")
    stat = V2_STAT.replace("kernel 5242880\n", "").replace("workingset_refault_file", "workingset_refault")
    host.cgroup("/old", memory__stat=stat)
    host.cgroup("/nokmem", memory__stat="anon 1\nkernel_stack 65536\n")
    sample = read_memory(host.hierarchy, "/old")
    assert sample["kernel_bytes"] == 4194304 + 65536 + 131072 + 1536 + 4096
    assert sample["refault_file_pages"] == 54235
    assert sample["peak_bytes"] is None
    assert read_memory(host.hierarchy, "/nokmem")["kernel_bytes"] is None


def test_v1_sample_takes_the_subtree_and_the_companions(tmp_path):
    host = Host(tmp_path, "hybrid")
    host.cgroup("/dg/svc", **V1_FILES)
    host.process(7, "svc", "/dg/svc", cpu="/elsewhere/svc", unified="/u/svc")
    host.cgroup("/elsewhere/svc", "cpu,cpuacct", **CPU_FILES)
    host.cgroup("/u/svc", "unified", memory__pressure=PRESSURE.format(11, 5), io__pressure="", cpu__pressure="garbage")
    sample = read_memory(host.hierarchy, "/dg/svc")
    assert set(sample) == KEYS
    assert sample == {
        "usage_bytes": 550000000,
        "peak_bytes": 600000000,
        "file_bytes": 513495040,
        "anon_bytes": 13787136,
        "kernel_bytes": 7000000,
        "unevictable_bytes": 15265792,
        "shmem_bytes": 9084928,
        "mapped_file_bytes": 11001856,
        "dirty_bytes": 214294528,
        "writeback_bytes": 0,
        "active_file_bytes": 117768192,
        "inactive_file_bytes": 386641920,
        "refault_file_pages": 54235,
        "refault_anon_pages": 0,
        "reclaimed_pages": None,
        "swap_bytes": None,
        "major_faults": 977,
        "limit_hits": 34,
        "high_hits": None,
        "oom_kills": 2,
        "psi_memory_some_us": 11,
        "psi_memory_full_us": 5,
        "psi_io_some_us": None,
        "psi_io_full_us": None,
        "psi_cpu_some_us": None,
        **CPU,
    }
    assert read_cache(host.hierarchy, "/dg/svc") == (550000000, 513495040)


@pytest.mark.parametrize("kind", ["v1", "hybrid", "v2"])
def test_what_is_missing_is_none_and_never_zero(tmp_path, kind):
    host = Host(tmp_path, kind)
    host.cgroup("/empty")
    for cgroup in ("/empty", "/gone"):
        assert read_memory(host.hierarchy, cgroup) == dict.fromkeys(KEYS)
        assert read_cache(host.hierarchy, cgroup) == (None, None)
    with pytest.raises(UsageError):
        read_memory(host.hierarchy, "/../etc")


def test_v1_member_deeper_in_the_subtree_leads_to_the_counterpart(tmp_path):
    host = Host(tmp_path, "v1")
    host.process(7, "svc", "/app.slice/svc", cpu="/app.slice/svc")
    host.cgroup("/app.slice", "cpu,cpuacct", **CPU_FILES)
    assert cpu_of(read_memory(host.hierarchy, "/app.slice")) == CPU


def test_v1_cpu_of_others_never_passes_for_the_services_own(tmp_path):
    host = Host(tmp_path, "v1")
    host.process(7, "svc", "/svc", cpu="/shared")
    host.process(8, "other", "/other", cpu="/shared")
    host.process(9, "rooted", "/rooted")  # in "/" of the cpu hierarchy: the whole host
    for path in ("/", "/shared"):
        host.cgroup(path, "cpu,cpuacct", **CPU_FILES)
    for cgroup in ("/svc", "/other", "/rooted"):
        assert cpu_of(read_memory(host.hierarchy, cgroup)) == NO_CPU
    assert cpu_of(read_memory(host.hierarchy, "/")) == CPU


def test_v1_processes_spread_over_cpu_cgroups_have_no_single_companion(tmp_path):
    host = Host(tmp_path, "v1")
    host.process(7, "svc", "/svc", cpu="/one")
    host.process(8, "svc", "/svc", cpu="/two")
    host.cgroup("/one", "cpu,cpuacct", **CPU_FILES)
    assert cpu_of(read_memory(host.hierarchy, "/svc")) == NO_CPU


def test_v1_pids_that_ended_do_not_spoil_the_companion(tmp_path):
    host = Host(tmp_path, "v1")
    host.process(7, "svc", "/svc", cpu="/c")
    procs = host.cgroup("/c", "cpu,cpuacct", **CPU_FILES) / "cgroup.procs"
    procs.write_text("7\n4242\n")
    assert cpu_of(read_memory(host.hierarchy, "/svc")) == CPU


def test_the_cpu_quota_and_its_period_in_us(tmp_path):
    host = Host(tmp_path, "v2")
    host.cgroup("/dg/svc", **V2_FILES | {"cpu__max": "20000 100000\n"})
    host.cgroup("/dg/free", **V2_FILES | {"cpu__max": "max 100000\n"})
    host.cgroup("/dg/bare", **V2_FILES)
    assert read_cpu_quota(host.hierarchy, "/dg/svc") == (20000, 100000)
    assert read_cpu_quota(host.hierarchy, "/dg/free") == (None, 100000), "no quota"
    assert read_cpu_quota(host.hierarchy, "/dg/bare") == (None, None), "unread"
    assert read_cpu_usage(host.hierarchy, "/dg/svc") == 1000
    assert read_cpu_usage(host.hierarchy, "/dg/none") is None


def test_the_cpu_weight_by_the_name_of_the_version(tmp_path):
    v2, v1 = Host(tmp_path / "2", "v2"), Host(tmp_path / "1", "v1")
    v2.cgroup("/dg/svc", **V2_FILES | {"cpu__weight": "100\n"})
    v1.process(7, "svc", "/svc", cpu="/c")
    v1.cgroup("/c", "cpu,cpuacct", **CPU_FILES | {"cpu__shares": "1024\n"})
    assert read_cpu_weight(v2.hierarchy, "/dg/svc") == 100
    assert read_cpu_weight(v2.hierarchy, "/dg/none") is None
    assert read_cpu_weight(v1.hierarchy, "/svc") == 1024
    assert settable(v1.hierarchy, "/svc") == {"cpu": "/c"}
    assert settable(v2.hierarchy, "/dg/svc") == {}


def test_io_limits_by_word_and_device(tmp_path):
    host = Host(tmp_path, "v2")
    host.cgroup("/dg/svc", **V2_FILES | {"io__max": "8:16 rbps=2097152 wbps=max riops=max wiops=120\n"})
    assert read_io_limits(host.hierarchy, "/dg/svc") == {"rbps": {"8:16": 2097152}, "wiops": {"8:16": 120}}
    assert read_io_limits(host.hierarchy, "/dg/none") == {}
