#!/usr/bin/env python3
"""The exporter on a kernel that refuses it one BPF program, or all that it can do without: does it start, say once what
is lost, and still charge all work to whoever did it? Runs as root: refusal_test.py BRAHE REFUSE [CASE]."""

import os
import re
import subprocess
import sys
import time
import unittest
import uuid

from cgroups import Cgroup, remove_tree
from node import ExporterProcess, HiddenTime, Inaccurate, Node, emulated, stolen_seconds, three_tries
import runner

BRAHE = os.path.abspath(sys.argv.pop(1))
REFUSE = os.path.abspath(sys.argv.pop(1))
TREE = f"/brahe-test-{os.getpid()}"  # holds all the cgroups made here
ZONES = ("package", "uncore", "dram")
SECONDS, JOULES = "kepler_{}_cpu_seconds_total", "kepler_{}_cpu_joules_total"
# Each feature that the exporter can do without, and its program.
PROGRAMS = {
    "exec": "on_exec",
    "free": "on_free",
    "cgroup_made": "on_cgroup_made",
    "cgroup_removed": "on_cgroup_gone",
    "move": "on_move",
    "visit": "visit",
}
# What a lockdown to confidentiality takes away: probe_read, probe_read_str, and both of them with _kernel.
LOCKDOWN = [argument for helper in (4, 45, 113, 115) for argument in ("--helper", str(helper))]
NOT_PERMITTED, DENIED, INVALID = (os.strerror(code) for code in (1, 13, 22))
SLICE = 0.5  # CPU seconds that the burner works in each of its containers


def warnings_of(exporter):
    return [line for line in exporter.log if line.startswith("W")]


def start_burner():
    """A process on CPU 0, whose socket has energy on every machine."""
    return subprocess.Popen(["sh", "-c", "while :; do :; done"], preexec_fn=lambda: os.sched_setaffinity(0, {0}))


class Container(Cgroup):
    """A container's cgroup, made."""

    def __init__(self):
        self.id = uuid.uuid4().hex * 2
        super().__init__(f"{TREE}/docker/{self.id}")
        self.make()


class Case(unittest.TestCase):
    def expect_said(self, lines, *words):
        """That one line says all of this, with a remedy in brackets, and not what this user is already."""
        self.assertEqual(len(lines), 1, lines)
        for word in words:
            self.assertIn(word, lines[0])
        self.assertRegex(lines[0], r"\(.*\w.*\)")
        self.assertNotIn("run as root", lines[0])


class WithoutOneTest(Case):
    """Each test runs life() on a kernel that refuses something."""

    def tearDown(self):
        remove_tree(TREE)

    def start(self, *refusals):
        self.doCleanups()  # ends what an earlier try has started
        under = (REFUSE, *refusals, "--") if refusals else ()
        self.node = Node(
            BRAHE,
            "--cpu.time-source=bpf",
            "--monitor.interval=250ms",
            "--monitor.staleness=1ms",
            "--monitor.min-terminated-energy-threshold=0",
            "--cpu.max-processes=4096",  # each record is a call of bpf(2) at the start, which REFUSE looks at
            under=under,
        )
        self.addCleanup(self.node.__exit__)
        self.exporter = self.node.exporter
        scrape = self.exporter.first_scrape()
        self.assertEqual(scrape.one("brahe_cpu_time_source_info", source="bpf"), 1)
        return scrape

    def features(self, scrape):
        """Feature -> state."""
        found = {}
        for labels, value in scrape.all("brahe_bpf_feature"):
            self.assertEqual(value, 1)
            self.assertNotIn(labels["feature"], found)
            found[labels["feature"]] = labels["state"]
        return found

    def scrape(self):
        """A scrape in which the books balance."""
        scrape = self.exporter.scrape()
        for zone in ZONES:
            listed = scrape.sum(JOULES.format("process"), zone=zone)
            unlisted = scrape.one("brahe_process_unlisted_joules_total", zone=zone)
            self.assertEqual(listed + unlisted, scrape.one("kepler_node_cpu_active_joules_total", zone=zone))
        return scrape

    def until(self, what, **labels):
        """The first scrape in which a process or container (`what`) of these labels is charged with something."""
        deadline = time.monotonic() + 30
        while True:
            scrape = self.scrape()
            if scrape.sum(JOULES.format(what), zone="package", **labels) > 0:
                return scrape
            if time.monotonic() > deadline:
                pid = {key: value for key, value in labels.items() if key == "pid"}
                near = scrape.all(JOULES.format(what), zone="package", **pid)
                self.fail(f"no {what} {labels}, but {near}:\n" + "".join(self.exporter.log))
            time.sleep(0.1)

    def work_until(self, cgroup, used):
        while cgroup.used() < used:
            self.scrape()
            time.sleep(0.1)

    def end(self, process):
        """CPU seconds that a child has used."""
        process.kill()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        return usage.ru_utime + usage.ru_stime

    def expect_charged(self, what, charged, used, allowed):
        allowed *= 4 if emulated() else 1
        hidden = self.hidden.seconds(self.scrape())
        taken = stolen_seconds() - self.stolen_before
        figures = f"{what}: charged {charged:.3f} of {used:.3f} CPU-s, hidden {hidden:.3f}, stolen {taken:.2f}"
        print(figures, flush=True)
        if not used - allowed - hidden < charged < used + allowed + taken:
            raise Inaccurate(figures)

    def life(self, moves_are_seen=True, names_are_told=True):
        """A process that works in a container, is moved to another one while it runs, and is killed; and one that has
        come and gone before anybody looks, whose name only the kernel can tell."""
        self.hidden, self.stolen_before = HiddenTime(self.exporter), stolen_seconds()
        first, second = Container(), Container()
        burner = start_burner()
        try:
            first.take(burner.pid)
            self.work_until(first, SLICE)
            self.until("process", pid=str(burner.pid), comm="sh", state="running")
            self.until("container", container_id=first.id, state="running")
            second.take(burner.pid)
            self.work_until(second, SLICE)
            self.until("container", container_id=second.id, state="running")
        finally:
            used = self.end(burner)
        brief = start_burner()
        time.sleep(0.08)
        brief_used = self.end(brief)
        in_first, in_second = first.used(), second.used()
        remove_tree(TREE)

        for process, seconds in ((burner, used), (brief, brief_used)):
            name = {"comm": "sh"} if process is burner or names_are_told else {}
            scrape = self.until("process", pid=str(process.pid), state="terminated", **name)
            charged = float(scrape.sum(SECONDS.format("process"), pid=str(process.pid)))
            self.expect_charged(f"process {process.pid}", charged, seconds, 0.02 * seconds + 0.01)
        for container, seconds in ((first, in_first), (second, in_second)):
            scrape = self.until("container", container_id=container.id, state="terminated")
            charged = float(scrape.one(SECONDS.format("container"), container_id=container.id))
            if moves_are_seen:
                self.expect_charged(f"container {container.id[:6]}", charged, seconds, 0.02 * seconds + 0.02)

    def expect_only_off(self, scrape, off):
        states = self.features(scrape)
        self.assertEqual({feature for feature, state in states.items() if state == "off"}, set(off))
        self.assertEqual({*PROGRAMS, "switch", "strings", "own_time"} - set(states), set())

    def without(self, *features, error=NOT_PERMITTED, errno="EPERM", option="--program"):
        refusals = [argument for feature in features for argument in (option, PROGRAMS[feature])]
        if "exec" in features:  # and what takes its place in lockdown
            refusals += [option, "on_exec_bare"]
        scrape = self.start(*refusals, "--errno", errno)
        self.expect_only_off(scrape, features)
        self.life(moves_are_seen="move" not in features, names_are_told="exec" not in features)
        self.expect_only_off(self.scrape(), features)
        warnings = warnings_of(self.exporter)
        self.assertEqual(len(warnings), len(features), warnings)
        for feature in features:
            named = [line for line in warnings if re.search(rf"\b{PROGRAMS[feature]}\b", line)]
            self.expect_said(named, PROGRAMS[feature], error)
        self.assertEqual(self.exporter.stop(), 0)

    @three_tries
    def test_where_nothing_is_refused_all_is_on_and_nothing_is_said(self):
        self.expect_only_off(self.start(), ())
        self.life()
        self.assertEqual(warnings_of(self.exporter), [])

    @three_tries
    def test_without_on_exec_names_come_from_proc(self):
        self.without("exec")

    @three_tries
    def test_without_on_free_ends_are_found_in_proc(self):
        self.without("free", error=DENIED, errno="EACCES")

    @three_tries
    def test_without_on_cgroup_made_containers_are_found_by_their_folders(self):
        self.without("cgroup_made", error=INVALID, errno="EINVAL")

    @three_tries
    def test_without_on_cgroup_gone_containers_end_all_the_same(self):
        self.without("cgroup_removed")

    @three_tries
    def test_without_on_move_a_move_counts_from_the_next_switch(self):
        self.without("move")

    @three_tries
    def test_without_the_visit_each_cpu_counts_from_its_first_switch(self):
        self.without("visit")

    @three_tries
    def test_without_all_that_is_optional_each_loss_is_said_once(self):
        self.without(*PROGRAMS)

    @three_tries
    def test_a_program_that_cannot_be_attached_is_lost_alone(self):
        self.without("move", option="--attach")

    @three_tries
    def test_in_lockdown_names_come_from_proc_and_the_time_from_bpf(self):
        scrape = self.start(*LOCKDOWN)
        states = self.features(scrape)
        self.assertEqual(
            {feature for feature, state in states.items() if state == "off"}, {"strings", "cgroup_made", "visit"}
        )
        self.life(names_are_told=False)
        named = [line for line in warnings_of(self.exporter) if "bpf_probe_read_kernel" in line]
        self.expect_said(named, INVALID)
        self.assertEqual(self.exporter.stop(), 0)

    @three_tries
    def test_a_kernel_that_refuses_iterators_takes_nothing_away(self):
        self.expect_only_off(self.start("--kind", "iter"), ())
        self.life()
        self.assertEqual(warnings_of(self.exporter), [])


class WithoutSwitchTest(Case):
    def refused(self, *refusals):
        """What is said by an exporter that must count by BPF."""
        command = [REFUSE, *refusals, "--", BRAHE, "--cpu.time-source=bpf", "--web.listen-address=127.0.0.1:0"]
        run = subprocess.run(command, capture_output=True, text=True, timeout=60)
        self.assertEqual(run.returncode, 1, run.stderr)
        return [line for line in run.stderr.splitlines() if not line.startswith("I")]

    def test_bpf_alone_does_not_start_and_says_why(self):
        self.expect_said(self.refused("--program", "on_switch"), "on_switch", NOT_PERMITTED)
        self.expect_said(self.refused("--program", "on_switch", "--errno", "EINVAL"), "on_switch", INVALID)

    def test_that_it_cannot_be_attached_is_as_bad(self):
        self.expect_said(self.refused("--attach", "on_switch"), "on_switch", NOT_PERMITTED)

    def test_auto_counts_from_proc_and_says_why(self):
        exporter = ExporterProcess(
            BRAHE,
            "--cpu.time-source=auto",
            "--cpu.preferred-meters=model",
            "--monitor.interval=250ms",
            under=(REFUSE, "--program", "on_switch", "--"),
        )
        try:
            scrape = exporter.first_scrape()
            self.assertEqual(scrape.one("brahe_cpu_time_source_info", source="procfs"), 1)
            self.assertEqual([has for has, _ in scrape.all("brahe_bpf_feature") if has["state"] == "on"], [])
            lines = [line for line in warnings_of(exporter) if "CPU time from /proc" in line]
            self.expect_said(lines, "on_switch", NOT_PERMITTED)
        finally:
            self.assertEqual(exporter.stop(), 0)


if __name__ == "__main__":
    runner.main()
