#!/usr/bin/env python3
"""A Prometheus that is newer than the installed one, for tests: Debian's package, pinned and unpacked, and not installed.
Prints its folder: kernel_matrix/newer_prometheus.py"""

import sys

import packages

NAME = "prometheus-3"
ARCHITECTURE = "amd64"
SUITES = [("debian", "sid")]


def folder():
    return packages.unpacked(NAME, pins)


def pins():
    with packages.Archives(ARCHITECTURE, SUITES) as archives:
        return [archives.pin("prometheus")]


if __name__ == "__main__":
    try:
        print(folder())
    except packages.PackageError as error:
        sys.exit(f"prometheus: {error}")
