"""One exporter after another on a driven node, with a folder for what they keep."""

import os
import re
import signal
import subprocess
import tempfile
from decimal import Decimal

from node import ExporterProcess, PowercapDriver

ZONES = {"package": 60, "dram": 6}
FOLDERS = {"package": "intel-rapl:0", "dram": "intel-rapl:0:1"}
SHORT_LIVED = ("sh", "true")
COUNTERS = re.compile(r"(kepler|brahe)_\w+_(joules|seconds)_total$")


def counters(scrape):
    """Every counter of energy and of CPU time by its series. Without those of processes that live for a moment: in a storm
    of them a pid is soon another one's of the same name."""
    return {
        (name, *sorted(labels.items())): value
        for name, samples in scrape.samples.items()
        if COUNTERS.match(name)
        for labels, value in samples
        if labels.get("comm") not in SHORT_LIVED
    }


class Fallen(AssertionError):
    pass


class Life:
    """One exporter after another on one node, and all that they have shown. `state`: the folder; a new one's by default."""

    def __init__(self, test, binary, *flags, time_source="bpf", state=None):
        folder = tempfile.TemporaryDirectory(dir=os.environ.get("TEST_TMPDIR"))
        test.addCleanup(folder.cleanup)
        zones = [f"{FOLDERS[zone]}={'package-0' if zone == 'package' else zone}={watts}" for zone, watts in ZONES.items()]
        self.binary = binary
        self.driver = PowercapDriver(os.path.join(folder.name, "sys"), zones)
        test.addCleanup(self.driver.stop)
        self.driver.pause()
        self.pins = os.path.join(self.driver.root, "fs/bpf/brahe")
        if time_source == "bpf":
            bpf = os.path.dirname(self.pins)
            os.makedirs(bpf)
            subprocess.run(["mount", "-t", "bpf", "bpf", bpf], check=True)
            test.addCleanup(subprocess.run, ["umount", bpf], check=True)
        self.state = state or os.path.join(folder.name, "state")
        self.checkpoint = os.path.join(self.state, "checkpoint")
        self.flags = [
            f"--host.sysfs={self.driver.root}",
            f"--cpu.time-source={time_source}",
            f"--state.dir={self.state}",
            "--monitor.interval=1s",
            "--monitor.staleness=100ms",
            "--monitor.max-terminated=-1",
            "--monitor.min-terminated-energy-threshold=0",
            "--monitor.terminated-retention=1h",
            *flags,
        ]
        self.shown = {}
        self.exporter = None
        self.sensor_is_true = True  # False while a test has it tell nonsense
        self.port = 0  # where each of them serves; 0: anywhere
        self.logs = []
        test.addCleanup(self.end)
        self.at_start = self.energies()

    def energies(self):
        """What the zones' counters show, in joules."""
        energies = {}
        for zone, folder in FOLDERS.items():
            with open(os.path.join(self.driver.zone(folder), "energy_uj")) as counter:
                energies[zone] = Decimal(int(counter.read())).scaleb(-6)
        return energies

    def start(self, *flags, binary=None, **options):
        """`options`: of ExporterProcess."""
        self.exporter = ExporterProcess(binary or self.binary, *self.flags, *flags, port=self.port, **options)
        self.logs.append(self.exporter.log)

    def stop(self, how):
        self.exporter.process.send_signal(how)
        self.exporter.process.wait(30)
        self.exporter._reader.join()
        self.exporter.process.stderr.close()
        self.exporter = None

    def end(self):
        if self.exporter is not None and self.exporter.process.poll() is None:
            self.stop(signal.SIGKILL)
        subprocess.run([self.binary, "unpin", f"--host.sysfs={self.driver.root}"], check=True, capture_output=True)

    def said(self, text):
        """The lines of the latest exporter's log that have `text`."""
        return [line for line in self.logs[-1] if text in line]

    def warnings(self):
        """What all of them have warned of."""
        return "".join(line for log in self.logs for line in log if line.startswith(("W", "E")))

    def forget(self):
        """Counters begin anew, as they may from here on."""
        self.shown = {}

    def scrape(self, path="/metrics"):
        """A scrape in which no counter has fallen and the books of each level balance."""
        scrape = self.exporter.first_scrape(path)
        now = counters(scrape)
        for series, value in now.items():
            if series in self.shown and value < self.shown[series]:
                raise Fallen(f"{series} fell from {self.shown[series]} to {value}\n" + "".join(sum(self.logs[-2:], [])))
        # Of a process that is not listed any more, the pid may become another one's of the same name.
        lasting = {series: value for series, value in self.shown.items() if not any("pid" in label for label in series[1:])}
        self.shown = lasting | now
        for zone, at_now in self.energies().items() if self.sensor_is_true else ():
            shown = scrape.one("kepler_node_cpu_joules_total", zone=zone)
            if shown > at_now - self.at_start[zone]:
                raise AssertionError(
                    f"{zone}: {shown} J were shown, but the counter rose by {at_now - self.at_start[zone]} J only\n"
                    + self.warnings() + "".join(sum(self.logs[-2:], []))
                )
        for zone in ZONES:
            active = scrape.one("kepler_node_cpu_active_joules_total", zone=zone)
            for level in scrape.levels():
                parts = scrape.parts(level, zone)
                if sum(parts.values()) != active:
                    raise AssertionError(f"{level}, {zone}: {parts} J, but {active} J were active")
        return scrape
