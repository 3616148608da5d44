#!/usr/bin/env python3
"""brahe state shows what is kept in a folder, or says in one line why not."""

import json
import os
import subprocess
import sys
import tempfile
import unittest

import runner

BRAHE = os.path.abspath(sys.argv.pop(1))
KEEP = os.path.abspath(sys.argv.pop(1))
PARTS = {name: {"bytes": len("the " + name)} for name in ("books", "meters", "source", "split", "gpus", "cards")}
# Of what is there in their place.
PARTS["books"]["text"] = "the books are damaged\n"
PARTS["meters"]["text"] = "the meter's state is not well formed\n"


class StateTest(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory(dir=os.environ.get("TEST_TMPDIR"))
        self.addCleanup(scratch.cleanup)
        self.folder = f"{scratch.name}/state"

    def keep(self, boot_id):
        subprocess.run([KEEP, boot_id, self.folder], check=True)

    def state(self, *flags, environment=None, status=0):
        """What it prints; of another exit status than 0 that is one line of standard error."""
        run = subprocess.run(
            [BRAHE, "state", *flags], capture_output=True, text=True, timeout=60, env={**os.environ, **(environment or {})}
        )
        self.assertEqual(run.returncode, status, run)
        self.assertEqual(run.stdout if status else run.stderr, "")
        return run.stderr.removesuffix("\n") if status else run.stdout

    def failure(self):
        return self.state(f"--state.dir={self.folder}", status=1)

    def test_shows_what_is_kept_of_this_boot_and_of_another(self):
        with open("/proc/sys/kernel/random/boot_id") as file:
            this = file.read().strip()
        for boot_id, boot in ((this, "this"), ("0b8a9c3e-57f4-4d8e-9a53-2f3a7c5f1e0d", "another")):
            self.keep(boot_id)
            shown = json.loads(self.state("--json", f"--state.dir={self.folder}"))
            age = shown.pop("age_seconds")
            self.assertLess(age, 600 if boot == "this" else 1 << 40)
            self.assertLess(0, shown.pop("bytes"))
            expected = {"file": f"{self.folder}/checkpoint", "file_bytes": 3 * 4096, "boot": boot, "boot_id": boot_id}
            expected |= {"written_unix_ms": 1800000000123, "version": "1.2.3", "revision": "abcdef", "parts": PARTS}
            self.assertEqual(shown, expected)
            text = self.state(environment={"STATE_DIRECTORY": f"{self.folder}:/elsewhere"})
            for line in (
                f"file      {self.folder}/checkpoint, 12288 bytes\n",
                f", in {boot} boot\n",
                "by        brahe 1.2.3 (abcdef)\n",
                "meters    10 bytes\n",
            ):
                self.assertIn(line, text)

    def test_says_why_there_is_nothing_to_show(self):
        nothing = f"brahe state: {self.folder}: nothing is kept there; name the exporter's folder with --state.dir"
        self.assertEqual(self.failure(), nothing)
        os.mkdir(self.folder)
        self.assertEqual(self.failure(), nothing)
        path = f"{self.folder}/checkpoint"
        with open(path, "w") as file:
            file.write("something else")
        not_one = f"brahe state: {path}: not a checkpoint of Brahe; move it away to start without it"
        self.assertEqual(self.failure(), not_one)
        os.unlink(path)
        self.keep("")
        self.assertEqual(self.failure(), f"brahe state: {path}: the checkpoint: boot_id is missing")
        self.assertEqual(self.state("now", status=1), "brahe state: now: nothing but flags is expected")


if __name__ == "__main__":
    runner.main()
