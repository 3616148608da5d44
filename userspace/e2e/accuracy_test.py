#!/usr/bin/env python3
"""A minute of short jobs beside a long burner: whose joules are they, do the books balance in every scrape, and what does
a real Prometheus make of it."""

import json
import os
import subprocess
import sys
import time
import unittest
from decimal import Decimal

from node import Node
from prometheus import Prometheus
import runner

BRAHE, JOBS = os.path.abspath(sys.argv.pop(1)), os.path.abspath(sys.argv.pop(1))
SECONDS = 76
CPUS = os.cpu_count()
ZONES = {"package": 60, "uncore": 40, "dram": 6}


class AccuracyTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.node = Node(
            BRAHE,
            "--cpu.time-source=bpf",
            "--monitor.interval=1s",
            "--monitor.max-terminated=-1",
            "--monitor.min-terminated-energy-threshold=0",
            "--monitor.terminated-retention=10m",
        )
        cls.addClassCleanup(cls.node.__exit__)
        exporter = cls.node.exporter
        exporter.first_scrape()
        prometheus = Prometheus(cls.node.folder.name, {"brahe": {"port": exporter.port}})
        cls.addClassCleanup(prometheus.stop)
        jobs = [JOBS, "short", str(SECONDS), "5", "20"]
        cls.short = subprocess.Popen(["taskset", "-c", "0", *jobs], stdout=subprocess.PIPE, text=True)
        cls.burner = subprocess.Popen(
            ["taskset", "-c", str(CPUS - 1), JOBS, "burn", str(SECONDS)], stdout=subprocess.PIPE, text=True
        )
        cls.scrapes = []
        while cls.short.poll() is None:
            cls.scrapes.append(exporter.scrape())
            time.sleep(0.7)
        # A scrape at the edge of its minute that comes late, on a busy machine, moves a single rate by more than a percent.
        cls.rates = prometheus.query("quantile_over_time(0.5, rate(kepler_node_cpu_joules_total[1m])[12s:1s])")
        cls.up = prometheus.query("min_over_time(up[1m])")
        cls.short_used = json.loads(cls.short.communicate()[0])
        cls.burner_used = json.loads(cls.burner.communicate()[0])
        time.sleep(2)
        cls.scrapes.append(exporter.scrape())

    def test_prometheus_sees_the_driven_watts_within_one_percent(self):
        rates = {labels["zone"]: rate for labels, rate in self.rates}
        self.assertEqual(set(rates), set(ZONES))
        for zone, watts in ZONES.items():
            self.assertLess(abs(rates[zone] / watts - 1), 0.01, f"{zone}: {rates[zone]} W")
        self.assertEqual([value for _, value in self.up], [1.0])

    def test_listed_and_unlisted_processes_add_up_to_active_in_every_scrape(self):
        self.assertGreater(len(self.scrapes), 40)
        for scrape in self.scrapes:
            for zone in ZONES:
                listed = scrape.sum("kepler_process_cpu_joules_total", zone=zone)
                unlisted = scrape.one("brahe_process_unlisted_joules_total", zone=zone)
                active = scrape.one("kepler_node_cpu_active_joules_total", zone=zone)
                idle = scrape.one("kepler_node_cpu_idle_joules_total", zone=zone)
                self.assertEqual(listed + unlisted, active)
                self.assertEqual(active + idle, scrape.one("kepler_node_cpu_joules_total", zone=zone))

    def test_no_counter_goes_down(self):
        before = {}
        for scrape in self.scrapes:
            now = scrape.counters()
            for series, value in before.items():
                self.assertGreaterEqual(now.get(series, value), value, series)
            before = now

    def test_short_jobs_and_the_burner_get_their_true_share(self):
        last = self.scrapes[-1]
        joules = {}
        for labels, value in last.all("kepler_process_cpu_joules_total", zone="package", comm="jobs"):
            pid = int(labels["pid"])
            who = "burner" if pid == self.burner.pid else "parent" if pid == self.short.pid else "jobs"
            joules[who] = joules.get(who, Decimal(0)) + value
        joules_per_cpu_second = ZONES["package"] / CPUS
        for who, used_ns in (("jobs", self.short_used["jobs_ns"]), ("burner", self.burner_used["own_ns"])):
            expected = used_ns / 1e9 * joules_per_cpu_second
            print(f"{who}: {used_ns / 1e9:.2f} CPU-s, {joules[who]} J of {expected:.2f} J")
            self.assertLess(abs(float(joules[who]) / expected - 1), 0.02, who)
        print(f"{self.short_used['jobs']} jobs, {len(self.scrapes)} scrapes")


if __name__ == "__main__":
    runner.main()
