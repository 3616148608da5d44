#!/usr/bin/env python3
"""What a series of this exporter costs a Prometheus, in memory and on disk: bench/series_size.py [SECONDS], as root,
after `bazel build //userspace:brahe //bench/...`. Prints one table; docs/operations.md has it and what follows from it.

A real Prometheus scrapes the exporter each second on a node of three zones, once beside many processes that sleep and
once beside many that run in each second. Memory is Go's heap after a collection of garbage, less that of a Prometheus
that scrapes nothing; disk is the block that it writes of its head."""

import glob
import json
import os
import re
import subprocess
import sys
import tempfile
import time
import urllib.request

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../userspace/e2e"))
# The path comes first.
from herd import Herd, Room  # noqa: E402
from node import Node  # noqa: E402
from programs import BRAHE, measuring  # noqa: E402
from prometheus import Prometheus  # noqa: E402

HERDS = (("asleep", "sleepers", 2000), ("running", "active", 2000, 500))


def figures_of(prometheus):
    """Prometheus' own figures after a collection of garbage."""
    base = f"http://127.0.0.1:{prometheus.port}"
    urllib.request.urlopen(f"{base}/debug/pprof/heap?gc=1", timeout=60).read()
    with urllib.request.urlopen(f"{base}/metrics", timeout=60) as response:
        samples = re.findall(r'^(\w+)(?:\{type="float"\})? (\S+)$', response.read().decode(), re.MULTILINE)
    return {name: float(value) for name, value in samples}


def write_block(prometheus, folder):
    """(bytes of chunks, bytes of the index, samples, series) of the head as a block."""
    url = f"http://127.0.0.1:{prometheus.port}/api/v1/admin/tsdb/snapshot"
    urllib.request.urlopen(urllib.request.Request(url, method="POST"), timeout=120).read()
    (block,) = glob.glob(f"{folder}/tsdb/snapshots/*/*/")
    with open(f"{block}/meta.json") as meta:
        stats = json.load(meta)["stats"]
    chunks = sum(map(os.path.getsize, glob.glob(f"{block}/chunks/*")))
    return chunks, os.path.getsize(f"{block}/index"), stats["numSamples"], stats["numSeries"]


def started(folder, jobs):
    prometheus = Prometheus(folder, jobs, flags=("--web.enable-admin-api",))
    prometheus.wait(lambda: figures_of(prometheus))
    return prometheus


def heap_of_an_empty_one():
    with tempfile.TemporaryDirectory() as folder:
        prometheus = started(folder, {})
        try:
            time.sleep(5)
            return figures_of(prometheus)["go_memstats_heap_inuse_bytes"]
        finally:
            prometheus.stop()


def measure(program, *arguments, seconds):
    with Room(arguments[0]), tempfile.TemporaryDirectory() as folder, Node(BRAHE, "--monitor.interval=1s") as node:
        node.exporter.first_scrape()
        with Herd(measuring(program), *arguments):
            prometheus = started(folder, {"brahe": {"port": node.exporter.port}})
            try:
                time.sleep(seconds)
                return figures_of(prometheus), write_block(prometheus, folder)
            finally:
                prometheus.stop()


def main():
    seconds = int(sys.argv[1]) if len(sys.argv) > 1 else 360
    version = subprocess.run(["prometheus", "--version"], check=True, stdout=subprocess.PIPE, text=True).stdout
    print(re.search(r"prometheus, version \S+", version).group(), flush=True)
    empty = heap_of_an_empty_one()
    for name, *herd in HERDS:
        own, (chunks, index, samples, series) = measure(*herd, seconds=seconds)
        heap = own["go_memstats_heap_inuse_bytes"] - empty
        print(
            f"{name:8} series {series}  samples {samples}  heap {heap / series:.0f} B/series  "
            f"RSS {own['process_resident_memory_bytes'] / 2**20:.0f} MiB  "
            f"chunks {chunks / samples:.2f} B/sample  index {index / series:.0f} B/series",
            flush=True,
        )


if __name__ == "__main__":
    main()
