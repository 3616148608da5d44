#!/usr/bin/env python3
"""The configuration as an operator meets it: Kepler's files and arguments, SIGHUP, logs in JSON, the settings in effect,
the exporter to stdout.
Kepler's files speak of /host/sys and /host/proc, which here are links in a folder of the test's own; of its arguments,
the path of the file is that folder's as well, and an address with a free port is put in front."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import unittest

from certificates import Certificates
from fake_kube import FakeKube
from node import ExporterProcess, PowercapDriver
import runner

BRAHE = os.path.abspath(sys.argv.pop(1))
TEST_DATA = os.path.abspath(sys.argv.pop(1))


class ConfigTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(dir=os.environ.get("TEST_TMPDIR"))
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.driver = PowercapDriver(os.path.join(self.folder, "driven"))
        self.addCleanup(self.driver.stop)
        os.mkdir(f"{self.folder}/host")
        os.symlink(self.driver.root, f"{self.folder}/host/sys")
        os.symlink("/proc", f"{self.folder}/host/proc")
        self.file = f"{self.folder}/config.yaml"

    def write(self, text):
        with open(self.file, "w") as out:
            out.write(text)

    def take(self, name):
        """Makes one of Kepler's files the configuration."""
        with open(f"{TEST_DATA}/{name}") as source:
            self.write(source.read().replace("/host/", f"{self.folder}/host/"))

    def arguments(self, name):
        with open(f"{TEST_DATA}/{name}") as source:
            return source.read().replace("/etc/kepler/config.yaml", self.file).replace("$(NODE_NAME)", "n1").split()

    def start(self, *flags):
        exporter = ExporterProcess(BRAHE, *flags)
        self.addCleanup(lambda: exporter.process.poll() is not None or exporter.stop())
        return exporter

    def wait_for_line(self, exporter, text):
        deadline = time.monotonic() + 10
        while not any(text in line for line in exporter.log):
            self.assertLess(time.monotonic(), deadline, exporter.log)
            time.sleep(0.02)

    def assert_serves(self, exporter):
        scrape = exporter.first_scrape()
        self.assertEqual(scrape.one("brahe_energy_source_info", source="rapl", measured="true"), 1)
        self.assertEqual(scrape.one("brahe_cpu_time_source_info", source="bpf"), 1)
        return scrape

    def test_keplers_configmap_and_daemonset_start_it(self):
        self.take("kepler_configmap.yaml")
        certificates = Certificates(self.folder)
        kube = FakeKube(certificates.sign("server"))
        self.addCleanup(kube.stop)
        kube.token = "secret"
        with open(f"{self.folder}/kubeconfig", "w") as out:
            cluster = {"server": kube.url, "certificate-authority": certificates.ca}
            json.dump(
                {
                    "current-context": "x",
                    "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}],
                    "clusters": [{"name": "c", "cluster": cluster}],
                    "users": [{"name": "u", "user": {"token": "secret"}}],
                },
                out,
            )
        # A pod would have credentials; the kubeconfig stands for them.
        exporter = self.start(*self.arguments("kepler_daemonset.args"), f"--kube.config={self.folder}/kubeconfig")
        scrape = self.assert_serves(exporter)
        self.assertEqual({labels["node_name"] for labels, _ in scrape.all("kepler_node_cpu_watts")}, {"n1"})
        self.assertEqual(exporter.stop(), 0)

    def test_keplers_other_files_start_it(self):
        for name in ("kepler_compose.yaml", "kepler_helm.yaml"):
            self.take(name)
            exporter = self.start(*self.arguments("kepler_systemd.args"))
            self.assert_serves(exporter)
            self.assertEqual(exporter.stop(), 0)

    def test_sighup_applies_what_it_can_and_keeps_the_old_on_error(self):
        text = "log: {{level: {}}}\nexporter: {{prometheus: {{metricsLevel: [{}]}}}}\nmonitor: {{interval: {}}}\n"
        self.write(text.format("info", "node, process", "200ms"))
        exporter = self.start(f"--config.file={self.file}", f"--host.sysfs={self.driver.root}")
        self.assertGreater(len(exporter.first_scrape().all("kepler_process_cpu_joules_total")), 0)
        self.wait_for_line(exporter, f"monitor.interval=200ms ({self.file}:3)")

        self.write(text.format("info", "node", "1s"))
        exporter.process.send_signal(signal.SIGHUP)
        self.wait_for_line(exporter, f"monitor.interval changed to 1s in {self.file}:3; restart to apply it")
        scrape = exporter.scrape()
        self.assertGreater(len(scrape.all("kepler_node_cpu_joules_total")), 0)
        self.assertEqual(scrape.all("kepler_process_cpu_joules_total"), [])
        page = exporter.get("/")[1]
        self.assertIn("<td>exporter.prometheus.metricsLevel</td><td>node</td>", page)
        self.assertIn("<td>monitor.interval</td><td>200ms</td>", page)

        self.write(text.format("info", "node, process", "1s") + "banana: 1\n")
        exporter.process.send_signal(signal.SIGHUP)
        self.wait_for_line(exporter, f"{self.file}:4: banana: unknown key")
        self.assertEqual(exporter.scrape().all("kepler_process_cpu_joules_total"), [])

        self.write(text.format("error", "node, process", "1s"))
        exporter.process.send_signal(signal.SIGHUP)
        deadline = time.monotonic() + 10
        while not exporter.scrape().all("kepler_process_cpu_joules_total"):
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.02)
        lines = len(exporter.log)
        self.assertEqual(exporter.stop(), 0)
        self.assertEqual(exporter.log[lines:], [], "INFO lines at level error")

    def test_stdout_alone_prints_lines_and_serves_nothing(self):
        flags = ("--exporter.stdout", "--no-exporter.prometheus", "--monitor.interval=200ms", "--metrics=node")
        exporter = subprocess.Popen(
            [BRAHE, *flags, "--metrics=process", f"--host.sysfs={self.driver.root}"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.addCleanup(exporter.kill)
        lines = [exporter.stdout.readline() for _ in range(30)]
        self.assertTrue(any(" level=node usage_ratio=" in line and " package_watts=" in line for line in lines), lines)
        self.assertTrue(any(' level=process pid="' in line for line in lines), lines)
        self.assertEqual([line for line in lines if not line.startswith("time=2")], [])
        exporter.send_signal(signal.SIGTERM)  # while nobody reads
        self.assertEqual(exporter.wait(10), 0)
        self.assertNotIn("Serving", exporter.communicate()[1])

    def test_each_line_of_a_json_log_is_an_object(self):
        before = set(os.listdir("/tmp"))
        exporter = self.start("--log.format=json", "--log.level=debug", f"--host.sysfs={self.driver.root}")
        exporter.first_scrape()
        exporter.process.send_signal(signal.SIGHUP)
        self.wait_for_line(exporter, "Re-read the configuration")
        self.assertEqual(exporter.stop(), 0)
        objects = [json.loads(line) for line in exporter.log]
        self.assertEqual({tuple(line) for line in objects}, {("time", "level", "source", "msg")})
        self.assertIn("log.format=json (--log.format)", [line["msg"] for line in objects])
        self.assertIn("monitor.interval=5s (default)", [line["msg"] for line in objects])
        self.assertEqual([name for name in set(os.listdir("/tmp")) - before if "brahe." in name], [])

    def test_a_fatal_error_is_json_as_well(self):
        run = subprocess.run(
            [BRAHE, "--log.format=json", "--host.sysfs=/nowhere", "--web.listen-address=127.0.0.1:0"],
            capture_output=True,
            text=True,
            timeout=30,
        )
        self.assertEqual(run.returncode, 1)
        last = [json.loads(line) for line in run.stderr.splitlines()][-1]
        self.assertEqual(last["level"], "ERROR")
        self.assertIn("/nowhere", last["msg"])


if __name__ == "__main__":
    runner.main()
