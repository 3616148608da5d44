#!/usr/bin/env python3
"""What goes on around the exporter loses no joule: it is stopped, has no files left, its tables are full, its sensor tells
nonsense, there are crowds of processes, of cgroups and of clients, and a fork bomb. It has the memory of a small pod. The books
balance in each scrape, and at the end the joules are the counters'. Runs as root: hostile_test.py BRAHE SLEEPERS [CASE].
BRAHE_CROWD in the environment: how many processes a crowd is."""

import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import unittest

import runner
from cgroups import Burner, Cgroup, MemoryLimit, remove_tree
from herd import Herd, Room
from life import FOLDERS, ZONES, Life

BRAHE, SLEEPERS = (os.path.abspath(sys.argv.pop(1)) for _ in range(2))
CROWD = int(os.environ.get("BRAHE_CROWD", 3000))
TREE = f"/brahe-hostile-{os.getpid()}"
NODE = "kepler_node_cpu_joules_total"
MEMORY_MIB = 128
CLIENTS = 16
NOBODY = 64999  # has no other processes

# Makes sys.argv[1] processes, at most sys.argv[2] at once, each of which makes another one where there is room.
LIVES = """
import os, sys, time
total, most = int(sys.argv[1]), int(sys.argv[2])
made = living = 0
while made < total or living:
    if made < total and living < most:
        made, living = made + 1, living + 1
        if os.fork() == 0:
            if os.fork() == 0:
                os._exit(0)
            os._exit(0)
    else:
        os.wait()
        living -= 1
"""
# As long as the file is there. All stay at their limit: a shell would end where it cannot fork.
BOMB = "while (-e $ARGV[0]) { fork }"
# In the cgroup whose cgroup.procs is $1, as the program $2.
IN_CGROUP = 'echo $$ >"$1"; exec "$2" -c "i=0; while [ \\$i -lt 3000 ]; do i=\\$((i + 1)); done"'


def used_by_children():
    """CPU seconds of those that have been waited for."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


class HostileTest(unittest.TestCase):
    def live(self, *flags):
        """Energy is used, in a container that burns among others."""
        self.addCleanup(remove_tree, TREE)
        life = Life(self, BRAHE, *flags)
        life.flags.remove("--monitor.terminated-retention=1h")  # what has ended would be thousands of series
        life.flags.append("--monitor.terminated-retention=1s")
        self.memory = self.enterContext(MemoryLimit(f"{TREE}-memory", MEMORY_MIB))
        life.start(under=self.memory.under)
        life.scrape()
        life.driver.resume()
        self.addCleanup(Burner(f"{TREE}/docker/{'d' * 64}").end)
        return life

    def is_whole(self, life):
        """All the joules of the counters are shown, and they are somebody's."""
        life.scrape()
        life.driver.pause()
        for _ in range(3):
            time.sleep(0.15)
            scrape = life.scrape("/metrics?level=node,program")
        for zone, at_end in life.energies().items():
            self.assertEqual(scrape.one(NODE, zone=zone), at_end - life.at_start[zone], zone)
        for line in life.logs[-1]:
            self.assertNotIn("do not balance", line)
        self.assertIsNone(life.exporter.process.poll())
        print(f"memory: {self.memory.peak_mib():.1f} MiB at most", flush=True)
        return scrape

    def scrape_for(self, life, seconds):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            life.scrape()
            time.sleep(0.1)

    def wait(self, life, condition, seconds=60):
        """The first scrape of which it is true."""
        end = time.monotonic() + seconds
        while not condition(scrape := life.scrape()):
            self.assertLess(time.monotonic(), end, "it does not come to it")
        return scrape

    def test_it_stands_still(self):
        life = self.live()
        self.scrape_for(life, 0.5)
        before = life.scrape().one(NODE, zone="package")
        life.exporter.process.send_signal(signal.SIGSTOP)
        time.sleep(10)
        life.exporter.process.send_signal(signal.SIGCONT)
        self.scrape_for(life, 0.5)
        self.assertGreater(life.scrape().one(NODE, zone="package") - before, 9 * ZONES["package"])
        self.is_whole(life)

    def test_it_has_no_files_left(self):
        life = self.live("--monitor.interval=100ms")
        epochs = life.scrape().one("brahe_epoch_duration_seconds_count")
        pid = life.exporter.process.pid
        before = resource.prlimit(pid, resource.RLIMIT_NOFILE)
        # What is open stays, and nothing more can be opened.
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (3, before[1]))
        waiting = threading.Thread(target=life.exporter.get)  # nobody can take its connection yet
        waiting.start()
        time.sleep(1.5)
        resource.prlimit(pid, resource.RLIMIT_NOFILE, before)
        waiting.join()
        self.assertGreater(life.scrape().one("brahe_epoch_duration_seconds_count"), epochs + 8)
        self.is_whole(life)

    def test_its_tables_are_full(self):
        life = self.live("--cpu.max-processes=64")
        lives = subprocess.Popen([sys.executable, "-c", LIVES, "500", "50"])
        self.addCleanup(lives.wait)
        self.addCleanup(lives.kill)
        while lives.poll() is None:
            self.scrape_for(life, 0.2)
        self.assertTrue(any(self.fills_tables(life) for _ in range(10)), "they do not fill up")
        self.is_whole(life)
        scrape = life.scrape()
        self.assertGreater(scrape.one("brahe_process_unlisted_joules_total", zone="package"), 0)
        self.assertEqual(scrape.one("brahe_lost_cpu_seconds_total"), 0)

    def fills_tables(self, life):
        """Has processes start while it stands still, since awake it cuts as often as its tables fill up. False if it has done so
        once more before the scrape."""
        life.exporter.process.send_signal(signal.SIGSTOP)
        with Herd(SLEEPERS, 500):
            life.exporter.process.send_signal(signal.SIGCONT)
            scrape = life.scrape()
        entries, capacity = (scrape.one(f"brahe_bpf_map_{what}", map="procs") for what in ("entries", "capacity"))
        # Who has no record is counted by cgroup.
        return entries == capacity and scrape.one("brahe_bpf_map_entries", map="cg_overflow") > 0

    def test_a_crowd_of_processes_and_of_clients(self):
        life = self.live()
        with Room(CROWD), Herd(SLEEPERS, CROWD):
            statuses = []

            def ask(encoding):
                for _ in range(2):
                    statuses.append(life.exporter.get_bytes(**{"Accept-Encoding": encoding})[0])

            clients = [threading.Thread(target=ask, args=(("identity", "gzip")[i % 2],)) for i in range(CLIENTS)]
            for client in clients:
                client.start()
            for client in clients:
                client.join()
            # Who has waited for longer than others is told to come again.
            self.assertLessEqual(set(statuses), {200, 503})
            self.assertGreater(statuses.count(200), 2)
            scrape = life.scrape()
            # The others have run when there was no record left, which is counted by cgroup.
            room = int(scrape.one("brahe_bpf_map_capacity", map="procs"))
            listed = len(scrape.all("kepler_process_cpu_seconds_total", comm="sleepers"))
            self.assertGreaterEqual(listed, min(CROWD, room - 1000))
            self.assertEqual(scrape.one("brahe_lost_cpu_seconds_total"), 0)
            self.is_whole(life)

    def test_a_fork_bomb(self):
        life = self.live()
        with tempfile.NamedTemporaryFile(dir="/tmp") as fuse:  # where anybody may look
            most = 300
            who = ["setpriv", f"--reuid={NOBODY}", "--clear-groups", "prlimit", f"--nproc={most}", "nice", "-n", "19"]
            bomb = subprocess.Popen([*who, "perl", "-e", BOMB, fuse.name])
            self.wait(life, lambda scrape: len(self.processes_of(NOBODY)) >= most)
            self.scrape_for(life, 5)
        bomb.wait()
        self.wait(life, lambda scrape: not self.processes_of(NOBODY))
        self.is_whole(life)

    @staticmethod
    def processes_of(user):
        found = subprocess.run(["pgrep", "-u", str(user)], stdout=subprocess.PIPE, check=False)
        return found.stdout.split()

    def test_cgroups_come_and_go(self):
        life = self.live()
        folder = self.enterContext(tempfile.TemporaryDirectory(dir="/tmp"))  # a long path would be cut
        program = shutil.copy(shutil.which("dash"), f"{folder}/cgrouplife")
        used, next_scrape = 0, 0
        used_in_all = -used_by_children()
        for _ in range(CROWD // 10):
            cgroup = Cgroup(f"{TREE}/docker/{random.getrandbits(256):064x}")
            cgroup.make()
            subprocess.run(["sh", "-c", IN_CGROUP, "sh", f"{cgroup.folder}/cgroup.procs", program], check=True)
            used += cgroup.used()
            os.rmdir(cgroup.folder)
            if time.monotonic() > next_scrape:
                life.scrape()
                next_scrape = time.monotonic() + 1
        used_in_all += used_by_children()
        scrape = self.is_whole(life)
        charged = float(scrape.one("brahe_program_cpu_seconds_total", program=program))
        charge = f"{charged:.3f} s are their program's"
        print(f"{CROWD // 10} cgroups used {used:.3f} s, their processes {used_in_all:.3f} s, {charge}", flush=True)
        # What a process has used before it was in the cgroup is its program's, too; and so is what it uses until its last
        # switch, when it has been waited for.
        self.assertLess(charged, used_in_all * 1.02 + 0.001 * CROWD / 10)
        self.assertGreater(charged, used * 0.98 - 0.05)

    def test_its_sensor_tells_nonsense(self):
        life = self.live()
        life.sensor_is_true = False
        counter = os.path.join(life.driver.zone(FOLDERS["dram"]), "energy_uj")
        aside = counter + ".true"

        def text(content):
            with open(counter, "w") as file:
                file.write(content)

        shown = [
            lambda: text("what?\n"),
            lambda: text(""),
            lambda: text("-5\n"),
            lambda: text("9" * 30),
            lambda: os.mkdir(counter),
            lambda: os.mkfifo(counter),
            lambda: os.symlink("/nowhere", counter),
            lambda: None,
        ]
        for show in shown:
            self.scrape_for(life, 0.2)
            os.rename(counter, aside)
            show()
            self.scrape_for(life, 0.3)
            if os.path.isdir(counter):
                os.rmdir(counter)
            os.rename(aside, counter)
        self.scrape_for(life, 0.2)
        self.is_whole(life)


if __name__ == "__main__":
    runner.main()
