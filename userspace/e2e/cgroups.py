"""Cgroups for tests: those of one run lie in a folder of their own, so that all of them can be removed."""

import os
import re
import signal
import subprocess
import sys
import time


def _mounts():
    """(mount point, type, options) of each cgroup file system."""
    with open("/proc/self/mounts") as mounts:
        fields = [line.split() for line in mounts]
    return [(point, kind, options.split(",")) for _, point, kind, options, *_ in fields if kind.startswith("cgroup")]


def accounted_mount():
    """The hierarchy whose cgroups the exporter tells apart: v1's cpuacct or cpu where there is one, else v2."""
    for controller in ("cpuacct", "cpu"):
        for point, kind, options in _mounts():
            if kind == "cgroup" and controller in options:
                return point
    return next(point for point, kind, _ in _mounts() if kind == "cgroup2")


class Cgroup:
    """A folder of the accounted hierarchy, made or not."""

    def __init__(self, path):
        self.path = path
        self.folder = accounted_mount() + path

    def make(self):
        os.makedirs(self.folder)

    def take(self, pid):
        """Moves a process in."""
        with open(f"{self.folder}/cgroup.procs", "w") as procs:
            procs.write(str(pid))

    def used(self):
        """CPU seconds by the kernel's own books."""
        try:
            with open(f"{self.folder}/cpuacct.usage") as usage:
                return int(usage.read()) / 1e9
        except FileNotFoundError:
            with open(f"{self.folder}/cpu.stat") as stat:
                return int(dict(line.split() for line in stat)["usage_usec"]) / 1e6


class MemoryLimit:
    """A cgroup that may have so many MiB of memory, with what the kernel holds for it, as a context. `under` begins a command
    line that is to run in it."""

    def __init__(self, path, mib):
        mounts = {kind: point for point, kind, options in _mounts() if kind == "cgroup2" or "memory" in options}
        self._path, self._is_v1 = path, "cgroup" in mounts
        self.folder = mounts["cgroup" if self._is_v1 else "cgroup2"] + path
        os.makedirs(self.folder)
        self._write("memory.limit_in_bytes" if self._is_v1 else "memory.max", mib << 20)
        self.under = ["sh", "-c", f'echo $$ >{self.folder}/cgroup.procs; exec "$@"', "sh"]

    def _write(self, file, value):
        with open(f"{self.folder}/{file}", "w") as out:
            out.write(str(value))

    def peak_mib(self):
        """The most that it has had."""
        with open(f"{self.folder}/" + ("memory.max_usage_in_bytes" if self._is_v1 else "memory.peak")) as peak:
            return int(peak.read()) / (1 << 20)

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        remove_tree(self._path)


class Burner:
    """A process of this name that burns CPU time in a cgroup of its own."""

    def __init__(self, path, comm="burner"):
        self.cgroup = Cgroup(path)
        self.cgroup.make()
        code = f"open('/proc/self/comm', 'w').write('{comm}'); print(flush=True)\nwhile True: pass"
        self.process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
        self.process.stdout.readline()
        self.cgroup.take(self.process.pid)

    def preemptions(self):
        """How often a CPU was taken from it."""
        with open(f"/proc/{self.process.pid}/status") as status:
            return int(re.search(r"nonvoluntary_ctxt_switches:\s+(\d+)", status.read()).group(1))

    def end(self):
        """Returns the CPU seconds that its cgroup has used."""
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()
        used = self.cgroup.used()
        remove_tree(self.cgroup.path)
        return used


def remove_tree(path):
    """Ends what runs in a cgroup or below it, and removes them in every hierarchy."""
    for point, _, _ in _mounts():
        for folder, _, _ in os.walk(point + path, topdown=False):
            _remove(folder)


def _remove(folder):
    deadline = time.monotonic() + 5
    while True:
        try:
            with open(f"{folder}/cgroup.procs") as procs:
                for pid in procs.read().split():
                    os.kill(int(pid), signal.SIGKILL)
        except (ProcessLookupError, FileNotFoundError):
            pass
        try:
            os.rmdir(folder)
            return
        except FileNotFoundError:
            return
        except OSError:  # what was killed is not gone yet
            if time.monotonic() > deadline:
                raise
            time.sleep(0.02)
