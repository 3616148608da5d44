"""Many clients at once, good and bad; and what rendering alone costs."""

import http.client
import re
import subprocess
import threading
import time

from node import Node
from programs import BRAHE, run_json
from slow_clients import SlowClients


def late_epochs(first, last):
    """Of the epochs between two scrapes: (how many, how many of them were cut more than 100 ms late)."""

    def count(scrape, name, **labels):
        return int(scrape.one(f"brahe_epoch_delay_seconds_{name}", **labels))

    epochs = count(last, "count") - count(first, "count")
    in_time = count(last, "bucket", le="0.1") - count(first, "bucket", le="0.1")
    return epochs, epochs - in_time


def drain(port, seconds, headers, failures):
    """Scrapes over one connection for so long and throws the bodies away."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    end = time.monotonic() + seconds
    try:
        while time.monotonic() < end:
            connection.request("GET", "/metrics", headers=headers)
            response = connection.getresponse()
            if response.status != 200:
                failures.append(response.status)
            while response.read(1 << 20):
                pass
    except (OSError, http.client.HTTPException) as e:
        failures.append(e)
    finally:
        connection.close()


def bench_scrapers(table, name, exporter, quick):
    """Twenty scrapers at once, each of which asks again as soon as it has its answer."""
    first, failures = exporter.scrape(), []
    threads = [
        threading.Thread(target=drain, args=(exporter.port, 5 if quick else 20, {"Accept-Encoding": form}, failures))
        for form in ["gzip", "identity"] * 10
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    last = exporter.scrape()
    scrapes = last.one("brahe_scrapes_total") - first.one("brahe_scrapes_total") - 1
    epochs, late = late_epochs(first, last)
    table.add(f"{name}, 20 scrapers: scrapes", float(scrapes), "")
    table.add(f"{name}, 20 scrapers: failed", len(failures), "", 0)
    table.add(f"{name}, 20 scrapers: epochs that were due", epochs, "")
    table.add(f"{name}, 20 scrapers: of which later than 100 ms", late, "", 0)


def run_wrk(port, clients, seconds):
    """(requests, errors of any kind) of so many clients that ask again at once."""
    report = subprocess.run(
        ["wrk", "-t2", f"-c{clients}", f"-d{seconds}s", "--timeout=10s", f"http://127.0.0.1:{port}/metrics"],
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    ).stdout
    errors = re.search(r"Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)", report)
    refused = re.search(r"Non-2xx or 3xx responses: (\d+)", report)
    return (
        int(re.search(r"(\d+) requests in", report).group(1)),
        sum(map(int, errors.groups() if errors else ())) + (int(refused.group(1)) if refused else 0),
    )


def bench_load(table, slow, quick):
    """200 clients for half a minute, next to `slow` ones that never finish their requests."""
    name = f"load, 200 clients and {slow} slow ones"
    seconds = 6 if quick else 30
    with Node(BRAHE, "--monitor.interval=1s", "--cpu.time-source=bpf") as node:
        exporter = node.exporter
        exporter.first_scrape()
        with SlowClients(exporter.port, slow) as clients:
            run_wrk(exporter.port, 200, seconds)  # what is allocated then stays
            before, first = exporter.memory_mib(), exporter.scrape()
            requests, errors = run_wrk(exporter.port, 200, seconds)
            last, after = exporter.scrape(), exporter.memory_mib()
            reconnections = clients.reconnections
        epochs, late = late_epochs(first, last)
    table.add(f"{name}: requests a second", requests / seconds, "")
    table.add(f"{name}: errors", errors, "", 0)
    table.add(f"{name}: slow clients that came back", reconnections, "")
    table.add(f"{name}: epochs that were due", epochs, "")
    table.add(f"{name}: of which later than 100 ms", late, "", 0)
    table.add(f"{name}: RSS before", before, "MiB")
    table.add(f"{name}: RSS growth", after - before, "MiB", 1)


def bench_render(table, quick):
    """The CPU time of rendering alone, by our renderer and by prometheus-cpp's."""
    figures = run_json("render", 8000, 3 if quick else 15)
    forms = ("text", "news", "openmetrics", "created", "protobuf", "gzip", "protobuf_gzip", "prometheus_cpp")
    for form in forms:
        table.add(f"render, 8000 processes: {form}", figures[f"{form}_ms"], "ms")
    table.add("render, 8000 processes: protobuf / text", figures["protobuf_ms"] / figures["text_ms"], "x", 1.05)
    table.add("render, 8000 processes: prometheus_cpp / text", figures["prometheus_cpp_ms"] / figures["text_ms"], "x")
