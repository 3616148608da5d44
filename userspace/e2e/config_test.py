#!/usr/bin/env python3
"""The configuration as an operator meets it: Kepler's files and arguments, SIGHUP, logs in JSON, the settings in effect,
the exporter to stdout.
Kepler's files speak of /host/sys and /host/proc, which here are links in a folder of the test's own; of its arguments,
the path of the file is that folder's as well, and addresses with a free port take the place of its own."""

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
import unittest

import fake_bmc
from certificates import Certificates
from fake_bmc import FakeBmc, write_bmcs
from fake_kube import FakeKube, write_kubeconfig
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
            text = source.read().replace("/host/", f"{self.folder}/host/")
        if name == "kepler_compose.yaml":
            self.start_bmc("kepler-dev")
        self.write(text.replace("/etc/kepler/redfish.yaml", f"{self.folder}/redfish.yaml"))

    def start_bmc(self, node):
        """One that the file of BMCs has for a node."""
        certificates = Certificates(tempfile.mkdtemp(dir=self.folder))
        bmc = FakeBmc(fake_bmc.idrac(), certificates.sign("server"))
        self.addCleanup(bmc.stop)
        write_bmcs(f"{self.folder}/redfish.yaml", bmc, node, caFile=certificates.ca)

    def arguments(self, name):
        with open(f"{TEST_DATA}/{name}") as source:
            text = source.read().replace("/etc/kepler/config.yaml", self.file).replace("$(NODE_NAME)", "n1")
        return text.replace("0.0.0.0:28282", "127.0.0.1:0").split()

    def take_rapl_away(self):
        """What the files call /host/sys has CPUs and no sensor from here on."""
        os.mkdir(f"{self.folder}/bare")
        os.symlink("/sys/devices", f"{self.folder}/bare/devices")
        os.remove(f"{self.folder}/host/sys")
        os.symlink(f"{self.folder}/bare", f"{self.folder}/host/sys")

    def kubernetes(self):
        """The flags that stand for what a pod on a node n1 would have: credentials, and a kubelet under the node's name."""
        certificates = Certificates(self.folder)
        kube = FakeKube(certificates.sign("server"))
        self.addCleanup(kube.stop)
        kube.token = "secret"
        write_kubeconfig(f"{self.folder}/kubeconfig", kube, certificates.ca)
        return (
            f"--kube.config={self.folder}/kubeconfig",
            f"--kube.kubelet.url={kube.url}",
            f"--kube.kubelet.ca-file={certificates.ca}",
        )

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
        self.assertEqual(scrape.one("brahe_energy_source_info", zone="package", source="rapl", measured="true"), 1)
        self.assertEqual(scrape.one("brahe_cpu_time_source_info", source="bpf"), 1)
        return scrape

    def test_keplers_configmap_and_daemonset_start_it(self):
        self.take("kepler_configmap.yaml")
        exporter = self.start(*self.arguments("kepler_daemonset.args"), *self.kubernetes())
        scrape = self.assert_serves(exporter)
        self.assertEqual({labels["node_name"] for labels, _ in scrape.all("kepler_node_cpu_watts")}, {"n1"})
        self.assertEqual(exporter.stop(), 0)

    def test_keplers_other_files_start_it(self):
        for name in ("kepler_compose.yaml", "kepler_helm.yaml"):
            self.take(name)
            exporter = self.start(*self.arguments("kepler_systemd.args"))
            self.assert_serves(exporter)
            if name == "kepler_compose.yaml":
                self.wait_for_platform(exporter)
            self.assertEqual(exporter.stop(), 0)

    def wait_for_platform(self, exporter):
        deadline = time.monotonic() + 10
        while not exporter.scrape().all("kepler_platform_watts"):
            self.assertLess(time.monotonic(), deadline, exporter.log)
            time.sleep(0.05)

    def warnings(self, exporter):
        return [line for line in exporter.log if re.match(r"W\d{8} ", line)]

    def assert_estimates(self, exporter):
        scrape = exporter.first_scrape()
        deadline = time.monotonic() + 10
        while not scrape.sum("kepler_node_cpu_joules_total") > 0:
            self.assertLess(time.monotonic(), deadline, exporter.log)
            scrape = exporter.scrape()
        self.assertEqual(scrape.one("brahe_energy_source_info", zone="package", source="model", measured="false"), 1)

    def test_each_of_keplers_files_starts_it_without_rapl_and_with_one_warning(self):
        self.take_rapl_away()
        pod = self.kubernetes()
        for name, *flags in (
            ("kepler_default.yaml", *self.arguments("kepler_systemd.args"), f"--host.sysfs={self.folder}/host/sys"),
            ("kepler_compose.yaml", *self.arguments("kepler_systemd.args")),
            ("kepler_configmap.yaml", *self.arguments("kepler_daemonset.args"), *pod),
            ("kepler_helm.yaml", *self.arguments("kepler_daemonset.args"), *pod),
            ("kepler_operator.yaml", *self.arguments("kepler_operator.args"), *pod),
        ):
            with self.subTest(name):
                self.take(name)
                exporter = self.start(*flags, "--monitor.interval=200ms")
                self.assert_estimates(exporter)
                self.assertIn("Kepler", exporter.get("/")[1])
                self.assertEqual(exporter.stop(), 0)
                self.assertEqual(len(self.warnings(exporter)), 1, self.warnings(exporter))
                self.assertIn("Energy is estimated", self.warnings(exporter)[0])
                self.assertIn("none of rapl, hwmon in cpu.preferredMeters works here", self.warnings(exporter)[0])

    def test_a_list_of_sensors_that_are_not_there_ends_the_start_with_the_remedy(self):
        self.take_rapl_away()
        run = subprocess.run(
            [BRAHE, f"--host.sysfs={self.folder}/host/sys", "--cpu.preferred-meters=rapl", "--web.listen-address=127.0.0.1:0"],
            capture_output=True,
            text=True,
            timeout=30,
        )
        self.assertEqual(run.returncode, 1)
        self.assertIn("to start without a sensor, add model to the list", run.stderr.splitlines()[-1])

    def test_the_file_of_a_later_kepler_starts_it_unless_it_is_read_strictly(self):
        self.take("kepler_helm.yaml")
        with open(self.file, "a") as out:
            out.write("teleportation:\n  enabled: true\nattribution:\n  mode: exact\nbilling:\n  currency: none\n")
        exporter = self.start(f"--config.file={self.file}")
        self.assert_serves(exporter)
        self.assertEqual(exporter.stop(), 0)
        self.assertEqual(
            [line.partition("] ")[2].partition(": ")[2].partition(";")[0] for line in self.warnings(exporter)],
            [f"{key}: unknown key, ignored" for key in ("teleportation", "attribution.mode", "billing")],
        )
        run = subprocess.run(
            [BRAHE, f"--config.file={self.file}", "--config.strict"], capture_output=True, text=True, timeout=30
        )
        self.assertEqual(run.returncode, 1)
        self.assertIn(": teleportation: unknown key; see --help", run.stderr)

    def test_a_word_that_is_no_command_is_told_the_nearest(self):
        for word, said in (
            ("chek", '"chek": there is no such command; did you mean check? Commands are run, check, top, state, unpin; '),
            ("metrics", '"metrics": there is no such command; commands are run, check, top, state, unpin; '),
        ):
            run = subprocess.run([BRAHE, word], capture_output=True, text=True, timeout=60)
            self.assertEqual(run.returncode, 1)
            self.assertTrue(run.stderr.startswith(f"brahe: {said}without one it serves, "), run.stderr)

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

        self.write(text.format("info", "node, process", "quick"))
        exporter.process.send_signal(signal.SIGHUP)
        self.wait_for_line(exporter, f'{self.file}:3: monitor.interval: "quick" is not a duration')
        self.assertEqual(exporter.scrape().all("kepler_process_cpu_joules_total"), [])

        self.write(text.format("info", "node, container", "1s") + "banana: 1\n")
        exporter.process.send_signal(signal.SIGHUP)
        self.wait_for_line(exporter, f"{self.file}:4: banana: unknown key, ignored")
        self.assertIn("<td>node,container</td>", exporter.get("/")[1])

        self.write(text.format("error", "node, process", "1s"))
        exporter.process.send_signal(signal.SIGHUP)
        deadline = time.monotonic() + 10
        while not exporter.scrape().all("kepler_process_cpu_joules_total"):
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.02)
        lines = len(exporter.log)
        self.assertEqual(exporter.stop(), 0)
        self.assertEqual(exporter.log[lines:], [], "INFO lines at level error")

    def test_sighup_refuses_an_unknown_key_where_the_start_would(self):
        text = "exporter: {{prometheus: {{metricsLevel: [{}]}}}}\n"
        self.write(text.format("node"))
        exporter = self.start(f"--config.file={self.file}", "--config.strict", f"--host.sysfs={self.driver.root}")
        self.write(text.format("node, process") + "banana: 1\n")
        exporter.process.send_signal(signal.SIGHUP)
        self.wait_for_line(exporter, f"all stays as it is: {self.file}:2: banana: unknown key; see --help")
        self.assertIn("<td>exporter.prometheus.metricsLevel</td><td>node</td>", exporter.get("/")[1])
        self.assertEqual(exporter.stop(), 0)

    def test_glogs_flags_say_how_much_of_which_file_is_logged(self):
        for flags, seen in (
            ((), False),
            (("--v=1",), True),
            (("--v", "1", "--log_utc_time"), True),
            (("--vmodule=settings=1",), True),
            (("--vmodule", "nothing=3", "--vmodule=set*=1"), True),
            (("--vmodule=nothing=3",), False),
            (("--v=0", "--log.level=debug"), False),
        ):
            with self.subTest(flags):
                exporter = self.start(f"--host.sysfs={self.driver.root}", *flags)
                self.assertEqual(exporter.stop(), 0)
                log = "".join(exporter.log)
                self.assertEqual("] monitor.interval=5s (default)" in log, seen, log)  # VLOG(1) of settings.cc

    def test_a_flag_of_a_library_ends_the_start_and_does_nothing(self):
        self.write("--host.sysfs=/nowhere\n")
        for flag in (f"--flagfile={self.file}", "--fromenv=host.sysfs", "--helpfull", "--log_dir=/tmp"):
            run = subprocess.run([BRAHE, flag], capture_output=True, text=True, timeout=30)
            self.assertEqual((run.returncode, run.stdout), (1, ""), flag)
            name = flag.partition("=")[0]
            self.assertEqual(
                run.stderr,
                f"brahe: {name}: a library's flag, which is not taken here; see --help for those that are, and "
                "--config.file for a file of settings\n",
            )

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
