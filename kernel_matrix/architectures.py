"""Where programs and libraries of a guest come from: this machine's own, or for arm64 those of the pinned packages."""

import os
import shutil
import subprocess
import sys

import sysroot

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")
sys.path.insert(0, os.path.join(ROOT, "deploy/package"))
import debian_libraries  # noqa: E402 (the path comes first)


def tool(name):
    """Path of an installed program, also where the administrator's folders are not in PATH."""
    path = shutil.which(name, path=os.environ.get("PATH", os.defpath) + ":/usr/sbin:/sbin")
    if path is None:
        raise FileNotFoundError(f"{name} is not installed: run scripts/setup --tests")
    return path


class Architecture:
    """`name` is Debian's. A path here is one of this machine; a library comes with its path in a guest."""

    bazel_flags = ()

    def build(self, targets):
        """Returns the folder that the programs are built in."""
        subprocess.run(["bazel", "build", *self.bazel_flags, *targets], check=True, cwd=ROOT)
        command = ["bazel", "info", *self.bazel_flags, "bazel-bin"]
        return subprocess.run(command, check=True, cwd=ROOT, text=True, stdout=subprocess.PIPE).stdout.strip()


class Amd64(Architecture):
    name = "amd64"

    def tool(self, name):
        return tool(name)

    def python(self):
        """Debian's, whatever else comes first in PATH."""
        return os.path.realpath("/usr/bin/python3")

    def libraries(self, program):
        """The shared libraries that a program needs, the loader included. Those of Bazel's are among them, which only the
        loader finds."""
        out = subprocess.run(["ldd", program], check=True, text=True, stdout=subprocess.PIPE).stdout
        for path in (word for line in out.splitlines() for word in line.split() if word.startswith("/")):
            # The loader looks in the programs' own places first, which are none of the guest's.
            system = path.startswith(("/lib", "/usr/lib"))
            yield path, path if system else "/lib/" + os.path.basename(path)

    def loaded_library(self, name):
        """One that a program asks for while it runs."""
        path = debian_libraries.find(name, "x86_64-linux-gnu")
        return path, path


class Arm64(Architecture):
    name = "arm64"
    bazel_flags = ("--config=arm64",)
    TRIPLET = "aarch64-linux-gnu"
    LOADER = "/lib/ld-linux-aarch64.so.1"  # where programs name it; it lies where all libraries do

    def __init__(self):
        self.root = sysroot.folder()

    def tool(self, name):
        path = shutil.which(name, path=":".join(f"{self.root}/{folder}" for folder in ("usr/bin", "usr/sbin", "bin")))
        if path is None:
            raise FileNotFoundError(f"{name} is in none of the packages of kernel_matrix/sysroot.py")
        return path

    def python(self):
        return self.tool("python3.11")

    def libraries(self, program):
        for name, path in debian_libraries.needed(program, self.TRIPLET, self.root).items():
            yield path, self.LOADER if name == os.path.basename(self.LOADER) else "/" + os.path.relpath(path, self.root)


def of(name):
    return {"amd64": Amd64, "arm64": Arm64}[name]()
