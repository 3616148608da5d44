"""Kernel modules for guests: the project's own test modules, built for each kernel, and the kernel's own."""

import fcntl
import glob
import hashlib
import lzma
import os
import shutil
import stat
import subprocess
import tempfile

import kernels
import packages

SOURCES = os.path.join(packages.HERE, "modules")


def one(pattern):
    [path] = glob.glob(pattern)
    return path


def test_modules(release):
    """Folder with the test modules for a kernel, built if need be: seconds, and once for each state of the sources."""
    tree = kernels.unpacked(release)
    digest = hashlib.sha256()
    for path in sorted(glob.glob(f"{SOURCES}/*")) + [__file__]:
        with open(path, "rb") as source:
            digest.update(source.read())
    built = f"{tree}/brahe-{digest.hexdigest()[:16]}"
    with open(f"{tree}/lock", "w") as lock, tempfile.TemporaryDirectory(dir=packages.CACHE) as scratch:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not os.path.isdir(built):
            target = os.path.join(scratch, "modules")
            shutil.copytree(SOURCES, target)
            build(release, tree, target)
            os.rename(target, built)
    return built


def build(release, tree, target):
    make_tools_run(tree)
    headers = one(f"{tree}/usr/src/linux-headers-*-cloud-amd64")
    common = one(f"{tree}/usr/src/linux-headers-*-common")
    command = [
        # The headers' own Makefile includes this one by the path that it has where the package is installed.
        *("make", "-s", "-C", headers, "-f", f"{common}/Makefile", f"KBUILD_OUTPUT={headers}", f"M={target}"),
        # Their compiler may be another one; what it lacks must not be asked of ours, and BTF of modules takes vmlinux.
        *("CC=gcc", "CONFIG_DEBUG_INFO_BTF_MODULES=", "CONFIG_CC_HAS_MIN_FUNCTION_ALIGNMENT=", "modules"),
    ]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        raise packages.PackageError(f"kernel {release}: its test modules do not build:\n{done.stderr}")


def make_tools_run(tree):
    """Lets build tools that need a newer C library run with the one that was fetched with them."""
    loader = f"{tree}/usr/lib64/ld-linux-x86-64.so.2"
    if not os.path.exists(loader):
        return
    libraries = f"{tree}/usr/lib/x86_64-linux-gnu"
    for folder, _, names in os.walk(one(f"{tree}/usr/lib/linux-kbuild-*")):
        for name in names:
            tool = os.path.join(folder, name)
            if os.path.islink(tool) or name.endswith(".elf") or not is_elf(tool):
                continue
            os.rename(tool, f"{tool}.elf")
            with open(tool, "w") as script:
                script.write(f'#!/bin/sh\nexec {loader} --library-path {libraries} --argv0 {tool} {tool}.elf "$@"\n')
            os.chmod(tool, 0o755)


def is_elf(path):
    with open(path, "rb") as file:
        return file.read(4) == b"\x7fELF" and os.stat(path).st_mode & stat.S_IXUSR


def of_kernel(release, names):
    """{name: content} of the kernel's own modules that are called so; what is built in or not there is left out."""
    tree = kernels.unpacked(release)
    found = {}
    for name in names:
        for path in glob.glob(f"{tree}/**/lib/modules/*/kernel/**/{name}.ko*", recursive=True):
            with (lzma.open if path.endswith(".xz") else open)(path, "rb") as module:
                found[name] = module.read()
    return found
