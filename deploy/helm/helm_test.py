#!/usr/bin/env python3
"""The chart, rendered by the real Helm of two major versions: helm_test.py BRAHE CONFIGURATION KEPLERS_VALUES [CASE].
CONFIGURATION is docs/configuration.md. What a cluster says to its objects is seen in deploy/kubernetes."""

import concurrent.futures
import copy
import functools
import glob
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import unittest

import yaml

sys.path.insert(0, os.path.abspath("userspace/e2e"))
# The path comes first.
from certificates import Certificates  # noqa: E402
import document  # noqa: E402
import helm  # noqa: E402
from node import ExporterProcess  # noqa: E402
import runner  # noqa: E402

BRAHE, CONFIGURATION, KEPLERS = (os.path.abspath(sys.argv.pop(1)) for _ in range(3))
DEPLOY = os.path.dirname(helm.HERE)
# Where scripts/setup puts what comes from npm: the types of Kubernetes' objects are among it, those of its autoscaler not.
NODE = os.path.join(os.environ.get("XDG_CACHE_HOME", os.path.expanduser("~/.cache")), "brahe/node/node_modules")
MODELS = {
    "monitoring.coreos.com/v1": "@kubernetes-models/prometheus-operator",
    **{version: "kubernetes-models" for version in ("v1", "apps/v1", "networking.k8s.io/v1", "rbac.authorization.k8s.io/v1")},
}
EPOCH = 1700000000  # 2023-11-14 22:13:20 UTC
CLUSTER = "1.33.0"
# Below these the schema lets more through than it names, because Kubernetes or Helm has more.
OPEN = {
    ("global",),
    ("daemonset", "nodeSelector"),
    ("daemonset", "securityContext"),
    ("daemonset", "resources"),
    ("daemonset", "resources", "requests"),
    ("daemonset", "resources", "limits"),
    ("daemonset", "livenessProbe"),
    ("daemonset", "livenessProbe", "httpGet"),
    ("daemonset", "readinessProbe"),
    ("daemonset", "readinessProbe", "httpGet"),
    ("dashboards", "labels"),
}
# Keys that have no default to stand in values.yaml.
WITHOUT_DEFAULT = {
    ("enabled",),
    ("daemonset", "updateStrategy", "rollingUpdate", "maxSurge"),
    ("daemonset", "securityContext", "seccompProfile", "localhostProfile"),
    ("daemonset", "appArmorProfile", "localhostProfile"),
}
# How clusters before 1.30 have it.
APPARMOR = "container.apparmor.security.beta.kubernetes.io/brahe"
# What some values need beside them to be of use.
CERTIFICATE = {"tls": {"enabled": True, "existingSecret": "certificate"}}
NEEDED = {
    ("tls",): CERTIFICATE,
    ("rbac", "nodesProxy"): {"podSource": "kubelet"},
    ("service", "nodePort"): {"service": {"type": "NodePort"}},
    ("service", "externalTrafficPolicy"): {"service": {"type": "LoadBalancer"}},
    **{(section,): {section: {"enabled": True}} for section in (
        "serviceMonitor", "podMonitor", "prometheusRule", "dashboards", "verticalPodAutoscaler"
    )},
}  # fmt: skip
EXAMPLES = {
    ("config", "host", "procfs"): ["/host/elsewhere/proc"],
    ("config", "host", "sysfs"): ["/host/elsewhere/sys"],
    # Alone the one on is a contradiction, and the other one is nothing.
    ("tls", "enabled"): [],
    ("tls", "existingSecret"): ["other"],
}


def pack(version, folder, **environment):
    """Path of the chart, packed."""
    packed = subprocess.run(
        [os.path.join(helm.HERE, "pack"), version, str(EPOCH), folder],
        check=True,
        text=True,
        stdout=subprocess.PIPE,
        env={**os.environ, **environment},
    )
    return os.path.join(folder, packed.stdout.strip())


def setUpModule():
    folder = tempfile.mkdtemp(dir=os.environ.get("TEST_TMPDIR"))
    unittest.addModuleCleanup(shutil.rmtree, folder)
    Chart.folder = folder
    Chart.version = subprocess.run([BRAHE, "--version"], check=True, text=True, stdout=subprocess.PIPE).stdout.split()[1]
    Chart.packed = pack(Chart.version, folder)


def read(*path):
    with open(os.path.join(*path)) as file:
        return file.read()


def tree(path, value):
    """{a: {b: value}} of (a, b)."""
    for key in reversed(path):
        value = {key: value}
    return value


def merged(one, other):
    """Two trees as Helm merges values."""
    found = copy.deepcopy(one)
    for key, value in other.items():
        found[key] = merged(found[key], value) if isinstance(value, dict) and isinstance(found.get(key), dict) else value
    return found


def identity(thing):
    metadata = thing["metadata"]
    return thing["kind"], metadata.get("namespace"), metadata["name"]


class Chart(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.values = yaml.safe_load(read(helm.CHART, "values.yaml"))
        cls.schema = json.loads(read(helm.CHART, "values.schema.json"))

    @classmethod
    def render(cls, values=None, *flags, kube_version=CLUSTER, **options):
        """The objects by kind and name."""
        objects = helm.template(cls.packed, "--kube-version", kube_version, *flags, values=values, **options)
        found = {(thing["kind"], thing["metadata"]["name"]): thing for thing in objects}
        assert len(found) == len(objects), "two objects of one name"
        return found

    def pod(self, values=None, **options):
        return self.render(values, **options)["DaemonSet", "brahe"]["spec"]["template"]["spec"]

    def container(self, values=None, **options):
        return self.pod(values, **options)["containers"][0]

    def refusal(self, values, **options):
        with self.assertRaises(helm.HelmError) as refused:
            self.render(values, **options)
        return str(refused.exception)

    @classmethod
    def leaves(cls):
        """Each value with its default, without those that have values below them."""
        return [(path, value) for path, value in document.keys(cls.values) if not isinstance(value, dict) or not value]

    @classmethod
    def section(cls, path):
        """The schema below a path of values."""
        node = cls.schema
        for key in path:
            node = node["properties"][key]
        return node


class PackageTest(Chart):
    def test_its_version_is_that_of_the_binary(self):
        chart = yaml.safe_load(read(helm.CHART, "Chart.yaml"))
        self.assertEqual((chart["version"], chart["appVersion"]), (self.version, self.version))

    def test_it_is_packed_as_helm_packs_it(self):
        helm.run("package", helm.CHART, "--destination", tempfile.mkdtemp(dir=self.folder))
        [helms] = glob.glob(f"{self.folder}/*/brahe-{self.version}.tgz")

        def contents(path):
            with tarfile.open(path) as tar:
                return {member.name: tar.extractfile(member).read() for member in tar if member.isfile()}

        ours, theirs = contents(self.packed), contents(helms)
        self.assertEqual(*(yaml.safe_load(one.pop("brahe/Chart.yaml")) for one in (ours, theirs)))
        self.assertEqual(set(ours), set(theirs))
        self.assertEqual(ours, theirs)

    def test_the_same_arguments_make_the_same_bytes(self):
        before = os.umask(0o077)
        self.addCleanup(os.umask, before)
        again, temporary = (tempfile.mkdtemp(dir=self.folder) for _ in range(2))
        path = pack(self.version, again, TZ="Asia/Kathmandu", LC_ALL="C", TMPDIR=temporary)
        with open(path, "rb") as one, open(self.packed, "rb") as other:
            self.assertTrue(one.read() == other.read())
        self.assertEqual(os.listdir(temporary), [])
        with tarfile.open(path) as tar:
            for member in tar:
                self.assertEqual((member.uid, member.gid, member.mtime), (0, 0, EPOCH), member.name)
                self.assertEqual(member.mode, 0o755 if member.isdir() else 0o644, member.name)

    def test_a_commits_chart_asks_for_the_image_of_that_commit(self):
        packed = pack("0.1.0~20261129224848.012345678901", self.folder)
        self.assertEqual(os.path.basename(packed), "brahe-0.1.0-20261129224848.g012345678901.tgz")
        for version in helm.VERSIONS:
            helm.run("lint", "--strict", packed, version=version)
            [pods] = [one for one in helm.template(packed, version=version) if one["kind"] == "DaemonSet"]
            image = pods["spec"]["template"]["spec"]["containers"][0]["image"]
            self.assertEqual(image, "localhost/brahe:0.1.0-20261129224848.012345678901")

    def test_helm_finds_no_fault_in_it(self):
        for version in helm.VERSIONS:
            for chart in (self.packed, helm.CHART):
                said = helm.run("lint", "--strict", chart, version=version)
                self.assertEqual(re.findall(r"\[(?:WARNING|ERROR)\].*", said), [], said)

    def test_dashboards_and_rules_are_those_of_their_folders(self):
        with tarfile.open(self.packed) as tar:
            packed = {
                member.name.removeprefix("brahe/files/"): tar.extractfile(member).read().decode()
                for member in tar
                if member.name.startswith("brahe/files/") and member.isfile()
            }
        sources = {name: read(DEPLOY, "prometheus", name) for name in ("rules.yaml", "alerts.yaml")}
        for path in glob.glob(f"{DEPLOY}/grafana/*.json"):
            sources[f"dashboards/{os.path.basename(path)}"] = read(path)
        self.assertEqual(packed, sources, "deploy/helm/brahe/files has a link to each")

    def test_what_is_written_in_two_places_is_the_same(self):
        for name, text in document.documents(helm.CHART, CONFIGURATION).items():
            self.assertEqual(read(helm.CHART, name), text, "run deploy/helm/document.py")


class DefaultTest(Chart):
    def test_it_is_what_the_kustomization_is(self):
        kustomized = subprocess.run(
            [f"{helm.CACHE}/{helm.NEWEST}/kubectl", "kustomize", os.path.join(DEPLOY, "kubernetes/base")],
            check=True,
            stdout=subprocess.PIPE,
        ).stdout
        base = {identity(one): one for one in yaml.safe_load_all(kustomized)}
        # The namespace is not the chart's: Helm makes it, and NOTES say what label it needs.
        del base["Namespace", None, "brahe"]
        chart = {identity(one): one for one in self.render().values()}
        self.assertEqual(set(chart), set(base))
        for name, thing in chart.items():
            self.assertEqual(self.comparable(thing), self.comparable(base[name]), name)

    def comparable(self, thing):
        """An object without what the chart adds to each, and with what Kubernetes takes for granted."""
        thing = copy.deepcopy(thing)
        self.assertEqual(thing["metadata"]["labels"]["app.kubernetes.io/name"], "brahe")
        self.assertEqual(thing["metadata"]["labels"]["app.kubernetes.io/component"], "exporter")
        del thing["metadata"]["labels"]
        if thing["kind"] == "ConfigMap":
            thing["data"] = {name: yaml.safe_load(text) for name, text in thing["data"].items()}
        spec = thing.get("spec", {})
        selectors = [spec.get("selector", {}), spec.get("podSelector", {})]
        if thing["kind"] == "DaemonSet":
            annotations = thing["spec"]["template"]["metadata"].pop("annotations")
            selectors.append(spec["template"]["metadata"]["labels"])
            [container] = spec["template"]["spec"]["containers"]
            self.assertEqual(container.pop("imagePullPolicy", "IfNotPresent"), "IfNotPresent")
            if APPARMOR in annotations:
                container["securityContext"]["appArmorProfile"] = {"type": annotations[APPARMOR].capitalize()}
            for port in container["ports"]:
                self.assertEqual(port.pop("protocol", "TCP"), "TCP")
        if thing["kind"] == "Service":
            self.assertEqual(spec.pop("type", "ClusterIP"), "ClusterIP")
            for port in spec["ports"]:
                self.assertEqual(port.pop("protocol", "TCP"), "TCP")
        for selector in selectors:
            for labels in (selector, selector.get("matchLabels", {})):
                labels.pop("app.kubernetes.io/instance", None)
        return thing

    def test_the_binary_takes_its_settings(self):
        self.assert_taken({})

    def test_the_binary_takes_keplers_settings(self):
        config = yaml.safe_load(read(KEPLERS))
        config["kube"] = {"podInformer": {"pollInterval": "15s"}}
        del config["web"]["configFile"]
        self.assert_taken({"config": config})
        self.assert_taken({"podSource": "kubelet", "config": {"monitor": {"maxTerminated": 100000000}}})

    def test_the_binary_takes_certificate_and_users(self):
        users = {"basic_auth_users": {"prometheus": "$2y$04$OtE4dTCNCwhjjAiKYsEFbuTaqJwBOxI9WOLvSlTxVnCbnaUS8dcE2"}}
        self.assert_taken({**CERTIFICATE, "webConfig": {"content": users}}, scheme="https")

    def assert_taken(self, values, scheme="http"):
        objects = self.render(values)
        where = tempfile.mkdtemp(dir=self.folder)
        texts = {"config.yaml": objects["ConfigMap", "brahe"]["data"]["config.yaml"]}
        if ("Secret", "brahe-web") in objects:
            texts |= objects["Secret", "brahe-web"]["stringData"]
            for name, path in zip(("tls.crt", "tls.key"), Certificates(where).sign("server")):
                shutil.copyfile(path, f"{where}/{name}")
        for name, text in texts.items():
            for mount in self.container(values)["volumeMounts"]:
                if mount["name"] in ("web", "tls"):
                    text = text.replace(mount["mountPath"], where)
            with open(f"{where}/{name}", "w") as file:
                file.write(text)
        exporter = ExporterProcess(
            BRAHE,
            *(f"--config.file={where}/config.yaml", "--config.strict", "--kube.node-name=n1", "--no-kube.enable"),
            *("--host.procfs=/proc", "--host.sysfs=/sys", "--cpu.time-source=procfs", "--cpu.preferred-meters=fake"),
        )
        self.addCleanup(exporter.stop)
        self.assertTrue(any(f"Serving {scheme}://" in line for line in exporter.log), exporter.log)
        self.assertEqual([line for line in exporter.log if "unknown key" in line], [])

    def test_both_helms_make_the_same_of_it(self):
        for values in ({}, self.everything()):
            old, new = ([*self.render(values, version=version).values()] for version in helm.VERSIONS)
            self.assertEqual({identity(one): one for one in old}, {identity(one): one for one in new})

    def everything(self):
        """Values in which nothing is off that may be on."""
        return {
            **CERTIFICATE,
            "webConfig": {"content": {"basic_auth_users": {"a": "b"}}},
            "podSource": "kubelet",
            "service": {"type": "LoadBalancer", "annotations": {"a": "b"}},
            "daemonset": {"hostNetwork": True, "appArmorProfile": {"type": "RuntimeDefault"}, "extraArgs": ["--v=1"]},
            "podMonitor": {"enabled": True, "sampleLimit": 20000000, "relabelings": [{"action": "labelmap", "regex": "x"}]},
            **{name: {"enabled": True} for name in ("prometheusRule", "dashboards", "verticalPodAutoscaler")},
            "extraManifests": self.section(("extraManifests",))["examples"][0],
        }


class ValuesTest(Chart):
    def test_values_and_schema_have_the_same_keys(self):
        values = {path for path, _ in document.keys(self.values)}
        schema = set()

        def look(node, path):
            for key, below in node.get("properties", {}).items():
                self.assertTrue(below.get("description") or "examples" not in below, (*path, key))
                schema.add((*path, key))
                # What is empty by default is one value, whatever the schema says of its inside.
                if self.section((*path, key)).get("examples") is None and path + (key,) != ("config",):
                    look(below, (*path, key))

        look(self.schema, ())
        config = {path for path in values if path[0] == "config"}
        self.assertEqual(schema - WITHOUT_DEFAULT, values - config | {("config",)})
        for path in config:
            self.section(path)

    def test_each_value_is_described(self):
        said = document.comments(read(helm.CHART, "values.yaml"))
        self.assertEqual([path for path, _ in document.keys(self.values) if not said.get(path)], [])

    def test_what_is_not_known_is_named(self):
        sections = [(), *(path for path, value in document.keys(self.values) if isinstance(value, dict) and value)]
        values = {}
        for path in sections:
            values = merged(values, tree((*path, f"no{len(path)}"), 1))
        self.assertEqual(OPEN - set(sections), set())
        for version in helm.VERSIONS:
            said = self.refusal(values, version=version)
            for path in set(sections) - OPEN:
                key, pointer, dotted = f"no{len(path)}", "/" + "/".join(path), ".".join(path) or "(root)"
                new = f"- at '{'' if pointer == '/' else pointer}': additional properties '{key}' not allowed"
                old = f"- {dotted}: Additional property {key} is not allowed"
                self.assertIn(old if version.startswith("3.") else new, said)

    def test_what_is_of_a_wrong_type_is_named(self):
        values = {}
        for path, value in self.leaves():
            values = merged(values, tree(path, "text" if isinstance(value, (dict, list)) else {"a": "map"}))
        for version in helm.VERSIONS:
            said = self.refusal(values, version=version)
            for path, _ in self.leaves():
                pointer = "/".join(path).replace("~", "~0").replace("kubernetes.io/os", "kubernetes.io~1os")
                self.assertRegex(said, rf"- at '/{re.escape(pointer)}': |- {re.escape('.'.join(path))}: ")

    @classmethod
    @functools.cache
    def examples(cls):
        """(path, example, what is rendered without it, what is rendered with it) for each example of each value."""
        cases = []
        for path, default in cls.leaves():
            needed = {}
            for prefix, values in NEEDED.items():
                if path[: len(prefix)] == prefix and path != (*prefix, "enabled"):
                    needed = merged(needed, values)
            examples = EXAMPLES.get(path, cls.section(path).get("examples", [default]))
            cases += [(needed, path, example) for example in examples]
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            contexts = {json.dumps(needed): needed for needed, _, _ in cases}
            before = {context: pool.submit(cls.render, needed) for context, needed in contexts.items()}
            after = [pool.submit(cls.render, merged(needed, tree(path, example))) for needed, path, example in cases]
        return [
            (path, example, before[json.dumps(needed)].result(), rendered.result())
            for (needed, path, example), rendered in zip(cases, after)
        ]

    def test_each_value_is_used(self):
        """What is rendered differs with each example of each value."""
        for path, example, before, after in self.examples():
            with self.subTest(path=path, example=example):
                self.assertTrue(before != after, "nothing has changed, or there is no example")

    def test_whatever_the_values_kubernetes_knows_every_key(self):
        """And so does the Prometheus operator: what is rendered with each example is of their types."""
        objects = {json.dumps(thing) for *_, before, after in self.examples() for thing in (*before.values(), *after.values())}
        lines, imports = [], set()
        for number, text in enumerate(sorted(objects)):
            thing = json.loads(text)
            package = MODELS.get(thing["apiVersion"])
            self.assertEqual(package is None, thing["kind"] == "VerticalPodAutoscaler", thing)
            if package:
                imports.add(f"import type {{ I{thing['kind']} }} from '{package}/{thing['apiVersion']}/{thing['kind']}';")
                lines.append(f"export const object{number}: I{thing['kind']} = {text};")
        self.assertGreater(len(lines), 100)
        folder = tempfile.mkdtemp(dir=self.folder)
        os.symlink(NODE, f"{folder}/node_modules")
        with open(f"{folder}/objects.ts", "w") as out:
            out.write("\n".join((*sorted(imports), *lines)))
        flags = "--noEmit --strict --skipLibCheck --module esnext --moduleResolution bundler".split()
        compiler = subprocess.run(
            ["node", f"{NODE}/typescript/bin/tsc", *flags, f"{folder}/objects.ts"], stdout=subprocess.PIPE, text=True
        )
        self.assertEqual(compiler.returncode, 0, compiler.stdout[:4000])

    def test_a_cluster_that_is_too_old_is_refused(self):
        self.assertIn("kubeVersion: >=1.19.0-0", self.refusal({}, kube_version="1.18.20"))
        self.render(kube_version="1.19.0")

    def test_values_that_contradict_each_other_are_refused_with_the_remedy(self):
        required = {"tls_server_config": {"cert": "x", "key": "x", "client_auth_type": "RequireAndVerifyClientCert"}}
        for values, *said in (
            ({"daemonset": {"updateStrategy": {"rollingUpdate": {"maxSurge": 1}}}}, "maxSurge", "use maxUnavailable"),
            ({"daemonset": {"updateStrategy": {"rollingUpdate": {"maxSurge": "10%"}}}}, "maxSurge"),
            ({"serviceMonitor": {"enabled": True}, "podMonitor": {"enabled": True}}, "scraped twice; choose one"),
            ({"serviceMonitor": {"enabled": True}, "service": {"enabled": False}}, "set service.enabled"),
            ({"service": {"nodePort": 30100}}, "service.nodePort", "set service.type"),
            ({"service": {"externalTrafficPolicy": "Local"}}, "service.externalTrafficPolicy", "set service.type"),
            ({"daemonset": {"securityContext": {"privileged": True}}}, "set privileged: true"),
            ({"daemonset": {"hostUsers": False}}, "daemonset.hostUsers", "BPF is refused"),
            ({"daemonset": {"livenessProbe": {"httpGet": {"path": "/metrics"}}}}, "daemonset.livenessProbe", "/healthz"),
            ({"daemonset": {"appArmorProfile": {"type": "Localhost"}}}, "localhostProfile"),
            ({"config": {"kube": {"nodeName": "n1"}}}, "config.kube.nodeName", "its own node's"),
            ({"config": {"kube": {"enabled": False}}}, "config.kube.enabled: false", "set podSource"),
            ({"podSource": "none", "config": {"kube": {"enabled": True}}}, "config.kube.enabled: true", "set podSource"),
            ({"config": {"kube": {"podInformer": {"mode": "kubelet"}}}}, "podInformer.mode: kubelet", "set podSource"),
            ({"config": {"exporter": {"prometheus": {"enabled": False}}}}, "exporter.prometheus.enabled", "probes"),
            ({"tls": {"enabled": True}}, "tls.enabled: no certificate", "tls.existingSecret"),
            ({"tls": {"existingSecret": "x"}}, "tls.enabled", "HTTP; set it"),
            ({"webConfig": {"content": {"tls_server_config": {"cert": "x"}}}}, "tls.enabled", "HTTP; set it"),
            ({"webConfig": {"existingSecret": "x", "content": {"rate_limit": {}}}}, "leave webConfig.content"),
            ({**CERTIFICATE, "webConfig": {"existingSecret": "x"}}, "leave webConfig.content and tls.existingSecret"),
            ({**CERTIFICATE, "config": {"web": {"configFile": "/x"}}}, "config.web.configFile", "leave it out"),
            ({"tls": {"enabled": True}, "webConfig": {"content": required}}, "no client certificate", "tcpSocket"),
            ({"prometheusRule": {"enabled": True, "expressions": {"no:such": "1"}}}, "no rule records no:such"),
        ):
            with self.subTest(values):
                refusal = self.refusal(values)
                for text in said:
                    self.assertIn(text, refusal)

    def test_the_remedies_are_taken(self):
        probe = {"httpGet": None, "tcpSocket": {"port": "http"}}
        required = {"tls_server_config": {"cert": "x", "key": "x", "client_auth_type": "RequireAndVerifyClientCert"}}
        pods = {"livenessProbe": probe, "readinessProbe": probe}
        container = self.container({"tls": {"enabled": True}, "webConfig": {"content": required}, "daemonset": pods})
        self.assertEqual(set(container["livenessProbe"]), {"tcpSocket", "initialDelaySeconds", "timeoutSeconds"})
        self.render({"daemonset": {"updateStrategy": {"rollingUpdate": {"maxSurge": 0}}}})
        self.render({"config": {"kube": {"enabled": True, "podInformer": {"mode": "apiserver"}}}})
        self.render({"prometheusRule": {"enabled": True, "recording": False}})


class ObjectsTest(Chart):
    def test_names_are_short_and_two_long_releases_have_two(self):
        values = {section: {"enabled": True} for section in ("prometheusRule", "dashboards")}
        values["webConfig"] = {"content": {"rate_limit": {}}}
        seen = set()
        for release, override in (
            ("r" * 53, {"nameOverride": "n" * 40}),
            ("r" * 52 + "s", {"nameOverride": "n" * 40}),
            ("mine", {"fullnameOverride": "f" * 70 + "a"}),
            ("mine", {"fullnameOverride": "f" * 70 + "b"}),
        ):
            objects = self.render({**values, **override}, release=release)
            for thing in objects.values():
                self.assertLessEqual(len(thing["metadata"]["name"].rpartition(":")[2]), 63)
                for label in thing["metadata"]["labels"].values():
                    self.assertLessEqual(len(label), 63)
            self.assertEqual(seen & set(objects), set())
            seen |= set(objects)

    def test_a_name_that_looks_like_a_number_is_none(self):
        values = {**CERTIFICATE, "podMonitor": {"enabled": True, "namespace": "2"}, "fullnameOverride": "3"}
        values["serviceAccount"] = {"name": "4"}

        def numbers(thing, path=()):
            for key, value in thing.items() if isinstance(thing, dict) else enumerate(thing):
                if isinstance(value, (dict, list)):
                    yield from numbers(value, (*path, key))
                elif isinstance(value, int) and not isinstance(value, bool):
                    yield str(key)

        objects = self.render(values, release="1", namespace="5")
        known = {"port", "containerPort", "initialDelaySeconds", "timeoutSeconds", "maxUnavailable", "runAsUser"}
        self.assertEqual(set(numbers(objects)), known)

    def test_releases_share_no_object_of_the_cluster(self):
        seen = set()
        releases = ("brahe", "brahe"), ("brahe", "other"), ("other", "brahe"), ("a", "b-brahe"), ("a-b", "brahe")
        for release, namespace in releases:
            objects = self.render(release=release, namespace=namespace)
            mine = {name for name, thing in objects.items() if "namespace" not in thing["metadata"]}
            self.assertEqual({kind for kind, _ in mine}, {"ClusterRole", "ClusterRoleBinding"})
            self.assertEqual(seen & mine, set())
            seen |= mine
            [binding] = [thing for (kind, _), thing in objects.items() if kind == "ClusterRoleBinding"]
            self.assertEqual(binding["subjects"][0]["namespace"], namespace)
            self.assertIn(("ClusterRole", binding["roleRef"]["name"]), mine)
            self.assertIn(("ServiceAccount", binding["subjects"][0]["name"]), objects)

    def test_selectors_find_this_releases_pods_only(self):
        objects = self.render({"podMonitor": {"enabled": True}}, release="mine")
        pods = objects["DaemonSet", "mine-brahe"]["spec"]
        wanted = {"app.kubernetes.io/name": "brahe", "app.kubernetes.io/instance": "mine"}
        self.assertEqual(pods["selector"]["matchLabels"], wanted)
        self.assertLessEqual(wanted.items(), pods["template"]["metadata"]["labels"].items())
        self.assertEqual(objects["Service", "mine-brahe"]["spec"]["selector"], wanted)
        self.assertEqual(objects["PodMonitor", "mine-brahe"]["spec"]["selector"]["matchLabels"], wanted)
        self.assertEqual(objects["NetworkPolicy", "mine-brahe"]["spec"]["podSelector"]["matchLabels"], wanted)

    def test_the_rights_are_those_that_the_source_of_pods_needs(self):
        def rules(values, version):
            role = self.render(values, kube_version=version).get(("ClusterRole", "brahe"), {"rules": []})
            return [(rule["resources"], rule["verbs"]) for rule in role["rules"]]

        kubelet = {"podSource": "kubelet"}
        self.assertEqual(rules({}, "1.33.0"), [(["pods"], ["list", "watch"])])
        self.assertEqual(rules(kubelet, "1.33.1-gke.1"), [(["nodes/pods"], ["get"])])
        self.assertEqual(rules(kubelet, "1.32.9"), [(["nodes/pods", "nodes/proxy"], ["get"])])
        both = {**kubelet, "rbac": {"nodesProxy": True}}
        self.assertEqual(rules(both, "1.33.0"), [(["nodes/pods", "nodes/proxy"], ["get"])])
        self.assertEqual(rules({"podSource": "none"}, "1.33.0"), [])
        self.assertFalse(self.pod({"podSource": "none"})["automountServiceAccountToken"])

    def test_a_service_has_no_address_unless_its_type_needs_one(self):
        def address(**service):
            return self.render({"service": service})["Service", "brahe"]["spec"].get("clusterIP")

        self.assertEqual(address(), "None")
        self.assertIsNone(address(type="NodePort"))
        self.assertIsNone(address(clusterIP=""))
        self.assertEqual(address(type="LoadBalancer", clusterIP="10.0.0.7"), "10.0.0.7")

    def test_privileged_leaves_out_what_contradicts_it(self):
        context = self.container({"privileged": True})["securityContext"]
        unconfined = {"appArmorProfile": {"type": "Unconfined"}}
        self.assertEqual(context, {"privileged": True, "runAsUser": 0, "readOnlyRootFilesystem": True, **unconfined})

    def test_an_apparmor_profile_is_an_annotation_where_it_is_no_field_yet(self):
        values = {"daemonset": {"appArmorProfile": {"type": "Localhost", "localhostProfile": "brahe"}}}
        self.assertEqual(self.container(values)["securityContext"]["appArmorProfile"]["localhostProfile"], "brahe")
        pods = self.render(values, kube_version="1.29.0")["DaemonSet", "brahe"]["spec"]["template"]
        self.assertEqual(pods["metadata"]["annotations"][APPARMOR], "localhost/brahe")
        self.assertNotIn("appArmorProfile", pods["spec"]["containers"][0]["securityContext"])

    def test_with_a_certificate_everybody_speaks_https(self):
        objects = self.render({**CERTIFICATE, "podMonitor": {"enabled": True, "tlsConfig": {"serverName": "x"}}})
        container = objects["DaemonSet", "brahe"]["spec"]["template"]["spec"]["containers"][0]
        for probe in ("livenessProbe", "readinessProbe"):
            self.assertEqual(container[probe]["httpGet"]["scheme"], "HTTPS")
        [endpoint] = objects["PodMonitor", "brahe"]["spec"]["podMetricsEndpoints"]
        self.assertEqual((endpoint["scheme"], endpoint["tlsConfig"]), ("https", {"serverName": "x"}))
        config = yaml.safe_load(objects["ConfigMap", "brahe"]["data"]["config.yaml"])
        web = yaml.safe_load(objects["Secret", "brahe-web"]["stringData"]["web.yaml"])["tls_server_config"]
        mounts = {mount["name"]: mount["mountPath"] for mount in container["volumeMounts"]}
        self.assertEqual(config["web"], {"configFile": f"{mounts['web']}/web.yaml", "probesWithoutAuth": True})
        self.assertEqual(web, {"cert_file": f"{mounts['tls']}/tls.crt", "key_file": f"{mounts['tls']}/tls.key"})

    def test_the_port_is_that_of_the_settings(self):
        container = self.container({"config": {"web": {"listenAddresses": ["[::]:9100", ":9101"]}}})
        self.assertEqual([port["containerPort"] for port in container["ports"]], [9100])

    def test_a_change_of_the_settings_replaces_the_pods(self):
        def annotation(values):
            return self.render(values)["DaemonSet", "brahe"]["spec"]["template"]["metadata"]["annotations"]

        self.assertNotEqual(annotation({}), annotation({"config": {"monitor": {"interval": "1s"}}}))
        self.assertEqual(annotation({}), annotation({"service": {"port": 80}}))

    def test_a_monitor_in_another_namespace_looks_into_that_of_the_pods(self):
        monitor = {"serviceMonitor": {"enabled": True, "namespace": "monitoring", "labels": {"release": "prometheus"}}}
        found = self.render(monitor)["ServiceMonitor", "brahe"]
        self.assertEqual(found["metadata"]["namespace"], "monitoring")
        self.assertEqual(found["metadata"]["labels"]["release"], "prometheus")
        self.assertEqual(found["spec"]["namespaceSelector"], {"matchNames": ["brahe"]})

    def test_rules_and_dashboards_come_out_as_they_went_in(self):
        objects = self.render({"prometheusRule": {"enabled": True}, "dashboards": {"enabled": True}})
        files = (yaml.safe_load(read(DEPLOY, f"prometheus/{name}.yaml")) for name in ("rules", "alerts"))
        groups = [group for file in files for group in file["groups"]]
        self.assertGreater(len(groups), 1)
        self.assertEqual(objects["PrometheusRule", "brahe"]["spec"]["groups"], groups)
        dashboards = {}
        for (kind, name), thing in objects.items():
            if "-dashboard-" in name:
                self.assertEqual(kind, "ConfigMap")
                self.assertEqual(thing["metadata"]["labels"]["grafana_dashboard"], "1")
                dashboards |= {file: json.loads(text) for file, text in thing["data"].items()}
        sources = glob.glob(f"{DEPLOY}/grafana/*.json")
        self.assertGreater(len(sources), 1)
        self.assertEqual(dashboards, {os.path.basename(path): json.loads(read(path)) for path in sources})

    def test_a_constant_of_the_rules_can_be_set(self):
        record = "brahe:electricity_price:per_kwh"
        objects = self.render({"prometheusRule": {"enabled": True, "expressions": {record: "vector(0.3)"}}})
        rules = [rule for group in objects["PrometheusRule", "brahe"]["spec"]["groups"] for rule in group["rules"]]
        self.assertEqual([rule["expr"] for rule in rules if rule.get("record") == record], ["vector(0.3)"])

    def test_templates_work_in_more_manifests(self):
        objects = self.render({"extraManifests": self.section(("extraManifests",))["examples"][0]})
        self.assertIn(("ConfigMap", "brahe-more"), objects)
        self.assertIn(("ConfigMap", "text"), objects)

    def test_keplers_values_are_taken(self):
        pods = {"hostPID": True, "hostUsers": True, "tolerations": [], "nodeSelector": {"a": "b"}, "affinity": {}}
        pods |= {"resources": {"limits": {"memory": "1Gi"}}, "securityContext": {"runAsNonRoot": False}, "startupProbe": {}}
        config = yaml.safe_load(read(KEPLERS))
        config["kube"] = {"podInformer": {"pollInterval": "15s"}}
        objects = self.render(
            {
                "image": {"repository": "energy/brahe", "tag": "", "pullPolicy": "Always"},
                **{"nameOverride": "", "fullnameOverride": "", "labels": {"team": "a"}, "annotations": {"note": "b"}},
                **{"serviceAccount": {"create": True, "name": "kepler"}, "rbac": {"create": True}},
                "service": {"type": "ClusterIP", "port": 28282, "targetPort": "http"},
                **{"daemonset": pods, "config": config},
                "serviceMonitor": {"enabled": True, "interval": "5s", "path": "/metrics", "labels": {}, "annotations": {}},
                "networkPolicy": {"enabled": False, "ingress": [{"ports": [{"port": 28282}]}], "egress": []},
            }
        )
        pod = objects["DaemonSet", "brahe"]["spec"]["template"]["spec"]
        self.assertEqual((pod["hostPID"], pod["hostUsers"], pod["serviceAccountName"]), (True, True, "kepler"))
        self.assertEqual(pod["nodeSelector"], {"a": "b", "kubernetes.io/os": "linux"})
        for thing in objects.values():
            self.assertEqual(thing["metadata"]["labels"]["team"], "a")
            self.assertEqual(thing["metadata"]["annotations"]["note"], "b")

    def test_what_the_manual_shows_is_taken(self):
        manual = read(helm.CHART, "README.md")
        blocks = re.findall(r"^```yaml\n(.*?)^```$", manual, re.MULTILINE | re.DOTALL)
        self.assertGreater(len(blocks), 1)
        for block in blocks:
            self.render(yaml.safe_load(block))
        self.render({}, *(f"--set={one}" for one in set(re.findall(r"--set (\S+)", manual))))
        known = {".".join(path) for path, _ in document.keys(self.values)}
        needed = manual.partition("## The values needed most")[2].partition("\n## ")[0]
        rows = re.findall(r"^\| (`.*?) \|", needed, re.MULTILINE)
        named = {name for row in rows for name in re.findall(r"`(.*?)`", row)}
        self.assertGreater(len(named), 9)
        self.assertEqual(named - known, set())

    def test_as_a_part_of_another_chart_it_takes_the_wholes_registry_and_switch(self):
        whole = tempfile.mkdtemp(dir=self.folder)
        os.mkdir(f"{whole}/charts")
        shutil.copy(self.packed, f"{whole}/charts")
        part = {"name": "brahe", "version": self.version, "condition": "brahe.enabled"}
        with open(f"{whole}/Chart.yaml", "w") as chart:
            json.dump({"apiVersion": "v2", "name": "whole", "version": "1.0.0", "dependencies": [part]}, chart)
        for version in helm.VERSIONS:
            values = {"global": {"imageRegistry": "registry.example.org", "more": 1}, "brahe": {"enabled": True}}
            [pods] = [one for one in helm.template(whole, values=values, version=version) if one["kind"] == "DaemonSet"]
            image = pods["spec"]["template"]["spec"]["containers"][0]["image"]
            self.assertEqual(image, f"registry.example.org/brahe:{self.version}")
            self.assertEqual(helm.template(whole, values={"brahe": {"enabled": False}}, version=version), [])


class NotesTest(Chart):
    def notes(self, values):
        said = helm.run(
            *("install", "brahe", self.packed, "--namespace", "brahe", "--dry-run=client", "--values", "-"),
            input=yaml.safe_dump(values),
        )
        return said.partition("\nNOTES:\n")[2]

    def test_they_give_the_first_query_and_say_what_is_missing(self):
        said = self.notes({})
        self.assertIn('rate(kepler_pod_cpu_joules_total{zone="package"}[5m])', said)
        self.assertIn("kubectl --namespace brahe port-forward daemonset/brahe 28282:http", said)
        self.assertIn("curl -s http://localhost:28282/metrics", said)
        self.assertIn(f"the image localhost/brahe:{self.version} comes from no registry", said)
        self.assertIn("no Prometheus is told of it", said)
        self.assertIn("pod-security.kubernetes.io/enforce=privileged", said)
        self.assertNotIn("\n\n\n", said)

    def test_they_say_nothing_of_what_is_there(self):
        said = self.notes({"image": {"registry": "example.org"}, "podMonitor": {"enabled": True}})
        self.assertNotIn("NOTE", said)

    def test_they_warn_of_what_will_be_refused(self):
        users = {"webConfig": {"content": {"basic_auth_users": {"a": "b"}}}}
        said = self.notes({**CERTIFICATE, **users, "podMonitor": {"enabled": True}, "rbac": {"create": False}})
        self.assertIn("podMonitor.basicAuth has none: scrapes are refused", said)
        self.assertIn("rbac.create is off", said)
        self.assertIn("curl -s --insecure https://", said)
        self.assertIn("pods have no names", self.notes({"podSource": "none"}))


if __name__ == "__main__":
    runner.main()
