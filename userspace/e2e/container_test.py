#!/usr/bin/env python3
"""Containers that runc runs, and one made by hand: is each charged what the kernel's own books say of its cgroup? Runs as
root, with runc and a static busybox, on cgroup v1 and v2: container_test.py BRAHE."""

import os
import subprocess
import sys
import threading
import time
import unittest
import uuid

from cgroups import Cgroup, remove_tree
from node import HiddenTime, Inaccurate, Node, cpus_of_zones, emulated, stolen_seconds, three_tries
from runc import RuncContainer, adopt_orphans, burn, new_id
import runner

BRAHE = os.path.abspath(sys.argv.pop(1))
TREE = f"/brahe-test-{os.getpid()}"  # holds all the cgroups made here
ZONES = {"package": 60, "uncore": 40, "dram": 6}
TICK = 0.010  # what the kernel's books may be wrong by when a running process is moved: the longest scheduler tick


class ContainerTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        adopt_orphans()
        cls.addClassCleanup(remove_tree, TREE)
        cls.node = Node(
            BRAHE,
            "--cpu.time-source=bpf",
            "--monitor.interval=2s",
            "--monitor.staleness=1h",  # no scrape cuts an epoch of its own
            "--monitor.max-terminated=-1",
            "--monitor.min-terminated-energy-threshold=0",
            "--monitor.terminated-retention=10m",
        )
        cls.addClassCleanup(cls.node.__exit__)
        cls.node.exporter.first_scrape()

    def setUp(self):
        self.stolen_before = stolen_seconds()
        self.hidden = HiddenTime(self.node.exporter)

    def scrape(self):
        """A scrape in which the books balance."""
        scrape = self.node.exporter.scrape()
        for zone in ZONES:
            listed = scrape.sum("kepler_process_cpu_joules_total", zone=zone)
            unlisted = scrape.one("brahe_process_unlisted_joules_total", zone=zone)
            self.assertEqual(listed + unlisted, scrape.one("kepler_node_cpu_active_joules_total", zone=zone))
        return scrape

    def epoch(self):
        return int(self.scrape().one("brahe_epoch_duration_seconds_count"))

    def after_epochs(self, count):
        """The first scrape after so many more epochs were cut."""
        deadline, end = time.monotonic() + 30, self.epoch() + count
        while self.epoch() < end:
            self.assertLess(time.monotonic(), deadline, "no epoch was cut in 30 s")
            time.sleep(0.05)
        return self.scrape()

    def when_ended(self, *container_ids):
        """The first scrape in which these have ended. An end that the kernel hides is found some epochs later."""
        deadline = time.monotonic() + 60
        while True:
            scrape = self.after_epochs(1)
            ended = {has["container_id"] for has, _ in scrape.all("kepler_container_cpu_seconds_total", state="terminated")}
            if ended.issuperset(container_ids):
                return scrape
            self.assertLess(time.monotonic(), deadline, f"{container_ids} run on")

    def run_while_scraping(self, container):
        thread = threading.Thread(target=container.run)
        thread.start()
        while thread.is_alive():
            self.scrape()
            thread.join(0.5)

    def expect_charged(self, scrape, container_id, used, allowed, **labels):
        """That a container of these labels which has ended was charged for `used` CPU seconds, give or take."""
        labels |= {"container_id": container_id, "state": "terminated"}
        charged = {"time": float(scrape.one("kepler_container_cpu_seconds_total", **labels))}
        for zone, watts in ZONES.items() if cpus_of_zones() else ():
            joules = float(scrape.one("kepler_container_cpu_joules_total", zone=zone, **labels))
            charged[zone] = joules / (watts / cpus_of_zones())
        allowed *= 4 if emulated() else 1
        taken = stolen_seconds() - self.stolen_before
        hidden = self.hidden.seconds(scrape)
        figures = ", ".join(f"{name} {seconds:.6f}" for name, seconds in charged.items())
        print(f"{container_id[:8]}: its cgroup says {used:.6f} CPU-s, charged {figures}; stolen {taken:.2f}, hidden {hidden:.2f}", flush=True)
        if not all(used - allowed - hidden < seconds < used + allowed + taken for seconds in charged.values()):
            raise Inaccurate(figures)
        self.assertEqual(len(scrape.all("kepler_container_cpu_seconds_total", container_id=container_id)), 1)

    @three_tries
    def test_a_busy_container(self):
        container = RuncContainer(self.addCleanup, f"{TREE}/docker/{new_id()}", burn(4))
        self.run_while_scraping(container)
        used = container.cgroup.used()
        container.delete()
        self.assertGreater(used, 2)
        self.expect_charged(self.when_ended(container.id), container.id, used, 0.01 * used, runtime="docker", pod_id="")

    @three_tries
    @unittest.skipIf(emulated(), "too slow to run a container within one epoch")
    def test_a_container_that_comes_and_goes_between_two_epochs(self):
        for _ in range(5):
            container = RuncContainer(
                self.addCleanup, f"{TREE}/docker/{new_id()}", "(while :; do :; done) & sleep 0.05; kill -9 $!"
            )
            self.after_epochs(1)
            epoch = self.epoch()
            container.run()
            used = container.cgroup.used()
            container.delete()
            if self.epoch() == epoch:
                break
        else:
            self.fail("this machine is too slow to run a container within one epoch")
        self.expect_charged(self.when_ended(container.id), container.id, used, TICK, runtime="docker", pod_id="")

    @three_tries
    def test_a_busy_process_that_is_moved_between_containers(self):
        cgroups = [Cgroup(f"{TREE}/docker/{new_id()}") for _ in range(2)]
        burner = subprocess.Popen([sys.executable, "-c", "while True: pass"])
        try:
            for cgroup in cgroups:
                cgroup.make()
                cgroup.take(burner.pid)
                while cgroup.used() < 2.5:
                    self.assertIsNone(burner.poll())
                    self.scrape()
                    time.sleep(0.2)
        finally:
            burner.kill()
            burner.wait()
        scrape = self.when_ended(*(os.path.basename(cgroup.path) for cgroup in cgroups))
        for cgroup in cgroups:
            used = cgroup.used()
            self.expect_charged(scrape, os.path.basename(cgroup.path), used, 0.01 * used, runtime="docker")

    @three_tries
    def test_a_process_tree_in_a_pod(self):
        pod = str(uuid.uuid4())
        container = RuncContainer(
            self.addCleanup,
            f"{TREE}/kubepods/burstable/pod{pod}/{new_id()}",
            f"{burn(1)} & (sh -c '{burn(2)} & wait' & wait) & {burn(2)} & wait",
        )
        self.run_while_scraping(container)
        used = container.cgroup.used()
        container.delete()
        self.assertGreater(used, 2)
        scrape = self.when_ended(container.id)
        self.expect_charged(scrape, container.id, used, 0.01 * used, pod_id=pod)
        for zone in ZONES:
            self.assertEqual(
                scrape.one("kepler_pod_cpu_joules_total", zone=zone, pod_id=pod, state="terminated"),
                scrape.one("kepler_container_cpu_joules_total", zone=zone, container_id=container.id),
            )


if __name__ == "__main__":
    runner.main()
