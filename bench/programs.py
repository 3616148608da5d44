"""Where the built programs are, and how they are run."""

import json
import os
import subprocess

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")
BIN = os.path.join(ROOT, "bazel-bin")
BRAHE = os.path.join(BIN, "userspace/brahe")


def measuring(name):
    """The path of one of this folder's programs."""
    return os.path.join(BIN, "bench", name)


def run_json(name, *arguments):
    """What a measuring program prints."""
    command = [measuring(name), *map(str, arguments)]
    return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
