#!/usr/bin/env python3
"""Does `refuse` refuse what it is asked to, and nothing else? Runs as root: refuse_test.py REFUSE."""

import os
import signal
import subprocess
import sys
import time
import unittest

import runner

REFUSE = os.path.abspath(sys.argv.pop(1))
CALLS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "bpf_calls.py")


def children_of(pid):
    with open(f"/proc/{pid}/task/{pid}/children") as children:
        return [int(child) for child in children.read().split()]


class RuleTest(unittest.TestCase):
    def outcomes(self, rules, *calls):
        """What came of bpf_calls.py's calls under these rules. Nothing else may be printed."""
        run = subprocess.run(
            [REFUSE, *rules, "--", sys.executable, CALLS, *calls], capture_output=True, text=True, timeout=30
        )
        self.assertEqual((run.returncode, run.stderr), (0, ""))
        return run.stdout.split()

    def test_a_program_of_the_name_is_refused_and_another_is_loaded(self):
        rules = ("--program", "on_exec", "--errno", "EXDEV")
        calls = ("load=on_exec", "load=on_exec2", "load=on_exe", "load=", "map=on_exec")
        self.assertEqual(self.outcomes(rules, *calls), ["EXDEV", "ok", "ok", "ok", "ok"])

    def test_what_counts_of_a_name_are_the_15_characters_that_the_kernel_keeps(self):
        rules = ("--program", "on_cgroup_removed", "--map", "a_rather_long_map")
        calls = ("load=on_cgroup_removed", "load=on_cgroup_remo", "map=a_rather_long_map", "map=a_rather_long")
        self.assertEqual(self.outcomes(rules, *calls), ["EPERM", "ok", "EPERM", "ok"])

    def test_programs_of_a_kind_are_refused_whatever_their_name(self):
        rules = ("--kind", "iter", "--errno", "EXDEV")
        self.assertEqual(self.outcomes(rules, "iter=any", "load=any"), ["EXDEV", "ok"])
        rules = ("--kind", "raw_tp", "--errno", "EXDEV")
        self.assertNotIn("EXDEV", self.outcomes(rules, "iter=any"))
        self.assertEqual(self.outcomes(rules, "load=any", "filter=any"), ["EXDEV", "ok"])

    def test_programs_that_call_a_helper_are_refused_as_in_lockdown(self):
        calls = ("call-113=one", "call-5=two", "load=three")  # probe_read_kernel, ktime_get_ns
        self.assertEqual(self.outcomes(("--helper", "113"), *calls), ["EINVAL", "ok", "ok"])
        self.assertEqual(self.outcomes(("--helper", "5"), *calls), ["ok", "EINVAL", "ok"])

    def test_a_map_of_the_name_is_refused_and_another_is_made(self):
        rules = ("--map", "events", "--errno", "ENOMEM")
        self.assertEqual(self.outcomes(rules, "map=events", "map=procs", "load=events"), ["ENOMEM", "ok", "ok"])

    def test_attaching_the_program_of_the_name_is_refused_by_either_call_and_in_any_thread(self):
        rules = ("--attach", "on_move", "--errno", "EXDEV")
        calls = ("load=on_move", "attach=", "link=", "thread-attach=")
        self.assertEqual(self.outcomes(rules, *calls), ["ok", "EXDEV", "EXDEV", "EXDEV"])
        # A program is attached once only.
        calls = ("load=on_free", "attach=", "load=on_free", "thread-attach=", "link=")
        *attached, linked = self.outcomes(rules, *calls)
        self.assertEqual(attached, ["ok"] * 4)
        self.assertNotEqual(linked, "EXDEV")  # of its own accord the kernel may refuse it: no such link

    def test_batches_are_refused_and_single_entries_are_read(self):
        calls = ("map=procs", "lookup=", "batch=")
        self.assertEqual(self.outcomes(("--batch",), *calls), ["ok", "ok", "EINVAL"])
        self.assertEqual(self.outcomes(("--map", "other"), *calls), ["ok", "ok", "ENOENT"])  # read to the map's end

    def test_several_rules_hold_together(self):
        rules = ("--program", "on_exec", "--map", "events", "--batch", "--errno", "EXDEV")
        calls = ("load=on_exec", "map=events", "map=procs", "batch=", "load=on_free")
        self.assertEqual(self.outcomes(rules, *calls), ["EXDEV", "EXDEV", "ok", "EXDEV", "ok"])

    def test_what_the_command_starts_is_under_the_rules_too(self):
        script = f"{sys.executable} {CALLS} load=on_exec load=other"
        run = subprocess.run(
            [REFUSE, "--program", "on_exec", "--", "sh", "-c", f"{script}; true"], capture_output=True, timeout=30
        )
        self.assertEqual((run.stdout.split(), run.stderr), ([b"EPERM", b"ok"], b""))


class CommandTest(unittest.TestCase):
    def start(self, *command):
        return subprocess.Popen([REFUSE, "--program", "x", "--", *command], stdout=subprocess.PIPE, text=True)

    def test_the_command_has_the_pid_the_signals_and_the_exit_status(self):
        command = self.start("sh", "-c", "trap 'exit 7' TERM; echo $$; while :; do sleep 0.05; done")
        self.assertEqual(int(command.stdout.readline()), command.pid)
        command.terminate()
        self.assertEqual(command.wait(10), 7)
        command.stdout.close()

    def test_a_command_that_is_killed_leaves_nothing_behind(self):
        command = self.start("sh", "-c", "echo ready; exec sleep 100")
        command.stdout.readline()
        (helper,) = children_of(command.pid)
        command.kill()
        self.assertEqual(command.wait(10), -signal.SIGKILL)
        deadline = time.monotonic() + 10
        while os.path.exists(f"/proc/{helper}/exe"):  # nobody may fetch its exit status
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.01)
        self.assertEqual(command.stdout.read(), "")
        command.stdout.close()

    def failed(self, *arguments):
        run = subprocess.run([REFUSE, *arguments], capture_output=True, text=True, timeout=30)
        return run.returncode, run.stderr.splitlines()[0]

    def test_wrong_arguments_are_named(self):
        command = ("--", "true")
        self.assertEqual(self.failed("--prog", "x", *command), (2, "refuse: --prog: no such option"))
        self.assertEqual(self.failed("--program", *command), (2, "refuse: --program: its value is missing"))
        self.assertEqual(self.failed(*command), (2, "refuse: nothing to refuse"))
        self.assertEqual(self.failed("--batch"), (2, "refuse: no command after --"))
        for option, value in (("--errno", "EPREM"), ("--kind", "itr"), ("--helper", "probe_read")):
            status, line = self.failed("--batch", option, value, *command)
            self.assertEqual(status, 2)
            self.assertRegex(line, f"{option}.*{value}")

    def test_a_command_that_is_not_there_is_named(self):
        status = self.failed("--batch", "--", "/no/such/command")
        self.assertEqual(status, (127, "refuse: run /no/such/command: No such file or directory"))


if __name__ == "__main__":
    runner.main()
