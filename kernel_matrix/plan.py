"""What runs in each guest, in this order. One boot serves all of it."""

import os

import apparmor
import architectures
import container

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.join(HERE, "..")

TARGETS = [
    "//userspace:brahe",
    "//userspace/cpu:bpf_cpu_time_source_test",
    "//userspace/cpu:bpf_topology_test",
    "//userspace/cpu:cpu_visit_test",
    "//userspace/cpu:instance_test",
    "//userspace/cpu:procfs_real_test",
    "//userspace/cpu:verifier_budget_test",
    "//userspace/e2e:refuse",
    "//userspace/workload:cgroup_directory_real_test",
]
# RAPL is of x86: so are its driver, the modules that stand in for it, and what tests with them.
X86_TARGETS = ["//userspace/energy:perf_meter_real_test"]

# In the order in which they are loaded.
KERNEL_MODULES = ["iosf_mbi", "intel_rapl_common", "intel_rapl_msr"]
TEST_MODULES = ["test_rapl", "test_power"]


def targets(architecture):
    """What Bazel is to build for guests of an architecture."""
    return TARGETS + (X86_TARGETS if architecture == "amd64" else [])


def fill(guest, programs, only, with_modules):
    """Adds the steps whose name contains one of `only` (all, if there is none) to a guest. `programs` is the folder that
    `targets` were built in.

    Returns their names, each with the feature that it proves.
    """
    steps = {}

    def run(name, feature, seconds, command):
        if only and not any(part in name for part in only):
            return
        guest.run(name, seconds, command)
        steps[name] = feature

    kernel_test = guest.add_program(f"{programs}/userspace/cpu/bpf_cpu_time_source_test")
    topology_test = guest.add_program(f"{programs}/userspace/cpu/bpf_topology_test")
    visit_test = guest.add_program(f"{programs}/userspace/cpu/cpu_visit_test")
    instance_test = guest.add_program(f"{programs}/userspace/cpu/instance_test")
    procfs_test = guest.add_program(f"{programs}/userspace/cpu/procfs_real_test")
    verifier_test = guest.add_program(f"{programs}/userspace/cpu/verifier_budget_test")
    brahe = guest.add_program(f"{programs}/userspace/brahe")
    refuse = guest.add_program(f"{programs}/userspace/e2e/refuse")
    guest.add_program(guest.architecture.tool("bpftool"))
    for name in ("exporter.sh", "exporter_step", "in_profile", "container_step", "load_modules", "rapl_test.py"):
        guest.copy(os.path.join(HERE, name), "/tests/" + name)
    e2e = (
        *("bpf_calls", "certificates", "cgroups", "container_test", "drive_powercap", "exposition", "fake_kube"),
        *("kube_test", "node", "refusal_test", "refuse_test", "runc", "runner"),
    )
    for name in (f"{module}.py" for module in e2e):
        guest.copy(os.path.join(ROOT, "userspace/e2e", name), "/tests/" + name)
    guest.add_python()
    cgroup_test = guest.add_program(f"{programs}/userspace/workload/cgroup_directory_real_test")

    guest.setup("mount -t cgroup2 cgroup /sys/fs/cgroup")
    run("verifier", "programs load, CO-RE fields found, few verifier steps", 30, verifier_test)
    run("v2-cpu-time", "CPU time to the nanosecond, cgroup v2", 240, kernel_test)
    run("topology", "two sockets; CPU hotplug under load; a real-time task alone", 60, topology_test)
    run("cpu-visit", "every CPU is seen at the start, also one that a real-time task keeps", 30, visit_test)
    run("instance", "one instance, by containers and users; no shifted clocks; nothing left by SIGKILL", 120, instance_test)
    run("v2-cgroups", "cgroup ids and paths, v2", 30, cgroup_test)
    run("procfs", "CPU time from /proc", 30, procfs_test)
    exporter = f"/tests/exporter_step {brahe}"
    no_rapl = "Energy meter rapl is not used: .*/sys/class/powercap"
    run("exporter", "the exporter, no RAPL on the machine", 60, f"{exporter} bpf '{no_rapl}'")
    run("refuser", "seccomp lets a test refuse any BPF call", 120, f"python3 /tests/refuse_test.py {refuse}")
    guest.setup("mount -t bpf bpf /sys/fs/bpf")
    run("exporter-bpftool", "pinned maps, read by bpftool", 120, f"{exporter} bpf 'Serving' pinned")
    if guest.architecture.name == "amd64":
        apparmor.add_profiles(guest)
        confined = f"env BRAHE={brahe} PROFILE={{}} /tests/exporter_step /tests/in_profile bpf"
        shipped = "in the AppArmor profile that is shipped: counts, sees all processes, pins its maps"
        run("apparmor", shipped, 120, f"{confined.format('brahe')} 'hides them\\|Serving' pinned")
        hidden = "^W.* processes have no exe.*: a security module hides them"
        run("apparmor-hiding", "in one that hides processes: says so", 60, f"{confined.format('hiding')} '{hidden}'")
    guest.setup("umount /sys/fs/bpf")
    guest.setup("mount -t tmpfs hidden /sys/kernel/btf")
    no_btf = "^W.*/sys/kernel/btf/vmlinux"
    run("exporter-without-btf", "kernel without BTF: /proc, and why", 60, f"{exporter} procfs '{no_btf}'")
    guest.setup("umount /sys/kernel/btf")
    if guest.architecture.name != "amd64":
        # What follows is RAPL's, which is of x86, or depends on no architecture and takes minutes on an emulated CPU.
        return steps
    guest.add_loaded_library("libcurl-gnutls.so.4")  # to follow pods
    os.symlink(guest.add_program(architectures.tool("openssl")), guest.root + "/bin/openssl")
    guest.copy("/etc/ssl/openssl.cnf", "/usr/lib/ssl/openssl.cnf")
    bundle = container.add_bundle(guest)
    # Of the tests that run on every machine those that a kernel can make a difference to.
    cases = "WithoutSwitchTest " + " ".join(
        f"WithoutOneTest.test_{case}"
        for case in (
            "without_all_that_is_optional_each_loss_is_said_once",
            "a_program_that_cannot_be_attached_is_lost_alone",
            "in_lockdown_names_come_from_proc_and_the_time_from_bpf",
        )
    )
    refusals = f"python3 /tests/refusal_test.py {brahe} {refuse} {cases}"
    run("refusals", "each BPF program refused: what it costs, and the message", 180, refusals)
    if with_modules:
        guest.setup(f"/tests/load_modules {' '.join(KERNEL_MODULES)}")
        guest.setup("test -e /sys/bus/platform/devices/intel_rapl_msr.0")
        no_counter = "Energy meter rapl is not used: .*no RAPL zone"
        run("exporter-driver", "the exporter, RAPL's driver without counters", 60, f"{exporter} bpf '{no_counter}'")
        guest.setup(f"rmmod {' '.join(reversed(KERNEL_MODULES))}")
        rapl = f"python3 /tests/rapl_test.py {brahe}"
        run("rapl", "the exporter on a test RAPL: each uJ, two sockets, faults, wrap, sleep", 120, rapl)
        guest.setup("insmod /modules/test_power.ko")
        # Without it the test would be skipped.
        guest.setup("test -e /sys/bus/event_source/devices/power/events/energy-pkg")
        perf_test = guest.add_program(f"{programs}/userspace/energy/perf_meter_real_test")
        run("perf-pmu", "RAPL through the perf PMU, two sockets", 30, perf_test)
        guest.setup("rmmod test_power")
    # The two hierarchies side by side, as systemd mounts them.
    guest.setup("umount /sys/fs/cgroup")
    guest.setup("mount -t tmpfs cgroup /sys/fs/cgroup")
    guest.setup("mkdir /sys/fs/cgroup/unified /sys/fs/cgroup/cpuacct")
    guest.setup("mount -t cgroup2 cgroup /sys/fs/cgroup/unified")
    guest.setup("mount -t cgroup -o cpu,cpuacct cgroup /sys/fs/cgroup/cpuacct")
    run("hybrid-cpu-time", "CPU time to the nanosecond, cgroup v1 beside v2", 120, kernel_test)
    run("hybrid-cgroups", "cgroup ids and paths, v1 beside v2", 30, cgroup_test)
    # runc wants to rule over devices.
    guest.setup("mkdir /sys/fs/cgroup/devices")
    guest.setup("mount -t cgroup -o devices cgroup /sys/fs/cgroup/devices")
    box = f"/tests/container_step {brahe} {bundle} {container.ID} {container.POD}"
    run("hybrid-container", "a container of runc in a pod's cgroup, cgroup v1", 60, f"{box} /sys/fs/cgroup/cpuacct")
    # Last, because runc hands controllers to the unified hierarchy, which then cannot be mounted as v1.
    for mount in ("/devices", "/cpuacct", "/unified", ""):
        guest.setup(f"umount /sys/fs/cgroup{mount}")
    guest.setup("mount -t cgroup2 cgroup /sys/fs/cgroup")
    # Of the tests that run on every machine those that a kernel can make a difference to.
    cases = "ContainerTest.test_a_busy_container ContainerTest.test_a_busy_process_that_is_moved_between_containers"
    containers = f"python3 /tests/container_test.py {brahe} {cases}"
    run("containers", "a container of runc, and a running process that is moved between two; v2", 120, containers)
    cases = " ".join(f"{mode}.test_every_joule_ends_in_the_right_pod" for mode in ("KubeletTest", "ApiServerTest"))
    pods = f"python3 /tests/kube_test.py {brahe} {cases}"
    run("pods", "pods of a kubelet and of an API server", 120, pods)
    return steps
