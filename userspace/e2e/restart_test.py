#!/usr/bin/env python3
"""What an exporter that keeps its state loses when it is killed, stopped or replaced: nothing. Runs as root:
restart_test.py BRAHE. BRAHE_RESTART_SECONDS in the environment: how long each run of it takes. BRAHE_PREVIOUS: another build
of the exporter, with which this one takes turns."""

import os
import random
import signal
import subprocess
import sys
import tempfile
import time
import unittest

from cgroups import Burner, remove_tree
from life import ZONES, Life
from node import Inaccurate, cpus_of_zones, stolen_seconds, three_tries
from prometheus import Prometheus, free_port
import runner

BRAHE = os.path.abspath(sys.argv.pop(1))
PREVIOUS = os.environ.get("BRAHE_PREVIOUS")
SECONDS = float(os.environ.get("BRAHE_RESTART_SECONDS", 15))
# When a task is woken that takes another's CPU, the kernel's books end the other's turn there and then; the exporter counts it up
# to the switch, until when it runs: the interrupt that asks for it, and what lies between. 10 to 20 us in a virtual machine.
PREEMPTION_SECONDS = 25e-6
TREE = f"/brahe-restart-{os.getpid()}"


class RestartTest(unittest.TestCase):
    def setUp(self):
        self.addCleanup(remove_tree, TREE)

    def run_through(self, end_it, binaries=(BRAHE,), between=(2.0, 4.0), watched=False):
        """Ends the exporter again and again by `end_it(life)` while two containers burn and many processes come and go.
        `watched`: a Prometheus scrapes them all."""
        life = Life(self, BRAHE)
        # What ends stays listed, but not each of the many that live for a moment: a scrape would be nothing else.
        life.flags.remove("--monitor.min-terminated-energy-threshold=0")
        life.flags.append("--monitor.min-terminated-energy-threshold=5")
        try:
            self.expect_nothing_lost(life, end_it, binaries, between, self.watch(life) if watched else None)
        finally:
            life.end()
        return life

    def expect_nothing_lost(self, life, end_it, binaries, between, prometheus):
        life.start(binary=binaries[0])
        life.scrape()  # the first reading of the counters is over
        life.driver.resume()  # soon: counters that stand still beside work are not believed
        time.sleep(0.2)
        life.scrape()  # what the zones leapt by is in an epoch without the burners
        stolen = stolen_seconds()
        forks = subprocess.Popen(["sh", "-c", "while :; do /bin/true; /bin/true; done"])
        self.addCleanup(forks.wait)
        self.addCleanup(forks.kill)
        burners = {}
        for container in (f"{random.getrandbits(250):064x}" for _ in range(2)):
            burners[container] = Burner(f"{TREE}/docker/{container}")
        end = time.monotonic() + SECONDS
        restarts = 0
        while time.monotonic() < end:
            next_end = time.monotonic() + random.uniform(*between)
            while time.monotonic() < next_end:
                life.scrape()
                time.sleep(random.uniform(0.05, 0.5))
            end_it(life)
            time.sleep(random.choice((0, 0.3)))
            restarts += 1
            life.start(binary=binaries[restarts % len(binaries)])
        preempted = {container: burner.preemptions() for container, burner in burners.items()}
        used = {container: burner.end() for container, burner in burners.items()}
        time.sleep(0.2)
        life.scrape()
        life.driver.pause()
        # What was counted after the last cut is the next epoch's.
        for _ in range(3):
            time.sleep(0.3)
            scrape = life.scrape()
        for zone, at_end in life.energies().items():
            shown = scrape.one("kepler_node_cpu_joules_total", zone=zone)
            self.assertEqual(shown, at_end - life.at_start[zone], f"{zone}\n{life.warnings()}")
        if prometheus is not None:
            self.expect_increase(prometheus, life)
        taken = stolen_seconds() - stolen
        for container, seconds in used.items():
            charged = float(scrape.sum("kepler_container_cpu_seconds_total", container_id=container))
            excess, allowed = charged - seconds, 0.001 * seconds + 0.010
            over = taken + preempted[container] * PREEMPTION_SECONDS
            print(f"{restarts} restarts, {seconds:.3f} s used, {excess:+.3f} s charged above, {over:.3f} s may be", flush=True)
            if not -allowed <= excess <= allowed + over:
                raise Inaccurate(f"{charged} s charged of {seconds} s used, {taken} s stolen, {preempted[container]} preemptions")
            for zone, watts in ZONES.items() if cpus_of_zones() else ():
                joules = float(scrape.sum("kepler_container_cpu_joules_total", zone=zone, container_id=container))
                if abs(joules * cpus_of_zones() / watts - charged) > allowed:
                    raise Inaccurate(f"{zone}: {joules} J for {charged} s")
        life.stop(signal.SIGTERM)

    def watch(self, life):
        life.port = free_port()
        folder = tempfile.TemporaryDirectory(dir=os.environ.get("TEST_TMPDIR"))
        self.addCleanup(folder.cleanup)
        prometheus = Prometheus(folder.name, {"brahe": {"port": life.port}})
        self.addCleanup(prometheus.stop)
        return prometheus

    def expect_increase(self, prometheus, life):
        """That what Prometheus says was used is what the driver's counters rose by."""
        for zone, at_end in life.energies().items():
            used = float(at_end - life.at_start[zone])
            counter = f'kepler_node_cpu_joules_total{{zone="{zone}"}}'
            prometheus.wait(lambda: prometheus.query(counter)[0][1] >= used - 1e-6)
            [(_, samples)] = prometheus.samples(f"{counter}[1h]")
            (begin, before), (end, _) = samples[0], samples[-1]
            [(_, increase)] = prometheus.query(f"increase({counter}[{round((end - begin) * 1000)}ms])", time=end)
            self.assertLess(abs(increase / (used - before) - 1), 0.005, f"{zone}: {increase} J of {used} J")

    @three_tries
    def test_it_is_killed_again_and_again(self):
        life = self.run_through(lambda life: life.stop(signal.SIGKILL), watched=True)
        lines = [line for log in life.logs[1:] for line in log if "goes on" in line]
        self.assertEqual(len(lines), len(life.logs) - 1, "each says once that it goes on:\n" + "".join(life.logs[-1]))

    @three_tries
    def test_it_is_stopped_again_and_again(self):
        self.run_through(lambda life: life.stop(signal.SIGTERM))

    if PREVIOUS:

        @three_tries
        def test_builds_take_turns(self):
            self.run_through(lambda life: life.stop(signal.SIGTERM), (PREVIOUS, BRAHE))


if __name__ == "__main__":
    runner.main()
