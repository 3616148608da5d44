#!/usr/bin/env python3
"""Many clients, good and bad, at once: the good ones get all their answers. Speed and memory are scripts/bench's."""

import http.client
import os
import re
import socket
import subprocess
import sys
import threading
import time
import unittest

from exposition import Exposition
from node import Node
from slow_clients import SlowClients
import runner

BRAHE = os.path.abspath(sys.argv.pop(1))


class Scraper:
    """Scrapes some times a second over a connection of its own for each, as a context, and keeps what goes wrong."""

    def __init__(self, exporter):
        self._exporter = exporter
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self.scrapes, self.failures, self.slowest = 0, [], 0.0

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *unused):
        while self.scrapes <= 5 and self._thread.is_alive():
            time.sleep(0.1)
        self._stop.set()
        self._thread.join()

    def _run(self):
        while not self._stop.wait(0.2):
            begin = time.monotonic()
            try:
                status, body = self._exporter.get()
                if status != 200:
                    self.failures.append(status)
                Exposition(body)
            except (OSError, ValueError, http.client.HTTPException) as e:
                self.failures.append(repr(e))
            self.slowest = max(self.slowest, time.monotonic() - begin)
            self.scrapes += 1


class Served(unittest.TestCase):
    under = ()

    def setUp(self):
        node = Node(BRAHE, "--monitor.interval=1s", under=self.under)
        self.addCleanup(node.__exit__)
        self.exporter = node.exporter
        self.exporter.first_scrape()

    def good_scraper(self):
        return Scraper(self.exporter)

    def check(self, scraper, allowed_failures=0):
        print(f"{scraper.scrapes} scrapes, the slowest {scraper.slowest:.2f} s, failed: {scraper.failures}")
        self.assertLessEqual(len(scraper.failures), allowed_failures)
        self.assertGreater(scraper.scrapes, 5)
        self.assertIsNone(self.exporter.process.poll())


class LoadTest(Served):
    def open_files(self):
        return len(os.listdir(f"/proc/{self.exporter.process.pid}/fd"))

    def test_two_hundred_clients_beside_five_hundred_slow_ones(self):
        with SlowClients(self.exporter.port, 500), self.good_scraper() as scraper:
            report = subprocess.run(
                ["wrk", "-t2", "-c200", "-d8s", "--timeout=10s", f"http://127.0.0.1:{self.exporter.port}/metrics"],
                check=True, stdout=subprocess.PIPE, text=True,
            ).stdout
        self.check(scraper)
        self.assertNotIn("Non-2xx", report)
        self.assertNotIn("Socket errors", report)
        self.assertGreater(int(re.search(r"(\d+) requests in", report).group(1)), 200)

    def test_ten_thousand_connections_that_say_nothing(self):
        before = self.open_files()
        with self.good_scraper() as scraper:
            silent = []
            for _ in range(10_000):
                try:
                    silent.append(socket.create_connection(("127.0.0.1", self.exporter.port), timeout=5))
                except OSError:
                    break  # this side has no more descriptors
                if len(silent) > 400:
                    silent.pop(0).close()
            for client in silent:
                client.close()
        self.check(scraper)
        end = time.monotonic() + 60  # 10 s may a client say nothing; the rest is for a busy machine
        while self.open_files() > before + 4:
            self.assertLess(time.monotonic(), end, "connections stay open")
            time.sleep(0.2)

    def test_greedy_and_malformed_requests(self):
        requests = (
            b"GET /metrics HTTP/1.1\r\nX: " + b"a" * 1_000_000 + b"\r\n\r\n",
            b"GET /" + b"a" * 1_000_000 + b" HTTP/1.1\r\n\r\n",
            b"GET /metrics HTTP/1.1\r\n" + b"A: b\r\n" * 100_000 + b"\r\n",
            b"POST /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 100000000\r\n\r\n" + b"x" * 1_000_000,
            b"GET /metrics HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n",
            b"GET /metrics HTTP/9.9\r\n\r\n",
            b"\r\n" * 100_000,
            b"\0" * 100_000,
            os.urandom(100_000),
        )
        with self.good_scraper() as scraper:
            for request in requests * 3:
                with socket.create_connection(("127.0.0.1", self.exporter.port), timeout=20) as client:
                    try:
                        client.sendall(request)
                        client.shutdown(socket.SHUT_WR)
                        answer = client.recv(200)
                    except OSError:
                        continue  # it was shown the door while it spoke
                    self.assertNotRegex(answer, rb"^HTTP/1.[01] (200|500)", request[:40])
        self.check(scraper)

    def test_readers_that_never_read(self):
        with self.good_scraper() as scraper:
            lazy = []
            for _ in range(300):
                client = socket.create_connection(("127.0.0.1", self.exporter.port), timeout=5)
                client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
                client.sendall(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
                lazy.append(client)
            time.sleep(3)
        for client in lazy:
            client.close()
        self.check(scraper)


class FewFilesTest(Served):
    """With a limit that is less than the server's places."""

    under = ("sh", "-c", 'ulimit -n 64; exec "$@"', "sh")

    def test_two_hundred_silent_clients(self):
        with SlowClients(self.exporter.port, 200), self.good_scraper() as scraper:
            time.sleep(5)
        # Where clients come faster than there are places, one that has not asked yet may have to go for the next.
        self.check(scraper, allowed_failures=scraper.scrapes // 10)
        self.assertIn("leaves room for", "".join(self.exporter.log))
        self.assertNotIn("accept: Too many open files", "".join(self.exporter.log))


if __name__ == "__main__":
    runner.main()
