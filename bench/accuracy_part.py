"""Joules against the CPU time of the kernel's own books."""

import json
import os
import subprocess
import time

from node import Node
from programs import BRAHE, measuring

ZONE_WATTS = 60  # of the package zone that Node drives


def bench_accuracy(table, shortest, longest, quick):
    """Short jobs on one core, a burner on another; joules against the CPU time of the kernel's books."""
    seconds = 6 if quick else 30
    flags = (
        "--cpu.time-source=bpf",
        "--monitor.max-terminated=-1",
        "--monitor.min-terminated-energy-threshold=0",
        "--monitor.terminated-retention=10m",
    )
    with Node(BRAHE, *flags) as node:
        exporter = node.exporter
        exporter.first_scrape()
        jobs = measuring("jobs")
        last = str(os.cpu_count() - 1)
        short = subprocess.Popen(
            ["taskset", "-c", "0", jobs, "short", str(seconds), str(shortest), str(longest)], stdout=subprocess.PIPE
        )
        burner = subprocess.Popen(["taskset", "-c", last, jobs, "burn", str(seconds)], stdout=subprocess.PIPE)
        short_used = json.loads(short.communicate()[0])
        burner_used = json.loads(burner.communicate()[0])
        time.sleep(2)
        joules = {"jobs": 0.0, "burner": 0.0}
        for labels, value in exporter.scrape().all("kepler_process_cpu_joules_total", zone="package", comm="jobs"):
            if int(labels["pid"]) == burner.pid:
                joules["burner"] += float(value)
            elif int(labels["pid"]) != short.pid:
                joules["jobs"] += float(value)
    name = f"accuracy, jobs of {shortest}-{longest} ms"
    table.add(f"{name}: jobs", short_used["jobs"], "")
    for who, used_ns in (("jobs", short_used["jobs_ns"]), ("burner", burner_used["own_ns"])):
        true = used_ns / 1e9 * ZONE_WATTS / os.cpu_count()
        table.add(f"{name}: {who}, true", true, "J")
        table.add(f"{name}: {who}, charged", joules[who], "J")
        table.add(f"{name}: {who}, error", abs(joules[who] / true - 1) * 100, "%", 2)
