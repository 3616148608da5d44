#!/usr/bin/env python3
"""What is pushed, as Debian's protocol buffers decode it."""

import os
import re
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../e2e"))
import runner  # noqa: E402 (the path comes first)
from otlp_messages import Export, plain_text  # noqa: E402

PRINT = os.path.abspath(sys.argv.pop(1))
START_OF_SNAPSHOT = 1_700_000_000_123 * 1_000_000  # its time, in ns; 4000 s on the other clock
SECOND = 1_000_000_000


def printed(max_bytes):
    """The requests, and how many points each is said to have."""
    with tempfile.TemporaryDirectory() as folder:
        counts = subprocess.run([PRINT, folder, str(max_bytes)], check=True, stdout=subprocess.PIPE, text=True).stdout
        requests = []
        for number in range(len(os.listdir(folder))):
            with open(os.path.join(folder, str(number)), "rb") as file:
                requests.append(file.read())
    return requests, [int(count) for count in counts.split()]


def at(seconds):
    """Wall-clock time of an instant."""
    return START_OF_SNAPSHOT + round((seconds - 4000) * SECOND)


class EncodingTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.requests, cls.counts = printed(4 << 20)
        cls.export = Export(*cls.requests)

    def values(self, name):
        return sorted(
            (sorted(attributes.items()), point.as_double) for attributes, point in self.export.all(name)
        )

    def test_no_field_is_unknown_to_protoc(self):
        text = plain_text(self.requests[0])
        self.assertIn('name: "hw.energy"', text)
        self.assertIn("aggregation_temporality: CUMULATIVE", text)
        self.assertIsNone(re.search(r"^\s*\d+[:{ ]", text, re.MULTILINE))

    def test_resource_and_scope_tell_whose_figures_these_are(self):
        self.assertEqual(self.export.resource, {"service.name": "brahe", "host.name": "node-1"})
        self.assertEqual((self.export.scope.name, self.export.scope.version), ("brahe", "0.1.0"))

    def test_the_host_is_told_of_by_one_zone_only(self):
        (attributes, point), = self.export.all("hw.host.energy")
        self.assertEqual(attributes, {"hw.id": "node-1", "brahe.zone": "package"})
        self.assertEqual(point.as_double, 42.345678)
        self.assertEqual(point.start_time_unix_nano, at(3900))
        self.assertEqual(point.time_unix_nano, at(4000))
        self.assertEqual(self.export.one("hw.host.power").start_time_unix_nano, 0)

    def test_zones_are_hardware(self):
        pci = "/sys/class/powercap/intel-rapl:"
        self.assertEqual(
            self.values("hw.energy"),
            sorted(
                (sorted({"hw.id": pci + place, "hw.name": name, "hw.type": kind, "brahe.zone": zone}.items()), joules)
                for place, name, kind, zone, joules in (
                    ("0", "package-0", "cpu", "package", 32.0),
                    ("1", "package-1", "cpu", "package", 10.345678),
                    ("0:1", "dram", "memory", "dram", 30.000006),
                )
            ),
        )
        self.assertEqual(self.export.metrics["hw.energy"][0], "J")
        self.assertEqual(self.export.metrics["hw.energy"][2:], ("sum", 2, True))
        self.assertEqual(self.export.metrics["hw.power"][0], "W")
        self.assertEqual(self.export.metrics["hw.power"][2], "gauge")

    def test_active_and_idle_are_a_zone(self):
        for zone, joules in (("package", 42_345_678), ("dram", 30_000_006)):
            self.assertEqual(self.export.micro("brahe.node.cpu.energy", brahe_zone=zone), joules)

    def test_a_power_that_is_not_known_is_left_out(self):
        self.assertEqual(self.export.all("brahe.node.cpu.power", brahe_zone="dram"), [])
        self.assertEqual(len(self.export.all("brahe.node.cpu.power", brahe_zone="package")), 2)

    def test_workloads_have_the_conventional_attributes(self):
        process = {
            "process.pid": 4711, "process.executable.name": 'we\\ird"\n\ufffd', "brahe.process.type": "container",
            "process.executable.path": "/opt/caf\u00e9", "container.id": "0123456789abcdef",
        }
        self.assertIn(sorted(process.items()), [attributes for attributes, _ in self.values("brahe.process.cpu.time")])
        self.assertEqual(
            [attributes for attributes, _ in self.values("brahe.container.cpu.time")],
            [sorted({"container.id": "0123456789abcdef", "k8s.container.name": "web",
                     "container.runtime.name": "containerd", "k8s.pod.uid": "pod-1"}.items())],
        )
        self.assertEqual(
            [attributes for attributes, _ in self.values("brahe.pod.cpu.time")],
            [sorted({"k8s.pod.uid": "pod-1", "k8s.pod.name": "web-7f", "k8s.namespace.name": "shop"}.items()),
             [("k8s.pod.uid", "pod-2")]],
        )
        self.assertEqual(
            [attributes for attributes, _ in self.values("brahe.vm.cpu.time")],
            [sorted({"brahe.vm.id": "vm-1", "brahe.vm.name": 'guest "1"', "brahe.vm.hypervisor": "kvm"}.items())],
        )
        self.assertEqual(self.export.one("brahe.container.cpu.time").as_double, 1.0)

    def test_groups_have_theirs(self):
        self.assertEqual(
            [attributes for attributes, _ in self.values("brahe.owner.cpu.time")],
            [sorted({"brahe.owner.kind": "Deployment", "brahe.owner.name": "web",
                     "k8s.namespace.name": "shop"}.items())],
        )
        self.assertEqual(
            self.values("brahe.unit.cpu.energy"),
            [(sorted({"brahe.unit": "ssh.service", "brahe.zone": zone}.items()), 9.0) for zone in ("dram", "package")],
        )
        self.assertEqual(self.export.micro("brahe.unit.unlisted.energy", brahe_zone="package"), 5)
        self.assertEqual(self.export.all("brahe.owner.unlisted.energy"), [], "nobody keeps it")

    def test_a_counter_began_when_its_workload_did_if_that_is_known(self):
        # The first process, the one whose labels have changed, and the third.
        starts = [point.start_time_unix_nano for _, point in self.export.all("brahe.process.cpu.time")][:3]
        self.assertEqual(starts, [at(3990), 0, at(3991)])
        energy = self.export.all("brahe.process.cpu.energy", process_pid=99)
        self.assertEqual({point.start_time_unix_nano for _, point in energy}, {at(3991)})
        self.assertEqual(self.export.all("brahe.process.cpu.power")[0][1].start_time_unix_nano, 0)

    def test_a_pid_that_was_used_twice_is_two_series(self):
        twins = self.export.all("brahe.process.cpu.energy", process_pid=1, brahe_zone="package")
        self.assertEqual([(has.get("brahe.serial"), point.as_double) for has, point in twins], [(None, 1.5), (4, 7e-6)])

    def test_listed_unlisted_and_pending_are_active(self):
        # The snapshot itself has more listed than is active, so the parts are looked at one by one.
        self.assertEqual(self.export.micro("brahe.process.cpu.energy", brahe_zone="package"), 21_500_009)
        self.assertEqual(self.export.micro("brahe.process.unlisted.energy", brahe_zone="package"), 8_499_992)
        self.assertEqual(self.export.micro("brahe.process.pending.energy", brahe_zone="package"), 1_000_000)
        self.assertEqual(self.export.metrics["brahe.process.unlisted.energy"][2:], ("sum", 2, True))
        self.assertEqual(self.export.metrics["brahe.process.pending.energy"][2:], ("sum", 2, False))
        self.assertEqual([point.as_double for _, point in self.export.all("brahe.process.unlisted.power")], [3e-6])

    def test_whether_energy_is_measured_is_told(self):
        self.assertEqual(self.export.one("brahe.energy.measured", brahe_zone="dram", brahe_energy_source="rapl").as_double, 1)
        uncertain = self.export.one("brahe.energy.uncertainty", brahe_zone="dram", brahe_energy_source="rapl")
        self.assertAlmostEqual(uncertain.as_double, 0.365)

    def test_requests_in_parts_have_the_same_points_as_one(self):
        self.assertEqual(self.counts, [sum(map(len, self.export.points.values()))])
        for max_bytes in (1, 1000, 3000):
            requests, counts = printed(max_bytes)
            self.assertGreater(len(requests), 1)
            parts = Export(*requests)
            self.assertEqual(sum(counts), self.counts[0])
            self.assertEqual(parts.metrics, self.export.metrics)
            self.assertEqual(
                {name: len(points) for name, points in parts.points.items()},
                {name: len(points) for name, points in self.export.points.items()},
            )
            for request, count in zip(requests, counts):
                self.assertEqual(sum(map(len, Export(request).points.values())), count)
                self.assertLess(len(request), max_bytes + 1500)


if __name__ == "__main__":
    runner.main()
