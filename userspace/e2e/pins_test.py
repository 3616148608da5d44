#!/usr/bin/env python3
"""The exporter's BPF maps in the BPF file system of the host that it is told of. Runs as root:
pins_test.py BRAHE REFUSE."""

import os
import subprocess
import sys
import tempfile
import unittest

from node import ExporterProcess, PowercapDriver
import runner

BRAHE = os.path.abspath(sys.argv.pop(1))
REFUSE = os.path.abspath(sys.argv.pop(1))
# Becomes a command line of root's that cannot look at others' BPF maps: neither by their ids, which takes CAP_SYS_ADMIN,
# nor by an iterator.
BLIND = (REFUSE, "--kind", "iter", "--", "setpriv", "--bounding-set=-all,+bpf,+perfmon,+dac_read_search,+sys_ptrace")


class PinsTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(dir=os.environ.get("TEST_TMPDIR"))
        self.addCleanup(folder.cleanup)
        self.driver = PowercapDriver(os.path.join(folder.name, "sys"))
        self.addCleanup(self.driver.stop)
        bpf = os.path.join(self.driver.root, "fs/bpf")
        os.makedirs(bpf)
        subprocess.run(["mount", "-t", "bpf", "bpf", bpf], check=True)
        self.addCleanup(subprocess.run, ["umount", bpf], check=True)
        self.pins = os.path.join(bpf, "brahe")

    def start(self, under=()):
        exporter = ExporterProcess(
            BRAHE, f"--host.sysfs={self.driver.root}", "--cpu.time-source=bpf", "--monitor.interval=250ms", under=under
        )
        self.addCleanup(lambda: exporter.process.poll() is None and exporter.stop())
        exporter.first_scrape()
        return exporter

    def test_they_are_pinned_below_the_hosts_sysfs_while_it_runs(self):
        exporter = self.start()
        self.assertIn("procs", os.listdir(self.pins))
        self.assertEqual([line for line in exporter.log if "not pinned" in line], [])
        self.assertEqual(exporter.stop(), 0)
        self.assertFalse(os.path.exists(self.pins))

    def test_a_second_instance_that_cannot_see_the_first_leaves_its_pins_alone(self):
        self.start()
        before = os.stat(self.pins).st_ino, set(os.listdir(self.pins))
        blind = self.start(BLIND)
        self.assertEqual((os.stat(self.pins).st_ino, set(os.listdir(self.pins))), before)
        said = "".join(blind.log)
        self.assertIn("A second brahe on this machine would go unnoticed", said)
        self.assertIn(f"not pinned: {self.pins} may be another instance's", said)
        self.assertEqual(blind.stop(), 0)
        self.assertEqual((os.stat(self.pins).st_ino, set(os.listdir(self.pins))), before)


if __name__ == "__main__":
    runner.main()
