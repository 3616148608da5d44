#!/usr/bin/env python3
"""The units: systemd takes them, the service is exposed as little as is claimed, and the exporter does all it should
under as much of it as can be had without systemd, which ends it over a call that its filter has not: unit_test.py BRAHE
FOLDER PRINT_CHECKPOINT [CASE]. deploy/package/systemd_test.py has systemd itself start it."""

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

BRAHE = os.path.abspath(sys.argv.pop(1))
UNITS = os.path.abspath(sys.argv.pop(1))
KEEP = os.path.abspath(sys.argv.pop(1))
sys.path.insert(0, os.path.abspath("userspace/e2e"))
sys.path.insert(0, UNITS)
# The paths come first.
import confine  # noqa: E402
from node import ExporterProcess, PowercapDriver  # noqa: E402
import runner  # noqa: E402

MOST_EXPOSURE = 3.0


class UnitTest(unittest.TestCase):
    def setUp(self):
        # Open to other users, as Bazel's folders are not.
        self.folder = tempfile.mkdtemp(dir="/tmp", prefix="brahe-unit-")
        self.addCleanup(shutil.rmtree, self.folder)
        os.chmod(self.folder, 0o755)
        self.units = {}
        for name in ("brahe.service", "brahe.socket", "brahe-run.service", "brahe-run.socket"):
            self.units[name] = os.path.join(self.folder, name)
            with open(f"{UNITS}/{name}") as unit, open(self.units[name], "w") as out:
                out.write(unit.read().replace("/usr/bin/brahe", BRAHE))  # a unit without its program is a fault
        self.service = self.units["brahe.service"]

    def analyze(self, *arguments):
        return subprocess.run(["systemd-analyze", *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def test_systemd_takes_the_units(self):
        verified = self.analyze("verify", "--man=no", *self.units.values())
        self.assertEqual((verified.returncode, verified.stdout), (0, ""))

    def test_the_service_is_exposed_as_little_as_is_claimed(self):
        rated = self.analyze("security", "--offline=true", "--no-pager", self.service).stdout
        exposure = float(re.search(r"Overall exposure level for brahe\.service: ([\d.]+)", rated).group(1))
        self.assertLessEqual(exposure, MOST_EXPOSURE, rated)

    def start(self, *flags):
        driver = PowercapDriver(os.path.join(self.folder, "sys"))
        self.addCleanup(driver.stop)
        for zone in ("", ":0", ":1"):
            os.chmod(os.path.join(driver.zone(f"intel-rapl:0{zone}"), "energy_uj"), 0o400)
        brahe = shutil.copy(BRAHE, self.folder)
        os.chmod(brahe, 0o755)
        exporter = ExporterProcess(
            brahe,
            f"--host.sysfs={driver.root}",
            "--monitor.interval=200ms",
            *flags,
            under=confine.under(self.service),
        )
        self.addCleanup(lambda: exporter.process.poll() is not None or exporter.stop())
        return exporter

    def test_the_exporter_lacks_nothing_under_it(self):
        exporter = self.start()
        scrape = exporter.first_scrape()
        self.assertEqual(scrape.one("brahe_cpu_time_source_info", source="bpf"), 1)
        self.assertEqual(scrape.one("brahe_energy_source_info", zone="package", source="rapl", measured="true"), 1)
        with open(f"/proc/{exporter.process.pid}/status") as status:
            fields = dict(line.rstrip("\n").split(":\t", 1) for line in status if ":\t" in line)
        self.assertEqual((fields["Seccomp"], fields["NoNewPrivs"], fields["Uid"].split()[0]), ("2", "1", confine.USER))
        for path in ("/", "/readyz", "/api/v1/snapshot"):
            self.assertEqual(exporter.get(path)[0], 200)
        exporter.process.send_signal(signal.SIGHUP)
        time.sleep(2)
        self.assertEqual(exporter.scrape().one("brahe_cpu_time_source_info", source="bpf"), 1)
        self.assertTrue(any("Re-read the configuration" in line for line in exporter.log), exporter.log)
        self.assertEqual(exporter.stop(), 0)
        self.assertEqual([line for line in exporter.log if line[0] in "WE"], [])

    def test_the_exporter_tells_guests_of_their_energy_under_it(self):
        trees = f"{self.folder}/guests"
        os.mkdir(trees)
        os.chown(trees, int(confine.USER), int(confine.USER))  # what docs/guests.md makes of the service owns them
        exporter = self.start("--exporter.guests", f"--exporter.guests.directory={trees}")
        hypervisor = shutil.copy(os.path.realpath("/bin/sh"), f"{self.folder}/qemu-system-x86_64")
        guest = subprocess.Popen([hypervisor, "-c", "while :; do :; done", "-name", "guest=web", "-uuid", "id"])
        self.addCleanup(guest.wait)
        self.addCleanup(guest.kill)
        deadline = time.monotonic() + 30
        counter = f"{trees}/web/intel-rapl:0/energy_uj"
        while not os.path.exists(counter):
            self.assertLess(time.monotonic(), deadline, exporter.log)
            time.sleep(0.1)
        self.assertEqual(os.stat(counter).st_mode & 0o777, 0o644)
        self.assertEqual(exporter.stop(), 0)
        self.assertEqual([line for line in exporter.log if line[0] in "WE"], [])

    def test_what_goes_on_over_a_restart_is_kept_under_it(self):
        state = f"{self.folder}/state"
        os.mkdir(state, 0o700)
        os.chown(state, int(confine.USER), int(confine.USER))
        keep = shutil.copy(KEEP, self.folder)
        os.chmod(keep, 0o755)
        for _ in range(2):  # a new file, and one that is there
            subprocess.run([*confine.under(self.service), keep, "boot", state], check=True)
        shown = subprocess.run([BRAHE, "state", f"--state.dir={state}"], check=True, stdout=subprocess.PIPE, text=True)
        self.assertIn(f"file      {state}/checkpoint, ", shown.stdout)

    def test_what_the_filter_does_not_allow_ends_a_command(self):
        for command, ends in (
            (["true"], 0),
            ([sys.executable, "-c", "import os; os.chroot(\"/\")"], -signal.SIGSYS),
            ([sys.executable, "-c", "import socket; socket.socket(socket.AF_PACKET)"], -signal.SIGSYS),
            ([sys.executable, "-c", "import socket; socket.socket(socket.AF_INET6)"], 0),
        ):
            run = subprocess.run([*confine.under(self.service), *command], capture_output=True)
            self.assertEqual(run.returncode, ends, (command, run.stderr))


if __name__ == "__main__":
    runner.main()
