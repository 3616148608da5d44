#!/usr/bin/env python3
"""What breaks a run of scripts/bench, and what does not."""

import contextlib
import io
import os
import sys
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "../userspace/e2e")]
import runner  # noqa: E402 (the paths come first)
from kernel_parts import compare_added, median_ratio  # noqa: E402
from table import Table  # noqa: E402


class TableTest(unittest.TestCase):
    def setUp(self):
        self.table = Table()
        self.said = io.StringIO()
        self.enterContext(contextlib.redirect_stderr(self.said))

    def names_of_broken(self):
        return [row["name"] for row in self.table.broken()]

    def printed(self):
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            self.table.print()
        return out.getvalue().splitlines()

    def test_a_figure_may_be_as_large_as_its_bound(self):
        self.table.add("at it", 2.0, "ms", 2)
        self.table.add("above it", 2.01, "ms", 2)
        self.table.add("without one", 1e9, "ms")
        self.assertEqual(self.names_of_broken(), ["above it"])

    def test_a_bound_of_zero_is_a_bound(self):
        self.table.add("errors", 1, "", 0)
        self.assertEqual(self.names_of_broken(), ["errors"])

    def test_what_is_no_number_keeps_no_bound(self):
        self.table.add("nothing by nothing", float("nan"), "x", 2)
        self.assertEqual(self.names_of_broken(), ["nothing by nothing"])

    def test_what_could_not_be_measured_breaks_the_run_and_says_why(self):
        self.table.fail("512 CPUs", "does not load")
        self.assertEqual(self.names_of_broken(), ["512 CPUs"])
        self.assertRegex(self.printed()[1], r"^512 CPUs +- +BROKEN: does not load$")

    def test_rows_are_printed_with_their_bounds(self):
        self.table.add("fast", 1.25, "ms", 2)
        self.table.add("slow", 3, "ms", 2)
        self.table.add("plain", 7, "")
        self.assertEqual(
            [line.split() for line in self.printed()[1:]],
            [["fast", "1.25", "ms", "<=", "2"], ["slow", "3", "ms", "<=", "2", "BROKEN"], ["plain", "7"]],
        )

    def test_an_empty_table_is_printed(self):
        self.assertEqual(len(self.printed()), 1)

    def test_figures_of_one_round_are_compared_with_each_other(self):
        # The second round was ten times as slow for both; the medians alone are 1 : 2.
        self.assertEqual(median_ratio([10, 200, 30], [10, 200, 20]), 1)
        self.assertEqual(median_ratio([1, 100, 2], [2, 200, 4]), 0.5)

    def test_a_program_that_seems_to_save_time_is_no_figure(self):
        for added, to in ((-5.0, 10.0), (5.0, -10.0), (-5.0, -10.0), (5.0, 0.0)):
            compare_added(self.table, f"{added} / {to}", added, to, 2)
        compare_added(self.table, "good", 5.0, 10.0, 2)
        self.assertEqual(len(self.names_of_broken()), 4)
        self.assertNotIn("good", self.names_of_broken())


if __name__ == "__main__":
    runner.main()
