#!/usr/bin/env python3
"""Restarts that do not find in the kernel what the state tells of, or tell of what is not there: what was used meanwhile
is then not known, and all that is goes on. Runs as root: kernel_faults_test.py BRAHE [CASE]."""

import os
import shutil
import signal
import sys
import threading
import time
import unittest

import runner
from cgroups import Burner, remove_tree
from life import ZONES, Life

BRAHE = os.path.abspath(sys.argv.pop(1))
TREE = f"/brahe-kernel-{os.getpid()}"
NODE = "kepler_node_cpu_joules_total"
CONTAINER = "kepler_container_cpu_joules_total"
PROCESS = "kepler_process_cpu_joules_total"
ID = "c" * 64
NOT_COUNTED = "What was used while no exporter ran is not counted"


class KernelFaultsTest(unittest.TestCase):
    def setUp(self):
        self.addCleanup(remove_tree, TREE)
        self.burner = Burner(f"{TREE}/docker/{ID}", "faultburner")
        self.addCleanup(self.burner.end)
        self.life = Life(self, BRAHE)
        self.life.start()
        self.life.scrape()
        self.count()

    def count(self, seconds=0.6):
        """Joules are used, and all of them shown."""
        before = self.joules()
        energies = self.life.energies()
        self.life.driver.resume()
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.life.scrape()
            time.sleep(0.1)
        self.life.driver.pause()
        after, used = self.settled(), self.life.energies()
        for zone in ZONES:
            self.assertEqual(after[zone] - before[zone], used[zone] - energies[zone], zone)

    def settled(self):
        """The joules when the counters stand still and all of them are read."""
        for _ in range(2):
            time.sleep(0.15)
            self.life.scrape()
        return self.joules()

    def joules(self, name=NODE, **labels):
        scrape = self.life.scrape()
        return {zone: scrape.sum(name, zone=zone, **labels) for zone in ZONES}

    def away(self, how=signal.SIGTERM, then=lambda: None):
        """Energy is used while no exporter runs; what was shown before, in joules."""
        shown = self.settled()
        self.life.stop(how)
        then()
        self.life.driver.resume()
        time.sleep(0.2)
        self.life.driver.pause()
        return shown

    def goes_on_without_the_gap(self, shown, *flags):
        self.life.start(*flags)
        self.assertEqual(self.settled(), shown)
        self.assertEqual(len(self.life.said(NOT_COUNTED)), 1, "".join(self.life.logs[-1]))
        self.assertEqual(len(self.life.said("Every counter goes on where it stood")), 1)
        self.count()

    def goes_on_with_the_gap(self):
        before, used = self.settled(), self.life.energies()
        self.life.stop(signal.SIGKILL)
        self.life.driver.resume()
        time.sleep(0.2)
        self.life.driver.pause()
        self.life.start()
        after = self.settled()
        for zone, energy in self.life.energies().items():
            self.assertEqual(after[zone] - before[zone], energy - used[zone], zone)
        self.assertEqual(self.life.said(NOT_COUNTED), [])

    def test_without_the_pins(self):
        shown = self.away(signal.SIGKILL, lambda: shutil.rmtree(self.life.pins))
        self.goes_on_without_the_gap(shown)
        self.assertEqual(len(self.life.said("cannot be gone on with: ")), 1)
        self.goes_on_with_the_gap()

    def test_with_some_of_the_pins(self):
        def remove_some():
            os.unlink(f"{self.life.pins}/records")

        shown = self.away(then=remove_some)
        self.goes_on_without_the_gap(shown)
        self.goes_on_with_the_gap()

    def test_with_the_pins_and_without_the_state(self):
        shown = self.away(then=lambda: shutil.rmtree(self.life.state))
        self.life.forget()
        self.life.start()
        self.count()
        for zone, joules in self.joules().items():
            self.assertLess(joules, shown[zone] + 60)
        self.assertEqual(len(self.life.said("begin at 0: nothing is kept")), 1)
        self.goes_on_with_the_gap()

    def test_without_counting_meanwhile(self):
        self.life.stop(signal.SIGTERM)
        self.life.start("--state.keep-counting=false")
        self.count()
        shown = self.away()
        self.assertFalse(os.path.exists(self.life.pins))
        self.goes_on_without_the_gap(shown, "--state.keep-counting=false")
        shown = self.away(signal.SIGKILL)
        self.goes_on_without_the_gap(shown)
        self.goes_on_with_the_gap()

    def test_with_another_source_of_cpu_time_and_back(self):
        for source in ("procfs", "bpf"):
            mine = self.joules(PROCESS, comm="faultburner")
            self.assertGreater(mine["package"], 0)
            of_container = self.joules(CONTAINER, container_id=ID)
            shown = self.away()
            self.life.shown = {key: value for key, value in self.life.shown.items() if "_process_c" not in key[0]}
            self.life.flags[1] = f"--cpu.time-source={source}"
            self.goes_on_without_the_gap(shown)
            scrape = self.life.scrape()
            for zone in ZONES:
                grown = scrape.sum(CONTAINER, zone=zone, container_id=ID) - of_container[zone]
                self.assertGreater(grown, 0)
                self.assertLessEqual(scrape.sum(PROCESS, zone=zone, comm="faultburner"), grown)
        self.goes_on_with_the_gap()

    def test_the_second_of_two_goes_on_from_the_first(self):
        before, used = self.settled(), self.life.energies()
        first = self.life.exporter
        self.addCleanup(first.process.stderr.close)
        threading.Timer(0.5, first.process.terminate).start()
        self.life.driver.resume()
        self.life.start()
        self.assertEqual(first.process.wait(10), 0)
        self.life.driver.pause()
        after = self.settled()
        for zone, energy in self.life.energies().items():
            self.assertEqual(after[zone] - before[zone], energy - used[zone], zone)


if __name__ == "__main__":
    runner.main()
