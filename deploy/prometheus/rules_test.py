#!/usr/bin/env python3
"""The recording rules and alerts against promtool, each of them tested, each alert with a remedy that is in the manual.
rules_test.py FOLDER MANUAL."""

import os
import re
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.abspath("userspace/e2e"))
import runner  # noqa: E402 (the path comes first)

FOLDER, MANUAL = os.path.abspath(sys.argv.pop(1)), os.path.abspath(sys.argv.pop(1))


def content(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


class RulesTest(unittest.TestCase):
    def setUp(self):
        self.rules, self.alerts = content(f"{FOLDER}/rules.yaml"), content(f"{FOLDER}/alerts.yaml")
        self.records = re.findall(r"- record: (\S+)", self.rules)
        self.names = re.findall(r"- alert: (\S+)", self.alerts)

    def promtool(self, *arguments):
        run = subprocess.run(["promtool", *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.assertEqual(run.returncode, 0, run.stdout)

    def test_promtool_knows_no_fault(self):
        self.promtool("check", "rules", "--lint-fatal", f"{FOLDER}/rules.yaml", f"{FOLDER}/alerts.yaml")

    def test_recording_rules_have_the_figures_that_they_should(self):
        self.promtool("test", "rules", f"{FOLDER}/testdata/rules.yaml")

    def test_alerts_fire_when_they_should_and_else_do_not(self):
        self.promtool("test", "rules", f"{FOLDER}/testdata/alerts.yaml")

    def test_there_is_a_test_of_each(self):
        tested = content(f"{FOLDER}/testdata/rules.yaml")
        expressions = " ".join(re.findall(r"- expr: (.*)", tested))
        self.assertEqual([name for name in self.records if name not in expressions], [])
        fired = re.findall(r"""ALERTS\{alertname="(\w+)",alertstate="firing",severity""", content(f"{FOLDER}/testdata/alerts.yaml"))
        self.assertEqual(set(fired), set(self.names))

    def test_names_are_of_level_metric_and_operation(self):
        for record in self.records:
            self.assertRegex(record, r"^[a-z_]+:[a-z0-9_]+:[a-z0-9_]+$")

    def test_each_alert_says_how_grave_it_is_and_leads_to_its_paragraph(self):
        sections = re.findall(r"^### (\w+)$", content(MANUAL), re.MULTILINE)
        self.assertEqual([section for section in sections if section.startswith("Brahe")], self.names)
        texts = re.split(r"- alert: ", self.alerts)[1:]
        for name, text in zip(self.names, texts):
            self.assertRegex(text, r"severity: (critical|warning|info)\n", name)
            self.assertRegex(text, r"summary: .+\n", name)
            self.assertRegex(text, r"description: >-\n", name)
            self.assertIn(f"runbook_url: docs/dashboards.md#{name.lower()}\n", text)

    def test_each_record_is_in_the_manual(self):
        manual = content(MANUAL)
        self.assertEqual([name for name in self.records if f"`{name}`" not in manual], [])


if __name__ == "__main__":
    runner.main()
