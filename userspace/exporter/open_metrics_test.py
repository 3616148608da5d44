#!/usr/bin/python3
"""OpenMetrics through the parser of Prometheus' own Python client, which holds to the letter of the standard."""

import os
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../e2e"))
import runner  # noqa: E402 (the path comes first)
from exposition import Exposition  # noqa: E402
from prometheus_client.openmetrics.parser import text_string_to_metric_families  # noqa: E402

PRINT = os.path.abspath(sys.argv.pop(1))
# Process figures move between the two calls.
MOVING = "process_"


def printed(form):
    return subprocess.run([PRINT, form], check=True, stdout=subprocess.PIPE, text=True).stdout


class OpenMetricsTest(unittest.TestCase):
    def setUp(self):
        self.text = printed("openmetrics")
        self.families = list(text_string_to_metric_families(self.text))

    def test_parser_objects_to_what_is_wrong(self):
        for wrong in (
            self.text.removesuffix("# EOF\n"),
            self.text.replace("kepler_process_cpu_joules_total{", "kepler_process_cpu_joules{"),
            self.text.replace("# TYPE kepler_node_cpu_watts gauge", "# TYPE kepler_node_cpu_watts counter"),
            self.text.replace('le="5.0"', 'le="five"'),
        ):
            self.assertNotEqual(wrong, self.text)
            with self.assertRaises(ValueError):
                list(text_string_to_metric_families(wrong))

    def test_holds_the_samples_of_the_text_format(self):
        text = Exposition(printed("text"))
        expected = {
            (name, tuple(sorted(labels.items()))): float(value)
            for name, samples in text.samples.items()
            for labels, value in samples
            if not name.startswith(MOVING)
        }
        actual = {
            (sample.name, tuple(sorted(sample.labels.items()))): float(sample.value)
            for family in self.families
            for sample in family.samples
            if not sample.name.startswith(MOVING)
        }
        self.assertGreater(len(expected), 100)
        self.assertEqual(actual, expected)

    def test_types_are_those_of_the_text_format(self):
        of_text = {name.removesuffix("_total"): kind for name, kind in Exposition(printed("text")).types.items()}
        self.assertEqual({family.name: family.type for family in self.families}, of_text)

    def test_units_end_the_names(self):
        units = {family.name: family.unit for family in self.families}
        self.assertEqual(units["kepler_process_cpu_joules"], "joules")
        self.assertEqual(units["kepler_node_cpu_watts"], "watts")
        self.assertEqual(units["kepler_container_cpu_seconds"], "seconds")
        self.assertEqual(units["kepler_node_cpu_usage_ratio"], "ratio")
        self.assertEqual(units["brahe_epoch_duration_seconds"], "seconds")
        self.assertEqual(units["process_resident_memory_bytes"], "bytes")
        self.assertEqual(units["brahe_scrapes"], "")


if __name__ == "__main__":
    runner.main()
