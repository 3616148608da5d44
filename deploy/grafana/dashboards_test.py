#!/usr/bin/env python3
"""The dashboards as files: made by dashboards.py, of Grafana's types, and with links that lead somewhere.
dashboards_test.py FOLDER."""

import os
import re
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.abspath("userspace/e2e"))
import runner  # noqa: E402 (the path comes first)
from expressions import load, metrics_of  # noqa: E402

FOLDER = os.path.abspath(sys.argv.pop(1))
# Where scripts/setup puts what comes from npm.
NODE = os.path.join(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "brahe/node/node_modules")
BUILT_IN = {"datasource", "__all", "__rate_interval", "__range", "__url_time_range", "__data"}


def texts(value):
    """All strings in it."""
    if isinstance(value, str):
        yield value
    for part in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from texts(part)


class DashboardsTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.dashboards = load(FOLDER)
        cls.panels = [
            (f"{uid}: {panel['title']}", uid, panel)
            for uid, one in cls.dashboards.items() for panel in one["panels"] if panel["type"] != "row"
        ]

    def setUp(self):
        folder = tempfile.TemporaryDirectory(dir=os.environ.get("TEST_TMPDIR"))
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def variables(self, uid):
        return {one["name"] for one in self.dashboards[uid]["templating"]["list"]}

    def test_the_files_are_what_the_program_makes(self):
        subprocess.run([sys.executable, f"{FOLDER}/dashboards.py", self.folder], check=True)
        made = set(os.listdir(self.folder))
        self.assertEqual(made, {f"{uid}.json" for uid in self.dashboards})
        for name in made:
            with open(f"{self.folder}/{name}") as new, open(f"{FOLDER}/{name}") as old:
                self.assertEqual(new.read(), old.read(), f"run deploy/grafana/dashboards.py deploy/grafana: {name} is not its work")

    def test_grafana_knows_every_key_and_value(self):
        os.symlink(NODE, f"{self.folder}/node_modules")
        with open(f"{FOLDER}/schema.ts") as schema, open(f"{self.folder}/schema.ts", "w") as out:
            out.write(schema.read())
        for uid in self.dashboards:
            with open(f"{FOLDER}/{uid}.json") as content, open(f"{self.folder}/{uid}.ts", "w") as out:
                out.write("import type { BraheDashboard } from './schema';\nexport const dashboard: BraheDashboard = " + content.read())
        flags = "--noEmit --strict --skipLibCheck --module esnext --moduleResolution bundler".split()
        files = [f"{self.folder}/{uid}.ts" for uid in self.dashboards]
        compiler = subprocess.run(
            ["node", f"{NODE}/typescript/bin/tsc", *flags, *files], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        self.assertEqual(compiler.returncode, 0, compiler.stdout[:4000])

    def test_every_panel_says_what_it_shows(self):
        for where, _, panel in self.panels:
            self.assertRegex(panel["description"], r"^[A-Z0-9].+\.$", where)
            self.assertNotEqual(panel["fieldConfig"]["defaults"]["unit"], "", where)

    def test_a_panel_says_so_if_it_needs_the_recording_rules(self):
        for where, _, panel in self.panels:
            metrics = set().union(*(metrics_of(target["expr"]) for target in panel["targets"]))
            self.assertEqual(any(":" in name for name in metrics), "Needs the recording rules" in panel["description"], where)

    def test_panels_have_ids_of_their_own_and_do_not_overlap(self):
        for uid, one in self.dashboards.items():
            ids = [panel["id"] for panel in one["panels"]]
            self.assertEqual(len(set(ids)), len(ids), uid)
            taken = set()
            for panel in one["panels"]:
                at = panel["gridPos"]
                self.assertLessEqual(at["x"] + at["w"], 24, uid)
                cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
                self.assertFalse(taken & cells, f"{uid}: {panel['title']}")
                taken |= cells

    def test_variables_are_those_of_the_dashboard(self):
        for uid, one in self.dashboards.items():
            for text in texts(one):
                used = set(re.findall(r"\$\{?([a-z_]+)(?=\W|$)", text))
                self.assertLessEqual(used, self.variables(uid) | BUILT_IN, text)

    def test_links_lead_to_a_dashboard_with_values_for_its_variables(self):
        count = 0
        for where, _, panel in self.panels:
            renamed = [change["options"]["renameByName"] for change in panel.get("transformations", []) if change["id"] == "organize"]
            columns = {header for one in renamed for header in one.values()}
            for override in panel["fieldConfig"]["overrides"]:
                self.assertIn(override["matcher"]["options"], columns, where)
                for link in (link for one in override["properties"] if one["id"] == "links" for link in one["value"]):
                    count += 1
                    target, query = re.fullmatch(r"/d/([a-z-]+)\?(.*)", link["url"]).groups()
                    given = set(re.findall(r"var-(\w+)=|\{(\w+):queryparam\}", query))
                    self.assertLessEqual({a or b for a, b in given}, self.variables(target), where)
                    self.assertLessEqual(set(re.findall(r'fields\["(.+?)"\]', query)), columns, where)
        self.assertGreater(count, 20)

    def test_every_dashboard_can_be_reached_and_has_the_tag(self):
        for uid, one in self.dashboards.items():
            self.assertEqual(one["tags"], ["brahe"])
            self.assertEqual([link["tags"] for link in one["links"]], [["brahe"]])
            self.assertTrue(uid.startswith("brahe-"))


if __name__ == "__main__":
    runner.main()
