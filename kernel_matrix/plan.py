"""What runs in each guest, in this order. One boot serves all of it."""

import os

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")
BIN = os.path.join(ROOT, "bazel-bin")

TARGETS = [
    "//userspace:brahe",
    "//userspace/cpu:bpf_cpu_time_source_test",
    "//userspace/cpu:bpf_topology_test",
    "//userspace/cpu:procfs_real_test",
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
    cgroup_test = guest.add_program(f"{BIN}/userspace/workload/cgroup_directory_real_test")

    guest.setup("mount -t cgroup2 cgroup /sys/fs/cgroup")
    run("v2-cpu-time", 120, kernel_test)
    run("topology", 60, topology_test)
    run("v2-cgroups", 30, cgroup_test)
    run("procfs", 30, procfs_test)
    # The two hierarchies side by side, as systemd mounts them.
    guest.setup("umount /sys/fs/cgroup")
    guest.setup("mount -t tmpfs cgroup /sys/fs/cgroup")
    guest.setup("mkdir /sys/fs/cgroup/unified /sys/fs/cgroup/cpuacct")
    guest.setup("mount -t cgroup2 cgroup /sys/fs/cgroup/unified")
    guest.setup("mount -t cgroup -o cpu,cpuacct cgroup /sys/fs/cgroup/cpuacct")
    run("hybrid-cpu-time", 120, kernel_test)
    run("hybrid-cgroups", 30, cgroup_test)
    return steps
