#!/usr/bin/env python3
"""Each command of docs/getting-started.md for a single host, in its order, on a system that systemd runs in namespaces of
its own: getting_started_test.py PACK BRAHE WRITE_PACKAGE_FILES PRINT_UNITS DOCUMENT, as root. `scripts/package` alone is replaced by
what it calls, on the binary that the other tests run."""

import os
import shutil
import subprocess
import sys
import tempfile
import unittest

sys.path[:0] = [os.path.abspath("docs"), os.path.abspath("deploy/package"), os.path.abspath("userspace/e2e")]
# The paths come first.
import markdown  # noqa: E402
import runner  # noqa: E402
import systemd_test  # noqa: E402 (takes the first four arguments)

DOCUMENT = markdown.read(sys.argv.pop(1))


class GettingStartedTest(unittest.TestCase):
    def setUp(self):
        if lack := systemd_test.why_not_here():
            self.skipTest(lack)
        self.packages = tempfile.mkdtemp(dir=os.environ.get("TEST_TMPDIR"))
        self.addCleanup(shutil.rmtree, self.packages)

    def make_packages(self):
        self.assertEqual([block.text for block in markdown.marked(DOCUMENT, "make")], ["scripts/package\n"])
        command = [systemd_test.PACK, systemd_test.BRAHE, systemd_test.WRITER, systemd_test.NEW, "1700000000"]
        subprocess.run([*command, self.packages], check=True)

    def test_each_command_for_a_host_does_what_the_page_says(self):
        self.make_packages()
        system = systemd_test.System(self.packages)
        self.addCleanup(system.stop)
        said = [self.run_block(system, block) for block in markdown.marked(DOCUMENT, "host")]
        self.assertEqual(len(said), 6)
        check, sources, load, prometheus, query, settings = said
        self.assertEqual(check.count(": OK\n"), len(os.listdir(self.packages)) - 1)
        self.assertIn("active\n", sources)
        self.assertIn('source="bpf"', sources)
        self.assertRegex(load, r'comm="sha256sum".* [1-9][\d.]*\n')
        self.assertIn("SUCCESS", prometheus)
        self.assertIn('{comm="sha256sum"} => ', query)
        scrape = system.run("curl", "-s", "localhost:28282/metrics").stdout
        self.assertNotIn("kepler_process_cpu_joules_total", scrape, settings)
        self.assertIn("kepler_node_cpu_joules_total", scrape)

    def run_block(self, system, block):
        """What it prints. Its background work goes on, so that the output is a file."""
        script = f"( cd /packages\nset -euo pipefail\n{block.text}) >/run/said 2>&1"
        status = system.run("bash", "-c", script).returncode
        said = system.run("cat", "/run/said").stdout
        self.assertEqual(status, 0, f"line {block.line}: {said}")
        return said


if __name__ == "__main__":
    runner.main()
