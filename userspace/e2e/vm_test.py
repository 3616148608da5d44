#!/usr/bin/env python3
"""A virtual machine of QEMU's, without KVM, that only spins: is its process known as a VM, and the time of all its threads
charged to it? vm_test.py BRAHE."""

import os
import signal
import subprocess
import sys
import tempfile
import time
import unittest
import uuid

from node import HiddenTime, Node, stolen_seconds
import runner

BRAHE = os.path.abspath(sys.argv.pop(1))
NAME = "brahe-test"
ZONES = {"package": 60, "uncore": 40, "dram": 6}
VCPUS = 2
# jmp $, and the mark of a boot sector
SPIN = b"\xeb\xfe".ljust(510, b"\0") + b"\x55\xaa"


class VmTest(unittest.TestCase):
    def setUp(self):
        self.node = Node(
            BRAHE,
            "--cpu.time-source=bpf",
            "--monitor.interval=500ms",
            "--monitor.staleness=1ms",
            "--monitor.min-terminated-energy-threshold=0",
        )
        self.addCleanup(self.node.__exit__)
        self.node.exporter.first_scrape()
        self.hidden = HiddenTime(self.node.exporter)
        self.id = str(uuid.uuid4())
        folder = tempfile.TemporaryDirectory(dir=os.environ.get("TEST_TMPDIR"))
        self.addCleanup(folder.cleanup)
        disk = f"{folder.name}/disk"
        with open(disk, "wb") as out:
            out.write(SPIN)
        self.stolen_before = stolen_seconds()
        options = f"""-accel tcg,thread=multi -m 16 -smp {VCPUS} -nodefaults -no-user-config -display none
            -name guest={NAME},debug-threads=on -uuid {self.id} -drive file={disk},format=raw,if=ide"""
        self.qemu = subprocess.Popen(["qemu-system-x86_64", *options.split()], stdin=subprocess.DEVNULL)
        self.addCleanup(self.qemu.wait)
        self.addCleanup(self.qemu.kill)

    def used(self):
        """CPU seconds of all its threads."""
        with open(f"/proc/{self.qemu.pid}/stat") as stat:
            user, system = stat.read().rpartition(")")[2].split()[11:13]
        return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")

    def expect_sum_of_processes(self, scrape, state):
        """That the VM is what its processes are, and in no other state; its joules by zone."""
        joules = {}
        for zone in ZONES:
            joules[zone] = scrape.one("kepler_vm_cpu_joules_total", vm_id=self.id, zone=zone)
            labels = dict(vm_id=self.id, vm_name=NAME, hypervisor="kvm", state=state, zone=zone)
            self.assertEqual(scrape.one("kepler_vm_cpu_joules_total", **labels), joules[zone])
            processes = scrape.all("kepler_process_cpu_joules_total", vm_id=self.id, zone=zone)
            self.assertEqual({(has["type"], has["pid"]) for has, _ in processes}, {("vm", str(self.qemu.pid))})
            self.assertEqual(sum(value for _, value in processes), joules[zone])
        return joules

    def test_a_virtual_machine_is_charged_the_time_of_all_its_threads(self):
        deadline = time.monotonic() + 60
        while self.used() < 4:
            self.assertIsNone(self.qemu.poll())
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.2)
        self.assertGreater(len(os.listdir(f"/proc/{self.qemu.pid}/task")), VCPUS)
        self.qemu.send_signal(signal.SIGSTOP)
        time.sleep(0.5)
        used, taken = self.used(), stolen_seconds() - self.stolen_before
        scrape = self.node.exporter.scrape()
        joules = self.expect_sum_of_processes(scrape, "running")
        charged = {"time": float(scrape.one("kepler_process_cpu_seconds_total", vm_id=self.id))}
        for zone, watts in ZONES.items():
            charged[zone] = float(joules[zone]) / (watts / os.cpu_count())
        hidden = self.hidden.seconds(scrape)
        figures = ", ".join(f"{name} {seconds:.3f}" for name, seconds in charged.items())
        print(f"used {used:.2f} CPU-s, charged {figures}; stolen {taken:.2f}, hidden {hidden:.2f}", flush=True)
        for name, seconds in charged.items():
            self.assertGreater(seconds, 0.98 * used - hidden, name)
            self.assertLess(seconds, 1.02 * used + taken, name)  # the kernel's books leave out what the host took

        self.qemu.kill()
        self.qemu.wait()
        # An end that the kernel hides is found some epochs later.
        deadline = time.monotonic() + 60
        scrape = self.node.exporter.scrape()
        while not scrape.all("kepler_vm_cpu_joules_total", vm_id=self.id, state="terminated"):
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.2)
            scrape = self.node.exporter.scrape()
        ended = self.expect_sum_of_processes(scrape, "terminated")
        for zone in ZONES:
            self.assertGreaterEqual(ended[zone], joules[zone])


if __name__ == "__main__":
    runner.main()
