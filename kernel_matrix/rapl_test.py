"""The whole exporter on the test RAPL of modules/test_rapl.c: rapl_test.py BRAHE. Runs in a guest with two sockets."""

import glob
import os
import signal
import subprocess
import sys
import time
import unittest
from decimal import Decimal

from node import ExporterProcess
import runner

BRAHE = sys.argv.pop(1)
ZONES = ("package-0", "package-0/dram", "package-1", "package-1/dram")
RANGE_UJ = 5_000_000
MICRO = Decimal("0.000001")


def write(path, text):
    with open(path, "w") as file:
        file.write(text)


def command(*words):
    write("/sys/module/test_rapl/parameters/command", " ".join(map(str, words)))


def folders():
    """{zone: its folder in sysfs} of what is there now."""
    found = {}
    for folder in glob.glob("/sys/class/powercap/intel-rapl:*"):
        with open(f"{folder}/name") as name:
            found[folder] = name.read().strip()
    # A subzone's folder is its parent's and one number more: intel-rapl:0:1.
    return {
        f"{found[parent]}/{name}" if (parent := folder.rpartition(":")[0]) in found else name: folder
        for folder, name in found.items()
    }


def last_cpus():
    """{socket: one of its CPUs}"""
    cpus = {}
    for cpu in range(os.cpu_count()):
        with open(f"/sys/devices/system/cpu/cpu{cpu}/topology/physical_package_id") as package:
            cpus[int(package.read())] = cpu
    return cpus


def burn_on(cpu):
    pid = os.fork()
    if pid == 0:
        os.sched_setaffinity(0, {cpu})
        while True:
            pass
    return pid


class Fixture(unittest.TestCase):
    """An exporter on a fresh tree of zones that use nothing yet."""

    unit_uj, range_uj = 1, 1 << 40
    interval = "200ms"
    flags = ()

    def setUp(self):
        parameters = (f"zones={','.join(ZONES)}", f"unit_uj={self.unit_uj}", f"range_uj={self.range_uj}")
        subprocess.run(["insmod", "/modules/test_rapl.ko", *parameters], check=True)
        self.addCleanup(self.unload)
        flags = (f"--monitor.interval={self.interval}", "--monitor.staleness=1ms", "--cpu.preferred-meters=rapl")
        self.exporter = ExporterProcess(BRAHE, *flags, *self.flags)
        self.addCleanup(self.stop)
        self.exporter.first_scrape()
        self.driven = dict.fromkeys(ZONES, 0)  # microjoules since then
        self.counters = {}

    def stop(self):
        self.assertEqual(self.exporter.stop(), 0)
        sys.stderr.writelines(self.exporter.log)

    def unload(self):
        subprocess.run(["rmmod", "test_rapl"], check=True)
        self.assertEqual(folders(), {})

    def step(self, zone, microjoules):
        command("step", zone, microjoules)
        self.driven[zone] += microjoules

    def raw(self, zone):
        with open(folders()[zone] + "/energy_uj") as file:
            return int(file.read())

    def scrape(self):
        """A scrape in which the books balance and no counter has gone down."""
        scrape = self.exporter.scrape()
        for series, value in scrape.counters().items():
            self.assertGreaterEqual(value, self.counters.get(series, 0), series)
        self.counters = scrape.counters()
        for zone in ("package", "dram"):
            active = scrape.sum("kepler_node_cpu_active_joules_total", zone=zone)
            listed = scrape.sum("kepler_process_cpu_joules_total", zone=zone)
            self.assertEqual(listed + scrape.one("brahe_process_unlisted_joules_total", zone=zone), active)
            idle = scrape.sum("kepler_node_cpu_idle_joules_total", zone=zone)
            self.assertEqual(active + idle, scrape.sum("kepler_node_cpu_joules_total", zone=zone))
        return scrape

    def settled(self):
        """A scrape with all that was driven before it: what a counter shows between an epoch's cut and its reading is in
        part the next epoch's."""
        for _ in range(2):
            time.sleep(0.005)  # more than the staleness
            scrape = self.scrape()
        return scrape

    def expect_driven(self, scrape):
        """Each zone has all of what was driven, to the microjoule."""
        for zone in ZONES:
            package, _, name = zone.partition("/")
            labels = {"zone": name or "package", "socket": package[-1]}
            joules = scrape.one("brahe_socket_cpu_joules_total", **labels)
            self.assertEqual(joules, self.driven[zone] * MICRO, zone)


class RaplTest(Fixture):
    def test_every_microjoule_is_counted(self):
        for round in range(10):
            for place, zone in enumerate(ZONES):
                self.step(zone, (round + 1) * 1_000_003 + place * 77_777)
            self.expect_driven(self.settled())

    def test_power_becomes_energy(self):
        for zone, milliwatts in zip(ZONES, (80_000, 5_000, 20_000, 0)):
            command("power", zone, milliwatts)
        time.sleep(1)
        # The scrape reads the sensors between these two readings of ours.
        least = self.raw("package-0") + self.raw("package-1")
        joules = self.scrape().sum("kepler_node_cpu_joules_total", zone="package")
        most = self.raw("package-0") + self.raw("package-1")
        self.assertTrue(least * MICRO <= joules <= most * MICRO, f"{least} {joules} {most}")
        self.assertGreater(least, 75_000_000)

    def test_each_socket_pays_for_what_ran_on_it_also_when_it_moves(self):
        watts = {0: 80, 1: 20}
        cpus = last_cpus()
        self.assertEqual(set(cpus), set(watts))
        for socket, power in watts.items():
            command("power", f"package-{socket}", power * 1000)
        burner = burn_on(cpus[1])
        self.addCleanup(os.waitpid, burner, 0)
        self.addCleanup(os.kill, burner, signal.SIGKILL)
        for socket, other in ((1, 0), (0, 1)):
            os.sched_setaffinity(burner, {cpus[socket]})
            time.sleep(0.5)
            before = self.scrape()
            time.sleep(2)
            after = self.scrape()

            def used(name, **labels):
                return after.sum(name, zone="package", **labels) - before.sum(name, zone="package", **labels)

            mine = used("kepler_process_cpu_joules_total", pid=str(burner))
            here = used("brahe_socket_cpu_active_joules_total", socket=str(socket))
            # One of the two CPUs of the socket was busy, at least.
            self.assertGreater(here, watts[socket] * Decimal("0.9"))
            self.assertLessEqual(mine, here, f"of socket {other} it has nothing")
            self.assertGreater(mine, here * Decimal("0.8"), f"socket {socket}")

    def test_a_zone_that_cannot_be_read_stops_no_other(self):
        command("error", "package-1/dram", 5)
        for zone in ZONES:
            self.step(zone, 3_000_000)
        time.sleep(0.5)
        scrape = self.scrape()
        self.assertGreater(scrape.one("brahe_energy_read_errors_total", zone="dram", socket="1"), 0)
        self.assertEqual(scrape.one("brahe_energy_read_errors_total", zone="dram", socket="0"), 0)
        self.assertEqual(scrape.one("brahe_socket_cpu_joules_total", zone="package", socket="1"), 3)
        self.assertEqual(scrape.one("brahe_socket_cpu_joules_total", zone="dram", socket="0"), 3)
        command("error", "package-1/dram", 0)
        # What it used meanwhile is charged when it is back.
        self.expect_driven(self.settled())
        self.assertEqual(sum("zone dram of socket 1" in line for line in self.exporter.log), 2)

    def test_a_zone_that_vanishes_is_let_go_and_found_again(self):
        self.step("package-1", 1_000_000)
        self.expect_driven(self.settled())
        command("remove", "package-1")
        self.step("package-0", 2_000_000)
        self.step("package-1", 4_000_000)
        time.sleep(0.5)
        scrape = self.scrape()
        self.assertEqual(scrape.one("brahe_socket_cpu_joules_total", zone="package", socket="0"), 2)
        held = [os.readlink(fd) for fd in glob.glob(f"/proc/{self.exporter.process.pid}/fd/*") if os.path.islink(fd)]
        self.assertEqual(sum(path.endswith("energy_uj") for path in held), len(folders()), held)
        command("add", "package-1")
        command("add", "package-1/dram")
        self.expect_driven(self.settled())

    def test_a_slow_sensor_costs_no_energy(self):
        command("delay", "package-0", 300)
        for _ in range(3):
            self.step("package-0", 1_000_000)
            self.expect_driven(self.settled())

    def test_the_time_of_day_jumps(self):
        command("power", "package-0", 50_000)
        for jump in (3600, -7200, 3600):
            time.clock_settime(time.CLOCK_REALTIME, time.time() + jump)
            time.sleep(0.5)
            least = self.raw("package-0")
            joules = self.scrape().one("brahe_socket_cpu_joules_total", zone="package", socket="0")
            self.assertTrue(least * MICRO <= joules <= self.raw("package-0") * MICRO)


    def test_the_machine_sleeps(self):
        # Sleep to memory takes all CPUs but one away, and CLOCK_MONOTONIC, by which the test RAPL counts, stands still.
        command("power", "package-0", 50_000)
        write("/sys/class/rtc/rtc0/wakealarm", "+2")
        # QEMU's disk, which the results go to, does not wake up on Linux 5.10: its driver sits the sleep out.
        [disk] = map(os.path.basename, glob.glob("/sys/bus/pci/drivers/nvme/0000:*"))
        write("/sys/bus/pci/drivers/nvme/unbind", disk)
        write("/sys/power/state", "mem")
        write("/sys/bus/pci/drivers/nvme/bind", disk)
        for _ in range(3):
            time.sleep(0.3)
            least = self.raw("package-0")
            joules = self.scrape().one("brahe_socket_cpu_joules_total", zone="package", socket="0")
            self.assertTrue(least * MICRO <= joules <= self.raw("package-0") * MICRO)


class WrapTest(Fixture):
    range_uj = RANGE_UJ

    def test_counters_wrap_within_seconds(self):
        total = 0
        for _ in range(12):
            total += 3_000_007
            command("step", "package-0", 3_000_007)
            scrape = self.settled()
        # User space is not told the counter's unit: a wrap is short by one (1 uJ here).
        wraps = total // (RANGE_UJ + 1)
        self.assertEqual(scrape.one("brahe_socket_cpu_joules_total", zone="package", socket="0"), (total - wraps) * MICRO)
        self.assertEqual(scrape.one("brahe_energy_resets_total", zone="package", socket="0"), 0)
        self.assertGreater(wraps, 5)

    def test_power_wraps_too(self):
        command("power", "package-1", 20_000)
        time.sleep(1)
        joules = self.scrape().one("brahe_socket_cpu_joules_total", zone="package", socket="1")
        self.assertGreater(joules, 3 * 5)


class UnitTest(Fixture):
    unit_uj = 61

    def test_energy_is_counted_in_units(self):
        self.step("package-0", 61 * 10_000 + 60)
        scrape = self.settled()
        self.assertEqual(scrape.one("brahe_socket_cpu_joules_total", zone="package", socket="0"), 610_000 * MICRO)


class BaselineTest(Fixture):
    interval = "500ms"
    flags = ("--attribution.idle-split=baseline",)

    def baseline(self, socket):
        scrape = self.scrape()
        name = "brahe_socket_cpu_baseline_watts"
        return scrape.one(name, zone="package", socket=str(socket)) if scrape.sum(name, socket=str(socket)) else None

    def await_baseline(self, socket, watts):
        deadline = time.monotonic() + 60
        while (learnt := self.baseline(socket)) is None or abs(learnt - watts) > watts * Decimal("0.03"):
            self.assertLess(time.monotonic(), deadline, f"{learnt} for {watts} W")
            time.sleep(0.5)

    def test_the_power_of_a_quiet_machine_is_learnt_and_what_is_more_is_of_those_who_run(self):
        for watts in (30, 20):  # a step down is followed
            command("power", "package-0", watts * 1000)
            command("power", "package-1", watts * 1000)
            for socket in (0, 1):
                self.await_baseline(socket, watts)
        burner = burn_on(last_cpus()[1])
        self.addCleanup(os.waitpid, burner, 0)
        self.addCleanup(os.kill, burner, signal.SIGKILL)
        command("power", "package-1", 50_000)
        time.sleep(1)
        before = self.scrape()
        begin = time.monotonic()
        time.sleep(3)
        after = self.scrape()
        mine = sum(
            sign * scrape.sum("kepler_process_cpu_joules_total", zone="package", pid=str(burner))
            for sign, scrape in ((1, after), (-1, before))
        )
        # Half of the socket's CPUs; by usage it would be 25 W.
        self.assertAlmostEqual(float(mine) / (time.monotonic() - begin), 30, delta=4.5)


if __name__ == "__main__":
    runner.main()
