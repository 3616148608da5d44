#!/usr/bin/env python3
"""brahe check on this machine's kernel and driven sensors: each fault that is seeded is named, with what to do."""

import json
import os
import subprocess
import sys
import tempfile
import threading
import time
import unittest

from node import PowercapDriver, emulated
import runner

BRAHE = os.path.abspath(sys.argv.pop(1))
REFUSE = os.path.abspath(sys.argv.pop(1))
GOOD_ZONES = ("intel-rapl:0=package-0=60", "intel-rapl:0:0=uncore=30", "intel-rapl:0:1=dram=5")
# What a busy or sandboxed machine may be found to lack beside the fault that is looked for.
OF_THIS_MACHINE = {"machine", "probe", "processes", "kernel side", "cost"}


class CheckTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(dir=os.environ.get("TEST_TMPDIR"))
        self.addCleanup(folder.cleanup)
        self.root = f"{folder.name}/sys"

    def drive(self, *zones):
        self.driver = PowercapDriver(self.root, zones)
        self.addCleanup(self.driver.stop)

    def run_check(self, *flags, under=(), script=None):
        """(exit status, output). `script`: what sh does, in mounts of its own, before the check takes its place."""
        command = [*under, BRAHE, "check", "--seconds=4", f"--host.sysfs={self.root}", *flags]
        if script is not None:
            command = ["unshare", "--mount", "--propagation=private", "sh", "-ec", f'{script}; exec "$@"', "sh", *command]
        run = subprocess.run(command, capture_output=True, text=True, timeout=120)
        self.assertEqual(run.stderr, "")
        return run.returncode, run.stdout

    def check(self, *flags, **more):
        """Subject -> verdicts; the exit status goes with the worst of them."""
        status, output = self.run_check("--json", *flags, **more)
        report = json.loads(output)
        verdicts = {}
        for verdict in report["verdicts"]:
            verdicts.setdefault(verdict["subject"], []).append(verdict)
            self.assertIn(verdict["outcome"], ("good", "limited", "faulty"))
            self.assertNotEqual(verdict["finding"], "")
            if verdict["outcome"] != "good":
                self.assertNotEqual(verdict["remedy"], "", verdict)
        outcomes = {verdict["outcome"] for verdict in report["verdicts"]}
        self.assertEqual(report["outcome"], next(o for o in ("faulty", "limited", "good") if o in outcomes))
        self.assertEqual(status, 1 if "faulty" in outcomes else 0)
        return verdicts

    def expect(self, verdicts, **named):
        """That these subjects (with _ for a space or a dash) have a verdict of that outcome, and that of what does not
        depend on this machine all others are good."""
        bad = {}
        for subject, found in verdicts.items():
            outcomes = {verdict["outcome"] for verdict in found} - {"good"}
            if outcomes and (subject not in OF_THIS_MACHINE or subject.replace(" ", "_") in named):
                bad[subject.replace(" ", "_").replace("-", "_")] = min(outcomes)  # "faulty" comes before "limited"
        self.assertEqual(bad, named, verdicts)

    def test_a_machine_that_measures_well_has_no_fault(self):
        self.drive(*GOOD_ZONES)
        verdicts = self.check()
        self.expect(verdicts)
        self.assertEqual({"sensor", "zone package-0", "zone uncore-0", "zone dram-0", "zones", "time source"} - set(verdicts), set())
        self.assertEqual({"books", "procfs", "cgroups", "rights", "features"} - set(verdicts), set())
        watts = float(verdicts["zone package-0"][0]["finding"].split(", ")[1].split(" ")[0])
        self.assertAlmostEqual(watts, 60, delta=6)
        if not emulated():
            self.assertEqual(verdicts["books"][0]["outcome"], "good")

    def test_the_text_has_the_same_for_a_person(self):
        self.drive(*GOOD_ZONES)
        _, text = self.run_check()
        self.assertRegex(text, r"(?m)^good +zone package-0  [0-9.]+ J, [0-9.]+ W \(.*\)$")
        self.assertRegex(text, r"(?m)^kernel +Linux ")

    def test_a_zone_that_stands_still(self):
        self.drive(*GOOD_ZONES[:2], "intel-rapl:0:1=dram=0")
        self.expect(self.check(), zone_dram_0="limited")

    def test_a_sensor_that_does_not_count(self):
        self.drive("intel-rapl:0=package-0=0")
        self.expect(self.check(), sensor="faulty", zone_package_0="limited")

    def test_no_sensor(self):
        self.drive()
        verdicts = self.check("--cpu.preferred-meters=rapl,model")
        self.expect(verdicts, sensor="limited")

    def test_a_part_that_uses_more_than_the_whole(self):
        self.drive("intel-rapl:0=package-0=60", "intel-rapl:0:0=uncore=90")
        verdicts = self.check()
        self.expect(verdicts, zones="faulty")
        self.assertIn("uncore-0 used", verdicts["zones"][0]["finding"])

    def check_while_dram_becomes(self, text):
        """The verdict on dram, whose file becomes this while the check goes on."""
        self.drive(*GOOD_ZONES)

        def spoil():
            time.sleep(2.5)
            self.driver.pause()
            with open(f"{self.driver.zone('intel-rapl:0:1')}/energy_uj", "w") as file:
                file.write(text)

        disturber = threading.Thread(target=spoil)
        disturber.start()
        try:
            return self.check()["zone dram-0"][0]
        finally:
            disturber.join()
            self.driver.resume()

    def test_a_counter_that_is_set_back(self):
        verdict = self.check_while_dram_becomes("5\n")
        self.assertEqual(verdict["outcome"], "faulty", verdict)
        self.assertIn("jumped", verdict["finding"])

    def test_a_counter_that_cannot_be_read(self):
        verdict = self.check_while_dram_becomes("nonsense\n")
        self.assertNotEqual(verdict["outcome"], "good", verdict)
        self.assertIn("could not be read", verdict["finding"])

    def test_a_kernel_that_refuses_a_program(self):
        self.drive(*GOOD_ZONES)
        verdicts = self.check("--cpu.max-processes=4096", under=(REFUSE, "--program", "on_free", "--"))
        self.expect(verdicts, feature_free="limited")
        self.assertIn("ends of processes", verdicts["feature free"][0]["finding"])

    def test_a_kernel_that_refuses_bpf(self):
        self.drive(*GOOD_ZONES)
        verdicts = self.check("--cpu.max-processes=4096", under=(REFUSE, "--program", "on_switch", "--"))
        self.expect(verdicts, time_source="limited")

    def test_more_processes_than_records(self):
        self.drive(*GOOD_ZONES)
        verdicts = self.check("--cpu.max-processes=8")
        self.assertIn("records are in use", " ".join(verdict["finding"] for verdict in verdicts["kernel side"]))
        self.expect(verdicts, kernel_side="limited")

    def test_a_missing_capability(self):
        self.drive(*GOOD_ZONES)
        verdicts = self.check(under=("setpriv", "--bounding-set=-sys_ptrace"))
        self.assertIn("cap_sys_ptrace", verdicts["rights"][0]["finding"])
        self.expect(verdicts, rights="limited")

    def test_a_procfs_that_hides_processes(self):
        self.drive(*GOOD_ZONES)
        verdicts = self.check(
            under=("setpriv", "--bounding-set=-sys_ptrace"), script="mount -t proc -o hidepid=2,gid=34567 proc /proc"
        )
        self.assertEqual(verdicts["procfs"][0]["outcome"], "limited", verdicts)

    def test_no_cgroup_hierarchy(self):
        self.drive(*GOOD_ZONES)
        unmount = "grep -E ' - cgroup2? ' /proc/self/mountinfo | cut -d' ' -f5 | sort -r | xargs -n1 umount -l"
        self.expect(self.check(script=unmount), cgroups="limited")

    def test_what_cannot_be_told_is_another_exit_status(self):
        for flags in (["--seconds=1"], ["--cpu.preferred-meters=rapl"], ["--nonsense"]):
            run = subprocess.run([BRAHE, "check", f"--host.sysfs={self.root}", *flags], capture_output=True, text=True, timeout=60)
            self.assertEqual(run.returncode, 2, run)
            self.assertEqual(run.stdout, "")
            self.assertRegex(run.stderr, r"^brahe check: .+\n$")


if __name__ == "__main__":
    runner.main()
