#!/usr/bin/env python3
"""Every query of the dashboards and every rule in a real Prometheus that scrapes a real exporter, on which pods, containers,
processes and a virtual machine run: all return data, and the figures are right. Runs as root:
queries_test.py BRAHE DASHBOARDS RULES MANUAL."""

import os
import re
import subprocess
import sys
import threading
import time
import unittest
import uuid
from http.server import BaseHTTPRequestHandler, HTTPServer

sys.path.insert(0, os.path.abspath("userspace/e2e"))
import fake_kube  # noqa: E402 (the path comes first)
import runner  # noqa: E402
from cgroups import Burner, remove_tree  # noqa: E402
from expressions import OTHERS, documented_metrics, load, metrics_of  # noqa: E402
from node import Node  # noqa: E402
from prometheus import Prometheus  # noqa: E402

BRAHE, DASHBOARDS, RULES, MANUAL = (os.path.abspath(sys.argv.pop(1)) for _ in range(4))
TREE = f"/brahe-test-{os.getpid()}"
ZONES = {"package": 60, "uncore": 40, "dram": 6}
MINUTE = 2  # seconds that a minute of the rules has here
REPLICA_SET = {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "web-5", "controller": True}
JOB = {"apiVersion": "batch/v1", "kind": "Job", "name": "sum-7", "controller": True}
OF_WEB = {"owners": [REPLICA_SET], "labels": {"pod-template-hash": "5"}}
OWNERS = {"web-5-a": OF_WEB, "web-5-b": OF_WEB, "sum-7-c": {"owners": [JOB]}}
POD_JOULES = "kepler_pod_cpu_joules_total"


class KubeStateMetrics:
    """Tells what owns these pods: {(namespace, pod): (kind, name)}."""

    def __init__(self, owners, more):
        lines = [
            f'kube_pod_owner{{namespace="{namespace}",pod="{pod}",owner_kind="{kind}",owner_name="{name}"}} 1\n'
            for (namespace, pod), (kind, name) in owners.items()
        ]
        body = "".join(lines + [line + "\n" for line in more]).encode()

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                fake_kube.reply(self, 200, body, **{"Content-Type": "text/plain; version=0.0.4"})

            def log_message(self, *unused):
                pass

        self._server = HTTPServer(("127.0.0.1", 0), Handler)
        self.port = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    def stop(self):
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def shortened(file, folder):
    """A copy of a file of rules in which a minute is short and the constants are set."""
    with open(f"{RULES}/{file}", encoding="utf-8") as rules:
        text = rules.read()
    text = re.sub(r"\b1m\b", f"{MINUTE}s", text).replace("/ 60\n", f"/ {MINUTE}\n")
    text = re.sub(r"(gco2e_per_kwh\n +expr: ).*", r"\1vector(500)", text)
    text = re.sub(r"(price:per_kwh\n +expr: ).*", r"\1vector(0.25)", text)
    path = f"{folder}/{file}"
    with open(path, "w", encoding="utf-8") as out:
        out.write(text)
    return path


class QueriesTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.kube = fake_kube.FakeKube()
        cls.addClassCleanup(cls.kube.stop)
        cls.addClassCleanup(remove_tree, TREE)
        cls.node = Node(
            BRAHE,
            "--cpu.time-source=bpf",
            "--kube.enable",
            "--kube.node-name=n1",
            f"--kube.kubelet.url={cls.kube.url}",
            "--kube.pod-informer.poll-interval=1s",
            "--monitor.interval=500ms",
            "--monitor.staleness=1ms",  # a scrape has the joules up to its own time
            "--monitor.max-terminated=-1",
            "--monitor.min-terminated-energy-threshold=0",
        )
        cls.addClassCleanup(cls.node.__exit__)
        exporter = cls.node.exporter
        exporter.first_scrape()
        cls.start_prometheus(cls.node.folder.name, exporter.port)
        cls.run_workloads()

    @classmethod
    def start_prometheus(cls, folder, port):
        owners = {
            ("shop", "web-5-a"): ("ReplicaSet", "web-5"), ("shop", "web-5-b"): ("ReplicaSet", "web-5"),
            ("night", "sum-7-c"): ("Job", "sum-7"),
        }
        state = KubeStateMetrics(owners, [
            'kube_replicaset_owner{namespace="shop",replicaset="web-5",owner_kind="Deployment",owner_name="web"} 1',
            'kube_job_owner{namespace="night",job_name="sum-7",owner_kind="CronJob",owner_name="sum"} 1',
            'kube_node_info{node="n1"} 1',
        ])
        cls.addClassCleanup(state.stop)
        in_cluster = {"relabel_configs": [{"target_label": "cluster", "replacement": "c1"}]}
        jobs = {"brahe": {"port": port, **in_cluster}, "kube-state-metrics": {"port": state.port, "honor_labels": True, **in_cluster}}
        files = [shortened(file, folder) for file in ("rules.yaml", "alerts.yaml")]
        cls.prometheus = Prometheus(folder, jobs, rule_files=files)
        cls.addClassCleanup(cls.prometheus.stop)
        cls.prometheus.wait(lambda: cls.prometheus.query("node:kepler_node_cpu_joules:increase1m"))

    @classmethod
    def run_workloads(cls):
        """Two pods that go on, one that has ended long before the end, a container of nobody's and a virtual machine."""
        names = (("shop", "web-5-a"), ("shop", "web-5-b"), ("night", "sum-7-c"), ("shop", "bare"))
        cls.pods = {name: str(uuid.uuid4()) for name in names}
        burners = {}
        for (namespace, name), uid in cls.pods.items():
            container = uuid.uuid4().hex * 2
            cls.kube.set(fake_kube.pod(uid, name, {"app": container}, namespace=namespace, **OWNERS.get(name, {})))
            burners[name] = Burner(f"{TREE}/kubepods/burstable/pod{uid}/{container}")
        burners["docker"] = Burner(f"{TREE}/docker/{uuid.uuid4().hex * 2}")
        options = "-accel tcg -m 16 -nodefaults -no-user-config -display none -name guest=brahe-test"
        qemu = subprocess.Popen(["qemu-system-x86_64", *options.split(), "-uuid", str(uuid.uuid4())], stdin=subprocess.DEVNULL)
        cls.addClassCleanup(qemu.wait)
        cls.addClassCleanup(qemu.kill)
        time.sleep(2.5)
        burners.pop("sum-7-c").end()
        time.sleep(3)
        cls.kube.fault = fake_kube.replies(500)  # so that there is a failure to show
        time.sleep(2)
        cls.kube.fault = None
        time.sleep(4)
        cls.prometheus.wait(cls.choose_instant)
        cls.answers = {query: cls.query(query) for query in cls.queries()}
        for burner in burners.values():
            burner.end()

    @classmethod
    def choose_instant(cls):
        """That of all queries of panels: the rules and the exporter had figures then. On a busy machine a scrape may fail."""
        cls.instant = time.time() - 1.5  # what began before has ended
        return cls.query('up{job="brahe"} == 1 and on () cluster:brahe_cost:increase1m')

    @classmethod
    def query(cls, expression):
        return cls.prometheus.query(expression, time=cls.instant)

    @classmethod
    def queries(cls):
        """All expressions of the panels, with their variables filled in."""
        cls.panels = []  # (where, panel, {reference: query})
        cls.variables = {}  # where -> what it offers
        for uid, one in load(DASHBOARDS).items():
            filled = cls.fill(uid, one["templating"]["list"])
            for panel in one["panels"]:
                expressions = {target["refId"]: filled(target["expr"]) for target in panel.get("targets", [])}
                cls.panels.append((f"{uid}: {panel['title']}", panel, expressions))
        return {query for _, _, expressions in cls.panels for query in expressions.values()}

    @classmethod
    def fill(cls, uid, variables):
        """How Grafana would write the queries of a dashboard with these variables."""
        values = {"__rate_interval": "10s", "__range": "30s"}

        def filled(text):
            return re.sub(r"\$(\w+)", lambda match: values[match.group(1)], text)

        for one in variables:
            if one["type"] != "query":
                continue
            found = cls.values_of(filled(one["query"]["query"]), one["regex"])
            cls.variables[f"{uid}: {one['name']}"] = found
            chosen = one["current"]["value"]
            values[one["name"]] = one["allValue"] if chosen == "$__all" else chosen or (sorted(found) or [""])[0]
        return filled

    @classmethod
    def values_of(cls, query, regex):
        """What a variable offers: texts by values."""
        listed = re.fullmatch(r"label_values\((.*), (\w+)\)", query)
        if listed:
            series, label = listed.groups()
            return {labels[label]: labels[label] for labels, _ in cls.query(f"group by ({label}) ({series})") if label in labels}
        (expression,) = re.fullmatch(r"query_result\((.*)\)", query).groups()
        python = re.compile(regex.strip("/").replace("(?<", "(?P<"))
        offered = {}
        for labels, value in cls.query(expression):
            shown = "{" + ",".join(f'{name}="{text}"' for name, text in sorted(labels.items())) + "} " + f"{value}"
            match = python.search(shown)
            if match:
                offered[match.group("value")] = match.group("text") or match.group("value")
        return offered

    def test_every_variable_offers_values(self):
        self.assertEqual([name for name, found in self.variables.items() if not found], [])
        self.assertIn("brahe-test", self.variables["brahe-vm: vm"].values())
        self.assertIn("app", self.variables["brahe-container: container"].values())
        self.assertEqual(set(self.variables["brahe-workload: kind"]), {"Deployment", "CronJob", "Pod"})

    def test_every_query_of_every_panel_returns_data(self):
        for where, _, expressions in self.panels:
            for reference, query in expressions.items():
                with self.subTest(where, reference=reference, query=query):
                    self.assertTrue([value for _, value in self.answers[query] if value == value])  # NaN is none
        print(f"{sum(len(expressions) for _, _, expressions in self.panels)} queries of {len(self.panels)} panels", flush=True)

    def test_every_label_that_a_panel_shows_is_in_its_data(self):
        for where, panel, expressions in self.panels:
            answers = {reference: self.answers[query] for reference, query in expressions.items()}
            labels = {reference: {label for has, _ in answer for label in has} for reference, answer in answers.items()}
            for target in panel.get("targets", []):
                for label in re.findall(r"\{\{(\w+)\}\}", target["legendFormat"]):
                    self.assertIn(label, labels[target["refId"]], where)
            for change in panel.get("transformations", []):
                renamed = change["options"].get("renameByName", {})
                shown = {label for label in renamed if not label.startswith("Value")}
                self.assertLessEqual(shown, set().union(*labels.values()), where)

    def test_every_rule_is_healthy_and_every_recording_rule_has_data(self):
        rules = self.prometheus.rules()
        self.assertEqual({rule["name"]: rule.get("lastError") for rule in rules if rule["health"] != "ok"}, {})
        records = [rule["name"] for rule in rules if rule["type"] == "recording"]
        self.assertGreater(len(records), 30)
        self.assertEqual([name for name in records if not self.prometheus.query(f"last_over_time({name}[1m])")], [])

    def test_metrics_are_those_that_the_exporter_has(self):
        documented, rules = documented_metrics(MANUAL), self.prometheus.rules()
        known = documented | OTHERS | {rule["name"] for rule in rules if rule["type"] == "recording"}
        asked = {query for _, _, expressions in self.panels for query in expressions.values()} | {rule["query"] for rule in rules}
        for query in asked:
            self.assertLessEqual(metrics_of(query), known, query)

    def test_the_power_of_the_cluster_is_that_of_its_sensors(self):
        """package and dram, for uncore is a part of package. Where a scrape failed, one moment has another's energy as well."""
        [(_, watts)] = self.query("avg_over_time(cluster:kepler_node_cpu_watts:avg1m[10s])")
        self.assertLess(abs(watts / (ZONES["package"] + ZONES["dram"]) - 1), 0.2)
        [query] = [e["A"] for where, _, e in self.panels if where == "brahe-overview: Power in the zone"]
        [(_, watts)] = self.answers[query]
        self.assertLess(abs(watts / ZONES["package"] - 1), 0.2)

    def test_the_minutes_of_the_cluster_are_all_that_its_sensors_showed(self):
        counters = 'node_zone:kepler_node_cpu_joules:max{zone=~"package|dram"}[10m]'
        [(_, shown)] = self.query(f"sum(max_over_time({counters})) - sum(min_over_time({counters}))")
        [(_, joules)] = self.query("sum(sum_over_time(cluster:kepler_node_cpu_joules:increase1m[10m]))")
        self.assertGreater(shown, 0)
        self.assertAlmostEqual(joules, shown, 5)

    def test_levels_add_up(self):
        self.settle()
        pods, nodes, kwh = (f"{record}:increase1m" for record in (
            "pod:kepler_pod_cpu_joules", "node:kepler_node_cpu_joules", "cluster:brahe_energy_kwh"))
        for record, parts, factor in (
            ("namespace:kepler_pod_cpu_joules:increase1m", pods, 1),
            ("owner:kepler_pod_cpu_joules:increase1m", pods, 1),
            ("cluster:kepler_pod_cpu_joules:increase1m", pods, 1),
            ("cluster:kepler_node_cpu_joules:increase1m", nodes, 1),
            ("cluster:kepler_node_cpu_joules:increase1m", kwh, 3.6e6),
            ("cluster:brahe_carbon_grams:increase1m", kwh, 500),
            ("cluster:brahe_cost:increase1m", kwh, 0.25),
        ):
            (_, whole), (_, sum_of_parts) = (
                self.prometheus.query(f"sum(sum_over_time({name}[1m]))")[0] for name in (record, parts))
            self.assertGreater(whole, 0)
            self.assertAlmostEqual(sum_of_parts * factor / whole, 1, 9, record)

    def settle(self):
        """Until the rules have seen the last of the pods, which have all ended."""
        quiet = f"count(pod_zone:kepler_pod_cpu_joules:increase1m == 0) == {len(self.pods) * len(ZONES)}"
        self.prometheus.wait(lambda: self.prometheus.query(quiet), 180)

    def test_the_minutes_of_a_pod_are_all_that_it_has_used_however_short_it_was(self):
        self.settle()
        scrape = self.node.exporter.scrape()
        for (namespace, name), uid in self.pods.items():
            for zone in ZONES:
                minutes = f'sum_over_time(pod_zone:kepler_pod_cpu_joules:increase1m{{pod_id="{uid}",zone="{zone}"}}[10m])'
                [(_, joules)] = self.prometheus.query(f"sum({minutes})")
                self.assertAlmostEqual(joules, float(scrape.one(POD_JOULES, pod_id=uid, zone=zone)), 5, f"{name}, {zone}")

    def test_owners_are_found_through_what_made_them(self):
        owners = {(has["owner_kind"], has["owner_name"]) for has, _ in self.prometheus.query(
            "last_over_time(owner:kepler_pod_cpu_joules:increase1m[10m])") if has.get("owner_name")}
        self.assertEqual(owners, {("Deployment", "web"), ("CronJob", "sum"), ("Pod", "bare")})


if __name__ == "__main__":
    runner.main()
