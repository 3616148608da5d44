#!/usr/bin/env python3
"""The exporter as its user meets it: faults of sensors, reused pids, bad input, fall-backs, the endpoints."""

import os
import signal
import socket
import subprocess
import sys
import time
import unittest

from node import ExporterProcess, Node
import runner

BRAHE = os.path.abspath(sys.argv.pop(1))
NODE_TOTAL = "kepler_node_cpu_joules_total"


def burn(seconds):
    end = time.process_time() + seconds
    while time.process_time() < end:
        pass


def run_child(work):
    """Runs work() in a child that has ended when this returns its pid."""
    pid = os.fork()
    if pid == 0:
        work()
        os._exit(0)
    os.waitpid(pid, 0)
    return pid


class Witness:
    """Scrapes, and asserts with each that no counter has gone down since the one before."""

    def __init__(self, test, exporter):
        self.test, self.exporter, self.before = test, exporter, {}

    def scrape(self, after=0.6):
        time.sleep(after)
        scrape = self.exporter.scrape()
        now = scrape.counters()
        for series, value in self.before.items():
            if series[0].startswith("process_"):
                continue
            self.test.assertGreaterEqual(now.get(series, value), value, series)
        self.before = now
        return scrape


class FaultsTest(unittest.TestCase):
    def setUp(self):
        self.node = Node(BRAHE, "--monitor.interval=200ms", "--monitor.staleness=100ms")
        self.addCleanup(self.node.__exit__)
        self.exporter = self.node.exporter
        self.exporter.first_scrape()
        self.witness = Witness(self, self.exporter)

    def test_a_sensor_that_stands_still_stops_no_series(self):
        before = self.witness.scrape()
        self.node.driver.pause()
        stopped = self.witness.scrape()
        still = self.witness.scrape()
        self.node.driver.resume()
        after = self.witness.scrape()
        for zone in ("package", "uncore", "dram"):
            self.assertGreater(stopped.one(NODE_TOTAL, zone=zone), before.one(NODE_TOTAL, zone=zone))
            self.assertEqual(still.one(NODE_TOTAL, zone=zone), stopped.one(NODE_TOTAL, zone=zone))
            self.assertGreater(after.one(NODE_TOTAL, zone=zone), still.one(NODE_TOTAL, zone=zone))
        pids = {labels["pid"] for labels, _ in before.all("kepler_process_cpu_joules_total")}
        listed = {labels["pid"] for labels, _ in still.all("kepler_process_cpu_joules_total")}
        self.assertIn(str(self.exporter.process.pid), pids & listed)

    def test_an_unreadable_zone_hides_no_other(self):
        before = self.witness.scrape()
        energy = os.path.join(self.node.driver.zone("intel-rapl:0:1"), "energy_uj")
        os.unlink(energy)
        self.witness.scrape()
        gone = self.witness.scrape()
        self.assertEqual(gone.all("kepler_node_cpu_watts", zone="dram"), [])
        self.assertGreater(gone.one("brahe_energy_read_errors_total", zone="dram"), 0)
        self.assertEqual(gone.one("brahe_energy_read_errors_total", zone="package"), 0)
        for zone in ("package", "uncore"):
            self.assertGreater(gone.one(NODE_TOTAL, zone=zone), before.one(NODE_TOTAL, zone=zone))
            self.assertGreater(len(gone.all("kepler_process_cpu_joules_total", zone=zone)), 0)
        with open(energy, "w") as out:
            out.write("garbage\n")
        self.assertEqual(self.witness.scrape().all("kepler_node_cpu_watts", zone="dram"), [])
        with open(energy, "w") as out:
            out.write(f"{10**11 + 60 * 10**6}\n")
        back = self.witness.scrape()
        self.assertEqual(len(back.all("kepler_node_cpu_watts", zone="dram")), 1)
        lines = [line for line in self.exporter.log if "energy_uj" in line and line.startswith("W")]
        self.assertLessEqual(len(lines), 2, lines)

    def test_a_reused_pid_is_another_process(self):
        if not os.access("/proc/sys/kernel/ns_last_pid", os.W_OK):
            self.skipTest("no ns_last_pid")
        first = run_child(lambda: burn(0.4))
        one = self.witness.scrape()
        for _ in range(50):
            with open("/proc/sys/kernel/ns_last_pid", "w") as out:
                out.write(str(first - 1))
            second = os.fork()
            if second == 0:
                if os.getpid() == first:
                    burn(0.2)
                    signal.pause()
                os._exit(0)
            if second == first:
                break
            os.waitpid(second, 0)
        self.assertEqual(second, first, "the pid could not be had again")
        time.sleep(0.5)
        both = self.witness.scrape()
        os.kill(second, signal.SIGKILL)
        os.waitpid(second, 0)
        name, pid = "kepler_process_cpu_joules_total", str(first)
        old = one.sum(name, pid=pid, zone="package")
        running = both.one(name, pid=pid, zone="package", state="running")
        # 30 J a CPU-second; the first process' joules are not the second's.
        self.assertGreater(old, 8)
        self.assertGreater(running, 4)
        self.assertLess(running, 8)
        self.assertEqual(both.sum(name, pid=pid, zone="package", state="terminated"), old)

    def test_the_endpoints_answer(self):
        self.assertEqual(self.exporter.get("/healthz")[0], 200)
        status, page = self.exporter.get("/")
        self.assertEqual(status, 200)
        self.assertIn('href="metrics"', page)
        self.assertEqual(self.exporter.get("/nothing")[0], 404)

    def test_promtool_accepts_the_output(self):
        burn(0.3)
        _, body = self.exporter.get()
        check = subprocess.run(["promtool", "check", "metrics"], input=body, text=True, capture_output=True)
        self.assertEqual((check.returncode, check.stdout, check.stderr), (0, "", ""))

    def test_a_second_instance_is_refused(self):
        second = subprocess.run(
            [BRAHE, "--web.listen-address=127.0.0.1:0"], capture_output=True, text=True, timeout=30
        )
        self.assertEqual(second.returncode, 1)
        self.assertIn(f"another brahe (pid {self.exporter.process.pid} ", second.stderr)


class ResetTest(unittest.TestCase):
    def test_a_reset_near_the_top_of_the_range_costs_nothing(self):
        flags = ("--cpu.time-source=procfs", "--monitor.interval=0", "--monitor.staleness=0")
        node = Node(BRAHE, *flags, zones=("intel-rapl:0=package-0=0",))
        self.addCleanup(node.__exit__)
        node.exporter.first_scrape()
        node.driver.pause()
        energy = os.path.join(node.driver.zone("intel-rapl:0"), "energy_uj")

        def total_with(energy_uj):
            with open(energy, "r+") as out:
                out.write(f"{energy_uj:012d}\n")
            node.exporter.scrape()  # its cut is before its reading, so that a little is left for the next
            return node.exporter.scrape().one(NODE_TOTAL, zone="package")

        before = total_with(242 * 10**9)  # a jump that no machine makes
        time.sleep(5)
        # As a wrap of 262.1 kJ: 20.1 kJ in 5 s, which is less than 5 kW.
        self.assertEqual(total_with(5 * 10**6), before)
        self.assertEqual(node.exporter.scrape().one("brahe_energy_resets_total", zone="package"), 2)
        self.assertEqual(total_with(15 * 10**6), before + 10)


class TopProcessesTest(unittest.TestCase):
    def test_the_largest_are_listed_and_the_books_balance(self):
        node = Node(BRAHE, "--monitor.interval=200ms", "--exporter.prometheus.top-processes=3")
        self.addCleanup(node.__exit__)
        witness = Witness(self, node.exporter)
        node.exporter.first_scrape()
        # Ahead of what else may run on this machine, but not so far that the exporter waits for them.
        command = [sys.executable, "-c", "import os; os.nice(-5)\nwhile True: pass"]
        burners = [subprocess.Popen(command) for _ in range(4)]
        pids, scrapes = set(), 0
        try:
            while scrapes < 15 or not pids & {burner.pid for burner in burners}:
                self.assertLess(scrapes := scrapes + 1, 200, pids)
                scrape = witness.scrape(after=0.3)
                for zone in ("package", "uncore", "dram"):
                    listed = scrape.all("kepler_process_cpu_joules_total", zone=zone)
                    self.assertLessEqual(len(listed), 3)
                    unlisted = scrape.one("brahe_process_unlisted_joules_total", zone=zone)
                    active = scrape.one("kepler_node_cpu_active_joules_total", zone=zone)
                    self.assertEqual(sum(value for _, value in listed) + unlisted, active)
                pids = {int(labels["pid"]) for labels, _ in listed}
        finally:
            for burner in burners:
                burner.kill()
                burner.wait()


class StartTest(unittest.TestCase):
    def refused(self, *flags):
        run = subprocess.run([BRAHE, *flags], capture_output=True, text=True, timeout=30)
        self.assertEqual(run.returncode, 1, run.stderr)
        return run.stderr

    def test_the_main_job_runs_without_a_sensor(self):
        exporter = ExporterProcess(BRAHE, "--monitor.interval=200ms")
        try:
            exporter.first_scrape()
            burn(0.3)
            time.sleep(0.5)
            scrape = exporter.scrape()
            self.assertGreater(scrape.sum("kepler_process_cpu_joules_total", pid=str(os.getpid())), 0)
            self.assertEqual(scrape.one("brahe_cpu_time_source_info", source="bpf"), 1)
        finally:
            self.assertEqual(exporter.stop(), 0)

    def test_an_estimate_is_labelled_and_said_once(self):
        exporter = ExporterProcess(BRAHE, "--cpu.preferred-meters=model", "--monitor.interval=200ms")
        try:
            scrape = exporter.first_scrape()
            self.assertEqual(scrape.one("brahe_energy_source_info", zone="package", source="model", measured="false"), 1)
            self.assertEqual(sum(line.startswith("W") for line in exporter.log), 1, exporter.log)
        finally:
            exporter.stop()

    def test_without_permission_it_counts_from_proc_and_says_so(self):
        # Bazel's folders are closed to other users.
        with open(BRAHE, "rb") as binary, open(os.path.join("/tmp", f"brahe-e2e-{os.getpid()}"), "wb") as copy:
            copy.write(binary.read())
        self.addCleanup(os.unlink, copy.name)
        os.chmod(copy.name, 0o755)
        log = subprocess.Popen(
            [copy.name, "--web.listen-address=127.0.0.1:0", "--monitor.interval=200ms"],
            stderr=subprocess.PIPE,
            text=True,
            user=65534,
            cwd="/",
        )
        lines = []
        while not any("Serving" in line for line in lines):
            line = log.stderr.readline()
            self.assertTrue(line, lines)
            lines.append(line)
        log.terminate()
        self.assertEqual(log.wait(10), 0)
        log.stderr.close()
        fallback = [line for line in lines if "CPU time from /proc" in line]
        self.assertEqual(len(fallback), 1, lines)
        self.assertIn("lacks CAP_BPF and CAP_PERFMON, as user 65534: ", fallback[0])

    def test_it_counts_in_the_kernel_where_no_folder_can_be_written_to(self):
        read_only = '''
            while read -r _ where _; do mount -o remount,bind,ro "$where" 2> /dev/null; done < /proc/self/mounts
            for folder in / /run /tmp /var /dev; do [ ! -w "$folder" ] || { echo "$folder" >&2; exit 1; }; done
            exec "$@"'''
        node = Node(
            BRAHE, "--cpu.time-source=bpf", "--monitor.interval=200ms",
            under=("unshare", "--mount", "--propagation=private", "sh", "-c", read_only, "sh"),
        )
        self.addCleanup(node.__exit__)
        scrape = node.exporter.first_scrape()
        self.assertEqual(scrape.one("brahe_cpu_time_source_info", source="bpf"), 1)
        self.assertEqual([line for line in node.exporter.log if line[0] in "WE"], [])

    def test_without_an_interval_it_becomes_ready_by_itself(self):
        exporter = ExporterProcess(BRAHE, "--cpu.preferred-meters=model", "--monitor.interval=0")
        try:
            end = time.monotonic() + 20
            while exporter.get("/readyz")[0] != 200:
                self.assertLess(time.monotonic(), end, "not ready, and nobody scrapes before it is")
                time.sleep(0.1)
        finally:
            exporter.stop()

    def test_standard_files_that_are_closed_become_nobodys_socket(self):
        with socket.create_server(("127.0.0.1", 0)) as probe:
            port = probe.getsockname()[1]
        exporter = subprocess.Popen(
            ["sh", "-c", 'exec "$@" <&- >&- 2>&-', "sh", BRAHE, f"--web.listen-address=127.0.0.1:{port}",
             "--cpu.preferred-meters=model", "--monitor.interval=200ms"]
        )
        try:
            end = time.monotonic() + 20
            while True:
                try:
                    socket.create_connection(("127.0.0.1", port), timeout=5).close()
                    break
                except ConnectionRefusedError:
                    self.assertIsNone(exporter.poll())
                    self.assertLess(time.monotonic(), end)
                    time.sleep(0.1)
            files = [os.readlink(f"/proc/{exporter.pid}/fd/{fd}") for fd in range(3)]
            self.assertEqual(files, ["/dev/null"] * 3)
        finally:
            exporter.terminate()
            self.assertEqual(exporter.wait(30), 0)

    def test_the_proc_source_serves_too(self):
        exporter = ExporterProcess(BRAHE, "--cpu.time-source=procfs", "--monitor.interval=200ms")
        try:
            exporter.first_scrape()
            burn(0.5)
            time.sleep(0.5)
            scrape = exporter.scrape()
            self.assertEqual(scrape.one("brahe_cpu_time_source_info", source="procfs"), 1)
            self.assertGreater(scrape.sum("kepler_process_cpu_joules_total", pid=str(os.getpid())), 0)
        finally:
            exporter.stop()

    def test_a_wrong_flag_names_the_nearest(self):
        self.assertIn("--monitor.interval", self.refused("--monitor.intervall=5s"))

    def test_a_wrong_key_names_file_line_and_the_nearest(self):
        path = os.path.join(os.environ.get("TEST_TMPDIR", "/tmp"), "config.yaml")
        with open(path, "w") as out:
            out.write("log:\n  level: info\nmonitor:\n  intervall: 5s\n")
        error = self.refused(f"--config.file={path}", "--config.strict")
        self.assertIn("config.yaml:4: monitor.intervall", error)
        self.assertIn("monitor.interval?", error)

    def test_a_port_in_use_is_named(self):
        exporter = ExporterProcess(BRAHE, "--cpu.time-source=procfs")
        try:
            address = f"127.0.0.1:{exporter.port}"
            error = self.refused("--cpu.time-source=procfs", f"--web.listen-address={address}")
            self.assertIn(f"listen on {address}: Address already in use", error)
        finally:
            exporter.stop()


if __name__ == "__main__":
    runner.main()
