#!/usr/bin/env python3
"""Makes a powercap tree and counts its energy up at given powers until it is ended.

drive_powercap.py ROOT FOLDER=NAME=WATTS ...   for example  /tmp/t intel-rapl:0=package-0=60

With --period=SECONDS first it counts up that often, with real-time priority, so that no other load makes it late.

ROOT becomes a sysfs root whose devices/ is the machine's own, so that CPUs are found there too. Prints "ready". A process of its own, so that a
test can stop it like a sensor that hangs.
"""

import os
import sys
import time

MAX_RANGE_UJ = 262143328850  # what a common server reports; wraps at 60 W after 73 minutes


def make_zone(root, folder, name, start_uj):
    path = os.path.join(root, "class/powercap", folder)
    os.makedirs(path, exist_ok=True)
    for file, content in (
        ("name", name),
        ("max_energy_range_uj", MAX_RANGE_UJ),
        ("energy_uj", start_uj),
    ):
        with open(os.path.join(path, file), "w") as out:
            out.write(f"{content}\n")
    return os.open(os.path.join(path, "energy_uj"), os.O_WRONLY)


def main():
    arguments, period = sys.argv[1:], 0.005
    if arguments[0].startswith("--period="):
        period = float(arguments.pop(0).partition("=")[2])
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))
    root, zones = arguments.pop(0), []
    # As many digits at the end as at the start: a number is then overwritten in place and never half there.
    start_uj = 10**11
    os.makedirs(root, exist_ok=True)
    if not os.path.lexists(os.path.join(root, "devices")):
        os.symlink("/sys/devices", os.path.join(root, "devices"))
    for zone in arguments:
        folder, name, watts = zone.split("=")
        zones.append((make_zone(root, folder, name, start_uj), float(watts)))
    print("ready", flush=True)
    start = time.monotonic()
    while True:
        now = time.monotonic()
        for fd, watts in zones:
            os.pwrite(fd, b"%d\n" % (start_uj + int((now - start) * watts * 1e6)), 0)
        time.sleep(period)


if __name__ == "__main__":
    main()
