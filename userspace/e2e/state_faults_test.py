#!/usr/bin/env python3
"""What an exporter makes of a state that it cannot go on from, or cannot keep: it says so in one line, serves all the
same, and keeps what it can. Counts from /proc, beside others. Runs as root: state_faults_test.py BRAHE [CASE]."""

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest
import uuid

import checkpoint
import runner
from cgroups import Burner, remove_tree
from fake_kube import FakeKube, pod, write_kubeconfig
from life import ZONES, Life
from node import time_source_flags

BRAHE = os.path.abspath(sys.argv.pop(1))
SOURCE = (time_source_flags() or ["=procfs"])[0].partition("=")[2]
NODE = "kepler_node_cpu_joules_total"


class StateFaultsTest(unittest.TestCase):
    def lived(self, *flags, **options):
        """A life that has shown joules."""
        life = Life(self, BRAHE, *flags, time_source=SOURCE, **options)
        self.begin(life)
        return life

    def begin(self, life):
        life.start()
        life.scrape()
        self.count(life)

    def count(self, life, joules=20):
        """Until the node has used so many joules more."""
        goal = life.scrape().one(NODE, zone="package") + joules
        life.driver.resume()
        self.until(lambda: life.scrape().one(NODE, zone="package") >= goal, life)
        life.driver.pause()
        life.scrape()

    def until(self, condition, life, seconds=20):
        end = time.monotonic() + seconds
        while not condition():
            self.assertLess(time.monotonic(), end, "".join(life.logs[-1]))
            time.sleep(0.1)

    def joules(self, life):
        return life.scrape().one(NODE, zone="package")

    def says(self, life, pattern):
        """One line of its log is about the state at the start, and this one."""
        lines = [line for line in life.logs[-1] if re.search(r"(?i)counters?\b.* (begin|go|goes) |of another boot", line)]
        self.assertEqual(len(lines), 1, "".join(life.logs[-1]))
        self.assertRegex(lines[0], pattern)

    def goes_on(self, life, how=signal.SIGKILL):
        """The next one goes on, and counts."""
        life.stop(how)
        life.start()
        self.count(life, 1)
        self.says(life, r"Every counter goes on where it stood \d+ ms ago, in ")

    def begins_anew(self, life, pattern):
        """The next one counts from 0, says why, and keeps its own."""
        before = self.shown(life)
        life.forget()
        life.start()
        self.assertLess(self.joules(life), before)
        self.count(life, 1)
        self.says(life, pattern)
        self.goes_on(life)

    def shown(self, life):
        """The node's joules that were shown last."""
        return next(value for key, value in life.shown.items() if key[0] == NODE and ("zone", "package") in key)

    def aside(self, life):
        with open(life.checkpoint + ".unreadable", "rb") as file:
            return file.read()

    def put_aside(self, life, change, pattern):
        """After `change` of its file the next one begins anew, and the file is kept aside as it was."""
        life.stop(signal.SIGKILL)
        change(life.checkpoint)
        with open(life.checkpoint, "rb") as file:
            changed = file.read()
        self.begins_anew(life, pattern)
        self.assertTrue(self.aside(life) == changed)

    def test_what_cannot_be_read_is_said_and_put_aside(self):
        life = self.lived()
        self.put_aside(life, lambda path: checkpoint.damage(path, slice(None)), r"begin at 0: .*: damaged, no value")
        self.count(life)
        self.put_aside(life, lambda path: checkpoint.set_format(path, 2), r"begin at 0: .*format 2 by a newer release")
        self.count(life)
        newer = lambda fields: {**fields, checkpoint.LAYOUT: 2}
        self.put_aside(life, lambda path: checkpoint.change(path, newer), r"begin at 0: .*layout 2 is of a newer release")
        self.count(life)
        torn = lambda fields: {**fields, checkpoint.BOOKS: b"\xff" * len(fields[checkpoint.BOOKS])}
        self.put_aside(life, lambda path: checkpoint.change(path, torn), r"begin at 0: .*/checkpoint: the books")

    def test_one_slot_that_is_whole_is_enough(self):
        life = self.lived()
        self.count(life)
        life.stop(signal.SIGKILL)
        checkpoint.damage(life.checkpoint, slice(1, None))
        life.start()
        self.count(life, 1)
        self.says(life, "goes on where it stood")

    def test_an_empty_file_and_one_of_the_future_are_begun_anew(self):
        life = self.lived()
        life.stop(signal.SIGKILL)
        os.truncate(life.checkpoint, 0)
        self.begins_anew(life, "begin at 0: nothing is kept in .*/checkpoint yet")
        self.count(life)
        life.stop(signal.SIGKILL)
        hour = 3600 * 10**9
        later = lambda fields: {**fields, checkpoint.MONOTONIC_NS: fields[checkpoint.MONOTONIC_NS] + hour}
        checkpoint.change(life.checkpoint, later)
        self.begins_anew(life, r"from the future, by 35\d\d s: all counters begin at 0")

    def another_boot(self, life):
        life.stop(signal.SIGTERM)
        other = str(uuid.uuid4()).encode()
        checkpoint.change(life.checkpoint, lambda fields: {**fields, checkpoint.BOOT_ID: other})

    def test_after_a_boot_all_begins_anew(self):
        life = self.lived()
        self.another_boot(life)
        self.begins_anew(life, r"The machine has been started since .*: all counters begin at 0 \(state.otherBoot\)")

    def test_after_a_boot_nodes_and_namespaces_may_go_on(self):
        folder = tempfile.TemporaryDirectory(dir=os.environ.get("TEST_TMPDIR"))
        self.addCleanup(folder.cleanup)
        kube, uid, container = FakeKube(), str(uuid.uuid4()), uuid.uuid4().hex * 2
        self.addCleanup(kube.stop)
        write_kubeconfig(f"{folder.name}/kubeconfig", kube)
        kube.set(pod(uid, "till", {"till": container}))
        tree = f"/brahe-boot-{os.getpid()}"
        self.addCleanup(remove_tree, tree)
        self.addCleanup(Burner(f"{tree}/kubepods/burstable/pod{uid}/{container}").end)
        life = self.lived(
            "--state.other-boot=nodes", "--kube.enable", "--kube.node-name=n1",
            "--kube.pod-informer.mode=apiserver", f"--kube.config={folder.name}/kubeconfig",
        )
        self.count(life)
        of_pod, of_namespace = "kepler_pod_cpu_joules_total", "brahe_namespace_cpu_joules_total"
        shop = {"zone": "package", "namespace": "shop"}
        self.until(lambda: life.scrape().sum(of_namespace, **shop) > 0, life)
        before = life.scrape()
        self.assertGreater(before.sum(of_pod, zone="package", pod_id=uid), 0)
        self.another_boot(life)
        goes_on = ("kepler_node_", "brahe_namespace_")
        life.shown = {key: value for key, value in life.shown.items() if key[0].startswith(goes_on)}
        life.start()
        self.count(life, 1)
        after = life.scrape()
        self.says(life, r"started since .*: the totals of the node's zones and of namespaces go on")
        self.assertEqual(life.said("is not counted"), [])
        self.assertGreaterEqual(after.sum(of_namespace, **shop), before.sum(of_namespace, **shop))
        # All that the namespace has used since is its pod's, which has nothing from before.
        since = after.sum(of_namespace, **shop) - before.sum(of_namespace, **shop)
        self.assertLessEqual(after.sum(of_pod, zone="package", pod_id=uid), since)
        self.assertLessEqual(after.sum("kepler_container_cpu_joules_total", zone="package", container_id=container), since)
        self.goes_on(life)

    def unkept(self, life, pattern):
        """It serves, says why nothing is kept, and the next one has nothing to go on from."""
        self.begin(life)
        self.says(life, pattern)
        before = self.joules(life)
        life.stop(signal.SIGKILL)
        life.forget()
        life.start()
        self.assertLess(self.joules(life), before)

    def mount(self, folder, *options):
        subprocess.run(["mount", "-t", "tmpfs", *options, "tmpfs", folder], check=True)
        self.addCleanup(subprocess.run, ["umount", "--lazy", folder], check=True)

    def scratch(self):
        folder = tempfile.TemporaryDirectory(dir=os.environ.get("TEST_TMPDIR"))
        self.addCleanup(folder.cleanup)
        return folder.name

    def test_folders_that_cannot_be_written_to(self):
        none = "begin at 0 after each start: "
        read_only = self.scratch()
        self.mount(read_only, "-o", "ro")
        self.unkept(Life(self, BRAHE, time_source=SOURCE, state=read_only), none + ".*Read-only file system")
        missing = os.path.join(self.scratch(), "no/state")
        self.unkept(Life(self, BRAHE, time_source=SOURCE, state=missing), none + ".*; make the folder above it")
        self.assertFalse(os.path.exists(os.path.dirname(missing)))
        others = self.scratch()
        os.chown(others, 12345, 12345)
        self.unkept(Life(self, BRAHE, time_source=SOURCE, state=others), none + ".*belongs to user 12345 and not")
        self.assertEqual(os.listdir(others), [])

    def test_a_folder_that_is_not_there_is_made(self):
        life = self.lived()
        self.assertEqual(os.stat(life.state).st_mode & 0o7777, 0o700)
        self.goes_on(life)

    def test_on_a_full_disk_the_older_totals_are_not_gone_back_to(self):
        folder = self.scratch()
        self.mount(folder)
        life = self.lived(state=folder)
        size = os.stat(life.checkpoint).st_size
        subprocess.run(["mount", "-o", f"remount,size={size}", folder], check=True)
        failed = "Counters would begin at 0 after an end, as their state cannot be kept"
        self.many_names()
        self.until(lambda: life.scrape() and life.said(failed), life)
        self.count(life)
        self.assertEqual(len(life.said(failed)), 1)
        self.assertIn("No space left on device", life.said(failed)[0])
        before = self.joules(life)
        life.stop(signal.SIGKILL)
        subprocess.run(["mount", "-o", "remount,size=4k", folder], check=True)
        life.forget()
        life.start()
        self.assertLess(self.joules(life), before)
        self.until(lambda: life.scrape() and life.said(failed), life)
        subprocess.run(["mount", "-o", "remount,size=64m", folder], check=True)
        self.until(lambda: life.scrape() and life.said("Counters go on over an end again"), life)
        self.goes_on(life)

    def many_names(self):
        """Processes with so long names that what is kept has 100 KiB of them."""
        folder = os.path.join(self.scratch(), *("n" * 250 for _ in range(12)))
        os.makedirs(folder)
        shell = shutil.copy("/bin/dash", folder)
        for i in range(32):
            os.link(shell, f"{folder}/{i}")
            # /proc has the CPU time of some in ticks only.
            work = "i=0; while [ $i -lt 60000 ]; do i=$((i + 1)); done; read end"
            process = subprocess.Popen([f"{folder}/{i}", "-c", work], stdin=subprocess.PIPE)
            self.addCleanup(process.communicate)

    def test_a_second_one_waits_for_the_first_to_end_and_goes_on(self):
        life = self.lived()
        first = life.exporter
        self.addCleanup(first.process.stderr.close)
        life.start(on_line=lambda line: "Waiting for another exporter" in line and first.process.terminate())
        self.assertEqual(first.process.wait(10), 0)
        self.count(life, 1)
        self.assertEqual(len(life.said("Waiting for another exporter to end: ")), 1)
        self.says(life, "goes on where it stood")

    def test_a_second_one_ends_if_the_first_does_not(self):
        life = self.lived()
        begin = time.monotonic()
        second = subprocess.run([BRAHE, "--web.listen-address=127.0.0.1:0", *life.flags], capture_output=True, text=True, timeout=30)
        self.assertGreater(time.monotonic() - begin, 8)
        self.assertEqual(second.returncode, 1)
        self.assertRegex(
            second.stderr.splitlines()[-1],
            r"^brahe: .*/checkpoint: another exporter writes there; stop it, or give this one a folder of its own",
        )
        self.count(life, 1)
        self.goes_on(life)


if __name__ == "__main__":
    runner.main(beside=6)
