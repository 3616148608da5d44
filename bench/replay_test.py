#!/usr/bin/env python3
"""What a Prometheus sees of a node that is replayed."""

import os
import sys
import unittest
import urllib.request

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "../userspace/e2e")]
import replay  # noqa: E402 (the paths come first)
import runner  # noqa: E402
from exposition import Exposition  # noqa: E402

PROCESSES = "".join(
    f'kepler_process_cpu_joules_total{{exe="/there/nginx",pid="{pid}",zone="package"}} {pid}.000001\n' for pid in range(100)
)
TEXT = f"""# HELP kepler_process_cpu_joules_total Energy, 100% of it
# TYPE kepler_process_cpu_joules_total counter
{PROCESSES}kepler_process_cpu_joules_total{{exe="/usr/bin/init",pid="1000",zone="package"}} 5.000000
# HELP kepler_pod_cpu_joules_total Energy
# TYPE kepler_pod_cpu_joules_total counter
kepler_pod_cpu_joules_total{{node_name="node-00000",pod_id="beef0000-1",pod_name="web-gr0up-beef0000",zone="package"}} 7.250000
# HELP kepler_pod_cpu_watts Power
# TYPE kepler_pod_cpu_watts gauge
kepler_pod_cpu_watts{{node_name="node-00000",pod_id="beef0000-1",pod_name="web-gr0up-beef0000",zone="package"}} 2.500000
# HELP brahe_build_info Build
# TYPE brahe_build_info gauge
brahe_build_info 1
"""
POD = "kepler_pod_cpu_joules_total"


class ReplayTest(unittest.TestCase):
    def setUp(self):
        self.replay = replay.Replay(TEXT)

    def scrape(self, node=0):
        return Exposition(self.replay.text(node))

    def test_each_node_has_names_of_its_own_and_groups_of_nodes_share_some(self):
        ((labels, _),) = self.scrape(12).all(POD)
        self.assertEqual(labels["node_name"], "node-00012")
        self.assertEqual((labels["pod_id"], labels["pod_name"]), ("0000000c-1", "web-g0001-0000000c"))
        ((other, _),) = self.scrape(19).all(POD)
        self.assertEqual(other["pod_name"], "web-g0001-00000013")

    def test_counters_go_on_and_never_fall_while_a_part_of_the_processes_rests(self):
        before = dict((labels["pid"], joules) for labels, joules in self.scrape().all("kepler_process_cpu_joules_total"))
        first = self.scrape().one(POD)
        self.replay._begin -= replay.INTERVAL
        after = dict((labels["pid"], joules) for labels, joules in self.scrape().all("kepler_process_cpu_joules_total"))
        self.assertTrue(all(after[pid] >= joules for pid, joules in before.items()))
        running = sum(after[pid] > joules for pid, joules in before.items())
        self.assertTrue(5 <= running <= 40, running)
        self.assertGreater(self.scrape().one(POD), first)

    def test_what_is_constant_stays_and_as_many_digits_as_there_were(self):
        text = self.replay.text(0)
        self.assertIn("\nbrahe_build_info 1\n", text)
        self.assertIn("Energy, 100% of it\n", text)
        self.assertRegex(text, r"\nkepler_pod_cpu_watts\{.*\} \d+\.\d{6}\n")
        self.assertEqual(replay.series_of(text), replay.series_of(TEXT))

    def test_levels_and_strangers_can_be_left_out(self):
        self.assertEqual(replay.series_of(replay.without_levels(TEXT, "process")), 3)
        self.assertNotIn("kepler_process", replay.without_levels(TEXT, "process"))
        self.assertEqual(replay.series_of(replay.without_levels(TEXT, "process", "pod")), 1)
        self.assertEqual(replay.series_of(replay.of_programs(TEXT, "/there")), 103)
        self.assertEqual(len(replay.lines_of_level(TEXT, "pod")), 2)

    def test_a_fleet_serves_each_node_at_its_path(self):
        with replay.Fleet(self.replay, 3) as fleet:
            job = fleet.job()
            self.assertEqual(len({target["labels"]["instance"] for target in job["static_configs"]}), 3)
            for node, target in enumerate(job["static_configs"]):
                url = f"http://{target['targets'][0]}{target['labels']['__metrics_path__']}"
                with urllib.request.urlopen(url, timeout=10) as answer:
                    self.assertIn(f'node_name="node-{node:05}"', answer.read().decode())


if __name__ == "__main__":
    runner.main()
