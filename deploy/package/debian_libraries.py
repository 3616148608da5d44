"""The shared libraries of a program, also of one for another architecture, and the Debian packages that they come from.

`sysroot` is the folder with the libraries and with dpkg's database of them: that of this machine, where other
architectures' packages may be installed as well, or another Debian's root."""

import functools
import os
import re
import struct
import subprocess

# What the program asks the loader for while it runs, without what a terminal has: ncurses, of brahe top.
LOADED = ("libcurl-gnutls.so.4",)
# e_machine of its header: Debian's name of the architecture, and that of the folder with its libraries.
ARCHITECTURES = {62: ("amd64", "x86_64-linux-gnu"), 183: ("arm64", "aarch64-linux-gnu")}


def output(*command):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def architecture(program):
    """Debian's name of it, and its multiarch triplet."""
    with open(program, "rb") as file:
        head = file.read(20)
    machine = struct.unpack_from("<H", head, 18)[0] if head[:6] == b"\x7fELF\x02\x01" else None
    if machine not in ARCHITECTURES:
        raise SystemExit(f"{program} is no program for amd64 or arm64")
    return ARCHITECTURES[machine]


def interpreter(program):
    """Path of the loader that it names."""
    return re.search(r"program interpreter: (\S+)\]", output("readelf", "--program-headers", "--wide", program)).group(1)


def find(name, triplet, sysroot="/"):
    """Path of a library where Debian's packages have them."""
    for folder in ("lib", "usr/lib"):
        path = os.path.join(sysroot, folder, triplet, name)
        if os.path.exists(path):
            return path
    raise SystemExit(f"{name} is in no folder of {sysroot} for libraries of {triplet}: install its package there")


@functools.cache
def _needed_by(file):
    return re.findall(r"\(NEEDED\).*\[(.+)\]", output("readelf", "--dynamic", "--wide", file))


def needed(file, triplet, sysroot="/"):
    """{name: path} of all libraries that a program or library cannot be loaded without, the loader among them."""
    found, left = {}, [file]
    while left:
        for name in _needed_by(left.pop()):
            if name not in found:
                found[name] = find(name, triplet, sysroot)
                left.append(found[name])
    return found


def linked(program, sysroot="/"):
    """{name: path} of those that the loader brings in with a program."""
    return needed(program, architecture(program)[1], sysroot)


def loaded(program, sysroot="/"):
    """{name: path} of those that it may ask for while it runs, with what these need."""
    triplet = architecture(program)[1]
    found = {name: find(name, triplet, sysroot) for name in LOADED}
    for path in list(found.values()):
        found |= needed(path, triplet, sysroot)
    return found


def packages_of(paths, sysroot="/"):
    """{path: package} of files. dpkg knows some by their path from before /lib became a link."""
    real_root = os.path.realpath(sysroot)
    names = {}  # {as dpkg may know it: path}
    for path in paths:
        inside = "/" + os.path.relpath(os.path.realpath(path), real_root)
        as_given = "/" + os.path.relpath(path, sysroot)
        names |= dict.fromkeys((inside, inside.removeprefix("/usr"), as_given), path)
    admindir = os.path.join(sysroot, "var/lib/dpkg")
    search = subprocess.run(  # fails where it does not know one of the names
        ["dpkg-query", f"--admindir={admindir}", "--search", *names],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    lines = (line.partition(": ") for line in search.stdout.splitlines())
    found = {names[name]: package for package, _, name in lines if name in names}
    missing = [path for path in paths if path not in found]
    if missing:
        raise SystemExit(f"no Debian package below {sysroot} has {missing[0]}; build with libraries of its packages")
    return found
