"""A node with pods for an exporter to tell of."""

import os
import re
import shutil
import subprocess
import tempfile
import time

from cgroups import Cgroup, remove_tree
from fake_kube import FakeKube, owner, pod, write_kubeconfig
from herd import Room
from node import Node
from programs import BRAHE
from replay import GROUP, HEX, NODE, of_programs

PODS, PER_POD, OTHERS = 30, 6, 190  # processes: PODS * (PER_POD + 1) + OTHERS = 400
NAMESPACES = [f"team-{i}" for i in range(9)]
DAEMON_SETS = ["network", "logs", "metrics", "storage", "proxy"]
PROGRAMS = ["nginx", "postgres", "redis-server", "java", "python3", "node", "envoy", "worker", "api", "etcd", "gunicorn", "mysqld"]


class PopulatedNode:
    """PODS pods of two containers each, one of which only holds the namespaces, and processes beside them. Its exporter sees all
    of it begin, so that all of it is listed."""

    def __init__(self, *flags):
        self.folder = tempfile.TemporaryDirectory()
        self.tree = f"/brahe-fleet-{os.getpid()}"
        self.processes = []
        self.kube = FakeKube()
        kubeconfig = f"{self.folder.name}/kubeconfig"
        write_kubeconfig(kubeconfig, self.kube)
        self.node = Node(
            BRAHE,
            "--monitor.interval=1s",
            "--cpu.time-source=bpf",
            "--kube.enable",
            f"--kube.node-name={NODE}",
            "--kube.pod-informer.mode=apiserver",
            f"--kube.config={kubeconfig}",
            *flags,
            zones=("intel-rapl:0=package-0=60", "intel-rapl:0:1=dram=6"),
        )

    def __enter__(self):
        exporter = self.node.exporter
        exporter.first_scrape()
        for name in ["pause", *PROGRAMS]:
            shutil.copy(shutil.which("sleep"), f"{self.folder.name}/{name}")
        for i in range(PODS):
            self._start_pod(i)
        for i in range(OTHERS):
            self._start(PROGRAMS[i % len(PROGRAMS)])
        return self

    def __exit__(self, *unused):
        for process in self.processes:
            process.kill()
        for process in self.processes:
            process.wait()
        self.node.__exit__()
        self.kube.stop()
        remove_tree(self.tree)
        self.folder.cleanup()

    def exposition(self):
        """Once all pods have names, and all containers are listed."""
        deadline = time.monotonic() + 60
        while True:
            text = self.node.exporter.get()[1]
            pods = re.findall(rf'^kepler_pod_cpu_joules_total\{{.*pod_id="{HEX}.*pod_name="[^"].*zone="package"', text, re.MULTILINE)
            containers = re.findall(rf'^kepler_container_cpu_seconds_total\{{.*pod_id="{HEX}', text, re.MULTILINE)
            if (len(pods), len(containers)) == (PODS, 2 * PODS):
                return of_programs(text, self.folder.name)
            if time.monotonic() > deadline:
                found = f"{len(pods)} of {PODS} pods have names, {len(containers)} of {2 * PODS} containers are listed"
                raise RuntimeError(f"{found}:\n" + "".join(self.node.exporter.log[-5:]))
            time.sleep(1)

    def _start(self, program, cgroup=None):
        self.processes.append(
            subprocess.Popen(
                [f"{self.folder.name}/{program}", "100000"],
                preexec_fn=(lambda: cgroup.take(os.getpid())) if cgroup else None,
            )
        )

    def _start_pod(self, i):
        """Some are of a DaemonSet, which every node has, the others of a Deployment, which some nodes have."""
        uid, program = f"{HEX}-0000-4000-8000-{i:012x}", PROGRAMS[i % len(PROGRAMS)]
        if i < len(DAEMON_SETS):
            name, namespace, labels = f"{DAEMON_SETS[i]}-{HEX}", "kube-system", {}
            controller = owner("DaemonSet", DAEMON_SETS[i])
        else:
            deployment, namespace, labels = f"{program}-{i}-{GROUP}", NAMESPACES[i % len(NAMESPACES)], {"pod-template-hash": "6d4b75cb6d"}
            name, controller = f"{deployment}-6d4b75cb6d-{HEX}", owner("ReplicaSet", f"{deployment}-6d4b75cb6d")
        ids = {"pause": f"{HEX}{2 * i:056x}", program: f"{HEX}{2 * i + 1:056x}"}
        self.kube.set(pod(uid, name, {program: ids[program]}, namespace=namespace, node=NODE, owners=[controller], labels=labels))
        for what, count in (("pause", 1), (program, PER_POD)):
            cgroup = Cgroup(f"{self.tree}/kubepods/burstable/pod{uid}/{ids[what]}")
            cgroup.make()
            for _ in range(count):
                self._start(what, cgroup)


def captured(*flags):
    """The exposition of a PopulatedNode."""
    with Room(PODS * (PER_POD + 1) + OTHERS), PopulatedNode(*flags) as node:
        return node.exposition()
