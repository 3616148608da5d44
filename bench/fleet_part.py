"""What a Prometheus needs that scrapes a fleet: 200 nodes replayed from the exposition of one, with and without processes; and what
a question about the cluster costs it at each level, and with recording rules. docs/scale.md has the figures."""

import contextlib
import os
import sys
import tempfile
import time

from fleet import captured
from programs import ROOT
from prometheus import Prometheus
from replay import INTERVAL, Fleet, Replay, gzipped, lines_of_level, series_of, without_levels
from series_size import figures_of, heap_of_an_empty_one

NODES = 200
GROUPS = ("namespace", "owner", "program")
LEVELS = ("node", "process", "container", "pod", *GROUPS)
NEEDS_KIB = 8 << 20
# How long Prometheus scrapes. With rules these are evaluated twice, each minute once, and there is something to query.
SECONDS, SECONDS_WITH_RULES = 90, 150
LONGEST_ANSWER = 40  # seconds
RATE = 'rate({}{{zone="package"}}[1m])'
# What one asks about a cluster: by the workloads' own series, by a level that sums them up, and by a rule's.
QUESTIONS = {
    "programs": {
        "processes": "topk(10, sum by (comm) (" + RATE.format("kepler_process_cpu_joules_total") + "))",
        "level": "topk(10, sum by (program) (" + RATE.format("brahe_program_cpu_joules_total") + "))",
        "rule": "topk(10, program:brahe_program_cpu_watts:avg1m)",
    },
    "namespaces": {
        "pods": "topk(10, sum by (pod_namespace) (" + RATE.format("kepler_pod_cpu_joules_total") + "))",
        "level": "topk(10, sum by (namespace) (" + RATE.format("brahe_namespace_cpu_joules_total") + "))",
        "rule": "topk(10, namespace:brahe_namespace_cpu_watts:avg1m)",
    },
    "owners": {
        "level": "topk(10, sum by (namespace, kind, name) (" + RATE.format("brahe_owner_cpu_joules_total") + "))",
        "rule": "topk(10, owner:brahe_owner_cpu_watts:avg1m)",
    },
}


def available_kib():
    with open("/proc/meminfo") as meminfo:
        return next(int(line.split()[1]) for line in meminfo if line.startswith("MemAvailable:"))


def bytes_below(folder):
    sizes = 0
    for path, _, files in os.walk(folder):
        for name in files:
            with contextlib.suppress(FileNotFoundError):
                sizes += os.path.getsize(os.path.join(path, name))
    return sizes


def question_ms(prometheus, expression):
    """The shortest of some turns, in ms, since others may use the machine; ends the run if nothing comes of it."""
    took = []
    while len(took) < 7 and sum(took) < 10:
        begin = time.monotonic()
        answer = prometheus.query(expression)
        took.append(time.monotonic() - begin)
        if not answer:
            sys.exit(f"bench: no answer to {expression}")
    return min(took) * 1e3


def measure(table, name, text, empty_heap, seconds, nodes, rules=(), questions=()):
    """A Prometheus that scrapes `nodes` replayed nodes for so long; `questions`: (name, expression)."""
    replay = Replay(text)
    with tempfile.TemporaryDirectory() as folder, Fleet(replay, nodes) as fleet:
        prometheus = Prometheus(folder, {"brahe": fleet.job()}, rule_files=rules)
        prometheus.timeout = LONGEST_ANSWER
        try:
            prometheus.wait(lambda: figures_of(prometheus))
            time.sleep(seconds - 2 * INTERVAL)
            before, begin = figures_of(prometheus), time.monotonic()
            time.sleep(2 * INTERVAL)
            after, took = figures_of(prometheus), time.monotonic() - begin
            up = sum(value for _, value in prometheus.query("up"))
            scrape = prometheus.query("avg(scrape_duration_seconds)")[0][1]
            log_bytes = bytes_below(f"{folder}/tsdb/wal") + bytes_below(f"{folder}/tsdb/chunks_head")
            for what, expression in questions:
                try:
                    table.add(f"{name}: {what}", question_ms(prometheus, expression), "ms")
                except TimeoutError:
                    table.add(f"{name}: {what}, at least", LONGEST_ANSWER * 1e3, "ms")
        finally:
            prometheus.process.kill()  # its own end takes minutes with so many targets
            prometheus.stop()
    if up != nodes:
        table.fail(f"{name}: targets that are up", f"{up:.0f} of {nodes}")

    def gained(figure):
        return (after[figure] - before[figure]) / took

    series, samples = after["prometheus_tsdb_head_series"], gained("prometheus_tsdb_head_samples_appended_total")
    scraped = replay.text(0)
    table.add(f"{name}: series of a node", series_of(scraped), "")
    table.add(f"{name}: bytes of a scrape", len(scraped), "B")
    table.add(f"{name}: bytes of a scrape, gzip", gzipped(scraped), "B")
    table.add(f"{name}: head series", series, "")
    table.add(f"{name}: samples", samples, "/s")
    table.add(f"{name}: RSS", after["process_resident_memory_bytes"] / 2**20, "MiB")
    table.add(f"{name}: heap of a series", (after["go_memstats_heap_inuse_bytes"] - empty_heap) / series, "B")
    table.add(f"{name}: CPU", 100 * gained("process_cpu_seconds_total"), "%")
    table.add(f"{name}: scrape, mean", scrape * 1e3, "ms")
    table.add(f"{name}: log on disk of a sample", log_bytes / after["prometheus_tsdb_head_samples_appended_total"], "B")


def questions_of(*ways):
    """Those that these ways answer."""
    return [
        (f"top {what} by {way}", expression) for what, by in QUESTIONS.items() for way, expression in by.items() if way in ways
    ]


def bench_fleet(table, quick):
    if available_kib() < NEEDS_KIB:
        sys.exit(f"bench: a fleet needs {NEEDS_KIB >> 20} GiB of memory, {available_kib() >> 20} are left")
    nodes, shorter = (20, 0.5) if quick else (NODES, 1)
    text = captured(f"--metrics={','.join(LEVELS)}")
    for level in LEVELS:
        lines = lines_of_level(text, level)
        table.add(f"fleet, level {level}: series of a node", len(lines), "")
        table.add(f"fleet, level {level}: bytes of a series", sum(map(len, lines)) / max(len(lines), 1), "B")
    without_processes = without_levels(text, "process")
    only_groups = without_levels(text, "process", "container", "pod")
    rules = [os.path.join(os.path.realpath(ROOT), "deploy/prometheus/rules.yaml")]
    empty = heap_of_an_empty_one()

    def fleet(name, exposition, seconds, **more):
        measure(table, f"fleet of {nodes}, {name}", exposition, empty, seconds, nodes, **more)

    fleet("all levels", text, SECONDS * shorter, questions=questions_of("processes", "pods", "level"))
    fleet("no processes", without_processes, SECONDS * shorter, questions=questions_of("pods"))
    fleet("groups and rules", only_groups, SECONDS_WITH_RULES, rules=rules, questions=questions_of("level", "rule"))
