#!/usr/bin/env python3
"""The cut protocol in a model checker: cut_model_test.py MODEL. No order of events loses time or counts it twice; bugs
that are put into the model are found; and what the model says of the sources is there."""

import os
import re
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.abspath("userspace/e2e"))
import runner  # noqa: E402 (the path comes first)

MODEL = os.path.abspath(sys.argv.pop(1))
ORDERS = ("X86", "ARM64")
BOUNDS = (("CPUS=1", "SWITCHES=2", "CUTS=3"), ("CPUS=1", "SWITCHES=3", "CUTS=2", "IN_TURN"),
          ("CPUS=1", "SWITCHES=2", "CUTS=2", "MISSES"), ("CPUS=2", "SWITCHES=1", "CUTS=2", "IN_TURN"))
ONE_CPU, LATE = ("CPUS=1", "SWITCHES=2", "CUTS=2"), ("CPUS=1", "SWITCHES=3", "CUTS=1")
TWO_CPUS = ("CPUS=2", "SWITCHES=1", "CUTS=1", "IN_TURN")
# The bug, the bounds in which it is looked for, and where it does harm.
BUGS = (
    ("CUT_BEFORE_CLOCK", ONE_CPU, ORDERS),  # the handler reads the cut before its clock
    ("NO_BARRIER", ONE_CPU, ("ARM64",)),  # seq is incremented without a barrier, which on x86 is enough
    ("PLAIN_ADD", TWO_CPUS, ORDERS),  # two threads of a process add to its record without an atomic operation
    ("SETTLED_AFTER_CUT", ONE_CPU, ORDERS),  # the cut is published before what leads to it
    ("NOT_WAITED_FOR", ONE_CPU, ("ARM64",)),  # the clock is read while the cut is still on its way to memory
    ("NO_MARGIN", ONE_CPU, ORDERS),  # the slots are read at the cut
    ("MARGIN_FROM_CUT", LATE, ("X86",)),  # and at once if the cut was late; on arm64 no store is behind the loads
    ("ONE_LOOK", ONE_CPU, ORDERS),  # a slot is taken though its handler ran meanwhile
    ("SPLIT_BEFORE_CUT", ONE_CPU + ("MISSES",), ORDERS),  # where events were missed, what user space has read is split
    ("WRONG_BANK", ONE_CPU, ORDERS),  # the bank that receives is read, not the one that stands still
)


class Run:
    """All states of the model with these settings, or those up to the first fault."""

    def __init__(self, *defines):
        with tempfile.TemporaryDirectory() as folder:
            flags = ["-D" + define for define in defines]
            self._call(folder, "spin", "-a", *flags, MODEL)
            # A search that ends early is not worth the compiler's time.
            level = "-O0" if any(define.startswith("BUG_") for define in defines) else "-O1"
            self._call(folder, "gcc", level, "-w", "-DSAFETY", "-DMEMLIM=2000", "-o", "pan", "pan.c")
            said = self._call(folder, "./pan", "-m10000", "-w22")
            # pan ends well whatever it finds, and when it gives up.
            if "Search not completed" in said and "errors: 0" in said or "max search depth too small" in said:
                raise RuntimeError(f"{defines}: the search was not completed:\n{said}")
            self.errors = int(re.search(r"errors: (\d+)", said).group(1))
            self.states = int(re.search(r"(\d+) states, stored", said).group(1))
            self.fault = "".join(re.findall(r"^pan:1: (.*) \(at depth", said, re.M))
            self.unreached = set(re.findall(r"^\t\S+:(\d+), state \d+, (?!\"-end-\")", said, re.M))
            trail = os.path.basename(MODEL) + ".trail"
            self.trail = self._call(folder, "spin", "-k", trail, "-p", *flags, MODEL) if self.errors else ""

    @staticmethod
    def _call(folder, *command):
        run = subprocess.run(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if run.returncode != 0:
            raise RuntimeError(f"{command} ends with {run.returncode}:\n{run.stdout}")
        return run.stdout


def definition(text, name):
    """A function or a type from its name on, in a source that is formatted as the house does."""
    found = re.search(rf"(?:\w+ |::|\*){re.escape(name)}(?:\([^;{{]*| )\{{.*?^}}", text, re.S | re.M)
    return found.group(0) if found else None


class CutModelTest(unittest.TestCase):
    def test_no_order_of_events_loses_time_or_counts_it_twice(self):
        for order in ORDERS:
            for bounds in BOUNDS:
                run = Run(order, *bounds)
                print(f"{order} {' '.join(bounds)}: {run.states} states", file=sys.stderr)
                self.assertEqual(run.errors, 0, f"{order} {bounds}: {run.fault}\n{run.trail[-20000:]}")
                self.assertGreater(run.states, 100_000, f"{order} {bounds}")
                if "IN_TURN" not in bounds:
                    self.assertEqual(run.unreached, set(), f"{order} {bounds}: lines that no run comes to")

    def test_bugs_that_are_put_in_are_found(self):
        for bug, bounds, harmed in BUGS:
            for order in ORDERS:
                with self.subTest(bug=bug, order=order):
                    run = Run(order, "BUG_" + bug, *bounds)
                    print(f"{bug} {order}: {run.fault or 'no harm'}", file=sys.stderr)
                    self.assertEqual(run.errors, 1 if order in harmed else 0)
                    if order in harmed:
                        self.assertIn("assertion violated", run.fault)
                        self.assertIn("text of failed assertion", run.trail)

    def test_each_bug_of_the_model_is_tried(self):
        with open(MODEL, encoding="utf-8") as model:
            self.assertEqual(set(re.findall(r"\bBUG_(\w+)", model.read())), {bug for bug, _, _ in BUGS})

    def test_what_is_modelled_stands_in_the_sources_in_this_order(self):
        with open(MODEL, encoding="utf-8") as model:
            text = re.sub(r"\s+(\* )?\s*", " ", model.read())
        comments = re.findall(r"Source: (\S+) (\w+): (.*?)(?= Source:| ?\*/)", text)
        self.assertGreater(len(comments), 15)
        for path, name, words in comments:
            with self.subTest(path=path, name=name):
                with open(path, encoding="utf-8") as source:
                    body = definition(source.read(), name)
                self.assertIsNotNone(body, "is not there")
                body, at = " ".join(body.split()), 0
                for word in words.split():
                    found = body.find(word, at)
                    self.assertGreaterEqual(found, 0, f"{word} of '{words}' is missing, or stands elsewhere")
                    at = found + len(word)


if __name__ == "__main__":
    runner.main()
