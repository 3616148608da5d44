#!/usr/bin/env python3
"""increase() in a real Prometheus against the joules of workloads that live for 0.05 to 1.3 s, scraped each second:
births_test.py SCRIPTED_EXPORTER. Of Prometheus 3, too, where scripts/setup --tests has put one."""

import http.client
import os
import re
import subprocess
import sys
import tempfile
import threading
import time
import unittest

from prometheus import PROMETHEUS_3, Prometheus
import runner

SCRIPTED_EXPORTER = os.path.abspath(sys.argv.pop(1))
SECONDS = 12
FAMILIES = ("kepler_process_cpu_joules_total", "kepler_container_cpu_joules_total", "brahe_namespace_cpu_joules_total")
COMPLAINT = re.compile(r"out.of.order|duplicate|same timestamp|too old|out of bounds", re.IGNORECASE)


class Stage:
    """The exporter on its play, with a reader who is no Prometheus."""

    def __init__(self, *arguments):
        self.process = subprocess.Popen(
            [SCRIPTED_EXPORTER, str(SECONDS), *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.port = int(self.process.stdout.readline())
        self.plain = []
        self._stop = threading.Event()
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self):
        while not self._stop.wait(0.3):
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
            connection.request("GET", "/metrics")
            self.plain.append(connection.getresponse().read().decode())
            connection.close()

    def play(self):
        """What all have used, when they have ended."""
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        return float(self.process.stdout.readline())

    def stop(self):
        self._stop.set()
        self._reader.join()
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()


class BirthsTest(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory(dir=os.environ.get("TEST_TMPDIR"))
        self.addCleanup(self.folder.cleanup)
        self.running = []
        self.addCleanup(lambda: [each.stop() for each in self.running])

    def stage(self, *arguments):
        stage = Stage(*arguments)
        self.running.append(stage)
        return stage

    def prometheus(self, name, stage, **options):
        folder = os.path.join(self.folder.name, name)
        os.makedirs(folder, exist_ok=True)
        prometheus = Prometheus(folder, {"play": {"port": stage.port}}, **options)
        self.running.append(prometheus)
        prometheus.name = name
        return prometheus

    def increases(self, prometheus):
        """Family -> the joules that increase() gives for it over the whole run."""
        window = SECONDS + 60
        found = {}
        for family in FAMILIES:
            result = prometheus.query(f'sum(increase({family}{{zone="package"}}[{window}s]))')
            found[family] = result[0][1] if result else 0.0
        return found

    def expect_all(self, prometheus, joules, allowed=0.01):
        with open(prometheus.log.name) as log:
            complaints = [line for line in log if COMPLAINT.search(line)]
        found = self.increases(prometheus)
        text = ", ".join(f"{family} {value / joules * 100 - 100:+.2f} %" for family, value in found.items())
        print(f"{prometheus.name}: {joules:.3f} J: {text}; failed scrapes: {self.failures(prometheus)}", flush=True)
        self.assertEqual(complaints, [], prometheus.name)
        for family, value in found.items():
            self.assertAlmostEqual(value / joules, 1, delta=allowed, msg=f"{prometheus.name}: {family}")

    @staticmethod
    def failures(prometheus):
        return [value for _, value in prometheus.query(f"count_over_time((up == 0)[{SECONDS + 60}s:1s])")]

    @staticmethod
    def wait_for(*servers):
        """Until each has scraped twice."""
        for server in servers:
            server.wait(lambda server=server: server.query('count_over_time(up{job="play"}[1m]) > 1'))

    def run_play(self, versions):
        stage = self.stage()
        servers = [self.prometheus(name, stage, **options) for name, options in versions.items()]
        self.wait_for(*servers)
        joules = stage.play()
        time.sleep(3)
        for server in servers:
            self.expect_all(server, joules)
        for text in stage.plain:
            self.assertNotRegex(text, r'(?m)_=""|^kepler_\w+\{.*\} \S+ \S+$')
        self.assertGreater(len(stage.plain), SECONDS)

    def test_a_pair_of_prometheus_counts_every_joule_once_each(self):
        self.run_play({"one": {}, "other": {}})

    @unittest.skipUnless(PROMETHEUS_3, "scripts/setup --tests puts a Prometheus 3 there")
    def test_a_prometheus_3_counts_every_joule_once(self):
        # With the flag it asks for protocol buffers and puts in the zeros that start timestamps tell of.
        zeros = {"binary": PROMETHEUS_3, "flags": ["--enable-feature=created-timestamp-zero-ingestion"]}
        self.run_play({"three": {"binary": PROMETHEUS_3}, "three, zeros": zeros})

    def test_a_prometheus_that_restarts_misses_nothing(self):
        stage = self.stage()
        first = self.prometheus("restarted", stage)
        self.wait_for(first)
        played = []
        play = threading.Thread(target=lambda: played.append(stage.play()))
        play.start()
        time.sleep(SECONDS / 2)
        # Not within a scrape: what that brings is dropped at the end, and nobody knows.
        scraped = first.query("timestamp(up)")
        first.wait(lambda: first.query("timestamp(up)") != scraped)
        self.running.remove(first)
        first.stop()
        again = self.prometheus("restarted", stage)
        play.join()
        self.wait_for(again)
        [joules] = played
        time.sleep(3)
        self.expect_all(again, joules, allowed=0.02)  # many are new at once, and are told less often

    def test_a_prometheus_that_is_told_nothing_misses_nearly_all(self):
        """Else the other tests would prove nothing."""
        stage = self.stage("plain")
        plain = self.prometheus("plain", stage)
        self.wait_for(plain)
        joules = stage.play()
        time.sleep(3)
        self.assertLess(self.increases(plain)["kepler_container_cpu_joules_total"], joules / 2)


if __name__ == "__main__":
    runner.main(beside=2)
