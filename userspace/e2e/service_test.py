#!/usr/bin/env python3
"""The exporter and a service manager, played by this test: what it says to NOTIFY_SOCKET and when, and sockets that are
passed to it. What systemd makes of that, deploy/package/systemd_test.py shows."""

import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest

from node import ExporterProcess
import runner

BRAHE = os.path.abspath(sys.argv.pop(1))
FLAGS = ("--cpu.time-source=procfs", "--cpu.preferred-meters=model")
# Becomes its arguments but the first, a descriptor that they find as 3, where a service manager passes files.
PASSING = 'exec 3<&"$1"; shift; export LISTEN_PID=${LISTEN_PID:-$$}; exec "$@"'


class ServiceTest(unittest.TestCase):
    def setUp(self):
        self.manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.addCleanup(self.manager.close)
        name = f"brahe-service-test-{os.getpid()}-{id(self)}"
        self.manager.bind("\0" + name)
        self.environment = dict(os.environ, NOTIFY_SOCKET="@" + name)
        config = tempfile.NamedTemporaryFile("w", dir=os.environ.get("TEST_TMPDIR"))
        self.addCleanup(config.close)
        self.config = config.name

    def start(self, *flags, **more):
        exporter = ExporterProcess(BRAHE, *FLAGS, *flags, env=self.environment, **more)
        self.addCleanup(lambda: exporter.process.poll() is not None or exporter.stop())
        return exporter

    def next_message(self, timeout=30):
        self.manager.settimeout(timeout)
        return self.manager.recv(4096).decode()

    def test_it_is_ready_when_there_are_figures_though_the_first_interval_has_not_passed(self):
        exporter = self.start("--monitor.interval=1h")
        self.assertEqual(exporter.get("/readyz")[0], 503)
        self.assertEqual(self.next_message(), "READY=1")
        self.assertEqual(exporter.get("/readyz")[0], 200)

    def test_a_reload_has_a_beginning_and_an_end_whether_the_file_is_good_or_not(self):
        exporter = self.start(f"--config.file={self.config}", "--monitor.interval=1h")
        self.assertEqual(self.next_message(), "READY=1")
        for text in ("log: {level: info}\n", "log: {level: shouting}\n"):
            with open(self.config, "w") as out:
                out.write(text)
            before = time.monotonic_ns() // 1000
            exporter.process.send_signal(signal.SIGHUP)
            begun = re.fullmatch(r"RELOADING=1\nMONOTONIC_USEC=(\d+)", self.next_message())
            self.assertGreaterEqual(int(begun.group(1)), before)
            self.assertLessEqual(int(begun.group(1)), time.monotonic_ns() // 1000)
            self.assertEqual(self.next_message(), "READY=1")
        self.assertEqual(exporter.stop(), 0)  # then its whole log has been read
        self.assertTrue(any('"shouting"' in line for line in exporter.log), exporter.log)

    def test_it_says_that_it_stops(self):
        exporter = self.start()
        self.assertEqual(self.next_message(), "READY=1")
        self.assertEqual(exporter.stop(), 0)
        self.assertEqual(self.next_message(), "STOPPING=1")

    def test_it_says_that_it_is_alive_twice_in_the_time_that_is_waited_for_it(self):
        self.environment["WATCHDOG_USEC"] = "1000000"
        self.start("--monitor.interval=1h")
        times = []
        while len(times) < 6:
            if self.next_message() == "WATCHDOG=1":
                times.append(time.monotonic())
        gaps = [after - before for before, after in zip(times, times[1:])]
        self.assertLess(sorted(gaps)[len(gaps) // 2], 0.9, gaps)
        self.assertGreater(times[-1] - times[0], 2, gaps)

    def test_a_watchdog_that_waits_for_another_process_hears_nothing(self):
        self.environment.update(WATCHDOG_USEC="200000", WATCHDOG_PID="1")
        exporter = self.start()
        self.assertEqual(self.next_message(), "READY=1")
        self.assertRaises(socket.timeout, self.next_message, 1)
        self.assertEqual(exporter.stop(), 0)

    def test_a_manager_that_is_gone_is_warned_of_once_and_harms_nothing(self):
        self.environment["WATCHDOG_USEC"] = "200000"
        exporter = self.start("--monitor.interval=1h")
        self.manager.close()
        time.sleep(2)
        self.assertEqual(exporter.get()[0], 200)
        self.assertEqual(exporter.stop(), 0)
        lines = [line for line in exporter.log if "service manager does not hear" in line]
        self.assertEqual(len(lines), 1, exporter.log)

    def listening(self):
        listener = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(listener.close)
        return listener

    def under_passing(self, passed):
        """What starts the exporter with this socket."""
        fd = passed.fileno()
        self.environment.update(LISTEN_FDS="1", LISTEN_FDNAMES="a:b:c")
        return {"under": ("bash", "-c", PASSING, "bash", str(fd)), "pass_fds": (fd,)}

    def test_it_serves_on_the_sockets_that_are_passed_and_on_no_others(self):
        listener, other = self.listening(), self.listening()
        port = other.getsockname()[1]
        other.close()
        exporter = self.start(f"--web.listen-address=127.0.0.1:{port}", **self.under_passing(listener))
        self.assertEqual(exporter.port, listener.getsockname()[1])
        exporter.first_scrape()
        self.assertRaises(ConnectionRefusedError, socket.create_connection, ("127.0.0.1", port))
        # Who connects while it restarts waits and is not refused.
        self.assertEqual(exporter.stop(), 0)
        socket.create_connection(listener.getsockname()).close()

    def test_sockets_that_are_meant_for_another_process_are_left_alone(self):
        listener = self.listening()
        self.environment["LISTEN_PID"] = "1"
        exporter = self.start(**self.under_passing(listener))
        self.assertNotEqual(exporter.port, listener.getsockname()[1])

    def test_a_socket_that_nobody_listens_on_ends_the_start_with_the_remedy(self):
        with socket.socket() as idle:
            options = self.under_passing(idle)
            run = subprocess.run(
                [*options.pop("under"), BRAHE, *FLAGS],
                env=self.environment,
                capture_output=True,
                text=True,
                timeout=30,
                **options,
            )
        self.assertEqual(run.returncode, 1)
        self.assertIn("ListenStream=", run.stderr.splitlines()[-1])


if __name__ == "__main__":
    runner.main()
