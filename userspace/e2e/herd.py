"""Many processes that are all alive at once."""

import subprocess

PID_MAX = "/proc/sys/kernel/pid_max"
OTHERS = 4096  # what else may be started meanwhile
KIB_EACH = 128  # of the kernel's memory


class Room:
    """Pids and memory for `count` more processes, as a context: kernel.pid_max is raised if need be and set back at the
    end. Raises RuntimeError if there cannot be so many."""

    def __init__(self, count):
        with open("/proc/loadavg") as loadavg:
            running = int(loadavg.read().split()[3].split("/")[1])
        self.needed = running + count + OTHERS
        with open(PID_MAX) as file:
            self.pid_max = int(file.read())
        with open("/proc/meminfo") as meminfo:
            available = next(int(line.split()[1]) for line in meminfo if line.startswith("MemAvailable:"))
        if available < count * KIB_EACH:
            raise RuntimeError(f"{count} processes need {count * KIB_EACH >> 10} MiB of memory, {available >> 10} are left")

    def __enter__(self):
        if self.needed > self.pid_max:
            self._set(self.needed)
        return self

    def __exit__(self, *unused):
        if self.needed > self.pid_max:
            self._set(self.pid_max)

    @staticmethod
    def _set(pid_max):
        try:
            with open(PID_MAX, "w") as file:
                file.write(str(pid_max))
        except OSError as error:
            raise RuntimeError(f"set kernel.pid_max to {pid_max}: {error.strerror} (set it with sysctl on the host)") from error


class Herd:
    """The processes of bench/sleepers or bench/active, at this path, as a context."""

    def __init__(self, program, *arguments):
        self.process = subprocess.Popen(
            [program, *map(str, arguments)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        if self.process.stdout.readline() != "ready\n":
            raise RuntimeError(f"{program} did not start")

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()
