#!/usr/bin/env python3
"""A minute of short lives of every kind, see churn.py, while the bounds of what is listed change: in every scrape, at every
level, listed, unlisted and pending add up to the node's active energy, to the microjoule, and no counter falls. Runs as
root: churn_test.py BRAHE."""

import json
import os
import random
import signal
import sys
import tempfile
import time
import unittest
from collections import Counter
from decimal import Decimal

from certificates import Certificates
from cgroups import remove_tree
from churn import Churn
from exposition import LEAVES, Exposition, plain
from fake_kube import FakeKube, write_kubeconfig
from node import HiddenTime, Node, cpus_of_zones, stolen_seconds
import protobuf_families
import runner

BRAHE = os.path.abspath(sys.argv.pop(1))
SECONDS = 60
AT_ONCE = 12
TREE = f"/brahetest{os.getpid()}.slice"  # holds all the cgroups made here
OUR_UNITS = {"brahe-web.service", "brahe-db.service", "brahe@.service", TREE.strip("/")}
ZONES = {"package": 60, "uncore": 40, "dram": 6}
GROUPS = ("namespace", "owner", "program", "unit", "user", "job")
LEVELS = (*LEAVES, *GROUPS)
PENDING = ("container", "pod", "namespace", "owner")  # of these names come late
FORMATS = (
    ("text/plain", bytes.decode),
    ("application/openmetrics-text", lambda body: plain(body.decode())),
    (protobuf_families.TYPE, protobuf_families.as_text),
)
CONFIG = """
exporter:
  prometheus:
    topProcesses: {}
    topGroups: {}
    maxSeries: {}
    createdTimestamps: {}
    unlistedAsProcess: {}
"""
# topProcesses, topGroups and maxSeries, one after the other, 0 for no bound
BOUNDS = ((0, 0, 0), (8, 2, 0), (3, 1, 0), (20, 3, 0), (0, 2, 600), (5, 0, 440), (0, 0, 0), (12, 2, 340))


class ChurnTest(unittest.TestCase):
    def setUp(self):
        self.chance = random.Random(14)
        folder = tempfile.TemporaryDirectory(dir="/tmp")  # where others than root may run programs
        self.addCleanup(folder.cleanup)
        os.chmod(folder.name, 0o755)
        certificates = Certificates(folder.name)
        kube = FakeKube(certificates.sign("server"))
        kube.token = "secret"
        self.addCleanup(kube.stop)
        kubeconfig = f"{folder.name}/kubeconfig"
        write_kubeconfig(kubeconfig, kube, certificates.ca)
        self.config = f"{folder.name}/config.yaml"
        self.write_bounds(0)
        self.node = Node(
            BRAHE,
            f"--config.file={self.config}",
            "--cpu.time-source=bpf",
            "--kube.enable",
            "--kube.node-name=n1",
            f"--kube.config={kubeconfig}",
            "--kube.pod-informer.mode=apiserver",
            "--monitor.interval=250ms",
            "--monitor.staleness=100ms",
            "--monitor.max-terminated=30",
            "--monitor.min-terminated-energy-threshold=0.05",
            "--monitor.terminated-retention=2s",
        )
        self.addCleanup(self.node.__exit__)
        self.node.exporter.first_scrape()
        self.churn = Churn(folder.name, TREE, kube, AT_ONCE, seed=14)
        self.addCleanup(remove_tree, TREE)
        self.addCleanup(self.churn.stop)
        self.hidden = HiddenTime(self.node.exporter)
        self.stolen_before = stolen_seconds()
        self.faults = []
        self.before = {}  # the counters of the scrape before
        self.highest = {}  # of each series that never goes away
        self.listed = {level: set() for level in LEVELS}  # the series in the last scrape that had the level
        self.seen = {level: set() for level in LEVELS}
        self.met = Counter()

    def write_bounds(self, turn):
        switches = ("true" if turn % every == 1 else "false" for every in (3, 4))
        text = CONFIG.format(*BOUNDS[turn % len(BOUNDS)], *switches)
        with open(f"{self.config}.new", "w") as out:
            out.write(text)
        os.replace(f"{self.config}.new", self.config)

    def scrape(self, number):
        """A scrape, in one format after the other, every fifth of some levels only; and which levels it has."""
        accept, text_of = FORMATS[number % len(FORMATS)]
        levels, path = LEVELS, "/metrics"
        if number % 5 == 4:
            levels = self.chance.sample(LEVELS, 5)
            path += "?level=node," + ",".join(levels)
        status, body = self.node.exporter.get_bytes(path, Accept=accept)
        self.assertEqual(status, 200, body)
        return Exposition(text_of(body)), levels

    def check_sums(self, scrape, level, where):
        joules = f"{'kepler' if level in LEAVES else 'brahe'}_{level}_cpu_joules_total"
        watts = joules.replace("joules_total", "watts")
        rest = f"brahe_{level}_{{}}".format
        if not scrape.all(rest("unlisted_joules_total")):
            # Of groups: there are none yet.
            self.expect(level in GROUPS and not scrape.all(joules), where, f"{level}: nothing says what is unlisted")
            return
        for zone in ZONES:
            energy = scrape.one("kepler_node_cpu_active_joules_total", zone=zone)
            power = scrape.one("kepler_node_cpu_active_watts", zone=zone)
            parts = scrape.parts(level, zone)
            self.expect(sum(parts.values()) == energy, where, f"{level}, {zone}: {parts} J of {energy}")
            listed = scrape.sum(watts, zone=zone) - scrape.sum(watts, zone=zone, pid="0")
            parts_of_power = listed, scrape.one(rest("unlisted_watts"), zone=zone)
            self.expect(sum(parts_of_power) == power, where, f"{level}, {zone}: {parts_of_power} W of {power}")
            for name, part in parts.items():
                self.met[level, name] += part > 0
        for family, whole in ((joules, energy), (watts, power)):  # of the last zone
            if scrape.all(family, pid="0"):
                self.expect(scrape.sum(family, zone=zone, state="running") == whole, where, f"running {family}")
                self.met["unlisted as a process"] += 1
        self.watch_listed(level, {tuple(sorted(has.items())) for has, _ in scrape.all(joules, zone=zone)})

    def watch_listed(self, level, listed):
        """Counts those that were there, were not there and are there again."""
        self.met[level, "back"] += len((listed & self.seen[level]) - self.listed[level])
        self.listed[level] = listed
        self.seen[level] |= listed

    def expect(self, good, where, what):
        if not good:
            self.faults.append(f"{where}: {what}")

    def check_counters(self, scrape, where):
        counters = scrape.counters()
        for series, value in counters.items():
            lowest = self.before.get(series, Decimal(0))
            if series[0].startswith("kepler_node_") or "_unlisted_" in series[0]:
                lowest = max(lowest, self.highest.get(series, Decimal(0)))
                self.highest[series] = value
            if value == 0 and self.churn.comes_again(dict(series[1])):
                # What was kept of it after its end has gone, and it has begun and ended anew, all since the scrape before.
                self.met["began anew"] += lowest > 0
                continue
            self.expect(value >= lowest, where, f"{series} falls from {lowest} to {value}")
        self.met["compared"] += len(counters.keys() & self.before.keys())
        # What is bounded may have left and come back, at 0, in a scrape that did not ask for it.
        self.before = counters

    def check_units(self):
        """That the units of all lives got what the kernel says. The sums cannot tell: what a group lacks is unlisted."""
        used = self.churn.used()
        taken, hidden = stolen_seconds() - self.stolen_before, self.hidden.seconds(self.node.exporter.scrape())
        status, body = self.node.exporter.get("/api/v1/snapshot")  # without bounds
        self.assertEqual(status, 200, body)
        units = [group for group in json.loads(body)["groups"] if group["labels"].get("unit") in OUR_UNITS]
        charged = {"time": sum(unit["cpu_time_ns"] for unit in units) / 1e9}
        for zone, watts in ZONES.items() if cpus_of_zones() else ():
            microjoules = sum(has["energy_uj"] for unit in units for has in unit["zones"] if has["zone"] == zone)
            charged[zone] = microjoules / 1e6 / (watts / cpus_of_zones())
        print(f"the kernel says {used:.3f} CPU-s, charged {charged}; stolen {taken:.2f}, hidden {hidden:.2f}")
        for name, seconds in charged.items():
            self.assertGreater(seconds, 0.97 * used - hidden, name)
            self.assertLess(seconds, 1.03 * used + taken, name)

    def test_books_balance_at_every_level_in_every_scrape_and_no_counter_falls(self):
        end, number, turn = time.monotonic() + SECONDS, 0, 0
        while time.monotonic() < end:
            scrape, levels = self.scrape(number)
            where = f"scrape {number}, bounds {turn}"
            for level in levels:
                self.check_sums(scrape, level, where)
            self.check_counters(scrape, where)
            number += 1
            if number % 7 == 0:
                turn += 1
                self.write_bounds(turn)
                self.node.exporter.process.send_signal(signal.SIGHUP)
            time.sleep(0.25)
        self.churn.stop()
        self.check_units()
        churn = f"{self.churn.lives} lives, {self.churn.moves} moves"
        print(f"{number} scrapes, {turn} changes of bounds, {churn}; met: {dict(self.met)}")
        self.assertEqual(self.faults, [])
        # Else it proves little.
        never = {(level, part) for level in LEVELS for part in ("listed", "unlisted") if not self.met[level, part]}
        never |= {(level, "pending") for level in PENDING if not self.met[level, "pending"]}
        never |= {(level, "back") for level in ("process", *GROUPS) if not self.met[level, "back"]}
        self.assertEqual(never, set())
        self.assertGreater(self.met["unlisted as a process"], 0)
        self.assertGreater(self.met["compared"], 1000)
        self.assertGreater(self.churn.moves, 0)


if __name__ == "__main__":
    runner.main()
