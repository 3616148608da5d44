"""What `brahe top` costs that fills a terminal, beside many processes."""

import fcntl
import os
import pty
import signal
import struct
import subprocess
import termios
import threading
import time

from herd import Herd, Room
from programs import BRAHE, measuring

INTERVAL = 1.0
# The most of a core that it may take.
PERCENT = 3


class LiveTop:
    """One on a terminal of 200 columns and 50 rows, whose screen is thrown away."""

    def __init__(self, *flags):
        self.terminal, its_end = pty.openpty()
        fcntl.ioctl(its_end, termios.TIOCSWINSZ, struct.pack("HHHH", 50, 200, 0, 0))
        streams = {"stdin": its_end, "stdout": its_end, "stderr": its_end}
        environment = {**os.environ, "TERM": "xterm-256color", "LC_ALL": "C.UTF-8"}
        self.process = subprocess.Popen([BRAHE, "top", *flags], env=environment, **streams)
        os.close(its_end)
        self.written = 0
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        try:
            while data := os.read(self.terminal, 1 << 16):
                self.written += len(data)
        except OSError:  # it has ended
            pass

    def cpu_seconds(self):
        return time.clock_gettime_ns((~self.process.pid << 3) | 2) / 1e9  # clock_getcpuclockid(3)

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(30)
        os.close(self.terminal)


def bench_top(table, count, quick):
    """One that counts by itself, with `count` processes that sleep."""
    name = f"top, {count} processes"
    with Room(count), LiveTop("--cpu.time-source=bpf", f"--interval={INTERVAL}s") as top, Herd(measuring("sleepers"), count):
        time.sleep(3 * INTERVAL + count / 5000)
        before, begin, written = top.cpu_seconds(), time.monotonic(), top.written
        time.sleep((3 if quick else 16) * INTERVAL)
        seconds = time.monotonic() - begin
        used = (top.cpu_seconds() - before) / seconds * 100
        written = (top.written - written) / seconds / 1e3
        if top.process.poll() is not None:
            table.fail(name, f"it ended with {top.process.returncode}")
    table.add(f"{name}: of a core", used, "%", PERCENT if count <= 8000 else None)
    table.add(f"{name}: written to the terminal", written, "kB/s")
