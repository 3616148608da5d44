#!/usr/bin/env python3
"""Each system call that an exporter makes again and again fails once, in each way that it can, and each file that it reads
has garbage in it once, ends too early, or comes late. After each of that it goes on, the books balance, and who comes next
is known by all its names; at the end the joules are the counters'. Runs as root: calls_test.py BRAHE DISTURB [CASE]."""

import errno
import http.client
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import unittest
import uuid

import runner
from cgroups import Cgroup, accounted_mount, remove_tree
from disturber import Disturber
from life import ZONES, Life

BRAHE = os.path.abspath(sys.argv.pop(1))
DISTURB = os.path.abspath(sys.argv.pop(1))
NODE = "kepler_node_cpu_joules_total"
PROCESS = "kepler_process_cpu_seconds_total"
LATE_MS = 600  # three epochs
HANG_MS = 4000  # longer than the state is waited for, by far

# The errors that a call can give, by the longest beginning of its name here. One that is not here fails the test.
ERRORS = {
    "accept4": "EMFILE ECONNABORTED ENOMEM",
    "bpf delete_batch": "ENOMEM EINVAL",
    "bpf delete_elem": "ENOMEM EBUSY",
    "bpf info_by_fd": "ENOMEM EPERM",
    "bpf lookup_elem": "ENOMEM ENOENT",
    "bpf update_elem": "ENOMEM EBUSY",
    "brk": "",  # where it fails, the C library asks for the memory by mmap
    "clock_nanosleep": "EINTR",
    "clone3": "EAGAIN",
    "epoll_ctl": "ENOMEM",
    "epoll_wait": "EINTR",
    "fallocate": "ENOSPC EINTR",
    "fcntl": "EPERM",
    "fdatasync": "EIO ENOSPC",
    "flock": "ENOLCK",
    "fstatfs": "ENOMEM",
    "fsync": "EIO",
    "ftruncate": "EIO EINTR",
    "getdents64": "ENOMEM ENOENT",
    "getrusage": "",
    "getsockopt": "ENOBUFS",
    "lseek": "",  # fails only where the file cannot be sought in
    "madvise": "ENOMEM",
    "mmap": "ENOMEM",
    "mprotect": "ENOMEM",
    "mremap": "ENOMEM",
    "munmap": "ENOMEM",
    "newfstatat": "ENOENT ENOMEM EACCES",
    "open_by_handle_at": "ESTALE ENOMEM EMFILE",
    "openat": "EMFILE ENOENT EINTR",
    "poll": "EINTR ENOMEM",
    "ppoll": "EINTR ENOMEM",
    "pread64": "EIO EINTR ENOMEM",
    "pread64 /proc": "ESRCH EINTR ENOMEM",
    "prlimit64": "EPERM",
    "pwritev": "ENOSPC EIO EINTR",
    "read": "EIO EINTR",
    "read /proc": "ESRCH EINTR ENOMEM",
    "read anon_inode:[eventfd]": "EAGAIN EINTR",
    "readlink": "ENOENT EACCES ENOMEM",
    "recvfrom": "EINTR ECONNRESET",
    "renameat": "ENOSPC EIO",
    "rseq": "",
    "rt_sigprocmask": "",
    "sendto": "EAGAIN EINTR ENOBUFS",
    "set_robust_list": "",
    "setsockopt": "ENOBUFS",
    "shutdown": "ENOTCONN",
    "unlinkat": "EIO",
    "write /": "EIO EINTR",
    "write anon_inode:[eventfd]": "",  # fails only where its counter is full, which wakes as well
    "write pipe": "EAGAIN EINTR",
}
FALSE_FILES = ["garbage", "byte", "cut", "empty", f"late={LATE_MS}"]
# Made where memory is short, a line is written, or a name was not told, which need not be so once more.
SELDOM = re.compile(r" (brk|clone3|madvise|mmap|mprotect|mremap|munmap|write pipe|\w+ (/etc/localtime|/proc/N/comm)$)")
# The folder of each controller, and of each place where containerd may be, is asked for the same.
ALIKE = re.compile(r"(\w+ /sys/fs/cgroup/)[a-z_,]+$|(\w+ /proc/N/root/).*task/$")
# Without them what is kept is not on the disk, so that it is not waited for the next one to be there.
LAST = ("fdatasync", "fsync")
# What the log says of it, once at least: of any fault of the call, or of this one.
SAID = [
    (r"accept4 ", "EMFILE", "a client waits until another has left"),
    (r"pread64 .*/energy_uj$", "", "is left out until it can be read"),
    (r"pread64 /proc/uptime$", "", "Cannot cut an epoch; the next one covers it"),
    (r"pwritev .*/checkpoint$", "ENOSPC", "begin at 0 after an end, as their state cannot be kept"),
    (r"pwritev .*/checkpoint$", f"late={HANG_MS}", "The state folder hangs"),
    (r"fdatasync .*/checkpoint$", "EIO", "What is kept may not outlive a loss of power"),
    (r"bpf update_elem ", "ENOMEM", "Records of ended processes cannot be used again"),
]


def longest(table, call):
    """The value of the longest key that `call` begins with."""
    keys = [key for key in table if call.startswith(key)]
    if not keys:
        raise AssertionError(f"the test does not know what can become of this call: {call}")
    return table[max(keys, key=len)]


def faults_of(call):
    """What is to become of it, one after the other: an error's name, or what `disturb` calls it."""
    faults = longest(ERRORS, call).split()
    if call.startswith(("read /", "pread64 ")):
        faults += FALSE_FILES
    elif call.startswith("getdents64"):
        faults += ["empty"]
    elif call.startswith("pwritev"):
        faults += ["byte", f"late={LATE_MS}"] + [f"late={HANG_MS}"] * call.endswith("/checkpoint")
    return faults


class Worker:
    """A process in a container of its own that is, by its names, a virtual machine."""

    def __init__(self, folder, tree):
        self.container, self.vm = uuid.uuid4().hex * 2, str(uuid.uuid4())
        self.cgroup = Cgroup(f"{tree}/docker/{self.container}")
        self.cgroup.make()
        work = "read go; i=0; while [ $i -lt 40000 ]; do i=$((i + 1)); done; read end"
        self.exe = f"{folder}/qemu-system-x86_64"
        command = [self.exe, "-c", work, "-name", "guest=called", "-uuid", self.vm]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE)
        self.cgroup.take(self.process.pid)
        self.process.stdin.write(b"go\n")
        self.process.stdin.flush()

    def labels(self):
        return {
            "pid": str(self.process.pid),
            "comm": "qemu-system-x86",
            "exe": self.exe,
            "container_id": self.container,
            "vm_id": self.vm,
        }

    def end(self):
        self.process.stdin.close()
        self.process.wait()
        os.rmdir(self.cgroup.folder)


class Cases:
    source = ""

    def setUp(self):
        self.tree = f"/brahe-calls-{os.getpid()}"
        self.addCleanup(remove_tree, self.tree)
        folder = tempfile.TemporaryDirectory(dir=os.environ.get("TEST_TMPDIR"))
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        shutil.copy("/bin/dash", f"{self.folder}/qemu-system-x86_64")
        self.life = Life(self, BRAHE, "--monitor.interval=200ms", time_source=self.source)
        self.life.flags.remove("--monitor.terminated-retention=1h")
        self.life.flags.append("--monitor.terminated-retention=1s")
        self.disturber = Disturber(self, DISTURB)
        self.life.start(under=self.disturber.under)
        self.life.scrape()
        self.life.driver.resume()

    def work(self):
        """Somebody comes, works, is known by all that there is to know, and goes."""
        worker = Worker(self.folder, self.tree)
        try:
            wanted, end = worker.labels(), time.monotonic() + 20
            while True:
                scrape = self.scrape()
                # In seconds: the joules of an epoch without its zone's are others'.
                found = scrape.all(PROCESS, pid=wanted["pid"])
                if any(value > 0 and wanted.items() <= labels.items() for labels, value in found):
                    return
                if time.monotonic() > end:
                    self.fail(f"{wanted} is not there, but {found}")
                time.sleep(0.03)
        finally:
            worker.end()

    def scrape(self):
        """Who asks while a call for the answer fails is not answered, and asks again."""
        for _ in range(2):
            try:
                return self.life.scrape()
            except (ConnectionError, http.client.HTTPException):
                pass
        return self.life.scrape()

    def is_whole(self):
        """All the joules of the counters are shown."""
        self.life.driver.pause()
        for _ in range(3):
            time.sleep(0.15)
            scrape = self.life.scrape()
        for zone, at_end in self.life.energies().items():
            self.assertEqual(scrape.one(NODE, zone=zone), at_end - self.life.at_start[zone], zone)
        log = "".join(self.life.logs[-1])
        self.assertNotIn("do not balance", log)
        self.assertIsNone(self.life.exporter.process.poll())
        return scrape

    def arm(self, call, fault):
        self.disturber.arm(f"errno={getattr(errno, fault)}" if fault.startswith("E") else fault, call)

    def disturb(self, call, fault):
        """The fault in the next such call, which mostly is made for or beside those who work now."""
        print(f"{fault} of {call}", flush=True)
        if "/state" in call and call != self.keeping:
            self.arm(self.keeping, "ENOSPC")  # the next state goes to a new file
        begin = len(self.life.logs[-1])
        before = self.disturber.left()
        self.arm(call, fault)
        try:
            for _ in range(2):
                self.work()
                if len(self.disturber.left()) <= len(before):
                    break
        except Exception as failed:
            what = f"{fault} of {call}, or one of {before}:\n"
            raise AssertionError(what + "".join(self.life.logs[-1][begin:])) from failed

    def steady_path(self):
        """Calls that are made, one of those that are alike."""
        calls = set()
        for _ in range(2):
            self.disturber.watch()
            for _ in range(5):
                self.work()
            calls |= set(self.disturber.calls())
            self.keeping = next(call for call in calls if call.startswith("pwritev ") and call.endswith("/checkpoint"))
            self.arm(self.keeping, "ENOSPC")
        one_of = {ALIKE.sub(r"\1\2", call): call for call in sorted(calls)}
        # Others' cgroups may come and go.
        own = re.sub("[0-9]+", "N", self.tree)
        return {call for call in one_of.values() if own in call or not re.search(f" {accounted_mount()}/.", call)}

    def test_each_call_fails_once_in_each_way(self):
        asked, done = [], set()
        # What takes the place of calls that failed for good is disturbed as well.
        while new := self.steady_path() - done:
            for call in sorted(new, key=lambda call: (call.startswith(LAST), not call.endswith(".new"), call)):
                for fault in faults_of(call):
                    self.disturb(call, fault)
                    asked.append((call, fault))
            done |= new
        end = time.monotonic() + 30
        while (left := [one for one in self.disturber.left() if not SELDOM.search(one)]) and time.monotonic() < end:
            self.work()
        print(f"{len(asked)} faults, but for {self.disturber.left()}")
        # Some are only made where things happen in an order that they seldom do.
        self.assertLessEqual(len(left), len(asked) // 20, left)
        scrape = self.is_whole()
        log = "".join(self.life.logs[-1])
        for pattern, fault, said in SAID:
            if any(re.match(pattern, call) and fault in ("", its) for call, its in asked):
                self.assertIn(said, log)
        for zone in ZONES:
            self.assertGreater(scrape.sum("brahe_energy_read_errors_total", zone=zone), 0)
        self.assertGreater(len(asked), 100)


class ProcfsTest(Cases, unittest.TestCase):
    source = "procfs"


class BpfTest(Cases, unittest.TestCase):
    source = "bpf"


if __name__ == "__main__":
    runner.main(beside=2)
