#!/usr/bin/env python3
"""What programs for arm64 are linked with and run with, as a folder: Debian's packages, pinned and unpacked, and not
installed. Prints the folder: kernel_matrix/sysroot.py"""

import os
import sys

import packages

NAME = "arm64-sysroot"
ARCHITECTURE = "arm64"
SUITES = [("debian", "bookworm"), ("debian-security", "bookworm-security")]
# The development packages of scripts/setup, and those of the programs that a guest runs.
PACKAGES = [
    *("libbpf-dev", "libcap-dev", "zlib1g-dev", "libgflags-dev", "libgoogle-glog-dev", "prometheus-cpp-dev"),
    *("libmicrohttpd-dev", "libyaml-cpp-dev", "libgnutls28-dev", "libcrypt-dev", "libcurl4-openssl-dev"),
    *("libcurl3-gnutls", "libgtest-dev", "libgmock-dev"),
    *("busybox-static", "bpftool", "python3.11-minimal", "libpython3.11-stdlib"),
]


def folder():
    return packages.unpacked(NAME, pins, prepare=_make_links_relative)


def pins():
    with packages.Archives(ARCHITECTURE, SUITES) as archives:
        return list(archives.pins_with_dependencies(PACKAGES))


def _make_links_relative(root):
    """The linker would follow a link like libz.so -> /lib/aarch64-linux-gnu/libz.so.1 out of the folder."""
    for parent, folders, files in os.walk(root):
        for path in (os.path.join(parent, name) for name in folders + files):
            if os.path.islink(path) and os.path.isabs(target := os.readlink(path)):
                os.unlink(path)
                os.symlink(os.path.relpath(root + target, parent), path)


if __name__ == "__main__":
    try:
        print(folder())
    except packages.PackageError as error:
        sys.exit(f"sysroot: {error}")
