#!/usr/bin/python3
"""A checkpoint is what state.proto says: protoc reads each field of one by its name."""

import os
import re
import subprocess
import sys
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "../e2e"))
import runner  # noqa: E402 (the path comes first)

PRINT = os.path.abspath(sys.argv.pop(1))
BOOT_ID = "0b8a9c3e-57f4-4d8e-9a53-2f3a7c5f1e0d"
PROTO = os.path.join(HERE, "state.proto")


class StateProtoTest(unittest.TestCase):
    def test_protoc_reads_each_field_by_its_name(self):
        message = subprocess.run([PRINT, BOOT_ID], check=True, stdout=subprocess.PIPE).stdout
        command = ["protoc", f"--proto_path={HERE}", "--decode=brahe.Checkpoint", PROTO]
        text = subprocess.run(command, input=message, check=True, stdout=subprocess.PIPE).stdout.decode()
        fields = dict(line.split(": ", 1) for line in text.splitlines())
        self.assertEqual(
            fields,
            {
                "layout": "1",
                "boot_id": f'"{BOOT_ID}"',
                "unix_ms": "1800000000123",
                "monotonic_ns": "3600000000000",
                "version": '"1.2.3"',
                "revision": '"abcdef"',
                "books": '"the books"',
                "meters": '"the meters"',
                "source": '"the source"',
                "split": '"the split"',
                "gpus": '"the gpus"',
                "cards": '"the cards"',
            },
        )
        with open(PROTO) as proto:
            declared = re.findall(r"^  (?:uint32|uint64|string|bytes) (\w+) = \d+;$", proto.read(), re.MULTILINE)
        self.assertEqual(set(fields), set(declared))


if __name__ == "__main__":
    runner.main()
