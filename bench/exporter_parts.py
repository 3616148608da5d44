"""What an exporter costs that has many processes to tell of: sleeping, active, and short-lived ones."""

import gzip
import json
import statistics
import subprocess
import sys
import time

import protobuf_families
from books_part import added_by_levels
from client_parts import bench_scrapers
from exposition import Exposition
from herd import Herd, Room
from node import Node
from programs import BRAHE, measuring

INTERVAL = 1.0
FLAGS = (f"--monitor.interval={INTERVAL}s", "--cpu.time-source=bpf")
# How often an active process runs: twice in every epoch, so that it surely does once.
ACTIVE_PERIOD_MS = 500
# By number of processes, the most that an epoch may cost.
SLEEPING_MS = {8000: 1.5, 50_000: 3}
ACTIVE_MS = {5000: 10}


class ReadyNode(Node):
    """Whose exporter has completed an epoch: what runs once before that is not listed until it runs again."""

    def __enter__(self):
        while self.exporter.get("/readyz")[0] != 200:
            time.sleep(0.1)
        return super().__enter__()


def settle(count):
    """Waits until the exporter has learnt who `count` new processes are."""
    time.sleep(3 * INTERVAL + count / 5000)


def cpu_per_epoch(exporter, quick):
    """The mean ms of CPU time of an epoch, while nobody scrapes."""
    before, begin = exporter.cpu_seconds(), time.monotonic()
    time.sleep((3 if quick else 16) * INTERVAL)
    return (exporter.cpu_seconds() - before) / ((time.monotonic() - begin) / INTERVAL) * 1e3


def check_listed(lines, count):
    """Ends the run if an exposition does not tell of so many processes: the figures would not be theirs."""
    listed = sum(line.startswith(b"kepler_process_cpu_seconds_total{") for line in lines)
    if listed < count:
        sys.exit(f"bench: only {listed} of {count} processes are listed")


def measure_scrapes(exporter, count, **headers):
    """Scrapes that each cut an epoch of their own, one after the other: (latencies, CPU seconds, last body)."""
    latencies, cpu, body = [], [], b""
    for _ in range(count):
        time.sleep(0.6)  # older than the staleness bound
        before, begin = exporter.cpu_seconds(), time.monotonic()
        _, body = exporter.get_bytes(**headers)
        latencies.append(time.monotonic() - begin)
        cpu.append(exporter.cpu_seconds() - before)
    return latencies, cpu, body


def measure_protobuf(exporter, count, rounds):
    """Scrapes in protocol buffers: (CPU seconds, the ratio of each to one of text just before, since a shared machine changes its
    pace, CPU seconds compressed)."""
    asked = {"Accept": protobuf_families.TYPE}
    cpu, ratios = [], []
    for _ in range(rounds):
        _, [text], _ = measure_scrapes(exporter, 1)
        _, [binary], body = measure_scrapes(exporter, 1, **asked)
        cpu.append(binary)
        ratios.append(binary / text)
    listed = protobuf_families.as_one_message(body).count(b"sleepers")
    if listed < count:
        sys.exit(f"bench: only {listed} samples in protocol buffers are of {count} processes")
    _, zipped_cpu, _ = measure_scrapes(exporter, rounds, **asked, **{"Accept-Encoding": "gzip"})
    return cpu, ratios, zipped_cpu


def bench_exporter(table, count, quick):
    """An exporter with `count` listed processes that sleep."""
    name, full = f"exporter, {count} processes", count >= 8000
    with Room(count), ReadyNode(BRAHE, *FLAGS) as node, Herd(measuring("sleepers"), count):
        exporter = node.exporter
        settle(count)
        used = cpu_per_epoch(exporter, quick)
        idle = exporter.memory_mib()  # nobody has scraped it yet
        exporter.peak_memory_mib(forget=True)
        rounds = 3 if quick else 15
        latencies, cpu, plain = measure_scrapes(exporter, rounds)
        plain_peak = exporter.peak_memory_mib(forget=True)
        _, zipped_cpu, zipped = measure_scrapes(exporter, rounds, **{"Accept-Encoding": "gzip"})
        zipped_peak = exporter.peak_memory_mib()
        binary_cpu, ratios, binary_zipped_cpu = measure_protobuf(exporter, count, rounds)
        lines = gzip.decompress(zipped).split(b"\n")
        check_listed(lines, count)
        table.add(f"{name}: series", sum(1 for line in lines if line and not line.startswith(b"#")), "")
        table.add(f"{name}: body", len(plain) / 1e6, "MB")
        table.add(f"{name}: body, gzip", len(zipped) / 1e6, "MB")
        table.add(f"{name}: CPU per epoch", used, "ms", SLEEPING_MS.get(count))
        table.add(f"{name}: CPU per scrape", statistics.median(cpu) * 1e3, "ms", 15 if full else None)
        table.add(f"{name}: CPU per scrape, gzip", statistics.median(zipped_cpu) * 1e3, "ms", 50 if full else None)
        table.add(f"{name}: CPU per scrape, protobuf", statistics.median(binary_cpu) * 1e3, "ms", 15 if full else None)
        table.add(f"{name}: CPU per scrape, protobuf / text", statistics.median(ratios), "x", 1 if full else None)
        table.add(
            f"{name}: CPU per scrape, protobuf and gzip",
            statistics.median(binary_zipped_cpu) * 1e3,
            "ms",
            50 if full else None,
        )
        table.add(f"{name}: scrape, median", statistics.median(latencies) * 1e3, "ms", 60 if full else None)
        table.add(f"{name}: RSS", idle, "MiB", 20 if full else None)
        table.add(f"{name}: RSS added by a scrape", plain_peak - idle, "MiB", 4 if full else None)
        table.add(f"{name}: RSS added by a scrape, gzip", zipped_peak - idle, "MiB", 4 if full else None)
        if full:
            bench_scrapers(table, name, exporter, quick)


def bench_crowd(table, count, quick):
    """An exporter with so many sleeping processes that only the cost of an epoch is of interest."""
    name = f"exporter, {count} processes"
    with Room(count), ReadyNode(BRAHE, *FLAGS) as node, Herd(measuring("sleepers"), count):
        settle(count)
        used, memory = cpu_per_epoch(node.exporter, quick), node.exporter.memory_mib()
        _, zipped = node.exporter.get_bytes(**{"Accept-Encoding": "gzip"})
        check_listed(gzip.decompress(zipped).split(b"\n"), count)
    table.add(f"{name}: CPU per epoch", used, "ms", SLEEPING_MS.get(count))
    table.add(f"{name}: RSS", memory, "MiB")


def seconds_of_active(body):
    """By pid, the CPU seconds that a scrape tells of bench/active."""
    samples = Exposition(body).all("kepler_process_cpu_seconds_total", comm="active")
    return {labels["pid"]: seconds for labels, seconds in samples}


def bench_active(table, count, quick):
    """An exporter with `count` processes that all run in every epoch."""
    name = f"exporter, {count} active"
    with Room(count), ReadyNode(BRAHE, *FLAGS) as node, Herd(measuring("active"), count, ACTIVE_PERIOD_MS):
        settle(count)
        used = cpu_per_epoch(node.exporter, quick)
        bodies = []
        for _ in range(2):  # each cuts an epoch of its own; they are read later, which takes seconds
            time.sleep(1.2 * INTERVAL)
            bodies.append(node.exporter.get()[1])
    before, after = map(seconds_of_active, bodies)
    ran = sum(before.get(pid, 0) < seconds for pid, seconds in after.items())
    table.add(f"{name}: CPU per epoch", used, "ms", ACTIVE_MS.get(count))
    more = added_by_levels(count, count, quick)
    table.add(f"{name}: added by 20 more levels of groups", more / used * 100, "%", 10)
    if ran < 0.99 * count:  # on a busy machine turns come late
        table.fail(f"{name}: all run in every epoch", f"{ran} of them did (the figures need a quiet machine)")


def bench_churn(table, quick):
    """Processes that start and end at once, 5,000 a second, under an exporter with its defaults."""
    rate, seconds = 5000, 12 if quick else 60
    with Node(BRAHE, "--cpu.time-source=bpf", "--monitor.staleness=1h") as node:  # only the interval cuts epochs
        exporter = node.exporter
        first = exporter.first_scrape()
        memory, unbalanced, malformed, entries, capacity = [exporter.memory_mib()], 0, 0, 0, 0
        before = exporter.cpu_seconds()
        churn = subprocess.Popen([measuring("churn"), str(seconds), str(rate)], stdout=subprocess.PIPE)
        while True:
            running = churn.poll() is None
            try:
                scrape = exporter.scrape()
            except ValueError as error:  # as a Prometheus would refuse it
                print(f"  {error}", file=sys.stderr)
                malformed += 1
                time.sleep(1)
                continue
            memory.append(exporter.memory_mib())
            entries = max(entries, scrape.one("brahe_bpf_map_entries", map="procs"))
            capacity = scrape.one("brahe_bpf_map_capacity", map="procs")
            listed = scrape.sum("kepler_process_cpu_joules_total", zone="package")
            unlisted = scrape.one("brahe_process_unlisted_joules_total", zone="package")
            unbalanced += listed + unlisted != scrape.one("kepler_node_cpu_active_joules_total", zone="package")
            if not running:
                break
            time.sleep(1)
        used = exporter.cpu_seconds() - before
    done = json.loads(churn.communicate()[0])
    if churn.returncode:
        sys.exit("bench: churn failed")

    def gained(series):
        return float(scrape.one(series) - first.one(series))

    name = f"churn, {rate} processes/s"
    table.add(f"{name}: started", done["started"] / done["seconds"], "/s")
    epochs = gained("brahe_epoch_duration_seconds_count")
    table.add(f"{name}: CPU per epoch, scrapes included", used / epochs * 1e3, "ms")
    table.add(f"{name}: RSS before", memory[0], "MiB")
    table.add(f"{name}: RSS after", memory[-1], "MiB")
    table.add(f"{name}: RSS, growth over the second half", memory[-1] - memory[len(memory) // 2], "MiB")
    table.add(f"{name}: map entries, most", float(entries), "")
    table.add(f"{name}: map capacity", float(capacity), "")
    # What fits no table is in it, and what was lost altogether.
    table.add(f"{name}: unassigned", gained("brahe_unassigned_cpu_seconds_total"), "s", 0)
    table.add(f"{name}: dropped events", gained("brahe_bpf_dropped_events_total"), "", 0)
    table.add(f"{name}: scrapes out of balance", unbalanced, "", 0)
    table.add(f"{name}: malformed scrapes", malformed, "", 0)
