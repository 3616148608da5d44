#!/usr/bin/env python3
"""What the documents of this project name is there: docs_test.py BRAHE [CASE], as root. Reads the tree that this is in.

Fenced blocks whose second word is "here" are run beside an exporter that counts from /proc; "host" and "make" are
getting_started_test.py's. The commands of docs/kubernetes.md are run on a cluster, by its own test."""

import glob
import os
import re
import subprocess
import sys
import tempfile
import unittest

import yaml

HERE = os.path.dirname(os.path.realpath(__file__))
ROOT = os.path.dirname(HERE)
sys.path[:0] = [HERE, os.path.join(ROOT, "userspace/e2e")]
# The paths come first.
import markdown  # noqa: E402
import runner  # noqa: E402

BRAHE = os.path.abspath(sys.argv.pop(1))
MARKS = {"", "here", "host", "make"}
TOP = ("bench", "bpf", "cluster", "deploy", "docs", "kernel_matrix", "scripts", "testdata", "third_party", "userspace", ".ci")
# Flags of other programs that the documents name. A program that is not here has none.
OTHERS = {
    "bazel": {"--config", "--test_env", "--test_tag_filters"},
    "curl": {"--cacert", "--cert", "--key"},
    "ctr": {"--namespace", "--rm", "--net-host", "--read-only", "--cap-drop", "--cap-add", "--mount"},
    "helm": {"--namespace", "--create-namespace", "--set"},
    "kubectl": {"--raw", "--timeout", "--type", "--from", "--from-file", "--previous", "--cascade"},
    "Prometheus": {"--enable-feature"},
    "podman": {
        "--input", "--rm", "--network", "--read-only", "--security-opt", "--cap-drop", "--cap-add", "--device", "--volume",
    },
    "docker": {"--cgroup-parent"},
    "VirtualBox": {"--startvm", "--comment"},
    "VBoxHeadless": {"--startvm", "--comment"},
    "cloud-hypervisor": {"--platform"},
    "firecracker": {"--id"},
    "crosvm": {"--name"},
    "Scaphandre": {"--containers"},
    "sha256sum": {"--check"},
    "systemctl": {"--now"},
    "systemd-run": {"--unit"},
    "userspace/e2e/refuse": {"--program"},
    "fit_energy_model": {"--check"},
}
# Before 0.10; docs/migrating.md says what became of it.
OLD_METRICS = {"kepler_container_joules_total"}
# OpenTelemetry's, and values of the chart, which look like settings.
CONVENTIONS = {"host.arch", "host.name", "state.enabled", "state.hostPath"}
PEERS = re.compile(r"\b(?:scaph|ceems)_\w+")
METRIC = re.compile(r"(?<![\w:./-])((?:kepler|brahe|process)_[a-z0-9_]+)(?![\w:(/.]|\*\.)")


def documents():
    found = glob.glob(f"{ROOT}/*.md") + [
        path for top in TOP for path in glob.glob(f"{ROOT}/{top}/**/*.md", recursive=True)
    ]
    return {os.path.relpath(path, ROOT): markdown.read(path) for path in sorted(found)}


def output(*command, **options):
    streams = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    return subprocess.run(command, timeout=60, **streams, **options)


class DocumentsTest(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.documents = documents()
        assert len(cls.documents) > 15, cls.documents.keys()

    def setUp(self):
        self.faults = []

    def expect(self, holds, fault):
        """Goes on, so that a run names all faults."""
        if not holds:
            self.faults.append(fault)

    def tearDown(self):
        self.assertEqual("\n".join(self.faults), "")


class NamesTest(DocumentsTest):
    def test_links_and_their_anchors_lead_somewhere(self):
        for path, text in self.documents.items():
            for link in markdown.links(text):
                if re.match(r"https?:|mailto:", link):
                    continue
                name, _, anchor = link.partition("#")
                target = os.path.normpath(os.path.join(os.path.dirname(path), name)) if name else path
                self.expect(os.path.exists(os.path.join(ROOT, target)), f"{path}: {link}")
                if anchor and target in self.documents:
                    self.expect(anchor in markdown.anchors(self.documents[target]), f"{path}: {link}")

    def test_each_document_can_be_reached_from_the_readme(self):
        reached, todo = set(), ["README.md"]
        while todo:
            path = todo.pop()
            if path in reached or path not in self.documents:
                continue
            reached.add(path)
            names = [link.partition("#")[0] for link in markdown.links(self.documents[path])]
            todo += [os.path.normpath(os.path.join(os.path.dirname(path), name)) for name in names if name]
        self.assertEqual({path for path in self.documents if not path.startswith("testdata")} - reached, set())

    def test_paths_of_the_project_exist(self):
        path_of_ours = re.compile(rf"(?:\./)?((?:{'|'.join(map(re.escape, TOP))})/[\w./*{{}},-]*)")
        for document, text in self.documents.items():
            words = " ".join([*markdown.code_spans(text), *(block.text for block in markdown.blocks(text))]).split()
            for word in words:
                found = path_of_ours.fullmatch(word.strip("`'\"(),:;"))
                if found and "..." not in word:
                    self.expect(glob.glob(os.path.join(ROOT, found.group(1).rstrip("."))), f"{document}: {word}")

    def test_metrics_are_those_of_the_reference(self):
        known = set(re.findall(r"^\| `([a-z_]+)` \|", self.documents["docs/metrics.md"], re.MULTILINE))
        for path, text in self.documents.items():
            for name in set(METRIC.findall(text)):
                if name.endswith("_"):  # the beginning of several
                    self.expect(any(one.startswith(name) for one in known), f"{path}: {name}")
                elif not (path == "docs/migrating.md" and name in OLD_METRICS):
                    base = re.sub(r"_(bucket|sum|count)$", "", name)
                    self.expect({name, base} & known, f"{path}: {name}")
            if path != "docs/migrating.md":
                self.expect(not PEERS.findall(text), f"{path}: {PEERS.findall(text)}")

    def test_keys_of_the_configuration_in_prose_exist(self):
        known = self.keys()
        sections = {key.partition(".")[0] for key in known}
        for path, text in self.documents.items():
            for span in markdown.code_spans(text):
                key = re.match(r"(?:config\.)?([a-z]+)\.[a-zA-Z][\w.-]*", span)  # the chart has them below config
                if span in CONVENTIONS:
                    continue
                if key and key.group(1) in sections and not re.search(r"\.(cc|h|py|md|yaml|service|socket)\b", span):
                    name = key.group().removeprefix("config.").rstrip(".")
                    self.expect(name in known or any(k.startswith(name + ".") for k in known), f"{path}: {span}")

    def keys(self):
        keys = set(re.findall(r"^\| `([\w.-]+)` \|", self.documents["docs/configuration.md"], re.MULTILINE))
        self.assertGreater(len(keys), 30)
        return keys


class FlagsTest(DocumentsTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        helps = [output(BRAHE, *command, "--help").stdout for command in ([], ["run"], ["check"], ["top"], ["state"])]
        stated = "".join(helps) + cls.documents["docs/configuration.md"]
        cls.ours = set()
        for no, name in re.findall(r"--(\[no-\])?([a-z][\w.-]*)", stated):
            cls.ours |= {f"--{name}", f"--no-{name}"} if no else {f"--{name}"}
        assert len(cls.ours) > 40, cls.ours

    def test_flags_are_the_exporters_or_those_of_a_program_named_beside_them(self):
        for path, text in self.documents.items():
            for part in re.split(r"\n\s*\n|\n(?=[|-] )|\n(?=```)", text):
                for flag in re.findall(r"(?<![\w<!-])--[a-z][\w.-]*", part):
                    flag = flag.rstrip(".")
                    self.expect(self.known(flag, part), f"{path}: {flag}")

    def known(self, flag, part):
        if flag in self.ours:
            return True
        if any(flag in flags and re.search(rf"\b{program}\b", part) for program, flags in OTHERS.items()):
            return True
        scripts = re.findall(r"\b(?:scripts|deploy|bench|docs)/[\w./-]*\w", part)
        paths = [os.path.join(ROOT, script) for script in scripts]
        return any(flag in markdown.read(path) for path in paths if os.path.isfile(path))


class YamlTest(DocumentsTest):
    def test_blocks_of_settings_are_taken_as_they_stand(self):
        checked = dict.fromkeys(("chart", "prometheus", "web", "brahe", "collector", "bmcs"), 0)
        for path, text in self.documents.items():
            for block in markdown.blocks(text):
                of_kubernetes = re.search(r"^(apiVersion|resources|patches):", block.text, re.MULTILINE)
                if block.language == "yaml" and not of_kubernetes:
                    checked[self.check(f"{path}:{block.line}", block.text)] += 1
        self.assertGreater(checked["web"], 2)
        self.assertGreater(checked["brahe"], 0)

    def check(self, where, text):
        if where.startswith("deploy/helm/"):
            values = markdown.read(f"{ROOT}/deploy/helm/brahe/values.yaml")
            for key in re.findall(r"^(\w+):", text, re.MULTILINE):
                self.expect(re.search(rf"^{key}:", values, re.MULTILINE), f"{where}: {key}")
            return "chart"
        if re.match(r"(scrape_configs|rule_files|global):", text):
            with tempfile.NamedTemporaryFile("w", suffix=".yml") as file:
                file.write(text)
                file.flush()
                run = output("promtool", "check", "config", "--syntax-only", file.name)
            self.assertEqual(run.returncode, 0, f"{where}: {run.stdout}")
            return "prometheus"
        if re.match(r"(tls_server_config|http_server_config|basic_auth_users|rate_limit):", text):
            reference = self.documents["docs/web-configuration.md"]
            for key in re.findall(r"^ *([\w-]+):", text, re.MULTILINE):
                within = key in ("prometheus",) or re.search(rf"^\| `(?:[\w-]+\.)*{key}` \|", reference, re.MULTILINE)
                self.expect(within, f"{where}: {key}")
            return "web"
        if text.startswith("nodes:"):
            bmcs = yaml.safe_load(text)
            self.expect(set(bmcs["nodes"].values()) <= set(bmcs["bmcs"]), f"{where}: {bmcs['nodes']}")
            for key in {key for bmc in bmcs["bmcs"].values() for key in bmc}:
                rows = re.findall(r"^\| (`.+?`) \|", self.documents["docs/redfish.md"], re.MULTILINE)
                self.expect(any(f"`{key}`" in row for row in rows), f"{where}: {key}")
            return "bmcs"
        if text.startswith("receivers:"):
            collector = yaml.safe_load(text)
            for pipeline in collector["service"]["pipelines"].values():
                for kind in ("receivers", "exporters"):
                    self.expect(set(pipeline[kind]) <= set(collector[kind]), f"{where}: {pipeline}")
            return "collector"
        with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
            file.write(text)
            file.flush()
            # What is taken comes to the file of TLS, which is not there.
            flags = (f"--config.file={file.name}", "--config.strict", "--cpu.time-source=procfs", "--no-kube.enable")
            said = output(BRAHE, *flags, "--web.config-file=/nonexistent/web.yml").stdout
            self.expect("/nonexistent/web.yml" in said.splitlines()[-1], f"{where}: {said}")
        return "brahe"


class MessagesTest(DocumentsTest):
    """The table of messages, against the texts of the sources."""

    def test_each_message_is_one_of_the_programs(self):
        text = self.documents["docs/operations.md"]
        rows = re.findall(r"^\| `(.+?)` \| (info|warning|error) \| \S", text, re.MULTILINE)
        self.assertGreater(len(rows), 15)
        texts = self.texts()
        for message, _ in rows:
            pieces = [piece.strip() for piece in message.split("...") if piece.strip()]
            self.expect(pieces, message)
            for piece in pieces:
                self.expect(piece in texts, f"{message}: {piece}")

    @staticmethod
    def texts():
        """All literals of the product, those that stand beside each other as one."""
        found = []
        for path in glob.glob(f"{ROOT}/userspace/**/*.cc", recursive=True):
            if not path.endswith("_test.cc"):
                joined = re.sub(r'(?<!\\)"\s*(?:<<|\+)?\s*"', "", markdown.read(path))
                found += re.findall(r'"((?:[^"\\\n]|\\.)*)"', joined)
        return "\n".join(found).replace('\\"', '"')


class CardinalityTest(DocumentsTest):
    """The tables of docs/operations.md follow from its formula and from docs/metrics.md."""

    ZONES, SOCKETS, CPUS, CONTAINERS, PODS = 2, 2, 64, 60, 30
    GROUPS = {"namespace": 10, "owner": 30, "program": 40}

    def test_the_formula_has_as_many_series_a_workload_as_the_reference(self):
        text = self.documents["docs/metrics.md"]
        rows = re.findall(r"^\| `(?:kepler|brahe)_(\w+?)_cpu_\w+` \| \w+ \| (.*?) \|", text, re.MULTILINE)
        groups = ("namespace", "owner", "program", "unit", "user", "job")
        expectations = {"process": (2, 1), "container": (2, 1), "vm": (2, 0), "pod": (2, 0), **dict.fromkeys(groups, (2, 1))}
        for level, expected in expectations.items():
            labels = [set(row[1].split(", ")) for row in rows if row[0] == level]
            with_zone = sum("zone" in one for one in labels)
            self.assertEqual((with_zone, len(labels) - with_zone), expected, level)

    def test_the_table_is_what_the_formula_gives(self):
        text = self.documents["docs/operations.md"]
        rows = re.findall(r"^\| (memory|disk, samples|disk, index).*?\| ([\d.]+) \| ([\d.]+) \|$", text, re.MULTILINE)
        measured = {what: (float(asleep), float(awake)) for what, asleep, awake in rows}
        (_, heap), (sleeping, running), (_, index) = (measured[name] for name in ("memory", "disk, samples", "disk, index"))
        sample = round(0.8 * sleeping + 0.2 * running, 2)
        said = f"0.8 x {sleeping:.2f} + 0.2 x {running:.2f} = {sample} bytes"
        self.expect(said in " ".join(text.split()), said)
        disk = 15 * (5760 * sample + 12 * index)
        for nodes in (1, 10, 100, 1000, 10000):
            cells = [f"{nodes:,}"]
            for processes in (400, 0, 20):
                series = nodes * self.series(processes)
                cells += [f"{series:,}", self.size(series * 2 * heap), self.size(series * disk)]
            row = f"| {' | '.join(cells)} |"
            self.expect(row in text, row)

    def test_the_formula_is_the_one_that_the_tables_follow(self):
        said = (
            "150 + CPUs + 7 Z + 6 Z S + (2 Z + 1) (processes + containers + groups) + 2 Z (virtual machines + pods)"
        )
        self.assertIn(f"\nseries = {said}\n", self.documents["docs/operations.md"])

    def series(self, processes):
        z, s = self.ZONES, self.SOCKETS
        workloads = processes + self.CONTAINERS + sum(self.GROUPS.values())
        return 150 + self.CPUS + 7 * z + 6 * z * s + (2 * z + 1) * workloads + 2 * z * self.PODS

    @staticmethod
    def size(size):
        unit = next(unit for unit in ("MB", "GB", "TB") if size < {"MB": 1e9, "GB": 1e12, "TB": 1e15}[unit])
        return f"{size / {'MB': 1e6, 'GB': 1e9, 'TB': 1e12}[unit]:.3g} {unit}"


class ScaleTest(DocumentsTest):
    """The tables of docs/scale.md follow from what a node has, from the bytes of a series that it names, and from the figures of
    docs/operations.md."""

    FLEETS = (10, 1000, 10000)
    INTERVAL = 15
    ZONES, SOCKETS, CPUS = CardinalityTest.ZONES, CardinalityTest.SOCKETS, CardinalityTest.CPUS
    # What a node has at each level, and the series of each: figures by zone, and without.
    MEMBERS = {
        "process": (400, 2, 1),
        "container": (CardinalityTest.CONTAINERS, 2, 1),
        "pod": (CardinalityTest.PODS, 2, 0),
        **{level: (members, 2, 1) for level, members in CardinalityTest.GROUPS.items()},
    }
    GROUPS = tuple(CardinalityTest.GROUPS)
    CHOICES = {
        "all of these": tuple(MEMBERS),
        "no processes": ("container", "pod", *GROUPS),
        "groups": GROUPS,
        "pods": ("pod",),
        "the node alone": (),
    }

    def test_the_table_is_what_the_formula_gives(self):
        """By level: series, samples a second and bytes a second."""
        text = self.documents["docs/scale.md"]
        for level in ("node", *self.MEMBERS):
            found = re.search(rf"^\| `{level}`.*? \| ?[\d,]* \| ([\d,]+) \| (\d+) \|", text, re.MULTILINE)
            self.expect(found, level)
            if found:
                row = self.row_of_level(level, int(found[2]))
                self.expect(row in text, row)

    def test_memory_and_disk_are_those_of_the_series(self):
        text, operations = self.documents["docs/scale.md"], self.documents["docs/operations.md"]
        heap = float(re.search(r"^\| memory.*\| ([\d.]+) \|$", operations, re.MULTILINE)[1])
        index = float(re.search(r"^\| disk, index.*\| ([\d.]+) \|$", operations, re.MULTILINE)[1])
        sample = float(re.search(r"= ([\d.]+) bytes", " ".join(operations.split()))[1])
        for choice, levels in self.CHOICES.items():
            series = sum(map(self.series_of, ("node", *levels)))
            cells = [choice, f"{series:,}"]
            for nodes in self.FLEETS:
                day = 86400 / self.INTERVAL * sample + 12 * index
                memory, disk = (CardinalityTest.size(nodes * series * each) for each in (2 * heap, day))
                cells.append(f"{memory}, {disk}")
            row = f"| {' | '.join(cells)} |"
            self.expect(row in text, row)

    def series_of(self, level):
        if level == "node":
            return 150 + self.CPUS + 7 * self.ZONES + 6 * self.ZONES * self.SOCKETS
        members, by_zone, others = self.MEMBERS[level]
        return members * (by_zone * self.ZONES + others)

    def row_of_level(self, level, size):
        series, members = self.series_of(level), self.MEMBERS.get(level, ("",))[0]
        name = "`node` and the exporter itself" if level == "node" else f"`{level}`"
        cells = [name, str(members), f"{series:,}", str(size)]
        for nodes in self.FLEETS:
            a_second = nodes * series / self.INTERVAL
            cells.append(f"{nodes * series:,}; {a_second:,.0f}; {self.rate(a_second * size)}")
        return f"| {' | '.join(cells)} |".replace("|  |", "| |")

    @staticmethod
    def rate(size):
        unit = next(unit for unit in ("kB", "MB", "GB") if size < {"kB": 1e6, "MB": 1e9, "GB": 1e12}[unit])
        return f"{size / {'kB': 1e3, 'MB': 1e6, 'GB': 1e9}[unit]:.3g} {unit}"


class PicturesTest(unittest.TestCase):
    FOLDER = os.path.join(HERE, "pictures")

    @staticmethod
    def words(line):
        return re.findall(r"[A-Za-z+-]+", line)

    def test_each_is_made_by_the_script_and_shown_by_a_document(self):
        with open(os.path.join(self.FOLDER, "draw")) as script:
            made = set(re.findall(r'"([\w-]+\.(?:svg|png))":', script.read()))
        there = {name for name in os.listdir(self.FOLDER) if name.endswith((".svg", ".png"))}
        self.assertEqual(there, made)
        texts = documents().values()
        for name in made:
            self.assertTrue(any(f"pictures/{name}" in text for text in texts), name)

    def test_terminals_show_what_the_program_writes_today(self):
        def lines(name):
            with open(os.path.join(self.FOLDER, name)) as picture:
                return re.findall(r"<text[^>]*>(.*?)</text>", picture.read().replace("\xa0", " "))

        with open(os.path.join(ROOT, "userspace/top/testdata/processes_80x24.txt")) as screen:
            head = screen.read().splitlines()[1]
        self.assertIn(self.words(head), [self.words(line) for line in lines("top.svg")])
        with open(os.path.join(HERE, "run.md")) as manual:
            head = next(line for line in manual if line.startswith("  zone  "))
        self.assertIn(self.words(head), [self.words(line) for line in lines("run.svg")])

class CommandsTest(DocumentsTest):
    def test_the_marks_of_blocks_are_known(self):
        for path, text in self.documents.items():
            for block in markdown.blocks(text):
                self.expect(block.mark in MARKS, f"{path}:{block.line}: {block.mark}")

    def test_commands_that_can_run_here_do(self):
        # In a network of their own, so that the port is free.
        start = (
            "ip link set lo up; PATH=$1:$PATH; brahe --cpu.time-source=procfs --cpu.preferred-meters=model "
            "--monitor.interval=1s 2>log & exporter=$!; trap 'kill $exporter; wait $exporter' EXIT; "
            "until curl -sf localhost:28282/readyz >/dev/null; do sleep 0.1; kill -0 $exporter; done; "
        )
        for path, text in self.documents.items():
            for block in markdown.marked(text, "here"):
                with tempfile.TemporaryDirectory() as folder:
                    os.symlink(BRAHE, f"{folder}/brahe")
                    script = start + f"\n( set -euo pipefail\n{block.text}\n)"
                    run = output("timeout", "30", "unshare", "--net", "bash", "-c", script, "bash", folder, cwd=folder)
                self.expect(run.returncode == 0 and run.stdout, f"{path}:{block.line}: {run.returncode}: {run.stdout}")


if __name__ == "__main__":
    runner.main()
