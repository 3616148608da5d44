#!/usr/bin/env python3
"""Does `disturb` note what a command calls, and do to it what it is asked to, once, and nothing else? Runs as root:
disturb_test.py DISTURB."""

import os
import subprocess
import sys
import tempfile
import time
import unittest

import runner
from disturber import Disturber

DISTURB = os.path.abspath(sys.argv.pop(1))
TEXT = "0123456789\n"
# For each line that it is given: opens FILE and reads it to its end, in pieces, or writes it. Says what came of it.
COMMAND = """
import os, sys
print("ready", flush=True)
for line in sys.stdin:
    try:
        if line == "write\\n":
            file = os.open(sys.argv[1], os.O_WRONLY)
            print(os.pwrite(file, b"abc", 0), flush=True)
        else:
            file, pieces = os.open(sys.argv[1], os.O_RDONLY), []
            while piece := os.pread(file, 4096, sum(map(len, pieces))):
                pieces.append(piece)
            print(pieces, flush=True)
        os.close(file)
    except OSError as error:
        print(error.errno, flush=True)
"""


class DisturbTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(dir=os.environ.get("TEST_TMPDIR"))
        self.addCleanup(folder.cleanup)
        self.file = f"{folder.name}/file"
        with open(self.file, "w") as file:
            file.write(TEXT)
        self.disturber = Disturber(self, DISTURB)
        command = [*self.disturber.under, sys.executable, "-c", COMMAND, self.file]
        self.command = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.addCleanup(self.end)
        self.assertEqual(self.command.stdout.readline(), "ready\n")
        self.disturber.watch()
        self.assertEqual(self.ask(), [TEXT])
        calls = self.disturber.calls()
        self.open, self.read = (
            next(call for call in calls if call.startswith(name) and call.endswith("/file"))
            for name in ("openat ", "pread64 ")
        )

    def end(self):
        self.command.communicate()
        self.assertEqual(self.command.returncode, 0)

    def answer(self, line):
        self.command.stdin.write(line + "\n")
        self.command.stdin.flush()
        return eval(self.command.stdout.readline())

    def ask(self):
        """What it has read, or an errno."""
        answer = self.answer("read")
        return [piece.decode("latin1") for piece in answer] if isinstance(answer, list) else answer

    def after(self, fault, call):
        self.disturber.arm(fault, call)
        self.assertEqual(self.disturber.left(), [f"{fault} {call}"])
        answer = self.ask()
        self.assertEqual(self.disturber.left(), [])
        self.assertEqual(self.ask(), [TEXT], "only once")
        return answer

    def test_a_call_fails_once(self):
        self.assertEqual(self.after("errno=24", self.open), 24)
        self.assertEqual(self.after("errno=5", self.read), 5)

    def test_a_file_is_read_otherwise_than_it_is(self):
        inverted = "".join(chr(ord(char) ^ 0xFF) for char in TEXT)
        self.assertEqual(self.after("garbage", self.read), [inverted])
        self.assertEqual(self.after("byte", self.read), [TEXT[0], TEXT[1:]])
        self.assertEqual(self.after("cut", self.read), [TEXT[: len(TEXT) // 2]])
        self.assertEqual(self.after("empty", self.read), [])

    def test_a_call_comes_late(self):
        begin = time.monotonic()
        self.assertEqual(self.after("late=300", self.open), [TEXT])
        self.assertGreater(time.monotonic() - begin, 0.3)

    def test_one_byte_is_written(self):
        self.disturber.watch()
        self.assertEqual(self.answer("write"), 3)
        self.disturber.arm("byte", next(call for call in self.disturber.calls() if call.startswith("pwrite64 ")))
        self.assertEqual(self.answer("write"), 1)
        self.assertEqual(self.answer("write"), 3)

    def test_several_things_are_done_each_with_its_call(self):
        self.disturber.arm("errno=24", self.open)
        self.disturber.arm("errno=5", self.read)
        self.assertEqual(self.ask(), 24)
        self.assertEqual(self.disturber.left(), [f"errno=5 {self.read}"])
        self.assertEqual(self.ask(), 5)
        self.assertEqual(self.disturber.left(), [])
        self.assertEqual(self.ask(), [TEXT])

    def test_what_is_noted_is_what_was_called(self):
        self.disturber.watch()
        self.ask()
        self.ask()  # which it has read from the pipe after the first one
        calls = self.disturber.calls()
        self.assertIn(self.open, calls)
        self.assertIn("read pipe:[N]", calls)
        self.assertFalse([call for call in calls if call.startswith("pwrite64 ")])

    def test_what_it_does_not_know_is_said(self):
        with self.assertRaisesRegex(AssertionError, "explode: no such kind"):
            self.disturber.arm("explode", self.open)
        with self.assertRaisesRegex(AssertionError, "not a number"):
            self.disturber.arm("errno=EIO", self.open)


class ArgumentsTest(unittest.TestCase):
    def test_wrong_arguments_are_told(self):
        run = subprocess.run([DISTURB, "true"], capture_output=True, text=True, timeout=30)
        self.assertEqual((run.returncode, run.stderr), (2, "usage: disturb SOCKET -- COMMAND...\n"))
        run = subprocess.run([DISTURB, "/no/such/socket", "--", "true"], capture_output=True, text=True, timeout=30)
        self.assertEqual(run.returncode, 2)
        self.assertIn("listen at /no/such/socket: No such file or directory", run.stderr)


if __name__ == "__main__":
    runner.main()
