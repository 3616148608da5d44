#!/usr/bin/env python3
"""The image: what is in it, and whether it does all that it should in containers that runc and containerd start. Runs as
root: image_test.py BUILD BRAHE [CASE]. That the same arguments make the same bytes, package_test.py shows."""

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

sys.path.insert(0, os.path.abspath("userspace/e2e"))
# The path comes first.
from certificates import Certificates  # noqa: E402
from fake_kube import FakeKube  # noqa: E402
from node import ExporterProcess  # noqa: E402
from oci_image import OciImage  # noqa: E402
import runner  # noqa: E402

BUILD, BRAHE = (os.path.abspath(sys.argv.pop(1)) for _ in range(2))
HERE = os.path.dirname(os.path.abspath(__file__))
EPOCH = 1700000000  # 2023-11-14 22:13:20 UTC
COMMIT = "0123456789abcdef0123456789abcdef01234567"
MIB = 1 << 20
FOUR = {"CAP_BPF": 39, "CAP_DAC_READ_SEARCH": 2, "CAP_PERFMON": 38, "CAP_SYS_PTRACE": 19}
# What ctr adds by itself.
DEFAULTS = (
    *("AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "MKNOD", "NET_BIND_SERVICE", "NET_RAW"),
    *("SETFCAP", "SETGID", "SETPCAP", "SETUID", "SYS_CHROOT"),
)
HOST = {"/host/proc": "/proc", "/host/sys": "/sys"}
FLAGS = ("--host.procfs=/host/proc", "--host.sysfs=/host/sys", "--monitor.interval=500ms", "--monitor.staleness=1ms")


def output(*command):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def setUpModule():
    # Not Bazel's, whose path is too long for a socket.
    Image.folder = tempfile.mkdtemp(dir="/tmp", prefix="brahe-image-")
    unittest.addModuleCleanup(shutil.rmtree, Image.folder)
    Image.version = output(BRAHE, "--version").split()[1]
    Image.archive = f"{Image.folder}/image.tar"
    binary = f"{Image.folder}/brahe"
    subprocess.run(["strip", "-o", binary, BRAHE], check=True)
    subprocess.run([BUILD, f"--revision={COMMIT}", binary, Image.version, str(EPOCH), Image.archive], check=True)
    Image.image = OciImage(Image.archive, Image.folder)
    Image.bundle = Image.image.unpack()
    Image.program = f"{Image.bundle}/rootfs/usr/bin/brahe"


class Image(unittest.TestCase):
    """Of what setUpModule has made."""

    def start(self, under, *flags, program="/usr/bin/brahe"):
        """An exporter in a container, once it is ready."""
        began = time.monotonic()
        self.exporter = ExporterProcess(program, *FLAGS, *flags, under=under)
        self.addCleanup(lambda: self.exporter.process.poll() is not None or self.exporter.stop())
        deadline = began + 30
        while self.exporter.get("/readyz")[0] != 200:
            self.assertLess(time.monotonic(), deadline, "".join(self.exporter.log))
            time.sleep(0.02)
        print(f"{self.id()}: ready after {time.monotonic() - began:.2f} s", flush=True)
        return self.exporter

    def expect_counting(self, source="bpf"):
        """That it counts by this source, and sees who is outside of its own PID namespace."""
        deadline = time.monotonic() + 30
        while True:
            for _ in range(10**6):  # work, so that this process is listed
                pass
            scrape = self.exporter.scrape()
            if scrape.all("kepler_process_cpu_seconds_total", pid=str(os.getpid())):
                break
            self.assertLess(time.monotonic(), deadline, "".join(self.exporter.log))
        self.assertEqual(scrape.one("brahe_cpu_time_source_info", source=source), 1)

    def expect_rights(self, pid, user):
        """That the process has been given the four and nothing else, and can get nothing more."""
        with open(f"/proc/{pid}/status") as status:
            fields = dict(line.rstrip("\n").split(":\t", 1) for line in status if ":\t" in line)
        self.assertEqual(fields["Uid"].split(), [user] * 4)
        self.assertEqual(int(fields["CapBnd"], 16), sum(1 << number for number in FOUR.values()))
        self.assertEqual((int(fields["CapAmb"], 16), fields["NoNewPrivs"]), (0, "1"))

    def expect_end(self):
        """That the first process of a namespace, which is sent no signal that it does not ask for, ends at once."""
        began = time.monotonic()
        self.assertEqual(self.exporter.stop(), 0)
        self.assertLess(time.monotonic() - began, 2)

    def warnings(self):
        return [line for line in self.exporter.log if line[0] in "WE" and "Energy is estimated" not in line]


class ContentsTest(Image):
    def files(self, kind):
        root = f"{self.bundle}/rootfs"
        paths = [os.path.join(place, name) for place, folders, files in os.walk(root) for name in folders + files]
        is_one = {"file": lambda path: os.path.isfile(path) and not os.path.islink(path), "link": os.path.islink}[kind]
        return {os.path.relpath(path, root) for path in filter(is_one, paths)}

    def test_it_has_the_program_and_its_libraries_and_nothing_else_to_execute(self):
        (libraries,) = (f"usr/lib/{name}" for name in os.listdir(f"{self.bundle}/rootfs/usr/lib"))
        (loader,) = re.findall(r"^\t/\S+/(ld-linux\S+)", output("ldd", BRAHE), re.MULTILINE)
        needed = {loader, "libcurl-gnutls.so.4"}
        for program in (BRAHE, f"/{libraries}/libcurl-gnutls.so.4"):
            needed |= set(re.findall(r"^\t(\S+) => /", output("ldd", program), re.MULTILINE))
        self.assertGreater(len(needed), 40)
        executable = {f"{libraries}/{name}" for name in needed} | {"usr/bin/brahe"}
        modes = {name: os.stat(f"{self.bundle}/rootfs/{name}").st_mode & 0o7777 for name in self.files("file")}
        self.assertEqual({name for name, mode in modes.items() if mode == 0o755}, executable)
        others = {name: mode for name, mode in modes.items() if name not in executable}
        self.assertEqual(set(others.values()), {0o644})
        texts = {"etc/passwd", "etc/group", "etc/nsswitch.conf", "etc/ssl/certs/ca-certificates.crt"}
        is_licence = re.compile(r"usr/share/(common-licenses/|doc/[^/]+/(copyright|LICENSE)$)")
        self.assertEqual({name for name in others if not is_licence.match(name)}, texts)
        # The loader is where the program looks for it.
        self.assertTrue({"lib", "lib64", f"usr/lib64/{loader}"} <= self.files("link"))

    def test_all_is_roots_and_as_old_as_the_commit(self):
        for folder, _, names in os.walk(f"{self.bundle}/rootfs"):
            for name in names:
                status = os.lstat(os.path.join(folder, name))
                self.assertEqual((status.st_uid, status.st_gid, status.st_mtime), (0, 0, EPOCH), name)

    def test_it_is_small(self):
        sizes = [os.stat(f"{self.bundle}/rootfs/{name}").st_size for name in self.files("file")]
        print(f"{sum(sizes) / MIB:.1f} MiB in {len(sizes)} files, {os.stat(self.archive).st_size / MIB:.1f} MiB packed")
        self.assertLess(sum(sizes), 40 * MIB)

    def test_it_has_no_authority_but_debians(self):
        with open(f"{self.bundle}/rootfs/etc/ssl/certs/ca-certificates.crt") as bundle:
            certificates = bundle.read().count("BEGIN CERTIFICATE")
        self.assertEqual(certificates, len(os.listdir("/usr/share/ca-certificates/mozilla")))

    def test_it_says_what_it_is_and_how_it_runs(self):
        image = self.image
        self.assertEqual(image.reference, f"localhost/brahe:{self.version}")
        self.assertEqual(image.created, "2023-11-14T22:13:20Z")
        self.assertEqual(image.platform["os"], "linux")
        self.assertEqual(image.platform["architecture"], output("dpkg", "--print-architecture").strip())
        self.assertEqual(image.config["Entrypoint"], ["/usr/bin/brahe"])
        self.assertEqual(image.config["User"], "65534:65534")
        self.assertEqual(image.config["ExposedPorts"], {"28282/tcp": {}})
        for labels in (image.annotations, image.config["Labels"]):
            self.assertEqual(labels["org.opencontainers.image.title"], "brahe")
            self.assertEqual(labels["org.opencontainers.image.version"], self.version)
            self.assertEqual(labels["org.opencontainers.image.revision"], COMMIT)


class RuncTest(Image):
    def under(self, capabilities=FOUR, mounts=None, **settings):
        settings |= {"capabilities": list(capabilities), "mounts": {**HOST, **(mounts or {})}}
        return [sys.executable, f"{HERE}/run_bundle.py", self.bundle, json.dumps(settings)]

    def pid(self):
        children = glob.glob(f"/proc/{self.exporter.process.pid}/task/*/children")
        (pid,) = (pid for path in children for pid in open(path).read().split())
        return pid

    def test_as_the_images_user_with_four_capabilities_it_counts_in_the_kernel(self):
        self.start(self.under())
        self.expect_rights(self.pid(), "65534")
        self.expect_counting()
        self.assertEqual(self.warnings(), [])
        self.expect_end()

    def test_as_root_with_four_capabilities_it_counts_in_the_kernel(self):
        self.start(self.under(user=0))
        self.expect_rights(self.pid(), "0")
        self.expect_counting()
        self.assertEqual(self.warnings(), [])
        self.expect_end()

    def test_without_one_of_them_it_starts_all_the_same_and_says_so(self):
        self.start(self.under([name for name in FOUR if name != "CAP_SYS_PTRACE"]))
        self.expect_counting()
        (warning,) = self.warnings()
        self.assertIn("CAP_SYS_PTRACE", warning)

    def test_what_is_added_is_nothing_to_another_user_if_the_file_does_not_carry_it(self):
        carried = os.getxattr(self.program, "security.capability")
        os.removexattr(self.program, "security.capability")
        self.addCleanup(os.setxattr, self.program, "security.capability", carried)
        self.start(self.under())
        self.expect_counting(source="procfs")
        lines = [line for line in self.warnings() if "Counting CPU time from /proc" in line]
        self.assertEqual(len(lines), 1, self.exporter.log)
        self.assertIn("this process lacks CAP_BPF and CAP_PERFMON, as user 65534: ", lines[0])

    def test_it_asks_kubernetes_for_names(self):
        folder = tempfile.mkdtemp(dir=self.folder)
        certificates = Certificates(folder)
        kube = FakeKube(certificates.sign("server"))
        self.addCleanup(kube.stop)
        kube.token = "secret"
        settings = {
            "current-context": "x",
            "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}],
            "clusters": [
                {
                    "name": "c",
                    # By its name, which the image's libraries look up in /etc/hosts.
                    "cluster": {
                        "server": f"https://localhost:{kube.port}",
                        "certificate-authority": "/etc/brahe/ca.crt",
                    },
                }
            ],
            "users": [{"name": "u", "user": {"token": kube.token}}],
        }
        with open(f"{folder}/kubeconfig", "w") as file:
            json.dump(settings, file)
        self.start(
            self.under(mounts={"/etc/brahe": folder, "/etc/hosts": "/etc/hosts"}),
            *("--cpu.time-source=procfs", "--kube.enable", "--kube.node-name=n1", "--kube.pod-informer.mode=apiserver"),
            "--kube.config=/etc/brahe/kubeconfig",
        )
        deadline = time.monotonic() + 20
        while not kube.watching:
            self.assertLess(time.monotonic(), deadline, "".join(self.exporter.log))
            time.sleep(0.05)
        self.expect_end()


class ContainerdTest(Image):
    def setUp(self):
        self.place = tempfile.mkdtemp(dir=self.folder)
        with open(f"{self.place}/config.toml", "w") as settings:
            settings.write(
                f"""
version = 2
root = "{self.place}/root"
state = "{self.place}/state"
disabled_plugins = ["io.containerd.grpc.v1.cri"]
grpc = {{address = "{self.place}/socket"}}
ttrpc = {{address = "{self.place}/ttrpc"}}
"""
            )
        self.ctr = ["ctr", f"--address={self.place}/socket"]
        with open(f"{self.place}/log", "w") as log:
            daemon = subprocess.Popen(["containerd", f"--config={self.place}/config.toml"], stderr=log)
        self.addCleanup(daemon.wait)
        self.addCleanup(daemon.terminate)
        deadline = time.monotonic() + 30
        while subprocess.run([*self.ctr, "version"], capture_output=True).returncode != 0:
            self.assertLess(time.monotonic(), deadline, open(f"{self.place}/log").read())
            time.sleep(0.05)

    def under(self):
        capabilities = [f"--cap-drop=CAP_{name}" for name in DEFAULTS] + [f"--cap-add={name}" for name in FOUR]
        mounts = [f"--mount=type=bind,src={outside},dst={inside},options=rbind:ro" for inside, outside in HOST.items()]
        return [
            *(*self.ctr, "run", "--rm", "--snapshotter=native", f"--runc-root={self.place}/runc", "--net-host"),
            *("--read-only", *capabilities, *mounts, self.image.reference, "brahe-test"),
        ]

    def test_imported_it_counts_in_the_kernel(self):
        output(*self.ctr, "images", "import", "--snapshotter=native", self.archive)
        self.assertIn(f"{self.image.reference} ", output(*self.ctr, "images", "list"))
        self.start(self.under())
        (pid,) = re.findall(r"^brahe-test +(\d+) +RUNNING", output(*self.ctr, "tasks", "list"), re.MULTILINE)
        self.expect_rights(pid, "65534")
        self.expect_counting()
        self.assertEqual(self.warnings(), [])
        self.expect_end()


if __name__ == "__main__":
    runner.main()
