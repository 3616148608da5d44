"""What runs in each guest, in this order. One boot serves all of it."""

import os
import shutil

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.join(HERE, "..")
BIN = os.path.join(ROOT, "bazel-bin")

TARGETS = [
    "//userspace:brahe",
    "//userspace/cpu:bpf_cpu_time_source_test",
    "//userspace/cpu:bpf_topology_test",
    "//userspace/cpu:procfs_real_test",
    "//userspace/cpu:verifier_budget_test",
    "//userspace/workload:cgroup_directory_real_test",
]


def fill(guest, only):
    """Adds the steps whose name contains one of `only` (all, if there is none) to a guest; returns their names."""
    steps = []

    def run(name, seconds, command):
        if only and not any(part in name for part in only):
            return
        guest.run(name, seconds, command)
        steps.append(name)

    kernel_test = guest.add_program(f"{BIN}/userspace/cpu/bpf_cpu_time_source_test")
    topology_test = guest.add_program(f"{BIN}/userspace/cpu/bpf_topology_test")
    procfs_test = guest.add_program(f"{BIN}/userspace/cpu/procfs_real_test")
    verifier_test = guest.add_program(f"{BIN}/userspace/cpu/verifier_budget_test")
    brahe = guest.add_program(f"{BIN}/userspace/brahe")
    guest.add_program(shutil.which("bpftool"))
    guest.copy(os.path.join(HERE, "exporter_step"), "/tests/exporter_step")
    cgroup_test = guest.add_program(f"{BIN}/userspace/workload/cgroup_directory_real_test")

    guest.setup("mount -t cgroup2 cgroup /sys/fs/cgroup")
    run("verifier", 30, verifier_test)
    run("v2-cpu-time", 120, kernel_test)
    run("topology", 60, topology_test)
    run("v2-cgroups", 30, cgroup_test)
    run("procfs", 30, procfs_test)
    run("exporter", 60, f"/tests/exporter_step {brahe} bpf 'Energy meter rapl is not used: .*/sys/class/powercap'")
    guest.setup("mount -t bpf bpf /sys/fs/bpf")
    run("exporter-bpftool", 60, f"/tests/exporter_step {brahe} bpf 'Serving' pinned")
    guest.setup("umount /sys/fs/bpf")
    guest.setup("mount -t tmpfs hidden /sys/kernel/btf")
    run("exporter-without-btf", 60, f"/tests/exporter_step {brahe} procfs '^W.*/sys/kernel/btf/vmlinux'")
    guest.setup("umount /sys/kernel/btf")
    # The two hierarchies side by side, as systemd mounts them.
    guest.setup("umount /sys/fs/cgroup")
    guest.setup("mount -t tmpfs cgroup /sys/fs/cgroup")
    guest.setup("mkdir /sys/fs/cgroup/unified /sys/fs/cgroup/cpuacct")
    guest.setup("mount -t cgroup2 cgroup /sys/fs/cgroup/unified")
    guest.setup("mount -t cgroup -o cpu,cpuacct cgroup /sys/fs/cgroup/cpuacct")
    run("hybrid-cpu-time", 120, kernel_test)
    run("hybrid-cgroups", 30, cgroup_test)
    return steps
