#!/usr/bin/env python3
"""increase() in Prometheus against what short containers have used: short_containers.py BRAHE [--containers N] [--interval S]

Runs N containers of 1 to 20 s by runc on a driven node, every second of them in a pod of one of three namespaces, of which a
fake API server tells. They are scraped by two of Debian 12's Prometheus, default settings, and two of Prometheus 3 where
scripts/setup --tests has put one, one of them with start timestamps. Then prints, for each, the sums of increase() over the
run, up to the last scrape, of the containers, of their programs and of their namespaces, in percent of the joules that the
containers' CPU time cost by the cgroups' own books. Exits 1 if one is off by more than 3 % for containers or 1 % for programs
and namespaces, or if a Prometheus complains. Takes some minutes; needs root, and no other brahe.
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
import uuid
from collections import Counter

from certificates import Certificates
from cgroups import remove_tree
from fake_kube import FakeKube, pod, write_kubeconfig
from node import Node, cpus_of_zones, stolen_seconds
from prometheus import PROMETHEUS_3, Prometheus
from runc import RuncContainer, adopt_orphans

TREE = f"/brahe-show-{os.getpid()}"
PROGRAMS = TREE  # the folder of the containers' programs, so that nobody else's are called so
NAMESPACES = ("shop", "night", "lab")
WATTS = 60  # of the package zone that Node drives
SETTLING = 3  # scrapes after the last container
OURS = uuid.uuid4().hex  # what our containers' ids begin with; others may run on this machine
CONTAINERS = f'kepler_container_cpu_joules_total{{zone="package",container_id=~"{OURS}.*"}}'
OF_PROGRAMS = f'brahe_program_cpu_joules_total{{zone="package",program=~"{PROGRAMS}/.*"}}'
OF_NAMESPACE = 'brahe_namespace_cpu_joules_total{{zone="package",namespace="{}"}}'.format
COMPLAINT = re.compile(r"out.of.order|duplicate|same timestamp|too old|out of bounds", re.IGNORECASE)


class Run:
    """`count` containers, `at_once` of them at a time. `used`: by the kernel's books the CPU seconds of each namespace's, and
    under None of those in no pod. What runc uses in a container until it runs its program there counts as the program's."""

    def __init__(self, count, at_once, kube, cleanup):
        self.used = Counter()
        self._kube, self._cleanup = kube, cleanup
        self._places, self._lock = threading.Semaphore(at_once), threading.Lock()
        threads = [threading.Thread(target=self._one, args=(number,)) for number in range(count)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def _one(self, number):
        with self._places:
            namespace = NAMESPACES[number // 2 % len(NAMESPACES)] if number % 2 else None
            container = OURS + uuid.uuid4().hex
            if namespace:
                self._run_in_pod(container, namespace)
            else:
                self._run(f"{TREE}/docker/{container}", namespace)

    def _run_in_pod(self, container, namespace):
        uid = str(uuid.uuid4())
        self._kube.set(pod(uid, f"pod-{uid[:8]}", {"app": container}, namespace=namespace))
        self._run(f"{TREE}/kubepods/burstable/pod{uid}/{container}", namespace)
        self._kube.remove(uid)

    def _run(self, path, namespace):
        rounds = random.randint(1, 20) * 10
        sleep = f"{PROGRAMS}/sleep 0.08"  # by its name alone busybox would run /proc/self/exe
        work = f"t=0; while [ $t -lt {rounds} ]; do i=0; while [ $i -lt 12000 ]; do i=$((i+1)); done; {sleep}; t=$((t+1)); done"
        container = RuncContainer(self._cleanup.callback, path, work, programs=PROGRAMS)
        container.run()
        with self._lock:
            self.used[namespace] += container.cgroup.used()
        container.delete()


def charged_to_programs(scrape):
    """CPU seconds. What differs here from the cgroups' books was not lost or gained on the way to a query."""
    programs = scrape.all("brahe_program_cpu_seconds_total")
    return sum(seconds for labels, seconds in programs if labels["program"].startswith(f"{PROGRAMS}/"))


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
        folder = cleanup.enter_context(tempfile.TemporaryDirectory())
        certificates = Certificates(folder)
        kube = FakeKube(certificates.sign("server"))
        kube.token = "secret"
        cleanup.callback(kube.stop)
        write_kubeconfig(f"{folder}/kubeconfig", kube, certificates.ca)
        node = cleanup.enter_context(
            Node(
                os.path.abspath(options.brahe),
                "--cpu.time-source=bpf",
                "--monitor.max-terminated=-1",
                "--monitor.min-terminated-energy-threshold=0",
                "--metrics=node,container,program,namespace",
                "--kube.enable",
                "--kube.node-name=n1",
                "--kube.pod-informer.mode=apiserver",
                f"--kube.config={folder}/kubeconfig",
            )
        )
        node.exporter.first_scrape()
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
        stolen = stolen_seconds()
        used = Run(options.containers, options.at_once, kube, cleanup).used
        time.sleep(SETTLING * options.interval)
        cpu_seconds = [
            ("containers", CONTAINERS, sum(used.values()), 3),
            ("their programs", OF_PROGRAMS, sum(used.values()), 1),
            *((f"namespace {name}", OF_NAMESPACE(name), used[name], 1) for name in NAMESPACES),
        ]
        print(f"{time.time() - begin:.0f} s; {stolen_seconds() - stolen:.2f} CPU-s stolen", flush=True)
        charged = charged_to_programs(node.exporter.scrape())
        print(f"charged to their programs: {charged:.2f} CPU-s, by the cgroups' books: {sum(used.values()):.2f}", flush=True)
        good = True
        for name, server in servers.items():
            print(f"Prometheus {name}:")
            # At its last scrape: later, increase() adds what it expects to have come since.
            last = server.query("timestamp(up)")[0][1]
            window = int(last - begin) + 2 * options.interval
            for what, series, seconds_used, allowed in cpu_seconds:
                found = server.query(f"sum(increase({series}[{window}s]))", time=last)
                truth = seconds_used * WATTS / cpus_of_zones()
                good &= expect(f"  {what}", found[0][1] if found else 0, truth, allowed)
            with open(server.log.name) as log:
                for line in log:
                    if COMPLAINT.search(line):
                        good = False
                        print(f"  {line.rstrip()}")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
