#!/usr/bin/env python3
"""Trees of virtual machines that know their own energy: guests_test.py BRAHE. The machines are programs that spin and have a
hypervisor's name; scripts/guest_test boots a real one."""

import ctypes
import glob
import os
import shutil
import subprocess
import sys
import tempfile
import time
import unittest

from node import Node
import runner

BRAHE = os.path.abspath(sys.argv.pop(1))
ZONES = {"package": "intel-rapl:0", "uncore": "intel-rapl:0:1", "dram": "intel-rapl:0:2"}
MS_RDONLY, MS_REMOUNT = 1, 32
libc = ctypes.CDLL(None, use_errno=True)


def mount(what, folder, kind, flags=0, options=""):
    if libc.mount(what.encode(), folder.encode(), kind.encode(), ctypes.c_ulong(flags), options.encode()) != 0:
        raise OSError(ctypes.get_errno(), f"mount {folder}")


class GuestsTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(dir=os.environ.get("TEST_TMPDIR"))
        self.addCleanup(folder.cleanup)
        self.trees = f"{folder.name}/guests"
        self.qemu = shutil.copy(os.path.realpath("/bin/sh"), f"{folder.name}/qemu-system-x86_64")
        self.node = None

    def start(self):
        self.node = Node(
            BRAHE,
            "--monitor.interval=200ms",
            "--monitor.staleness=1ms",
            "--monitor.min-terminated-energy-threshold=0",
            "--exporter.guests",
            f"--exporter.guests.directory={self.trees}",
        )
        self.addCleanup(self.stop)
        self.node.exporter.first_scrape()

    def stop(self):
        node, self.node = self.node, None
        if node is not None:
            node.__exit__()

    def boot(self, name, identity):
        """A machine, as far as its host can see."""
        spin = "while :; do :; done"
        process = subprocess.Popen([self.qemu, "-c", spin, "-name", f"guest={name}", "-uuid", identity])
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process

    def counter(self, name, zone="package"):
        try:
            with open(f"{self.trees}/{name}/{ZONES[zone]}/energy_uj") as counter:
                return int(counter.read())
        except FileNotFoundError:
            return 0

    def wait(self, condition):
        deadline = time.monotonic() + 60
        while not condition():
            self.assertLess(time.monotonic(), deadline, glob.glob(f"{self.trees}/**", recursive=True))
            time.sleep(0.05)

    def wait_for_more(self, name):
        before = self.counter(name)
        self.wait(lambda: self.counter(name) > before)

    def test_each_machine_has_a_tree_with_the_hosts_figures(self):
        self.start()
        web, other = self.boot("web", "uuid-1"), self.boot("../../x", "uuid-2")
        self.wait_for_more("web")
        self.wait_for_more("_._.._x")
        for process in (web, other):
            process.kill()
            process.wait()
        scrape = self.node.exporter.scrape()
        while len(scrape.all("kepler_vm_cpu_joules_total", state="terminated", zone="package")) < 2:
            time.sleep(0.1)
            scrape = self.node.exporter.scrape()
        for name, identity in (("web", "uuid-1"), ("_._.._x", "uuid-2")):
            for zone in ZONES:
                told = round(float(scrape.one("kepler_vm_cpu_joules_total", vm_id=identity, zone=zone)) * 1e6)
                self.wait(lambda: self.counter(name, zone) == told)
        with open(f"{self.trees}/web/intel-rapl:0/name") as name:
            self.assertEqual(name.read(), "package-0\n")

    def test_a_machine_that_goes_and_comes_keeps_its_tree_also_over_a_restart_of_the_exporter(self):
        self.start()
        web = self.boot("web", "uuid-1")
        self.wait_for_more("web")
        web.kill()
        web.wait()
        before, folder = self.counter("web"), os.stat(f"{self.trees}/web").st_ino
        self.boot("web", "uuid-1")
        self.wait_for_more("web")
        self.stop()
        stopped = self.counter("web")
        self.assertGreater(stopped, before)
        self.start()
        self.wait_for_more("web")
        self.assertGreater(self.counter("web"), stopped)
        self.assertEqual(os.stat(f"{self.trees}/web").st_ino, folder)

    def test_a_file_system_that_is_full_or_read_only_costs_nothing_but_the_trees(self):
        os.mkdir(self.trees)
        mount("guests", self.trees, "tmpfs", options="size=1m,nr_inodes=60")
        self.addCleanup(lambda: libc.umount2(self.trees.encode(), 2))
        self.start()
        self.boot("web", "uuid-1")
        self.wait_for_more("web")
        # No further file can be made: the counter that is there goes on.
        fill = 0
        try:
            for fill in range(1000):
                os.mkdir(f"{self.trees}/fill-{fill}")
        except OSError:
            pass
        self.boot("late", "uuid-2")
        self.wait_for_more("web")
        self.wait(lambda: any("is not told to it until" in line for line in self.node.exporter.log))
        self.assertEqual(self.counter("late"), 0)
        for i in range(fill):
            os.rmdir(f"{self.trees}/fill-{i}")
        self.wait_for_more("late")
        mount("guests", self.trees, "tmpfs", MS_REMOUNT | MS_RDONLY)
        time.sleep(1)
        stood = self.counter("web")
        scrape = self.node.exporter.scrape()
        time.sleep(0.5)
        used = self.node.exporter.scrape().one("kepler_vm_cpu_joules_total", vm_id="uuid-1", zone="package")
        self.assertGreater(used, scrape.one("kepler_vm_cpu_joules_total", vm_id="uuid-1", zone="package"))
        self.assertEqual(self.counter("web"), stood)
        mount("guests", self.trees, "tmpfs", MS_REMOUNT)
        self.wait(lambda: self.counter("web") > float(used) * 1e6)
        said = [line for line in self.node.exporter.log if line.startswith("W") and "guests/web" in line]
        self.assertLessEqual(len(said), 1)


if __name__ == "__main__":
    runner.main()
