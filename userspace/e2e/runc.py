"""Containers that runc runs. As root, with runc and a static busybox, on cgroup v1 and v2."""

import ctypes
import json
import os
import shutil
import subprocess
import tempfile
import uuid

from cgroups import Cgroup


def adopt_orphans():
    """Makes this process the parent of those below it whose own parent has ended: containers' first processes."""
    PR_SET_CHILD_SUBREAPER = 36
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def new_id():
    return uuid.uuid4().hex * 2


def burn(seconds):
    """A command line for busybox' sh that burns about so many seconds (a whole number) of CPU time in its own process."""
    return f"(ulimit -t {seconds}; while :; do :; done)"


class RuncContainer:
    """A container that runs a command line of busybox' sh. It lasts, with its cgroup, until it is deleted. `add_cleanup`: takes
    what is to be called, with arguments, in the end; `programs`: the folder that sh and sleep lie in there."""

    def __init__(self, add_cleanup, cgroup_path, command, programs="/bin"):
        self.id = os.path.basename(cgroup_path)
        self.cgroup = Cgroup(cgroup_path)
        self.bundle = tempfile.mkdtemp(dir=os.environ.get("TEST_TMPDIR"))
        add_cleanup(shutil.rmtree, self.bundle)
        for folder in (programs, "/proc", "/dev", "/sys"):
            os.makedirs(f"{self.bundle}/rootfs{folder}")
        for name in ("sh", "sleep"):
            shutil.copy(shutil.which("busybox"), f"{self.bundle}/rootfs{programs}/{name}")
        self._runc("spec", "--bundle", self.bundle)
        with open(f"{self.bundle}/config.json") as spec:
            config = json.load(spec)
        config["process"] |= {"terminal": False, "args": ["sh", "-c", command], "env": [f"PATH={programs}"]}
        config["linux"]["cgroupsPath"] = cgroup_path
        with open(f"{self.bundle}/config.json", "w") as out:
            json.dump(config, out)
        add_cleanup(self.delete)

    def run(self):
        """Returns when it has ended."""
        pid_file = f"{self.bundle}/pid"
        # An initramfs cannot be pivoted away from.
        self._runc("run", "--no-pivot", "--detach", "--bundle", self.bundle, "--pid-file", pid_file, self.id)
        with open(pid_file) as pid:
            self.pid = int(pid.read())
        os.waitpid(self.pid, 0)  # its parent, runc, is gone, and so it is ours

    def delete(self):
        self._runc("delete", "--force", self.id)

    def _runc(self, *arguments):
        subprocess.run(
            ["runc", "--root", f"{self.bundle}/state", *arguments], check=True, timeout=60, stdin=subprocess.DEVNULL
        )
