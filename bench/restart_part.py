"""How soon an exporter has figures that goes on from what another one has left counting."""

import os
import signal
import statistics
import subprocess
import tempfile
import time

from exporter_parts import check_listed, settle
from herd import Herd, Room
from node import ExporterProcess, PowercapDriver
from programs import BRAHE, measuring

FLAGS = ("--monitor.interval=1s", "--cpu.time-source=bpf")


def first_snapshot(*flags):
    """(exporter, ms from its start to its first snapshot, what that shows)."""
    begin = time.monotonic()
    exporter = ExporterProcess(BRAHE, *flags)
    while True:
        status, body = exporter.get_bytes()
        if status == 200:
            return exporter, (time.monotonic() - begin) * 1e3, body
        time.sleep(0.002)


def bench_restart(table, count, quick):
    """It is killed beside `count` processes that sleep, and started again."""
    with tempfile.TemporaryDirectory() as folder, Room(count):
        driver = PowercapDriver(os.path.join(folder, "sys"))
        pins = os.path.join(driver.root, "fs/bpf")
        os.makedirs(pins)
        subprocess.run(["mount", "-t", "bpf", "bpf", pins], check=True)
        flags = (*FLAGS, f"--host.sysfs={driver.root}", f"--state.dir={os.path.join(folder, 'state')}")
        exporter, _, _ = first_snapshot(*flags)
        try:
            with Herd(measuring("sleepers"), count):
                settle(count)
                times = []
                for _ in range(3 if quick else 11):
                    exporter.process.send_signal(signal.SIGKILL)
                    exporter.process.wait()
                    exporter, adopted, body = first_snapshot(*flags)
                    times.append(adopted)
                    check_listed(body.split(b"\n"), count)
                    time.sleep(1.5)
                exporter.stop()
                unpin(driver)
                exporter, anew, _ = first_snapshot(*flags[:-1])
        finally:
            exporter.stop()
            driver.stop()
            unpin(driver)
            subprocess.run(["umount", pins], check=True)
        name = f"start, {count} processes"
        table.add(f"{name}: to the first snapshot", anew, "ms")
        table.add(f"{name}: the same, going on", statistics.median(times), "ms", 300)


def unpin(driver):
    subprocess.run([BRAHE, "unpin", f"--host.sysfs={driver.root}"], check=False, stdout=subprocess.DEVNULL)
