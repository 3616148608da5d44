#!/usr/bin/env python3
"""The exporter in a hostile network: TLS, client certificates and passwords, with a real Prometheus as the client."""

import base64
import errno
import http.client
import http.server
import os
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time
import unittest

from certificates import Certificates
from node import Node, time_source_flags
from prometheus import Prometheus
import runner

BRAHE = os.path.abspath(sys.argv.pop(1))
# bcrypt, cost 4: alice's is "wonderland", bob's "builder".
ALICE = "$2y$04$KBCwKxOzLha2MUDgW0PjXexEHTwUun17dfcKnCd.Fy5WLsVijVsXu"
# Of "wonderland" too, with the usual cost 10.
DEAR = "$2y$10$KBCwKxOzLha2MUDgW0PjXeAveU4/W.DJ9iQ.sL1SKjK6mYrfWM6Vu"
BOB = "$2y$04$KBCwKxOzLha2MUDgW0PjXey/ITDT5J1QI6veARpvZ2G1.C7EdLlI6"


def basic(user, password):
    return {"Authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}


class TextOnly:
    """Between a plain client and the exporter: asks it over TLS for text 0.0.4, as old clients do, in the encoding that
    the client takes, or in none."""

    def __init__(self, ask, gzip):
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                wanted = {"Accept": "text/plain;version=0.0.4"}
                if gzip:
                    wanted["Accept-Encoding"] = self.headers["Accept-Encoding"]
                response, body = ask(self.path, wanted)
                self.send_response(response.status)
                for name in ("Content-Type", "Content-Encoding"):
                    if response.headers[name]:
                        self.send_header(name, response.headers[name])
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *unused):
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()

    def stop(self):
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class Guessers:
    """Connections that each guess the password of `user(i)` without end, each from `address(i)`, as a context that begins
    once all have asked."""

    def __init__(self, port, count, user, address):
        self._port, self._user, self._address = port, user, address
        self._stop = threading.Event()
        self._asked = threading.Semaphore(0)
        self._connections = []
        self.statuses = []
        self._threads = [threading.Thread(target=self._run, args=(i,)) for i in range(count)]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        for _ in self._threads:
            self._asked.acquire()
        return self

    def __exit__(self, *unused):
        self._stop.set()
        for connection in self._connections:
            try:
                connection.sock.shutdown(socket.SHUT_RDWR)
            except (AttributeError, OSError):
                pass  # closed already
        for thread in self._threads:
            thread.join()

    def _run(self, i):
        headers = basic(self._user(i), f"guess {i}")
        connection = http.client.HTTPConnection(
            "127.0.0.1", self._port, timeout=120, source_address=(self._address(i), 0)
        )
        connection.request("GET", "/metrics", headers=headers)
        self._connections.append(connection)
        self._asked.release()
        try:
            while not self._stop.is_set():
                response = connection.getresponse()
                response.read()
                self.statuses.append(response.status)
                connection.request("GET", "/metrics", headers=headers)
        except (OSError, http.client.HTTPException) as e:
            if not self._stop.is_set():
                self.statuses.append(repr(e))
        connection.close()


class GuessingTest(unittest.TestCase):
    """The first login of somebody, which is not remembered yet, while a hundred connections guess."""

    def setUp(self):
        self.config = tempfile.NamedTemporaryFile("w", dir=os.environ.get("TEST_TMPDIR"), suffix=".yml")
        self.addCleanup(self.config.close)
        # Only the first has been logged in by the start.
        users = ", ".join(f"{name}: {DEAR}" for name in ("starter", "alice"))
        self.config.write(f"basic_auth_users: {{{users}}}\n")
        self.config.flush()
        node = Node(BRAHE, f"--web.config-file={self.config.name}", "--monitor.interval=1s")
        self.addCleanup(node.__exit__)
        self.exporter = node.exporter
        end = time.monotonic() + 30
        while self.exporter.get_bytes("/readyz", **basic("starter", "wonderland"))[0] != 200:
            self.assertLess(time.monotonic(), end)
            time.sleep(0.1)

    def first_login(self, user, address):
        with Guessers(self.exporter.port, 100, user, address) as guessers:
            time.sleep(1)
            begin = time.monotonic()
            status, _ = self.exporter.get_bytes("/metrics", **basic("alice", "wonderland"))
            took = time.monotonic() - begin
            # From now on alice is known.
            for _ in range(5):
                self.assertEqual(self.exporter.get_bytes("/metrics", **basic("alice", "wonderland"))[0], 200)
        print(f"the first login took {took:.2f} s; {len(guessers.statuses)} guesses")
        self.assertEqual(status, 200)
        self.assertLess(took, 3)
        self.assertLessEqual(set(guessers.statuses), {401, 503})

    def test_names_that_nobody_has_are_guessed_at_from_the_same_address(self):
        self.first_login(lambda i: f"mallory{i}", lambda i: "127.0.0.1")

    def test_passwords_are_guessed_from_another_address(self):
        self.first_login(lambda i: "alice", lambda i: "127.0.0.2")

    def test_passwords_are_guessed_from_a_hundred_addresses(self):
        self.first_login(lambda i: "alice", lambda i: f"127.0.1.{i + 1}")


class WebTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(dir=os.environ.get("TEST_TMPDIR"))
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.certificates = Certificates(self.folder)
        self.certificates.sign("server")
        self.client = self.certificates.sign("client")
        self.config = os.path.join(self.folder, "web.yml")
        self.write()

    def write(self, users=f"{{alice: {ALICE}}}", more=""):
        with open(self.config, "w") as out:
            out.write(
                "tls_server_config:\n"
                "  cert_file: server.crt\n"
                "  key_file: server.key\n"
                "  client_auth_type: RequireAndVerifyClientCert\n"
                "  client_ca_file: ca.crt\n"
                f"{more}"
                "http_server_config:\n"
                "  headers: {X-Frame-Options: deny, Strict-Transport-Security: max-age=60}\n"
                f"basic_auth_users: {users}\n"
            )

    def start(self, *flags):
        node = Node(BRAHE, f"--web.config-file={self.config}", "--monitor.interval=1s", *flags)
        self.addCleanup(node.__exit__)
        self.exporter = node.exporter
        end = time.monotonic() + 30
        while self.ask("/readyz")[0].status != 200:
            self.assertLess(time.monotonic(), end)
            time.sleep(0.1)
        return node

    def context(self, client=True):
        context = ssl.create_default_context(cafile=self.certificates.ca)
        if client:
            context.load_cert_chain(*self.client)
        return context

    def ask(self, path="/metrics", headers={}, method="GET", who=("alice", "wonderland"), context=None):
        """(response, body)."""
        connection = http.client.HTTPSConnection(
            "127.0.0.1", self.exporter.port, timeout=20, context=context or self.context()
        )
        try:
            connection.request(method, path, headers={**headers, **(basic(*who) if who else {})})
            response = connection.getresponse()
            return response, response.read()
        finally:
            connection.close()

    def log(self):
        return "".join(self.exporter.log)

    def wait_for(self, condition, what):
        end = time.monotonic() + 15
        while not condition():
            self.assertLess(time.monotonic(), end, what + "\n" + self.log())
            time.sleep(0.1)

    def test_a_real_prometheus_scrapes_every_format_over_tls(self):
        node = self.start()
        forwarders = {"text": TextOnly(self.ask, gzip=False), "text-gzip": TextOnly(self.ask, gzip=True)}
        for forwarder in forwarders.values():
            self.addCleanup(forwarder.stop)
        certificate, key = self.client
        prometheus = Prometheus(
            node.folder.name,
            {
                "openmetrics": {
                    "port": self.exporter.port,
                    "scheme": "https",
                    "tls_config": {"ca_file": self.certificates.ca, "cert_file": certificate, "key_file": key},
                    "basic_auth": {"username": "alice", "password": "wonderland"},
                },
                "stranger": {
                    "port": self.exporter.port,
                    "scheme": "https",
                    "tls_config": {"ca_file": self.certificates.ca},
                    "basic_auth": {"username": "alice", "password": "wonderland"},
                },
                "guesser": {
                    "port": self.exporter.port,
                    "scheme": "https",
                    "tls_config": {"ca_file": self.certificates.ca, "cert_file": certificate, "key_file": key},
                    "basic_auth": {"username": "alice", "password": "guess"},
                },
                **{name: {"port": forwarder.port} for name, forwarder in forwarders.items()},
            },
        )
        self.addCleanup(prometheus.stop)
        good = ("openmetrics", "text", "text-gzip")
        scrapes = 'count_over_time(kepler_node_cpu_joules_total{zone="package"}[1m]) > 12'
        prometheus.wait(lambda: len(prometheus.query(scrapes)) == len(good))
        targets = prometheus.targets()
        for job in good:
            self.assertEqual(targets[job]["health"], "up", targets[job])
        self.assertIn("401", targets["guesser"]["lastError"])
        # Or it is still writing when the connection ends.
        refusals = "certificate required|handshake failure|bad certificate|EOF|broken pipe|connection reset"
        self.assertRegex(targets["stranger"]["lastError"], refusals)
        counts = {labels["job"]: value for labels, value in prometheus.query("scrape_samples_scraped")}
        for job in good:
            self.assertGreater(counts[job], 50, job)
        # Only OpenMetrics tells of units, so that this shows in what format each was read.
        units = {(said["target"]["job"], said["metric"]): said["unit"] for said in prometheus.metadata()}
        self.assertEqual(units["openmetrics", "kepler_node_cpu_watts"], "watts")
        self.assertEqual(units["text", "kepler_node_cpu_watts"], "")
        self.assertEqual(units["text-gzip", "kepler_node_cpu_watts"], "")
        for job in good:
            [(_, rate)] = prometheus.query(f'rate(kepler_node_cpu_joules_total{{job="{job}",zone="package"}}[10s])')
            self.assertLess(abs(rate / 60 - 1), 0.15, job)  # scrapes share epochs of up to half a second before

    def test_only_who_has_certificate_and_password_gets_an_answer(self):
        self.start()
        with self.assertRaises(OSError):
            self.ask(context=self.context(client=False))
        stranger = Certificates(tempfile.mkdtemp(dir=self.folder))
        context = self.context(client=False)
        context.load_cert_chain(*stranger.sign("client"))
        with self.assertRaises(OSError):
            self.ask(context=context)
        for who in (None, ("alice", "Wonderland"), ("bob", "wonderland"), ("", "")):
            response, body = self.ask(who=who)
            self.assertEqual(response.status, 401, who)
            self.assertRegex(response.headers["WWW-Authenticate"], '^Basic realm="brahe"')
            self.assertNotIn(b"kepler", body)
            self.assertEqual(response.headers["X-Frame-Options"], "deny")
        response, body = self.ask()
        self.assertEqual(response.status, 200)
        self.assertIn(b"kepler_node_cpu_joules_total", body)
        self.assertEqual(response.headers["Strict-Transport-Security"], "max-age=60")
        self.assertEqual(self.ask("/nowhere")[0].status, 404)
        self.assertEqual(self.ask(method="POST")[0].status, 405)
        response, body = self.ask(method="HEAD")
        self.assertEqual((response.status, body), (200, b""))
        for secret in ("onderland", ALICE, "bob"):
            self.assertNotIn(secret, self.log())

    def test_probes_need_no_password_where_that_is_set_and_count_for_no_rate(self):
        with open(self.config, "a") as out:
            out.write("rate_limit: {interval: 1h, burst: 1}\n")
        self.start("--web.probes-without-auth")
        for path in ("/healthz", "/readyz", "/probe/livez", "/probe/readyz") * 3:
            self.assertEqual(self.ask(path, who=None)[0].status, 200, path)
        self.assertEqual(self.ask(who=None)[0].status, 401)
        self.assertEqual(self.ask()[0].status, 429)

    def test_guessing_passwords_holds_up_nobody_who_knows_one(self):
        self.start()
        self.assertEqual(self.ask()[0].status, 200)
        stop, statuses = threading.Event(), []

        def guess():
            while not stop.is_set():
                statuses.append(self.ask(who=("mallory", os.urandom(8).hex()))[0].status)

        guessers = [threading.Thread(target=guess) for _ in range(8)]
        for guesser in guessers:
            guesser.start()
        try:
            for _ in range(20):
                self.assertEqual(self.ask()[0].status, 200)
        finally:
            stop.set()
            for guesser in guessers:
                guesser.join()
        self.assertGreater(len(statuses), 8)
        self.assertLessEqual(set(statuses), {401, 503})

    def test_what_is_no_tls_disturbs_nobody(self):
        self.start()
        for junk in (b"GET /metrics HTTP/1.1\r\n\r\n", os.urandom(5000), b"\x16\x03\x01\xff\xff" + bytes(70000), b""):
            with socket.create_connection(("127.0.0.1", self.exporter.port), timeout=10) as client:
                try:  # it may be closed before all of it is sent
                    client.sendall(junk)
                    client.shutdown(socket.SHUT_WR)
                    while client.recv(4096):
                        pass
                except OSError as e:
                    self.assertIn(e.errno, (errno.ECONNRESET, errno.EPIPE, errno.ENOTCONN))
            self.assertEqual(self.ask("/healthz")[0].status, 200)

    def served_certificate(self):
        with socket.create_connection(("127.0.0.1", self.exporter.port), timeout=10) as client:
            with self.context().wrap_socket(client, server_hostname="localhost") as secured:
                return secured.getpeercert(binary_form=True)

    def test_a_renewed_certificate_is_served_and_a_broken_one_is_not(self):
        self.start()
        first = self.served_certificate()
        self.certificates.sign("server")
        self.wait_for(lambda: self.served_certificate() != first, "the new certificate is not served")
        second = self.served_certificate()
        with open(os.path.join(self.folder, "server.key"), "w") as key:
            key.write("no key\n")
        self.wait_for(lambda: self.served_certificate() == second and "stays in force" in self.log(), "no word of it")
        time.sleep(2.5)
        self.assertEqual(self.served_certificate(), second)
        self.assertEqual(self.log().count("stays in force"), 1)
        self.certificates.sign("server")
        self.wait_for(lambda: self.served_certificate() != second, "it does not recover")

    def test_sighup_and_time_bring_new_users(self):
        self.start()
        self.write(users=f"{{bob: {BOB}}}")
        self.exporter.process.send_signal(signal.SIGHUP)
        self.wait_for(lambda: self.ask(who=("bob", "builder"))[0].status == 200, "bob is not known")
        self.assertEqual(self.ask()[0].status, 401)
        self.write(users="{bob: no-hash}")
        self.exporter.process.send_signal(signal.SIGHUP)
        self.wait_for(lambda: "basic_auth_users" in self.log(), "no word of the fault")
        self.assertEqual(self.ask(who=("bob", "builder"))[0].status, 200)
        self.assertNotIn("no-hash", self.log())
        self.write(users=f"{{alice: {ALICE}}}")
        self.wait_for(lambda: self.ask()[0].status == 200, "alice is not known again, without a signal")

    def test_faults_end_the_start_with_one_line(self):
        for more, expected in (
            ("  max_versoin: TLS13\n", "max_version"),
            ("  min_version: SSL3\n", "TLS12"),
            ("", "server.key"),
        ):
            self.write(more=more)
            if not more:
                os.remove(os.path.join(self.folder, "server.key"))
            run = subprocess.run(
                [BRAHE, f"--web.config-file={self.config}", "--web.listen-address=127.0.0.1:0", *time_source_flags()],
                stderr=subprocess.PIPE, text=True, timeout=60,
            )
            self.assertEqual(run.returncode, 1)
            last = run.stderr.splitlines()[-1]
            self.assertIn(self.config, last)
            self.assertIn(expected, last)


if __name__ == "__main__":
    runner.main()
