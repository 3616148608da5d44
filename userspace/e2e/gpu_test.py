#!/usr/bin/env python3
"""The exporter with GPUs: those of a libnvidia-ml.so.1 that a file says all of, and none."""

import os
import re
import subprocess
import sys
import tempfile
import time
import unittest
from decimal import Decimal

from node import Node
import runner

BRAHE = os.path.abspath(sys.argv.pop(1))
LIBRARY = os.path.abspath(sys.argv.pop(1))
FLAGS = (
    "--cpu.time-source=procfs",
    "--monitor.interval=200ms",
    "--monitor.staleness=100ms",
    "--experimental.gpu.enabled",
    "--experimental.gpu.idle-power=0.000001",
)
# Uses CPU time now and then, so that it is listed.
WORK = "import time\nwhile True:\n    sum(range(200000))\n    time.sleep(0.05)"


class GpuTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(dir=os.environ.get("TEST_TMPDIR"))
        self.addCleanup(folder.cleanup)
        self.state = os.path.join(folder.name, "state")
        self.workers = [subprocess.Popen([sys.executable, "-c", WORK]) for _ in range(2)]
        for worker in self.workers:
            self.addCleanup(worker.wait)
            self.addCleanup(worker.kill)

    def say(self, *lines):
        """What the cards are from now on."""
        with open(self.state + ".next", "w") as state:
            state.write("\n".join(lines) + "\n")
        os.rename(self.state + ".next", self.state)

    def start(self, *under):
        node = Node(BRAHE, *FLAGS, under=("env", *under) if under else ())
        self.addCleanup(node.__exit__)
        self.exporter = node.exporter
        self.exporter.first_scrape()

    def scrape_until(self, holds):
        deadline = time.monotonic() + 60
        while True:
            scrape = self.exporter.scrape()
            self.expect_sums(scrape)
            if holds(scrape):
                return scrape
            self.assertLess(time.monotonic(), deadline, "".join(self.exporter.log))
            time.sleep(0.1)

    def expect_sums(self, scrape):
        """In each scrape, to the microjoule."""
        active = scrape.sum("kepler_node_gpu_active_joules_total")
        self.assertEqual(
            scrape.sum("kepler_node_gpu_joules_total"), active + scrape.sum("kepler_node_gpu_idle_joules_total")
        )
        for level in ("process", "container", "pod"):
            listed = scrape.sum(f"kepler_{level}_gpu_joules_total")
            rest = scrape.sum(f"brahe_{level}_gpu_unlisted_joules_total")
            self.assertEqual(listed + rest + scrape.sum(f"brahe_{level}_gpu_pending_joules"), active, level)

    def test_cards_shared_in_time_one_that_is_lost_and_mig(self):
        first, second = (worker.pid for worker in self.workers)
        self.say("card 0 GPU-a Alpha energy=1000 util=0", "card 1 GPU-b Beta energy=1000 util=0")
        self.start(f"FAKE_NVML_STATE={self.state}", f"LD_LIBRARY_PATH={os.path.dirname(LIBRARY)}")
        # Both cards have been read twice, and both processes are known.
        self.scrape_until(
            lambda scrape: len(scrape.all("kepler_node_gpu_info", vendor="nvidia")) == 2
            and scrape.all("kepler_node_gpu_idle_watts", gpu_uuid="GPU-a")
            and all(scrape.all("kepler_process_cpu_joules_total", pid=str(pid)) for pid in (first, second))
        )

        samples = [f"sample 0 {first} 100 30", f"sample 0 {second} 100 10"]
        self.say("card 0 GPU-a Alpha energy=101000 util=50", "card 1 GPU-b Beta energy=1000 util=0", *samples)
        scrape = self.scrape_until(lambda scrape: scrape.sum("kepler_node_gpu_joules_total", gpu="0") == 100)
        of = lambda pid: scrape.sum("kepler_process_gpu_joules_total", pid=str(pid))  # noqa: E731
        active = scrape.sum("kepler_node_gpu_active_joules_total", gpu="0")
        self.assertEqual(of(first) + of(second), active)
        self.assertAlmostEqual(float(of(first)), 3 * float(of(second)), delta=0.00001)
        self.assertGreaterEqual(active, Decimal("99.999"))

        # Its neighbour is lost: what it has stays.
        mig = [f"instance 0 3 {second}", f"instance 0 1 {first}"]
        self.say("card 0 GPU-a Alpha energy=201000 mig", "card 1 GPU-b Beta energy=1000 lost", *mig)
        before = {pid: of(pid) for pid in (first, second)}
        scrape = self.scrape_until(lambda scrape: scrape.sum("kepler_node_gpu_joules_total", gpu="0") == 200)
        gain = {pid: of(pid) - before[pid] for pid in (first, second)}
        self.assertAlmostEqual(float(gain[second]), 3 * float(gain[first]), delta=0.00001)
        scrape = self.scrape_until(lambda scrape: scrape.sum("brahe_gpu_read_errors_total", gpu="1") > 0)
        self.assertEqual(scrape.all("kepler_node_gpu_watts", gpu="1"), [])
        self.assertEqual(scrape.sum("kepler_node_gpu_joules_total", gpu="1"), 0)

    def test_without_the_library_there_is_not_one_line(self):
        self.start()
        for _ in range(5):
            scrape = self.exporter.scrape()
            time.sleep(0.25)
        self.assertEqual([name for name in scrape.types if "gpu" in name], [])
        said = [line for line in self.exporter.log if re.search("gpu|nvml|nvidia", line, re.I)]
        self.assertEqual([line for line in said if "experimental.gpu" not in line], [], "but for what is set")


if __name__ == "__main__":
    runner.main()
