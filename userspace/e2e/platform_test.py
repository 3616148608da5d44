#!/usr/bin/env python3
"""The exporter beside a BMC: the power of the platform in a scrape, in all formats, and what SIGHUP and faults do.
platform_test.py BRAHE [CASE]."""

import os
import signal
import subprocess
import sys
import tempfile
import time
import unittest

import fake_bmc
from certificates import Certificates
from fake_bmc import FakeBmc, write_bmcs
from node import Node
import runner

BRAHE = os.path.abspath(sys.argv.pop(1))
WATTS = "kepler_platform_watts"
FAILURES = "brahe_platform_read_failures_total"
REDFISH = "--experimental.platform.redfish"
PROCFS = "--cpu.time-source=procfs"  # whatever else counts on this machine


class PlatformTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(dir=os.environ.get("TEST_TMPDIR"))
        self.addCleanup(folder.cleanup)
        self.certificates = Certificates(folder.name)
        self.bmc = FakeBmc(fake_bmc.idrac(), self.certificates.sign("server"))
        self.addCleanup(self.bmc.stop)
        self.file = f"{folder.name}/redfish.yaml"
        self.write()

    def write(self, node="n1", **more):
        write_bmcs(self.file, self.bmc, node, **({"caFile": self.certificates.ca} | more))

    def start(self, *flags):
        node = Node(
            BRAHE, f"{REDFISH}.enabled", f"{REDFISH}.config-file={self.file}", f"{REDFISH}.node-name=n1",
            f"{REDFISH}.poll-interval=1s", PROCFS, *flags,
        )
        self.addCleanup(node.__exit__)
        node.exporter.first_scrape()
        return node.exporter

    def wait(self, exporter, what, holds):
        """The first scrape of which it holds."""
        deadline = time.monotonic() + 20
        while not holds(scrape := exporter.scrape()):
            self.assertLess(time.monotonic(), deadline, f"{what}\n{''.join(exporter.log)}")
            time.sleep(0.05)
        return scrape

    def wait_for_power(self, exporter, watts):
        return self.wait(exporter, f"{watts} W", lambda scrape: [value for _, value in scrape.all(WATTS)] == watts)

    def warnings(self, exporter):
        return [line for line in exporter.log if line.startswith("W") and "Redfish: " in line]

    def test_the_power_is_keplers_metric_at_every_level_and_in_every_format(self):
        exporter = self.start("--metrics=node", "--kube.node-name=other")
        scrape = self.wait_for_power(exporter, [245])
        self.assertEqual(scrape.all(WATTS), [({
            "source": "redfish", "node_name": "n1", "bmc_id": "bmc-1", "chassis_id": "System.Embedded.1",
            "source_id": "PowerControl", "source_name": "System Power Control", "source_type": "PowerControl",
        }, 245)])
        self.assertEqual(scrape.types[WATTS], "gauge")
        self.assertGreaterEqual(scrape.one("brahe_platform_reads_total", node_name="other"), 1)
        self.assertLess(scrape.one("brahe_platform_age_seconds"), 10)
        self.assertEqual(scrape.sum(FAILURES), 0)
        for kind in ("application/openmetrics-text", "application/vnd.google.protobuf; encoding=delimited; "
                     "proto=io.prometheus.client.MetricFamily"):
            self.assertIn(WATTS.encode(), exporter.get_bytes(Accept=kind)[1], kind)
        self.bmc.resources[f"{fake_bmc.ROOT}Chassis/System.Embedded.1/Power"]["PowerControl"][0][
            "PowerConsumedWatts"] = 250.5
        self.wait_for_power(exporter, [250.5])
        self.assertEqual(self.warnings(exporter), [])

    def test_what_is_too_old_is_left_out_and_comes_back(self):
        exporter = self.start()
        self.wait_for_power(exporter, [245])
        self.bmc.faults[fake_bmc.ROOT] = lambda handler: fake_bmc.error(handler, 500, "Restarting.")
        scrape = self.wait_for_power(exporter, [])
        self.assertGreater(scrape.one("brahe_platform_age_seconds"), 3)
        self.assertGreaterEqual(scrape.one(FAILURES, cause="status"), 1)
        self.assertGreater(scrape.sum("kepler_node_cpu_joules_total"), 0)
        self.bmc.faults.clear()
        os.kill(exporter.process.pid, signal.SIGHUP)  # the back-off is over with it
        self.wait_for_power(exporter, [245])
        self.assertEqual(len(self.warnings(exporter)), 1, exporter.log)

    def test_a_node_without_a_bmc_is_said_and_sighup_brings_one(self):
        self.write(node="another")
        exporter = self.start()
        self.assertEqual(exporter.scrape().all(WATTS), [])
        self.assertIn("has no BMC for the node n1", self.warnings(exporter)[0])
        self.write()
        os.kill(exporter.process.pid, signal.SIGHUP)
        self.wait_for_power(exporter, [245])
        with open(self.file, "w") as file:
            file.write("nodes: [")
        os.kill(exporter.process.pid, signal.SIGHUP)
        deadline = time.monotonic() + 10
        while not any("The BMC is asked as before" in line for line in exporter.log):
            self.assertLess(time.monotonic(), deadline, exporter.log)
            time.sleep(0.02)
        reads = exporter.scrape().one("brahe_platform_reads_total")
        self.wait(exporter, "rounds go on", lambda scrape: scrape.one("brahe_platform_reads_total") > reads)

    def test_no_secret_is_told_and_the_session_ends_with_the_exporter(self):
        node = Node(BRAHE, f"{REDFISH}.enabled", f"{REDFISH}.config-file={self.file}", f"{REDFISH}.node-name=n1",
                    PROCFS, "--log.level=debug")
        exporter = node.exporter
        exporter.first_scrape()
        self.wait_for_power(exporter, [245])
        page = exporter.get("/")[1]
        self.assertEqual(len(self.bmc.sessions), 1)
        node.__exit__()
        self.assertEqual(self.bmc.sessions, {})
        for text in (page, "".join(exporter.log)):
            self.assertNotIn("s3cret", text)
            self.assertNotIn("of-the-fake", text)

    def test_a_file_with_a_fault_ends_the_start(self):
        self.write(password=None)
        run = subprocess.run(
            [BRAHE, "--web.listen-address=127.0.0.1:0", f"{REDFISH}.enabled", f"{REDFISH}.config-file={self.file}",
             f"{REDFISH}.node-name=n1", PROCFS, "--cpu.preferred-meters=model"],
            stderr=subprocess.PIPE, text=True, timeout=30,
        )
        self.assertEqual(run.returncode, 1)
        self.assertIn(
            f"brahe: experimental.platform.redfish.configFile: {self.file}:1: bmcs.bmc-1.password: is missing",
            run.stderr.splitlines()[-1],
        )


if __name__ == "__main__":
    runner.main()
