#!/usr/bin/env python3
"""docs/metrics.md has the families of the exposition, neither more nor fewer, with their types, labels and units."""

import os
import re
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../e2e"))
import runner  # noqa: E402 (the path comes first)
from exposition import Exposition  # noqa: E402

PRINT = os.path.abspath(sys.argv.pop(1))
DOCUMENT = os.path.abspath(sys.argv.pop(1))
ROW = re.compile(r"^\| `([a-z_]+)` \| (\w+) \| (.*?) \| (\S+) \| (.+) \|$", re.MULTILINE)


def printed(form):
    return subprocess.run([PRINT, form], check=True, stdout=subprocess.PIPE, text=True).stdout


def names(cell):
    return [] if cell == "-" else cell.split(", ")


class MetricsDocumentTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        with open(DOCUMENT, encoding="utf-8") as document:
            cls.rows = ROW.findall(document.read())
        cls.exposition = Exposition(printed("text"))

    def labels_of(self, family):
        samples = self.exposition.all(family) + self.exposition.all(family + "_bucket")
        return sorted({label for labels, _ in samples for label in labels if label != "le"})

    def test_families_and_their_types_are_those_of_the_exposition(self):
        self.assertEqual(len({row[0] for row in self.rows}), len(self.rows), "a family twice")
        self.assertEqual({row[0]: row[1] for row in self.rows}, self.exposition.types)

    def test_labels_are_those_of_the_exposition(self):
        self.assertEqual(
            {row[0]: names(row[2]) for row in self.rows},
            {family: self.labels_of(family) for family in self.exposition.types},
        )

    def test_units_are_those_of_openmetrics(self):
        units = dict(re.findall(r"^# UNIT (\S+) (\S+)$", printed("openmetrics"), re.MULTILINE))
        self.assertGreater(len(units), 10)
        for family, kind, _, unit, _ in self.rows:
            name = family.removesuffix("_total") if kind == "counter" else family
            self.assertEqual(unit, units.get(name, "-"), family)


if __name__ == "__main__":
    runner.main()
