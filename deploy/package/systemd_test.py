#!/usr/bin/env python3
"""The package on a system that systemd runs, in namespaces of its own: installed, started, reloaded, hung, killed,
upgraded and purged; and the units that Brahe finds in its tree. systemd_test.py PACK BRAHE WRITE_PACKAGE_FILES
PRINT_UNITS [CASE], as root."""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.abspath("userspace/e2e"))
# The path comes first.
import cgroups  # noqa: E402
from node import stolen_seconds  # noqa: E402
import runner  # noqa: E402

PACK, BRAHE, WRITER, PRINT_UNITS = (os.path.abspath(sys.argv.pop(1)) for _ in range(4))
OLD, NEW = "0.1.0~20231114221320.0123456789ab", "0.1.0"
CGROUP = f"/brahe-systemd-test-{os.getpid()}"
SCRAPE = "import urllib.request as r; print(r.urlopen('http://127.0.0.1:28282/metrics').read().decode())"
LOCAL = (
    "import socket; s = socket.socket(socket.AF_UNIX); s.connect('/run/brahe/brahe.sock'); "
    r"s.sendall(b'GET /healthz HTTP/1.0\r\n\r\n'); print(s.makefile().read())"
)
# The log goes into a file: there is no journal.
DROP_IN = "[Service]\nStandardError=append:/run/brahe.log\nRestartSec=100ms\n"
BURNER = "burner"
AWAY = 4  # s, for which nobody looks at what it uses


# WORK: as systemd_root does it.
OVERLAY = (
    'mount -t tmpfs tmpfs "$1"; mkdir "$1/upper" "$1/work" "$1/root"; '
    'mount -t overlay overlay -o "lowerdir=/,upperdir=$1/upper,workdir=$1/work" "$1/root"'
)


def mounts():
    with open("/proc/self/mounts") as lines:
        return [line.split() for line in lines]


def unified_mount():
    return next(point for _, point, kind, *_ in mounts() if kind == "cgroup2")


def why_not_here():
    """What a machine may lack for a root of its own over its own one; empty: nothing."""
    if not any(kind == "cgroup2" for _, _, kind, *_ in mounts()):
        return "no cgroup2 is mounted"
    with tempfile.TemporaryDirectory(dir="/tmp") as work:
        tried = subprocess.run(
            ["unshare", "--mount", "sh", "-ec", OVERLAY, "sh", work], stderr=subprocess.PIPE, text=True, check=False
        )
    return "" if tried.returncode == 0 else f"no overlay over /: {tried.stderr.strip()}"


class System:
    """A systemd that has been started."""

    def __init__(self, packages):
        self.work = tempfile.mkdtemp(dir="/tmp", prefix="brahe-systemd-")
        cgroup = unified_mount() + CGROUP
        os.mkdir(cgroup)

        def enter():
            with open(f"{cgroup}/cgroup.procs", "w") as procs:
                procs.write(str(os.getpid()))

        namespaces = ("--pid", "--mount", "--uts", "--ipc", "--net", "--cgroup")
        self.console = tempfile.TemporaryFile("w+")
        self.process = subprocess.Popen(
            ["unshare", *namespaces, "--fork", "--kill-child", f"{HERE}/systemd_root", self.work, packages],
            preexec_fn=enter,
            stdin=subprocess.DEVNULL,
            stdout=self.console,
            stderr=self.console,
        )
        self.namespaces = namespaces
        try:
            self.first = self._first_process()
            self._wait_for_systemd()
        except Exception:
            self.stop()
            raise

    def _first_process(self):
        deadline = time.monotonic() + 20
        while True:
            with open(f"/proc/{self.process.pid}/task/{self.process.pid}/children") as children:
                pids = children.read().split()
            if pids:
                return int(pids[0])
            if time.monotonic() > deadline:
                raise RuntimeError(self.said())
            time.sleep(0.05)

    def _wait_for_systemd(self):
        deadline = time.monotonic() + 60
        while self.run("systemctl", "is-active", "nothing.target").stdout != "active\n":
            if time.monotonic() > deadline or self.process.poll() is not None:
                raise RuntimeError(f"systemd does not start: {self.said()}")
            time.sleep(0.1)

    def run(self, *command):
        entered = ["nsenter", f"--target={self.first}", *self.namespaces, "env", "--ignore-environment"]
        return subprocess.run(
            [*entered, "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "DEBIAN_FRONTEND=noninteractive", *command],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=120,
        )

    def said(self):
        self.console.seek(0)
        return self.console.read()

    def stop(self):
        self.process.kill()  # and with it its child, the first process, and all of its namespace
        self.process.wait()
        self.console.close()
        cgroups.remove_tree(CGROUP)
        os.rmdir(self.work)


class SystemdTest(unittest.TestCase):
    def setUp(self):
        if lack := why_not_here():
            self.skipTest(lack)
        packages = tempfile.mkdtemp(dir=os.environ.get("TEST_TMPDIR"))
        self.addCleanup(shutil.rmtree, packages)
        for version in (OLD, NEW):
            subprocess.run([PACK, BRAHE, WRITER, version, "1700000000", packages], check=True)
        self.architecture = self.output("dpkg", "--print-architecture")
        self.system = System(packages)
        self.addCleanup(self.system.stop)

    @staticmethod
    def output(*command):
        return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.strip()

    def inside(self, *command):
        run = self.system.run(*command)
        self.assertEqual(run.returncode, 0, f"{command}: {run.stdout}\n{self.log()}")
        return run.stdout

    def log(self):
        return self.system.run("cat", "/run/brahe.log").stdout

    def write(self, path, text):
        self.inside("sh", "-c", 'mkdir -p "$(dirname "$1")"; printf %s "$2" >"$1"', "sh", path, text)

    def show(self, name):
        return self.inside("systemctl", "show", "--value", f"--property={name}", "brahe.service").strip()

    def install(self, version):
        self.inside("dpkg", "--no-triggers", "--install", f"/packages/brahe_{version}_{self.architecture}.deb")

    def scrape(self):
        return self.inside("python3", "-c", SCRAPE)

    def until(self, what, is_so):
        deadline = time.monotonic() + 30
        while not is_so():
            self.assertLess(time.monotonic(), deadline, f"{what}\n{self.log()}")
            time.sleep(0.2)

    def expect_new_process(self, old):
        self.until("it is not started anew", lambda: self.show("MainPID") not in ("0", old))
        self.until("it does not get ready", lambda: self.show("ActiveState") == "active")
        return self.show("MainPID")

    def test_a_life_of_the_package(self):
        before = self.files()
        self.write("/etc/systemd/system/brahe.service.d/test.conf", DROP_IN)
        self.install(OLD)
        pid = self.expect_it_runs()
        pid = self.expect_counters_go_on(pid)
        self.expect_a_reload(pid)
        pid = self.expect_restarts(pid)
        self.expect_passed_sockets()
        self.expect_runs_without_privilege()
        pid = self.show("MainPID")
        self.install(NEW)
        self.assertNotEqual(self.expect_new_process(pid), pid)
        self.assertIn("metricsLevel: [node]", self.inside("cat", "/etc/brahe/brahe.yaml"))
        self.inside("rm", "-r", "/etc/systemd/system/brahe.service.d", "/run/brahe.log")
        self.inside("dpkg", "--no-triggers", "--purge", "brahe")
        self.assertEqual((self.show("ActiveState"), self.show("LoadState")), ("inactive", "not-found"))
        self.assertEqual(self.files(), before)

    def files(self):
        return self.inside("find", "/etc", "/run", "/sys/fs/bpf", "/tmp", "/usr", "/var", "-iname", "*brahe*")

    def expect_it_runs(self):
        self.assertEqual((self.show("ActiveState"), self.show("UnitFileState")), ("active", "enabled"), self.log())
        begun, ready = (int(self.show(f"{name}TimestampMonotonic")) for name in ("ExecMainStart", "ActiveEnter"))
        self.assertGreater(ready - begun, 900_000, "it is ready with its first figures, a second after the start")
        self.assertLess(ready - begun, 10_000_000)
        scrape = self.scrape()
        self.assertTrue(re.search(r'^brahe_cpu_time_source_info\{.*source="bpf"', scrape, re.MULTILINE), self.log())
        self.assertTrue("\nkepler_process_cpu_joules_total{" in scrape, self.log())
        pid = self.show("MainPID")
        status = self.inside("cat", f"/proc/{pid}/status")
        fields = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
        self.assertNotEqual(fields["Uid"].split()[0], "0")
        self.assertEqual((fields["NoNewPrivs"], fields["Seccomp"]), ("1", "2"))
        self.assertEqual(int(fields["CapBnd"], 16), 1 << 2 | 1 << 19 | 1 << 38 | 1 << 39)
        self.expect_the_local_socket()
        folder = ("stat", "--dereference", "--format=%a %u", "/var/lib/brahe")
        self.assertEqual(self.inside(*folder).split(), ["700", fields["Uid"].split()[0]])
        return pid

    def expect_the_local_socket(self):
        self.assertIn("200 OK", self.inside("python3", "-c", LOCAL))
        other = ("setpriv", "--reuid=1234", "--regid=1234", "--clear-groups")
        self.assertIn("uid 1234 may not ask here", self.inside(*other, "python3", "-c", LOCAL))

    def expect_counters_go_on(self, pid):
        """Over a stop and a kill: what is left in the kernel counts on meanwhile."""
        self.inside("sh", "-c", f"cp /bin/sh /run/{BURNER}")
        self.inside("systemd-run", f"--unit={BURNER}", f"/run/{BURNER}", "-c", "while :; do :; done")
        burner = self.inside("systemctl", "show", "--value", "--property=MainPID", f"{BURNER}.service").strip()
        stolen = stolen_seconds()
        self.until("the burner is not counted", lambda: self.charged(BURNER) > 0)
        self.inside("systemctl", "stop", "brahe")
        self.assertIn("link_on_switch\n", self.inside("ls", "/sys/fs/bpf/brahe"))
        time.sleep(AWAY)
        self.inside("systemctl", "start", "brahe")
        pid = self.expect_new_process(pid)
        self.expect_charged(burner, stolen)
        self.inside("kill", "-KILL", pid)
        pid = self.expect_new_process(pid)
        self.expect_charged(burner, stolen)
        self.assertEqual(self.log().count("Every counter goes on where it stood"), 2, self.log())
        self.inside("systemctl", "stop", f"{BURNER}.service")
        return pid

    def charged(self, comm):
        found = re.search(rf'^kepler_process_cpu_seconds_total{{.*comm="{comm}".*}} (\S+)', self.scrape(), re.MULTILINE)
        return float(found.group(1)) if found else 0

    def expect_charged(self, pid, stolen):
        def used():
            fields = self.inside("cat", f"/proc/{pid}/stat").rsplit(")", 1)[1].split()
            return sum(map(int, fields[11:13])) / os.sysconf("SC_CLK_TCK")

        at_least, charged, at_most = used(), self.charged(BURNER), used()
        self.assertGreater(charged, at_least - AWAY / 2, self.log())
        self.assertLess(charged, at_most + stolen_seconds() - stolen + 0.5, self.log())

    def expect_a_reload(self, pid):
        # From its next start on it counts from /proc, so that no other exporter of this machine stands in its way.
        self.write("/etc/brahe/brahe.yaml", "exporter.prometheus.metricsLevel: [node]\ncpu.timeSource: procfs\n")
        self.inside("systemctl", "reload", "brahe")
        self.until("it is not read again", lambda: "kepler_process_cpu_joules_total{" not in self.scrape())
        self.assertEqual((self.show("ActiveState"), self.show("MainPID")), ("active", pid))

    def expect_restarts(self, pid):
        self.inside("kill", "-KILL", pid)
        self.expect_new_process(pid)
        self.write("/etc/systemd/system/brahe.service.d/test.conf", DROP_IN + "WatchdogSec=4s\n")
        self.inside("systemctl", "daemon-reload")
        self.inside("systemctl", "restart", "brahe")
        pid = self.show("MainPID")
        time.sleep(6)
        self.assertEqual(self.show("MainPID"), pid, "what goes round is left alone")
        self.inside("kill", "-STOP", pid)
        return self.expect_new_process(pid)

    def expect_passed_sockets(self):
        """As docs/install.md says it."""
        self.inside("systemctl", "stop", "brahe.service")
        self.inside("systemctl", "enable", "--now", "brahe.socket")
        self.inside("systemctl", "start", "brahe.service")
        self.assertTrue("\nkepler_node_cpu_joules_total{" in self.scrape(), self.log())
        self.assertIn("The service manager has passed 1 sockets", self.log())
        self.inside("systemctl", "restart", "brahe.service")
        self.assertTrue("\nkepler_node_cpu_joules_total{" in self.scrape(), self.log())

    def expect_runs_without_privilege(self):
        """As docs/run.md says it."""
        # Who enters from outside is in a cgroup that is not to be seen here.
        enter = "mkdir -p /sys/fs/cgroup/visitor; echo $$ >/sys/fs/cgroup/visitor/cgroup.procs; exec \"$@\""
        user = ("sh", "-c", enter, "sh", "setpriv", "--reuid=1234", "--regid=1234", "--clear-groups")
        work = "id -u; i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done"
        command = (*user, "brahe", "run", "--json", "--output=-", "--", "sh", "-c", work)
        refused = self.system.run(*command)
        self.assertEqual(refused.returncode, 125)
        self.assertIn("systemctl enable --now brahe-run.socket", refused.stdout)
        self.inside("systemctl", "enable", "--now", "brahe-run.socket")
        self.assertIn("uid 1234 may not ask here", self.system.run(*command).stdout)
        self.write("/etc/systemd/system/brahe-run.service.d/test.conf", "[Service]\nEnvironment=ALLOW=user:1234\n")
        self.inside("systemctl", "daemon-reload")
        self.inside("systemctl", "restart", "brahe-run.service")
        said = self.inside(*command)
        self.assertTrue(said.startswith("1234\n"), said)
        report = json.loads(said.removeprefix("1234\n"))
        self.assertEqual(report["cpu_time_source"], "bpf", said)
        (run,) = report["commands"][0]["runs"]
        self.assertGreater(run["cpu_seconds"], 0.02)
        self.assertGreater(run["zones"][0]["joules"], 0)
        self.assertEqual(self.inside("find", "/sys/fs/cgroup", "-name", "brahe-run-*"), "")
        self.inside("rm", "-r", "/etc/systemd/system/brahe-run.service.d")


# What each sleeping process is started by, and the unit that it counts for.
SLEEPERS = {
    "plain.service": ("plain.service", ["systemd-run", "--unit=plain"]),
    "escaped": ("my\\x2dweb.service", ["systemd-run", "--unit=my\\x2dweb.service"]),
    "like a file": ("memory.service", ["systemd-run", "--unit=memory"]),
    "instance": ("worker@one.service", ["systemd-run", "--unit=worker@one.service"]),
    "in a slice": ("deep.service", ["systemd-run", "--slice=work-web.slice", "--unit=deep"]),
    "run": ("system.slice", ["systemd-run"]),
    "run in a slice": ("work.slice", ["systemd-run", "--slice=work-web.slice"]),
    "session": ("user-1000.slice", ["systemd-run", "--slice=user-1000.slice", "--unit=session-7.service"]),
}
# A service for each connection, started by one.
LISTENER = {
    "conn.socket": "[Socket]\nListenStream=/run/conn\nAccept=yes\n",
    "conn@.service": "[Service]\nExecStart=sleep 1002\nStandardInput=socket\n",
}
CONNECT = "import socket; s = socket.socket(socket.AF_UNIX); s.connect('/run/conn')"
# A service that was given its cgroup, and takes another's name in it. For systemd a dollar is two.
FORGED = "/system.slice/forger.service/system.slice/plain.service"
FORGER = f"mkdir -p /sys/fs/cgroup{FORGED}; echo $$$$ >/sys/fs/cgroup{FORGED}/cgroup.procs; exec sleep 1001"
# By pid: the path of the cgroup, and the unit by systemd's own rules.
UNITS = (
    "for pid in $(ps -eo pid=); do "
    "echo $pid $(sed -n s/^0:://p /proc/$pid/cgroup 2>/dev/null) $(ps -o unit:300= -p $pid); done"
)


class UnitsTest(unittest.TestCase):
    def test_units_are_those_that_systemd_has(self):
        if lack := why_not_here():
            self.skipTest(lack)
        packages = tempfile.mkdtemp(dir=os.environ.get("TEST_TMPDIR"))
        self.addCleanup(shutil.rmtree, packages)
        self.system = System(packages)
        self.addCleanup(self.system.stop)
        units = {}  # by what a process sleeps, in s
        for number, (unit, command) in enumerate(SLEEPERS.values()):
            self.inside(*command, "sleep", str(2000 + number))
            units[2000 + number] = unit
        self.inside("systemd-run", "--unit=forger", "--property=Delegate=yes", "sh", "-c", FORGER)
        units[1001] = "forger.service"
        for name, text in LISTENER.items():
            self.inside("sh", "-c", 'printf "$1" >/run/systemd/system/$2', "sh", text, name)
        self.inside("systemctl", "start", "conn.socket")
        self.inside("python3", "-c", CONNECT)
        units[1002] = "conn@.service"
        deadline = time.monotonic() + 30
        while True:
            words = (line.split() for line in self.inside("sh", "-c", UNITS).splitlines())
            found = {int(pid): rest for pid, *rest in words if len(rest) == 2}  # not those that are gone
            sleepers = {self.slept(pid): pid for pid in found}
            if set(units) <= set(sleepers):
                break
            self.assertLess(time.monotonic(), deadline, f"{units} {sleepers}")
            time.sleep(0.2)
        told = dict(zip(found, self.units_of([path for path, _ in found.values()])))
        self.assertEqual({seconds: told[sleepers[seconds]] for seconds in units}, units)
        self.assertEqual(told[1], "init.scope")
        self.assertEqual(found[sleepers[1001]][0], FORGED)
        for pid, (path, unit) in found.items():
            if told[pid].endswith((".service", ".scope")) and "@." not in told[pid]:
                self.assertEqual(told[pid], unit, path)

    def inside(self, *command):
        run = self.system.run(*command)
        self.assertEqual(run.returncode, 0, f"{command}: {run.stdout}")
        return run.stdout

    def slept(self, pid):
        """The seconds that process `pid` sleeps, 0 if it does not."""
        arguments = self.system.run("cat", f"/proc/{pid}/cmdline").stdout.split("\0")
        return int(arguments[1]) if os.path.basename(arguments[0]) == "sleep" and len(arguments) > 1 else 0

    @staticmethod
    def units_of(paths):
        text = "".join(f"{path}\n" for path in paths)
        return subprocess.run([PRINT_UNITS], input=text, check=True, stdout=subprocess.PIPE, text=True).stdout.split("\n")


if __name__ == "__main__":
    runner.main()
