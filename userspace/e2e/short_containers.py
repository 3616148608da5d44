#!/usr/bin/env python3
"""increase() in Prometheus against what short containers have used: short_containers.py BRAHE [--containers N] [--interval S]

Runs N containers of 1 to 20 s by runc on a driven node, scraped by two of Debian 12's Prometheus, default settings, and two
of Prometheus 3 where scripts/setup --tests has put one, one of them with start timestamps. Then prints, for each, the sums of
increase() over the run, in percent of the joules that the containers' CPU time cost by the cgroups' own books, and that the
programs' counters rose by. Exits 1 if one is off by more than 3 % for containers or 1 % for programs, or if a Prometheus
complains. Takes some minutes; needs root, and no other brahe.
"""

import argparse
import contextlib
import os
import random
import re
import sys
import tempfile
import threading
import time

from cgroups import remove_tree
from node import Node, cpus_of_zones
from prometheus import PROMETHEUS_3, Prometheus
from runc import RuncContainer, adopt_orphans, new_id

TREE = f"/brahe-show-{os.getpid()}"
WATTS = 60  # of the package zone that Node drives
SETTLING = 3  # scrapes after the last container
CONTAINERS, PROGRAMS = "kepler_container_cpu_joules_total", "brahe_program_cpu_joules_total"
OF_CONTAINERS = ".*/(sh|sleep|busybox)"
COMPLAINT = re.compile(r"out.of.order|duplicate|same timestamp|too old|out of bounds", re.IGNORECASE)


def run_containers(count, at_once, cleanup):
    """Their CPU seconds by the kernel's books."""
    used, places, lock = [], threading.Semaphore(at_once), threading.Lock()

    def run(seconds):
        with places:
            work = f"t=0; while [ $t -lt {seconds * 10} ]; do i=0; while [ $i -lt 6000 ]; do i=$((i+1)); done; sleep 0.08; t=$((t+1)); done"
            container = RuncContainer(cleanup.callback, f"{TREE}/docker/{new_id()}", work)
            container.run()
            with lock:
                used.append(container.cgroup.used())
            container.delete()

    threads = [threading.Thread(target=run, args=(random.randint(1, 20),)) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(used)


def programs_of(scrape):
    """Joules of the containers' programs."""
    return sum(
        float(value) for has, value in scrape.all(PROGRAMS, zone="package") if re.fullmatch(OF_CONTAINERS, has["program"])
    )


def expect(name, value, truth, allowed):
    error = (value / truth - 1) * 100
    print(f"{name}: {value:.2f} of {truth:.2f} J, {error:+.2f} % (allowed: {allowed} %)", flush=True)
    return abs(error) <= allowed


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("brahe")
    parser.add_argument("--containers", type=int, default=200)
    parser.add_argument("--interval", type=int, default=15, help="seconds between two scrapes")
    parser.add_argument("--at-once", type=int, default=8, help="containers that run at the same time")
    options = parser.parse_args()
    adopt_orphans()
    with contextlib.ExitStack() as cleanup:
        cleanup.callback(remove_tree, TREE)
        node = cleanup.enter_context(
            Node(
                os.path.abspath(options.brahe),
                "--cpu.time-source=bpf",
                "--monitor.max-terminated=-1",
                "--monitor.min-terminated-energy-threshold=0",
                "--metrics=node,container,program",
            )
        )
        before = node.exporter.first_scrape()
        servers = {}
        kinds = {"2.42": {}, "2.42, the other": {}}
        if PROMETHEUS_3:
            created = "--enable-feature=created-timestamp-zero-ingestion"
            kinds |= {"3": {"binary": PROMETHEUS_3}, "3, start timestamps": {"binary": PROMETHEUS_3, "flags": [created]}}
        seconds = f"{options.interval}s"
        for name, more in kinds.items():
            folder = cleanup.enter_context(tempfile.TemporaryDirectory())
            job = {"port": node.exporter.port, "scrape_interval": seconds, "scrape_timeout": f"{min(10, options.interval)}s"}
            servers[name] = Prometheus(folder, {"node": job}, **more)
            cleanup.callback(servers[name].stop)
        for server in servers.values():
            server.wait(lambda server=server: server.query("count_over_time(up[1h]) > 1"), seconds=10 * options.interval)
        begin = time.time()
        before = node.exporter.scrape()
        used = run_containers(options.containers, options.at_once, cleanup)
        time.sleep(SETTLING * options.interval)
        after = node.exporter.scrape()
        truth = used * WATTS / cpus_of_zones()
        program = programs_of(after) - programs_of(before)
        good = True
        window = int(time.time() - begin) + 2 * options.interval
        for name, server in servers.items():
            print(f"Prometheus {name}:")
            container = server.query(f'sum(increase({CONTAINERS}{{zone="package"}}[{window}s]))')
            good &= expect("  containers", container[0][1] if container else 0, truth, 3)
            sums = server.query(f'sum(increase({PROGRAMS}{{zone="package",program=~"{OF_CONTAINERS}"}}[{window}s]))')
            good &= expect("  their programs", sums[0][1] if sums else 0, program, 1)
            with open(server.log.name) as log:
                for line in log:
                    if COMPLAINT.search(line):
                        good = False
                        print(f"  {line.rstrip()}")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
