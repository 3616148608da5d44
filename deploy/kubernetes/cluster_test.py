#!/usr/bin/env python3
"""What deploy/kubernetes has, on the cluster of scripts/cluster: are its objects taken, does the pod count in the kernel, are
all pods named and charged with what their cgroups say? Runs as root:
cluster_test.py BRAHE CLUSTER BUILD_IMAGE MANIFESTS MANUAL [CASE]."""

import glob
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import unittest

sys.path[:0] = [os.path.abspath("userspace/e2e"), os.path.abspath("deploy/helm")]
# The paths come first.
from certificates import Certificates  # noqa: E402
from cgroups import Cgroup, accounted_mount  # noqa: E402
from exposition import Exposition  # noqa: E402
import helm  # noqa: E402
from node import HiddenTime, Inaccurate, PowercapDriver, cpus_of_zones, stolen_seconds, three_tries  # noqa: E402
import runner  # noqa: E402

BRAHE, CLUSTER, BUILD_IMAGE, MANIFESTS, MANUAL = (os.path.abspath(sys.argv.pop(1)) for _ in range(5))
NODE, NODE_ADDRESS = "node-a.cluster", "10.255.0.1"
ZONES = {"package": 60, "uncore": 40, "dram": 6}
TICK = 0.020
CAPABILITIES = ("BPF", "PERFMON", "DAC_READ_SEARCH", "SYS_PTRACE")
DAEMON_SET = {"kind": "DaemonSet", "name": "brahe"}
CONTAINER = "/spec/template/spec/containers/0"
JOULES = "kepler_{}_cpu_joules_total"
JOULES_OF_OWNERS, JOULES_OF_NAMESPACES = "brahe_owner_cpu_joules_total", "brahe_namespace_cpu_joules_total"


def cluster(*command, timeout=300, **options):
    """What a command of scripts/cluster prints."""
    done = subprocess.run([CLUSTER, *command], text=True, timeout=timeout, capture_output=True, **options)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(command)}: {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


def kubectl(*words, **options):
    return cluster("exec", "kubectl", *words, **options)


def get(*words):
    return json.loads(kubectl("get", *words, "-o", "json"))


def patch(target, *operations):
    """One of a kustomization's, of JSON patch operations."""
    return {"target": target, "patch": json.dumps(operations)}


def add(path, value):
    return {"op": "add", "path": path, "value": value}


def replace(path, value):
    return {"op": "replace", "path": path, "value": value}


def burn(seconds):
    """A command line for busybox' sh that burns about so many seconds (a whole number) of CPU time, and succeeds."""
    return f"(ulimit -t {seconds}; while :; do :; done) || true"


def container(name, command):
    return {"name": name, "image": "localhost/busybox:1", "args": ["-c", command]}


def pod(name, *containers, **spec):
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": "shop"},
        "spec": {"containers": containers, "terminationGracePeriodSeconds": 0, **spec},
    }


def apply(*objects):
    kubectl("apply", "-f", "-", input=json.dumps({"apiVersion": "v1", "kind": "List", "items": objects}))


def cgroup_of(pod_id):
    folders = glob.glob(f"{accounted_mount()}/kubepods/**/pod{pod_id}", recursive=True)
    return Cgroup(folders[0].removeprefix(accounted_mount()))


def has_processes(pod_id):
    for procs in glob.glob(f"{accounted_mount()}/kubepods/**/pod{pod_id}/*/cgroup.procs", recursive=True):
        with open(procs) as listed:
            if listed.read():
                return True
    return False


class Deployed:
    """The exporter in the one pod of the DaemonSet. Asked by way of the API server."""

    def __init__(self, scheme="http"):
        (found,) = (
            each
            for each in get("pods", "-n", "brahe", "-l", "app.kubernetes.io/name=brahe")["items"]
            if "deletionTimestamp" not in each["metadata"]
        )
        self.name, self._scheme = found["metadata"]["name"], scheme

    def get(self, path):
        return kubectl("get", "--raw", f"/api/v1/namespaces/brahe/pods/{self._scheme}:{self.name}:28282/proxy{path}")

    def scrape(self):
        return Exposition(self.get("/metrics"))

    def containers(self):
        return [has for has, _ in self.scrape().all("kepler_container_cpu_seconds_total") if has["pod_id"]]

    def log(self):
        return kubectl("logs", "-n", "brahe", self.name)


class ClusterTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(dir=os.environ.get("TEST_TMPDIR"))
        cls.addClassCleanup(folder.cleanup)
        cls.folder = folder.name
        cls.addClassCleanup(cluster, "stop")
        cluster("start", timeout=900)
        cls.driver = PowercapDriver(os.path.join(cls.folder, "sys"))
        cls.addClassCleanup(cls.driver.stop)
        # All else of the node's sysfs that the exporter looks at is the machine's.
        os.mkdir(f"{cls.driver.root}/fs")
        cluster("exec", "mount", "--rbind", "/sys/fs", f"{cls.driver.root}/fs")
        version = subprocess.run([BRAHE, "--version"], check=True, text=True, stdout=subprocess.PIPE).stdout.split()[1]
        cls.image = f"localhost/brahe:{version}"
        archive = os.path.join(cls.folder, "image.tar")
        subprocess.run([BUILD_IMAGE, BRAHE, version, "0", archive], check=True)
        cluster("image", archive)
        # As in a checkout; kustomize follows no links.
        shutil.copytree(MANIFESTS, os.path.join(cls.folder, "deploy/kubernetes"))
        apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}})

    def overlay(self, *components, patches=()):
        """Folder of a kustomization of the base with these components."""
        folder = tempfile.mkdtemp(dir=self.folder)
        with open(f"{folder}/kustomization.yaml", "w") as out:
            kustomization = {
                "resources": ["../deploy/kubernetes/base"],
                "components": [f"../deploy/kubernetes/components/{name}" for name in components],
                "patches": list(patches),
            }
            json.dump(kustomization, out)
        return folder

    def deploy(self, *components, patches=(), scheme="http", hasten=True, goes_on=False):
        """Applies the base with these components, on the driven sensors, and waits until the pod is ready. `goes_on`: from
        what the one before has left; else the cases do not know each other's pods."""
        flags = ["--monitor.max-terminated=-1", "--monitor.min-terminated-energy-threshold=0"]
        if not goes_on:
            flags.append("--state.dir=none")
        sensors = patch(
            DAEMON_SET,
            replace("/spec/template/spec/volumes/2/hostPath/path", self.driver.root),
            add(f"{CONTAINER}/readinessProbe/periodSeconds", 1),  # only to lose no time
            *(add(f"{CONTAINER}/args/-", flag) for flag in flags),
        )
        kubectl("apply", "-k", self.overlay(*components, patches=(sensors, *patches)))
        if hasten:
            self.hasten()
        try:
            kubectl("rollout", "status", "-n", "brahe", "daemonset/brahe", "--timeout=120s")
        except RuntimeError as error:
            told = (kubectl(*words, "-n", "brahe", "-l", "app.kubernetes.io/name=brahe") for words in (["describe", "pods"], ["logs"]))
            raise AssertionError("".join((str(error), *told))) from error
        return Deployed(scheme)

    def hasten(self):
        """A kubelet tells of a pod's end up to 10 s late; until then the next one does not begin."""

        def settled():
            daemon_set = get("daemonset", "-n", "brahe", "brahe")
            status = daemon_set["status"]
            for each in get("pods", "-n", "brahe")["items"]:
                if "deletionTimestamp" in each["metadata"] and not has_processes(each["metadata"]["uid"]):
                    kubectl("delete", "pod", "-n", "brahe", each["metadata"]["name"], "--force", "--grace-period=0")
            is_new = status.get("observedGeneration") == daemon_set["metadata"]["generation"]
            return is_new and status.get("updatedNumberScheduled") == 1

        self.eventually(settled, "the pod before does not end")

    def eventually(self, is_so, what, seconds=60):
        deadline = time.monotonic() + seconds
        while not (answer := is_so()):
            self.assertLess(time.monotonic(), deadline, what() if callable(what) else what)
            time.sleep(0.3)
        return answer

    def remove_pods(self):
        cluster("exec", "sh", "-c", "rm -f /run/cluster/static/*")
        kubectl("delete", "pods", "-n", "shop", "--all", "--wait")

    # Pods and joules

    def start_pods(self):
        """{pod_id: (name, names of its containers)}, once they have burnt what they will. Each container's share differs."""
        self.remove_pods()  # of a try before
        self.addCleanup(self.remove_pods)
        static = pod("static", container("static", f"{burn(3)}; exec sleep 1000000"))
        static["metadata"]["annotations"] = {"started": str(time.time())}  # else its id would be that of a try before
        cluster("exec", "sh", "-c", "cat >/run/cluster/static/pod.json", input=json.dumps(static))
        # What ends, lasts until it has been told of: else it may stay nameless where the kubelet is asked.
        again = f"{burn(1)}; [ -e /seen/before ] && exec sleep 1000000; touch /seen/before; sleep 5; exit 1"
        apply(
            pod(
                "web",
                container("app", f"{burn(2)}; exec sleep 1000000") | {"resources": {"requests": {"cpu": "10m"}}},
                container("log", f"{burn(1)}; exec sleep 1000000"),
                initContainers=[container("setup", f"{burn(1)}; sleep 5")],
            ),
            pod(
                "batch",
                container("work", again) | {"volumeMounts": [{"name": "seen", "mountPath": "/seen"}]},
                volumes=[{"name": "seen", "emptyDir": {}}],
            ),
        )
        names = {"web": {"app", "log", "setup"}, "batch": {"work"}, f"static-{NODE}": {"static"}}
        expected = {"web": 4, "batch": 2, f"static-{NODE}": 3}

        def ids():
            found = {}
            for each in get("pods", "-n", "shop")["items"]:
                metadata = each["metadata"]
                pod_id = metadata.get("annotations", {}).get("kubernetes.io/config.hash", metadata["uid"])
                found[pod_id] = metadata["name"]
            return found if set(found.values()) == set(names) else None

        found = self.eventually(ids, "three pods")

        def used():
            return {name: cgroup_of(pod_id).used() for pod_id, name in found.items()}

        def at_rest():
            before = used()
            time.sleep(1)
            return all(before[name] > 0.9 * expected[name] and now - before[name] < 0.001 for name, now in used().items())

        self.eventually(at_rest, lambda: f"{used()} of {expected}", 90)
        return {pod_id: (name, names[name]) for pod_id, name in found.items()}

    def check_pods(self, exporter):
        """That pods which start now are named, and charged with what their cgroups have used."""
        stolen, hidden = stolen_seconds(), HiddenTime(exporter)
        pods = self.start_pods()

        def named():
            scrape = exporter.scrape()
            seconds = scrape.all("kepler_container_cpu_seconds_total")
            told = {(has["container_name"], has["runtime"]) for has, _ in seconds if has["pod_id"] in pods}
            # The machine may tell a name before Kubernetes tells the runtime as well.
            expected = {(name, "containerd") for _, names in pods.values() for name in names}
            # One that started again is another container of the same name, which its pod has before it is named.
            waits = any(joules for _, joules in scrape.all("brahe_container_pending_joules"))
            all_told = told >= expected and {runtime for _, runtime in told} == {"containerd"}
            return scrape if all_told and not waits else None

        scrape = self.eventually(named, lambda: f"{list(pods.values())} but not {exporter.containers()}", 20)
        self.assertEqual(scrape.one("brahe_cpu_time_source_info", source="bpf", node_name=NODE), 1)
        self.assertEqual(scrape.one("brahe_energy_source_info", zone="package", source="rapl", measured="true", node_name=NODE), 1)
        for zone in ZONES:
            listed = scrape.sum(JOULES.format("process"), zone=zone) + scrape.one("brahe_process_unlisted_joules_total", zone=zone)
            self.assertEqual(listed, scrape.one("kepler_node_cpu_active_joules_total", zone=zone))
        for pod_id, (name, names) in pods.items():  # in no subtest: it would keep an Inaccurate to itself
            labels = {"pod_id": pod_id, "pod_name": name, "pod_namespace": "shop", "state": "running"}
            containers = scrape.all("kepler_container_cpu_seconds_total", pod_id=pod_id)
            # What holds the pod's namespaces is called POD, if it lasted until it was looked at under its shim.
            self.assertEqual({has["container_name"] for has, _ in containers} - {"", "POD"}, names)
            self.assertEqual({has["runtime"] for has, _ in containers}, {"containerd"})
            charged = {"time": float(sum(seconds for _, seconds in containers))}
            for zone, watts in ZONES.items():
                joules = scrape.one(JOULES.format("pod"), zone=zone, **labels)
                self.assertEqual(joules, scrape.sum(JOULES.format("container"), zone=zone, pod_id=pod_id))
                if cpus_of_zones():
                    charged[zone] = float(joules) / (watts / cpus_of_zones())
            used = cgroup_of(pod_id).used()
            self.expect_near(name, used, charged, hidden.seconds(scrape), stolen_seconds() - stolen)

    def expect_near(self, name, used, charged, hidden, stolen):
        figures = ", ".join(f"{what} {seconds:.6f}" for what, seconds in charged.items())
        print(f"{name}: its cgroup says {used:.6f} CPU-s, charged {figures}; stolen {stolen:.2f}, hidden {hidden:.2f}", flush=True)
        allowed = 0.01 * used + TICK
        if not all(used - allowed - hidden < seconds < used + allowed + stolen for seconds in charged.values()):
            raise Inaccurate(f"{name}: {figures}")

    @three_tries
    def test_pods_that_the_api_server_tells_of(self):
        exporter = self.deploy()
        self.check_pods(exporter)
        self.assertEqual([line for line in exporter.log().splitlines() if line[0] in "WE"], [])

    @three_tries
    def test_pods_that_the_kubelet_tells_of(self):
        exporter = self.deploy("kubelet", "kubelet-before-1.33", "kubelet-certificate", patches=[self.kubelet_here()])
        self.check_pods(exporter)
        self.assertEqual([line for line in exporter.log().splitlines() if line[0] in "WE"], [])

    def kubelet_here(self):
        """This cluster's kubelet has its certificate elsewhere, and there is no DNS that knows the node."""
        return patch(
            DAEMON_SET,
            replace("/spec/template/spec/volumes/5/hostPath/path", "/run/cluster/kubelet/pki/kubelet.crt"),
            add("/spec/template/spec/hostAliases", [{"ip": NODE_ADDRESS, "hostnames": [NODE]}]),
        )

    def test_pods_that_come_and_go_keep_their_names(self):
        exporter = self.deploy()
        self.addCleanup(self.remove_pods)
        names = {f"job-{i}" for i in range(5)}
        apply(*(pod(name, container("job", burn(1)), restartPolicy="Never") for name in names))

        def charged(state):
            return lambda: names <= {
                has["pod_name"]
                for has, joules in exporter.scrape().all(JOULES.format("pod"), zone="package", pod_namespace="shop", state=state)
                if joules > 20
            }

        kubectl("wait", "--for=jsonpath={.status.phase}=Succeeded", "-n", "shop", "pods", "--all", "--timeout=60s")
        kubectl("delete", "pods", "-n", "shop", "--all", "--wait")
        self.eventually(charged("terminated"), exporter.log)

    # Owners

    def test_the_owner_of_each_pod_that_the_api_server_tells_of(self):
        self.check_owners()

    def test_the_owner_of_each_pod_that_the_kubelet_tells_of(self):
        self.check_owners("kubelet", "kubelet-before-1.33", "kubelet-certificate", patches=[self.kubelet_here()])

    def check_owners(self, *components, patches=()):
        """That each owner's figures grow by what those of its pods do, also where another object stands between them."""
        levels = patch(DAEMON_SET, add(f"{CONTAINER}/args/-", "--metrics=node,container,pod,namespace,owner"))
        exporter = self.deploy(*components, patches=[levels, *patches])
        names = self.start_owners()

        def named():
            told = {(has["kind"], has["name"]) for has, _ in exporter.scrape().all(JOULES_OF_OWNERS, namespace="shop")}
            return told >= set(names)

        self.eventually(named, lambda: f"{list(names)} but not {exporter.scrape().all(JOULES_OF_OWNERS)}", 120)
        before = exporter.scrape()
        time.sleep(5)
        after = exporter.scrape()
        for zone in ZONES:
            of_all = 0
            for (kind, name), pods in names.items():
                owner = {"namespace": "shop", "kind": kind, "name": name, "zone": zone}
                gained = after.one(JOULES_OF_OWNERS, **owner) - before.one(JOULES_OF_OWNERS, **owner)
                self.assertEqual(gained, self.joules_of(pods, after, zone) - self.joules_of(pods, before, zone), owner)
                self.assertGreater(gained, 0, owner)
                of_all += gained
            of_bare = self.joules_of("bare", after, zone) - self.joules_of("bare", before, zone)
            namespace = {"namespace": "shop", "zone": zone}
            gained = after.one(JOULES_OF_NAMESPACES, **namespace) - before.one(JOULES_OF_NAMESPACES, **namespace)
            self.assertEqual(gained, of_all + of_bare)
        told = {(has["kind"], has["name"]) for has, _ in after.all(JOULES_OF_OWNERS, namespace="shop")}
        self.assertEqual(told, set(names), "no owner but these")
        self.assertTrue(after.all(JOULES_OF_OWNERS, namespace="brahe", kind="DaemonSet", name="brahe"))

    @staticmethod
    def joules_of(pods, scrape, zone):
        """Of the pods in the namespace shop whose names begin so."""
        found = scrape.all(JOULES.format("pod"), zone=zone, pod_namespace="shop")
        return sum(joules for has, joules in found if has["pod_name"].startswith(pods))

    def start_owners(self):
        """{(kind, name) of an owner: how the names of its pods begin}. Each has one pod, which always runs a little; beside
        them is a pod without an owner."""
        self.addCleanup(self.remove_owners)
        little = container("app", "while :; do i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done; sleep 0.2; done")
        spec = {"containers": [little], "terminationGracePeriodSeconds": 0}
        static = pod("static", little)
        static["metadata"]["annotations"] = {"started": str(time.time())}
        cluster("exec", "sh", "-c", "cat >/run/cluster/static/pod.json", input=json.dumps(static))

        def manager(kind, name, version="apps/v1", **more):
            template = {"metadata": {"labels": {"app": name}}, "spec": spec}
            selector = {"matchLabels": {"app": name}}
            metadata = {"name": name, "namespace": "shop"}
            return {"apiVersion": version, "kind": kind, "metadata": metadata, "spec": {"selector": selector, "template": template, **more}}

        job = {"template": {"spec": {**spec, "restartPolicy": "Never"}}}
        batch = {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "once-20261130", "namespace": "shop"}, "spec": job}
        cron = {"schedule": "* * * * *", "concurrencyPolicy": "Forbid", "jobTemplate": {"spec": job}}
        apply(
            manager("Deployment", "web-front"),
            manager("DaemonSet", "agent"),
            manager("StatefulSet", "db", serviceName="db"),
            manager("ReplicaSet", "lone"),
            batch,
            # The version that a server of 1.20 has.
            {"apiVersion": "batch/v1beta1", "kind": "CronJob", "metadata": {"name": "tick", "namespace": "shop"}, "spec": cron},
            pod("bare", little),
        )
        return {
            ("Deployment", "web-front"): "web-front-",
            ("DaemonSet", "agent"): "agent-",
            ("StatefulSet", "db"): "db-",
            ("ReplicaSet", "lone"): "lone-",
            ("Job", "once-20261130"): "once-20261130-",
            ("CronJob", "tick"): "tick-",
            ("StaticPod", "static"): "static-",
        }

    def remove_owners(self):
        kubectl("delete", "cronjobs,jobs,deployments,daemonsets,statefulsets,replicasets", "-n", "shop", "--all", "--wait")
        self.remove_pods()

    def test_a_restart_of_the_api_server(self):
        exporter = self.deploy()
        self.addCleanup(self.remove_pods)
        cluster("exec", "sh", "-c", "kill -9 $(cat /run/cluster/pid/kube-apiserver)")
        self.eventually(self.api_server_answers, "an API server")
        apply(pod("late", container("app", f"{burn(1)}; exec sleep 1000000")))
        kubectl("wait", "--for=condition=Ready", "-n", "shop", "pod/late", "--timeout=60s")
        self.eventually(lambda: exporter.scrape().all(JOULES.format("pod"), pod_name="late"), exporter.log, 20)

    @staticmethod
    def api_server_answers():
        try:
            return kubectl("get", "--raw", "/readyz") == "ok"
        except RuntimeError:
            return False

    # The pod

    def test_it_has_the_rights_that_it_says_and_can_be_updated(self):
        before = self.deploy()
        change = patch(DAEMON_SET, add("/spec/template/metadata/annotations/changed", "yes"))
        after = self.deploy(patches=[change], hasten=False)
        self.assertNotEqual(before.name, after.name)
        self.assertEqual(after.scrape().one("brahe_cpu_time_source_info", source="bpf"), 1)
        (status,) = get("pod", "-n", "brahe", after.name)["status"]["containerStatuses"]
        self.assertEqual(status["restartCount"], 0)
        state = cluster("exec", "sh", "-c", "cat /proc/$(pgrep -f -x '/usr/bin/brahe --config.file=/etc/brahe/config.yaml .*')/status")
        numbers = {"DAC_READ_SEARCH": 2, "SYS_PTRACE": 19, "PERFMON": 38, "BPF": 39}
        self.assertIn(f"CapBnd:\t{sum(1 << numbers[name] for name in CAPABILITIES):016x}\n", state)
        self.assertRegex(state, r"NoNewPrivs:\t1\n")
        self.assertRegex(state, r"Seccomp:\t2\n")

    def test_counters_go_on_over_a_rolling_update(self):
        before = self.deploy(goes_on=True)
        self.addCleanup(self.remove_pods)
        apply(pod("load", container("load", "while :; do :; done")))

        def counted(exporter):
            """Joules of the node, and CPU seconds of the load and of its container."""
            scrape = exporter.scrape()
            (found,) = get("pods", "-n", "shop")["items"]
            return (
                scrape.one("kepler_node_cpu_joules_total", zone="package"),
                scrape.sum("kepler_container_cpu_seconds_total", container_name="load"),
                cgroup_of(found["metadata"]["uid"]).used(),
            )

        self.eventually(lambda: counted(before)[1] > 2, before.log)
        joules, seconds, used = counted(before)
        kubectl("rollout", "restart", "-n", "brahe", "daemonset/brahe")
        self.hasten()
        kubectl("rollout", "status", "-n", "brahe", "daemonset/brahe", "--timeout=120s")
        after = Deployed()
        self.assertNotEqual(before.name, after.name)
        self.assertIn("Every counter goes on where it stood", after.log())
        # The first look at it may be without its name.
        self.eventually(lambda: counted(after)[1] > 0, after.log)
        joules_then, seconds_then, used_then = counted(after)
        self.assertGreater(joules_then, joules)
        away = used_then - used
        self.assertGreater(away, 1, "there was load meanwhile")
        self.assertGreater(float(seconds_then - seconds), 0.9 * away - 1.5)
        self.assertLess(float(seconds_then - seconds), 1.1 * away + 1.5)

    def test_a_capability_that_is_missing_is_named(self):
        for missing in CAPABILITIES:
            with self.subTest(missing):
                left = [name for name in CAPABILITIES if name != missing]
                exporter = self.deploy(
                    patches=[patch(DAEMON_SET, replace(f"{CONTAINER}/securityContext/capabilities/add", left))]
                )
                source = "procfs" if missing in ("BPF", "PERFMON") else "bpf"
                self.assertEqual(exporter.scrape().one("brahe_cpu_time_source_info", source=source), 1)
                self.assertRegex(exporter.log(), rf"(?m)^W.*\bCAP_{missing}\b")

    def test_a_wrong_node_name_is_warned_of(self):
        exporter = self.deploy(patches=[patch(DAEMON_SET, replace(f"{CONTAINER}/args/1", "--kube.node-name=elsewhere"))])
        self.eventually(lambda: 'kube.nodeName "elsewhere"' in exporter.log(), exporter.log)

    def test_privileged(self):
        self.assertEqual(self.deploy("privileged").scrape().one("brahe_cpu_time_source_info", source="bpf"), 1)

    def test_tls(self):
        certificates = Certificates(self.folder)
        certificates.sign("tls", "DNS:brahe.brahe.svc")
        kubectl("apply", "-k", self.overlay())
        self.run_manual("kubectl create secret")
        exporter = self.deploy("tls", scheme="https")
        self.assertEqual(exporter.scrape().one("brahe_cpu_time_source_info", source="bpf"), 1)
        with self.assertRaises(RuntimeError):
            Deployed("http").scrape()

    # The manual

    def run_manual(self, command):
        """Runs the lines around a command, as they stand there."""
        with open(MANUAL) as manual:
            blocks = re.findall(r"^```sh\n(.*?)^```", manual.read(), re.DOTALL | re.MULTILINE)
        (block,) = (block for block in blocks if command in block)
        return cluster("exec", "sh", "-ec", block, cwd=self.folder)

    def test_what_the_manual_says_of_installing_and_uninstalling(self):
        with open(MANUAL) as manual:
            kustomization, policy = re.findall(r"^```yaml\n(.*?)^```", manual.read(), re.DOTALL | re.MULTILINE)
        kubectl("delete", "namespace", "brahe", "--ignore-not-found", "--wait")
        folder = os.path.join(self.folder, "my-brahe")
        os.mkdir(folder)
        with open(f"{folder}/kustomization.yaml", "w") as out:
            out.write(kustomization + policy)
        self.assertIn("\nkepler_node_cpu_joules_total{", self.run_manual("kubectl apply"))
        (peer,) = get("networkpolicy", "-n", "brahe", "brahe")["spec"]["ingress"][0]["from"]
        self.assertEqual(list(peer), ["namespaceSelector"])
        (running,) = get("pods", "-n", "brahe")["items"]
        self.assertEqual(running["spec"]["containers"][0]["image"], self.image)
        pins = ("exec", "ls", "/sys/fs/bpf")
        self.assertIn("brahe\n", cluster(*pins))
        self.run_manual("kubectl delete")
        left = kubectl("get", "namespaces,clusterroles,clusterrolebindings", "-o", "name")
        self.assertNotIn("brahe", left)
        self.run_manual("rm -rf")
        self.assertNotIn("brahe\n", cluster(*pins))
        self.assertNotIn("brahe\n", cluster("exec", "ls", "/var/lib"))

    # The chart

    def test_helm_installs_upgrades_and_removes_it(self):
        kubectl("delete", "--ignore-not-found", "--wait", "-k", self.overlay())
        self.take_chart()
        sensors = {
            "extraArgs": ["--host.sysfs=/driven"],
            "extraVolumes": [{"name": "driven", "hostPath": {"path": self.driver.root}}],
            "extraVolumeMounts": [{"name": "driven", "mountPath": "/driven", "readOnly": True}],
        }
        as_the_image_does = {"securityContext": {"runAsUser": 65534}}
        older, newest = helm.VERSIONS
        self.helm(older, "install", {"daemonset": sensors}, "--create-namespace")
        self.uninstall(older)

        self.helm(newest, "install", {"daemonset": sensors})
        first = self.rolled_out()
        self.helm(newest, "upgrade", {"config": {"monitor": {"interval": "2s"}}, "daemonset": sensors | as_the_image_does})
        second = self.rolled_out()
        self.assertNotEqual(first.name, second.name)
        self.assertIn("monitor.interval=2s (/etc/brahe/config.yaml:", second.log())
        self.uninstall(newest)

    def take_chart(self):
        """Without the version of Kubernetes that it asks for: what this server tells at /version is no release's."""
        chart = shutil.copytree(helm.CHART, f"{self.folder}/chart")
        with open(f"{chart}/Chart.yaml") as file:
            lines = [line for line in file if not line.startswith("kubeVersion:")]
        with open(f"{chart}/Chart.yaml", "w") as file:
            file.writelines(lines)

    def helm(self, version, command, values, *flags):
        """Installs or upgrades the chart."""
        words = (command, "brahe", f"{self.folder}/chart", "--namespace", "brahe", "--values", "-", *flags)
        told = cluster("exec", f"{helm.CACHE}/{version}/helm", *words, input=json.dumps(values))
        self.assertIn("STATUS: deployed", told)

    def uninstall(self, version):
        """And sees that nothing is left."""
        cluster("exec", f"{helm.CACHE}/{version}/helm", "uninstall", "brahe", "--namespace", "brahe")
        kinds = "daemonsets,pods,services,configmaps,serviceaccounts,networkpolicies,clusterroles,clusterrolebindings"
        mine = ("get", kinds, "-n", "brahe", "-l", "app.kubernetes.io/instance=brahe", "-o", "name")
        self.eventually(lambda: not kubectl(*mine), lambda: kubectl(*mine))

    def rolled_out(self):
        """Its pod, which counts in the kernel and knows itself by name."""
        kubectl("rollout", "status", "-n", "brahe", "daemonset/brahe", "--timeout=120s")
        exporter = Deployed()
        self.assertEqual(exporter.scrape().one("brahe_cpu_time_source_info", source="bpf"), 1)
        named = {"pod_name": exporter.name, "pod_namespace": "brahe", "zone": "package"}
        self.eventually(lambda: exporter.scrape().all(JOULES.format("pod"), **named), exporter.log)
        return exporter

    def test_the_server_takes_what_helm_makes(self):
        certificate = {"tls": {"enabled": True, "existingSecret": "brahe-tls"}}
        for values in (
            {},
            {"podSource": "kubelet", "privileged": True},
            {"podSource": "none", "daemonset": {"appArmorProfile": {"type": "RuntimeDefault"}, "hostNetwork": True}},
            {"service": {"type": "LoadBalancer", "externalTrafficPolicy": "Local"}, "dashboards": {"enabled": True}},
            {**certificate, "networkPolicy": {"egress": []}, "daemonset": {"updateStrategy": {"type": "OnDelete"}}},
        ):
            with self.subTest(values):
                objects = helm.template(helm.CHART, "--kube-version", "1.20.2", values=values, release="new", namespace="shop")
                listed = json.dumps({"apiVersion": "v1", "kind": "List", "items": objects})
                kubectl("apply", "--dry-run=server", "--validate=true", "-f", "-", input=listed)

    # The objects

    def test_the_server_takes_every_component(self):
        apply(*(monitor_definition(*words) for words in (("PodMonitor", "podMetricsEndpoints"), ("ServiceMonitor", "endpoints"))))
        kubectl("wait", "--for=condition=Established", "--timeout=30s", "customresourcedefinitions", "--all")
        combinations = (
            (),
            ("privileged",),
            ("kubelet",),
            ("kubelet", "kubelet-before-1.33", "kubelet-certificate"),
            ("pod-monitor", "tls"),
            ("service-monitor", "tls"),
            ("pod-monitor", "kubelet", "kubelet-certificate", "tls", "privileged"),
        )
        self.assertEqual(set().union(*combinations), set(os.listdir(f"{MANIFESTS}/components")))
        for components in combinations:
            with self.subTest(components):
                kubectl("apply", "--dry-run=server", "--validate=true", "-k", self.overlay(*components))

    def test_its_service_account_may_do_nothing_else(self):
        for components, allowed in (
            (["kubelet"], {("get", "nodes/pods")}),
            (["kubelet", "kubelet-before-1.33"], {("get", "nodes/pods"), ("get", "nodes/proxy")}),
            ([], {("list", "pods"), ("watch", "pods")}),
        ):
            with self.subTest(components):
                kubectl("apply", "-k", self.overlay(*components))
                review = {
                    "apiVersion": "authorization.k8s.io/v1",
                    "kind": "SelfSubjectRulesReview",
                    "spec": {"namespace": "shop"},
                }
                told = kubectl(
                    *("create", "-f", "-", "-o", "json", "--as=system:serviceaccount:brahe:brahe"),
                    *("--as-group=system:serviceaccounts", "--as-group=system:authenticated"),
                    input=json.dumps(review),
                )
                rules = {
                    (verb, resource)
                    for rule in json.loads(told)["status"]["resourceRules"]
                    for verb in rule["verbs"]
                    for resource in rule["resources"]
                }
                everybodys = {(verb, resource) for verb, resource in rules if resource.startswith("selfsubject")}
                self.assertEqual(rules - everybodys, allowed)


def monitor_definition(kind, endpoints):
    """A stand-in for the Prometheus operator's, which Debian does not have: the fields of it that are used here."""
    text = {"type": "string"}
    secret = {"type": "object", "required": ["key"], "properties": {"name": text, "key": text}}
    tls = {"ca": {"type": "object", "properties": {"secret": secret}}, "serverName": text}
    endpoint = {"port": text, "interval": text, "scrapeTimeout": text, "scheme": {"type": "string", "enum": ["http", "https"]}}
    endpoint["honorLabels"] = {"type": "boolean"}
    endpoint["tlsConfig"] = {"type": "object", "properties": tls}
    labels = {"type": "object", "additionalProperties": text}
    spec = {
        "selector": {"type": "object", "properties": {"matchLabels": labels}},
        endpoints: {"type": "array", "items": {"type": "object", "properties": endpoint}},
    }
    schema = {"type": "object", "properties": {"spec": {"type": "object", "required": ["selector", endpoints], "properties": spec}}}
    plural = f"{kind.lower()}s"
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.monitoring.coreos.com"},
        "spec": {
            "group": "monitoring.coreos.com",
            "names": {"kind": kind, "plural": plural},
            "scope": "Namespaced",
            "versions": [{"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}],
        },
    }


if __name__ == "__main__":
    runner.main()
