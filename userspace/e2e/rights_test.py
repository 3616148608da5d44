#!/usr/bin/env python3
"""The exporter with the rights that docs/security.md names, as root and as another user, and without each of them in turn:
what is lost, and is it said? Runs as root: rights_test.py BRAHE SECURITY_MD [CASE]."""

import os
import platform
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
import unittest
import uuid

from cgroups import Cgroup, remove_tree
from node import ExporterProcess, PowercapDriver
import runner

BRAHE = os.path.abspath(sys.argv.pop(1))
with open(sys.argv.pop(1)) as document:
    NAMED = tuple(dict.fromkeys(re.findall(r"^\| `CAP_(\w+)`", document.read(), re.MULTILINE)))
TREE = f"/brahe-test-{os.getpid()}"  # holds all the cgroups made here
USER = "4321"
NUMBERS = {"DAC_READ_SEARCH": 2, "SYS_PTRACE": 19, "PERFMON": 38, "BPF": 39}
JOULES = "kepler_{}_cpu_joules_total"


def mask(*names):
    return sum(1 << NUMBERS[name] for name in names)


def kept_of(*names):
    """What the exporter keeps of these with a meter that reads files."""
    kept = {"DAC_READ_SEARCH", "SYS_PTRACE"}
    with open("/proc/sys/kernel/unprivileged_bpf_disabled") as disabled:
        old = tuple(map(int, platform.release().split(".")[:2])) < (5, 19) and disabled.read().strip() != "0"
    return mask(*(kept | {"BPF"} if old else kept) & set(names))


def as_user(*names, sets=("bounding-set", "inh-caps", "ambient-caps")):
    """A command line that becomes another one, as another user with these capabilities."""
    capabilities = ",".join(["-all", *(f"+{name.lower()}" for name in names)])
    sets = [f"--{which}={capabilities}" for which in sets]
    return ["setpriv", f"--reuid={USER}", f"--regid={USER}", "--clear-groups", *sets]


def free_port_of_root():
    """One that it takes CAP_NET_BIND_SERVICE to listen on."""
    for port in range(1023, 600, -1):
        with socket.socket() as tried:
            try:
                tried.bind(("127.0.0.1", port))
                return port
            except OSError:
                pass
    raise RuntimeError("no port below 1024 is free")


class RightsTest(unittest.TestCase):
    def setUp(self):
        # Bazel's folders are closed to other users.
        self.folder = tempfile.mkdtemp(dir="/tmp", prefix="brahe-rights-")
        self.addCleanup(shutil.rmtree, self.folder)
        os.chmod(self.folder, 0o755)
        self.brahe = shutil.copy(BRAHE, self.folder)
        os.chmod(self.brahe, 0o755)
        self.driver = PowercapDriver(os.path.join(self.folder, "sys"))
        self.addCleanup(self.driver.stop)
        # As the kernel has had them since 5.10.
        self.counters = [os.path.join(self.driver.zone(f"intel-rapl:0{z}"), "energy_uj") for z in ("", ":0", ":1")]
        for counter in self.counters:
            os.chmod(counter, 0o400)
        self.config = os.path.join(self.folder, "config.yaml")
        with open(self.config, "w") as out:
            out.write("monitor:\n  interval: 200ms\n")
        os.chmod(self.config, 0o400)
        self.before = self.start_burner()
        self.addCleanup(remove_tree, TREE)

    def start_burner(self):
        """A process of root's that has all rights."""
        burner = subprocess.Popen(["sh", "-c", "while :; do :; done"], preexec_fn=lambda: os.nice(10))
        self.addCleanup(burner.wait)
        self.addCleanup(burner.kill)
        return burner

    def start(self, under, *flags):
        self.exporter = ExporterProcess(
            self.brahe,
            f"--host.sysfs={self.driver.root}",
            f"--config.file={self.config}",
            "--monitor.staleness=1ms",
            *flags,
            under=under,
        )
        self.addCleanup(self.exporter.stop)
        self.exporter.first_scrape()
        self.container = Cgroup(f"{TREE}/docker/{uuid.uuid4().hex * 2}")
        self.container.make()
        self.after = self.start_burner()
        self.container.take(self.after.pid)

    def warnings(self):
        return [line for line in self.exporter.log if line[0] in "WE"]

    def until(self, what, is_so):
        """The first scrape in which something is so."""
        deadline = time.monotonic() + 30
        while True:
            scrape = self.exporter.scrape()
            if is_so(scrape):
                return scrape
            self.assertLess(time.monotonic(), deadline, f"{what}:\n" + "".join(self.exporter.log))
            time.sleep(0.1)

    def exe_of(self, process):
        """As it is listed once it is charged with something."""

        def series(scrape):
            return scrape.all(JOULES.format("process"), pid=str(process.pid), zone="package")

        return series(self.until("no such process", series))[0][0]["exe"]

    def expect(self, source="bpf", meter="rapl", sees_others=True):
        """That it does all it should with these sources: at first, and with what comes later."""
        scrape = self.exporter.scrape()
        self.assertEqual(scrape.one("brahe_cpu_time_source_info", source=source), 1)
        measured = "true" if meter == "rapl" else "false"
        self.assertEqual(scrape.one("brahe_energy_source_info", zone="package", source=meter, measured=measured), 1)
        started = shutil.which("sh")
        program = os.path.realpath(started)
        self.assertEqual(self.exe_of(self.before), program if sees_others else "")
        self.assertEqual(self.exe_of(self.after), program if sees_others else started)
        container_id = os.path.basename(self.container.path)
        self.until("no container", lambda s: s.sum(JOULES.format("container"), container_id=container_id) > 0)
        if meter == "rapl":
            self.expect_zones_come_back()
        self.expect_ends_are_booked(source)
        self.exporter.process.send_signal(signal.SIGHUP)
        self.until("not read again", lambda _: any("Re-read the configuration" in line for line in self.exporter.log))

    def expect_zones_come_back(self):
        counter = self.counters[-1]
        os.unlink(counter)
        self.until("not gone", lambda s: not s.all("kepler_node_cpu_watts", zone="dram"))
        with open(counter, "w", opener=lambda path, flags: os.open(path, flags, 0o400)) as out:
            out.write(f"{10**11 + 60 * 10**6}\n")
        self.until("not back", lambda s: s.all("kepler_node_cpu_watts", zone="dram"))

    def expect_ends_are_booked(self, source):
        """That records in the kernel are used again, which takes calls of bpf(2)."""
        if source != "bpf":
            return

        def entries(scrape):
            return scrape.one("brahe_bpf_map_entries", map="procs")

        before = entries(self.exporter.scrape())
        for _ in range(300):
            subprocess.run(["true"], check=True)
        self.until("records are not free again", lambda s: entries(s) < before + 100)

    def expect_rights(self, kept, bound):
        """That every thread has these, for good."""
        tasks = f"/proc/{self.exporter.process.pid}/task"
        threads = os.listdir(tasks)
        self.assertGreater(len(threads), 3)
        for thread in threads:
            with open(f"{tasks}/{thread}/status") as status:
                fields = dict(line.rstrip("\n").split(":\t", 1) for line in status if ":\t" in line)
            sets = {name: int(fields["Cap" + name], 16) for name in ("Inh", "Prm", "Eff", "Bnd", "Amb")}
            self.assertEqual(sets, {"Inh": 0, "Prm": kept, "Eff": kept, "Bnd": bound, "Amb": 0})
            self.assertEqual(fields["NoNewPrivs"], "1")

    def without(self, name):
        self.assertIn(name, NAMED, "the document says what it costs")
        rights = [other for other in NAMED if other != name]
        self.start(as_user(*rights))
        self.expect_rights(kept_of(*rights), mask(*rights))

    def expect_said(self, *each):
        """That there is one warning with each of these words, and no other."""
        lines = self.warnings()
        for words in each:
            self.assertEqual(len([line for line in lines if words in line]), 1, lines)
        self.assertEqual(len(lines), len(each), lines)

    def test_the_document_names_them(self):
        self.assertEqual(set(NAMED), set(NUMBERS))

    def test_as_another_user_with_what_it_names_nothing_is_lost(self):
        self.start(as_user(*NAMED))
        self.expect_rights(kept_of(*NAMED), mask(*NAMED))
        self.expect()
        lost = [line for line in self.warnings() if "energy_uj" not in line]  # what this test takes away for a while
        self.assertEqual(lost, [])
        self.assertEqual(self.exporter.stop(), 0)

    def test_what_its_file_carries_another_user_has(self):
        permitted = mask(*NAMED)
        revision_2 = 0x02000000  # linux/capability.h
        value = struct.pack("<5I", revision_2, permitted & 0xFFFFFFFF, 0, permitted >> 32, 0)
        os.setxattr(self.brahe, "security.capability", value)
        self.start(as_user(*NAMED, sets=["bounding-set"]))
        self.expect_rights(kept_of(*NAMED), mask(*NAMED))
        self.expect()

    def test_as_root_it_gives_up_the_rest_once_it_listens(self):
        port = free_port_of_root()
        self.start([], f"--web.listen-address=127.0.0.1:{port}")
        socket.create_connection(("127.0.0.1", port)).close()
        self.expect_rights(kept_of(*NAMED), kept_of(*NAMED))
        self.expect()

    def test_without_bpf_it_counts_from_proc(self):
        self.without("BPF")
        self.expect_said(f"this process lacks CAP_BPF, as user {USER}: ")
        self.expect(source="procfs")

    def test_without_perfmon_it_counts_from_proc(self):
        self.without("PERFMON")
        self.expect_said(f"this process lacks CAP_PERFMON, as user {USER}: ")
        self.expect(source="procfs")

    def test_without_dac_read_search_energy_is_estimated(self):
        os.chmod(self.config, 0o444)
        self.without("DAC_READ_SEARCH")
        self.expect(meter="model")
        refused = [line for line in self.exporter.log if "Energy meter rapl is not used" in line]
        self.assertIn("CAP_DAC_READ_SEARCH", refused[0])
        lines = [line for line in self.warnings() if "Cgroups are looked for by their processes" not in line]
        self.assertEqual(len(lines), 2, lines)
        self.assertIn("Energy is estimated", lines[0])
        self.assertIn("CAP_DAC_READ_SEARCH only", lines[1])

    def test_without_sys_ptrace_others_have_no_exe_or_the_path_they_were_started_by(self):
        self.without("SYS_PTRACE")
        self.expect_said("CAP_SYS_PTRACE")
        self.expect(sees_others=False)


if __name__ == "__main__":
    runner.main()
