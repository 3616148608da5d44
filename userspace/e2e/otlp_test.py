#!/usr/bin/env python3
"""The exporter pushes to receivers that are well, away, slow, strange or hostile. From /proc, so that it stands in no
other test's way."""

import os
import signal
import subprocess
import sys
import tempfile
import time
import unittest

from certificates import Certificates
from node import Node, PowercapDriver
from otlp_receiver import OtlpReceiver, partial
import runner

BRAHE = os.path.abspath(sys.argv.pop(1))
LEVELS = "process,container,vm,pod,namespace,owner,program,unit,user,job"
FLAGS = ("--cpu.time-source=procfs", "--monitor.interval=500ms", "--exporter.otlp.interval=1s",
         f"--exporter.otlp.metrics-level=node,{LEVELS}")
SECRET = "s3cret-t0ken"


def micro(scrape, family, **labels):
    return int(scrape.sum(family, **labels) * 1_000_000)


class OtlpTest(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory(dir=os.environ.get("TEST_TMPDIR"))
        self.addCleanup(self.folder.cleanup)

    def receiver(self, **options):
        receiver = OtlpReceiver(**options)
        self.addCleanup(receiver.stop)
        return receiver

    def node(self, receiver, *flags):
        return Node(BRAHE, *FLAGS, f"--exporter.otlp.endpoint={receiver.url}", *flags)

    def file(self, name, text):
        path = os.path.join(self.folder.name, name)
        with open(path, "w") as out:
            out.write(text)
        return path

    def wait_for_log(self, exporter, text, seconds=30):
        deadline = time.monotonic() + seconds
        while text not in "".join(exporter.log):
            self.assertLess(time.monotonic(), deadline, f"no {text!r} in the log:\n" + "".join(exporter.log))
            time.sleep(0.02)

    def wait_for_figure(self, exporter, result, least=1, seconds=30):
        deadline = time.monotonic() + seconds
        while exporter.first_scrape().one("brahe_otlp_exports_total", result=result) < least:
            self.assertLess(time.monotonic(), deadline, f"not {least} {result}:\n" + "".join(exporter.log))
            time.sleep(0.05)

    def times_said(self, exporter, text):
        return sum(text in line for line in exporter.log)

    def assert_sums_hold(self, export):
        """Listed, unlisted and pending energy are the active, in each zone, at each level that keeps a rest."""
        kept = [level for level in LEVELS.split(",") if export.all(f"brahe.{level}.unlisted.energy")]
        self.assertIn("process", kept)
        for zone in ("package", "uncore", "dram"):
            active = export.micro("brahe.node.cpu.energy", brahe_zone=zone, brahe_activity="active")
            for level in kept:
                parts = [
                    export.micro(f"brahe.{level}.{part}.energy", brahe_zone=zone)
                    for part in ("cpu", "unlisted", "pending")
                ]
                self.assertEqual(sum(parts), active, (level, zone, parts))

    def assert_is_what_is_scraped(self, export, scrape):
        """All energy, by zone and level, to the microjoule."""
        for zone in ("package", "uncore", "dram"):
            for activity, family in (("active", "active_"), ("idle", "idle_")):
                self.assertEqual(
                    export.micro("brahe.node.cpu.energy", brahe_zone=zone, brahe_activity=activity),
                    micro(scrape, f"kepler_node_cpu_{family}joules_total", zone=zone),
                )
            self.assertEqual(
                export.micro("hw.energy", brahe_zone=zone), micro(scrape, "brahe_socket_cpu_joules_total", zone=zone)
            )
            for level in ("process", "container", "vm", "pod"):
                self.assertEqual(
                    export.micro(f"brahe.{level}.cpu.energy", brahe_zone=zone),
                    micro(scrape, f"kepler_{level}_cpu_joules_total", zone=zone),
                    level,
                )
            self.assertEqual(
                export.micro("brahe.process.unlisted.energy", brahe_zone=zone),
                micro(scrape, "brahe_process_unlisted_joules_total", zone=zone),
            )
        self.assertEqual(
            len(export.all("brahe.process.cpu.time")), len(scrape.all("kepler_process_cpu_seconds_total"))
        )

    def scrape_of(self, export, scrapes):
        """The scrape of the same snapshot, if there is one among those."""
        key = export.micro("brahe.node.cpu.energy", brahe_zone="package")
        return scrapes.get(key)

    def scrape_for(self, exporter, seconds, scrapes):
        """Scrapes for so long; by the energy of the node, which each snapshot has more of."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            scrape = exporter.scrape()
            scrapes[micro(scrape, "kepler_node_cpu_joules_total", zone="package")] = scrape
            time.sleep(0.1)

    def test_what_is_pushed_is_what_is_scraped(self):
        receiver = self.receiver()
        with self.node(receiver, "--monitor.staleness=1h", "--kube.node-name=node-7") as node:
            scrapes = {}
            node.exporter.first_scrape()
            self.scrape_for(node.exporter, 5, scrapes)
        exports = receiver.exports()
        matches = [(export, self.scrape_of(export, scrapes)) for export in exports]
        matches = [(export, scrape) for export, scrape in matches if scrape]
        self.assertGreater(len(matches), 2)
        for export, scrape in matches:
            self.assert_is_what_is_scraped(export, scrape)
            self.assert_sums_hold(export)
        resource = exports[0].resource
        self.assertEqual(
            (resource["service.name"], resource["service.instance.id"], resource["host.name"]),
            ("brahe", "node-7", "node-7"),
        )
        path, headers = receiver.attempts[0]
        self.assertEqual((path, headers["Content-Type"]), ("/v1/metrics", "application/x-protobuf"))
        self.assertEqual((headers["Content-Encoding"], headers.get("Expect")), ("gzip", None))

    def test_series_go_on_from_push_to_push(self):
        receiver = self.receiver()
        with self.node(receiver):
            receiver.wait_for(4)
        exports, before = receiver.exports(), {}
        for export in exports:
            for name, points in export.points.items():
                if not export.metrics[name][-1] is True:
                    continue
                for attributes, point in points:
                    series = (name, *sorted(attributes.items()))
                    start, value = before.get(series, (point.start_time_unix_nano, 0))
                    self.assertEqual(point.start_time_unix_nano, start, series)
                    self.assertGreaterEqual(point.as_double, value, series)
                    before[series] = (start, point.as_double)
        host = exports[-1].one("hw.host.energy")
        self.assertLess(abs(host.time_unix_nano / 1e9 - time.time()), 60)
        self.assertLess(host.start_time_unix_nano, exports[0].time())

    def test_an_outage_loses_nothing(self):
        # BRAHE_OUTAGE_SECONDS makes it longer.
        seconds = int(os.environ.get("BRAHE_OUTAGE_SECONDS", "6"))
        receiver = self.receiver()
        with self.node(receiver, "--monitor.staleness=1h") as node:
            receiver.wait_for(2)
            gone = time.time()
            receiver.go()
            time.sleep(seconds)
            self.assertGreaterEqual(node.exporter.scrape().one("brahe_otlp_queue_requests"), seconds // 2)
            back = time.time()
            receiver.come()
            taken = len(receiver.requests)
            scrapes = {}
            deadline = time.monotonic() + 45
            while node.exporter.scrape().one("brahe_otlp_queue_requests") > 0 or len(receiver.requests) == taken:
                self.assertLess(time.monotonic(), deadline)
                self.scrape_for(node.exporter, 0.2, scrapes)
            self.scrape_for(node.exporter, 3, scrapes)
            scrape = node.exporter.scrape()
            self.assertEqual(scrape.one("brahe_otlp_exports_total", result="dropped"), 0)
            self.assertGreaterEqual(scrape.one("brahe_otlp_exports_total", result="failed"), 1)
        exports = receiver.exports()
        matches = [(e, self.scrape_of(e, scrapes)) for e in exports]
        last, scrape = [match for match in matches if match[1]][-1]
        self.assert_is_what_is_scraped(last, scrape)
        for export in exports:
            self.assert_sums_hold(export)
        meanwhile = [export for export in exports if gone < export.time() / 1e9 < back]
        self.assertGreaterEqual(len(meanwhile), seconds // 2, "what was measured meanwhile came later")
        self.assertEqual(self.times_said(node.exporter, "is it running, and the address right?"), 1)
        self.assertEqual(self.times_said(node.exporter, "takes requests again (connection)"), 1)

    def test_the_last_joules_are_pushed_at_the_end(self):
        receiver = self.receiver()
        with self.node(receiver, "--exporter.otlp.interval=1h") as node:
            node.exporter.first_scrape()
            self.assertEqual(receiver.requests, [])
            before = micro(node.exporter.scrape(), "kepler_node_cpu_joules_total", zone="package")
        self.assertGreaterEqual(receiver.exports()[-1].micro("brahe.node.cpu.energy", brahe_zone="package"), before)

    def test_without_prometheus_it_pushes_all_the_same(self):
        receiver = self.receiver()
        driver = PowercapDriver(os.path.join(self.folder.name, "sys"))
        self.addCleanup(driver.stop)

        process = subprocess.Popen(
            [BRAHE, *FLAGS, f"--host.sysfs={driver.root}", "--no-exporter.prometheus",
             f"--exporter.otlp.endpoint={receiver.url}/", "--exporter.otlp.compression=none"],
            stderr=subprocess.DEVNULL,
        )
        try:
            receiver.wait_for(2)
        finally:
            process.terminate()
        self.assertEqual(process.wait(30), 0)
        self.assert_sums_hold(receiver.exports()[-1])
        self.assertNotIn("Content-Encoding", receiver.attempts[0][1])

    def test_headers_come_from_a_file_that_is_read_anew_and_are_shown_nowhere(self):
        receiver = self.receiver()
        headers = self.file("headers", f"# of the collector\nAuthorization: Bearer {SECRET}\nX-Scope-OrgID: 7\n")
        receiver.fault = lambda handler: receiver.answer(handler, 302, b"", Location="http://127.0.0.1:1/elsewhere")
        with self.node(receiver, f"--exporter.otlp.headers-file={headers}", "--log.level=debug") as node:
            self.wait_for_figure(node.exporter, "refused")
            receiver.fault = None
            receiver.wait_for(1)
            self.file("headers", f"Authorization: Bearer {SECRET}-2\n")
            receiver.wait_for(3)
            self.file("headers", f"Bearer {SECRET}\n")
            self.wait_for_log(node.exporter, f"{headers}:1: there is no colon; write Name: value")
            self.file("headers", "\n")
            taken = len(receiver.requests)
            receiver.wait_for(taken + 1)
            page = node.exporter.get("/")[1]
            self.assertIn("exporter.otlp.headersFile", page)
            self.assertNotIn(SECRET, page)
        given = [headers.get("Authorization") for _, headers in receiver.attempts]
        self.assertEqual((given[0], given[-1]), (f"Bearer {SECRET}", None))
        self.assertIn(f"Bearer {SECRET}-2", given)
        self.assertNotIn(SECRET, "".join(node.exporter.log))
        self.assertIn("it redirects to http://127.0.0.1:1/elsewhere, where we do not go", "".join(node.exporter.log))

    def test_whoever_is_not_let_in_is_told_what_to_do_and_pushes_on(self):
        receiver = self.receiver()
        receiver.fault = lambda handler: receiver.answer(handler, 401, b"\x12\x08no token")
        with self.node(receiver) as node:
            self.wait_for_figure(node.exporter, "refused", 2)
            self.wait_for_log(node.exporter, "check the headers in exporter.otlp.headersFile")
            receiver.fault = None
            receiver.wait_for(1)
            self.wait_for_log(node.exporter, "takes requests again (unauthorized)")
            self.assertEqual(node.exporter.scrape().one("brahe_otlp_exports_total", result="failed"), 0)
            self.assertEqual(self.times_said(node.exporter, "(it says: no token)"), 1)

    def test_a_receiver_that_asks_to_wait_is_waited_for(self):
        receiver = self.receiver()
        times = []

        def throttle(handler):
            times.append(time.monotonic())
            receiver.answer(handler, 429, b"", Retry_After="3")

        receiver.fault = throttle
        with self.node(receiver) as node:
            self.wait_for_figure(node.exporter, "failed", 2)
            receiver.fault = None
            receiver.wait_for(4)
            self.assertEqual(node.exporter.scrape().one("brahe_otlp_exports_total", result="refused"), 0)
        self.assertGreaterEqual(times[1] - times[0], 3)

    def test_points_that_are_rejected_are_counted_and_said_once(self):
        receiver = self.receiver()
        receiver.fault = lambda handler: receiver.answer(handler, 200, partial(17, "out of\x1b[31m order"))
        with self.node(receiver) as node:
            self.wait_for_figure(node.exporter, "partial", 2)
            self.assertGreaterEqual(node.exporter.scrape().one("brahe_otlp_rejected_points_total"), 34)
            self.assertEqual(self.times_said(node.exporter, "rejects 17 points (it says: out of\ufffd[31m order)"), 1)

    def test_answers_that_are_not_otlp_are_said_and_nothing_is_sent_twice(self):
        receiver = self.receiver()
        for body in (b"<html>welcome</html>", os.urandom(1) + b"\xff" * 4000, b"x" * (1 << 20)):
            receiver.fault = lambda handler: receiver.answer(handler, 200, body, "text/html")
            with self.node(receiver) as node:
                self.wait_for_figure(node.exporter, "unreadable", 2)
                self.assertEqual(node.exporter.scrape().one("brahe_otlp_exports_total", result="failed"), 0)
                log = "".join(node.exporter.log)
                self.assertTrue("the answer is not OTLP's" in log or "the answer is larger than 64 KiB" in log, log)

    def test_a_huge_answer_to_an_error_does_no_harm(self):
        receiver = self.receiver()
        receiver.fault = lambda handler: receiver.answer(handler, 503, b"x" * (64 << 20))
        with self.node(receiver) as node:
            self.wait_for_figure(node.exporter, "failed", 1)
            before = node.exporter.peak_memory_mib(forget=True)  # a sanitizer takes much for itself
            self.wait_for_figure(node.exporter, "failed", 2)
            self.assertLess(node.exporter.peak_memory_mib(), before + 16)
            receiver.fault = None
            receiver.wait_for(2)

    def test_a_receiver_that_hangs_up_is_tried_again(self):
        def nothing(handler):
            handler.close_connection = True

        def in_the_middle(handler):
            handler.send_response(200)
            handler.send_header("Content-Length", "100")
            handler.end_headers()
            handler.wfile.write(b"\x0a")
            handler.close_connection = True

        receiver = self.receiver()
        for fault in (nothing, in_the_middle):
            receiver.fault = fault
            with self.node(receiver) as node:
                self.wait_for_figure(node.exporter, "failed", 2)
                receiver.fault = None
                receiver.wait_for(len(receiver.requests) + 1)

    def test_a_slow_receiver_holds_up_no_scrape_and_not_the_end(self):
        receiver = self.receiver()
        receiver.fault = lambda handler: time.sleep(60)
        with self.node(receiver, "--exporter.otlp.timeout=800ms") as node:
            self.wait_for_figure(node.exporter, "failed", 2)
            self.wait_for_log(node.exporter, "is the address right, and the server not overloaded?")
            before = time.monotonic()
            node.exporter.scrape()
            self.assertLess(time.monotonic() - before, 10)
            before = time.monotonic()
            node.exporter.process.send_signal(signal.SIGTERM)
            self.assertEqual(node.exporter.process.wait(20), 0)
            self.assertLess(time.monotonic() - before, 10)

    def test_tls_is_verified(self):
        certificates = Certificates(self.folder.name)
        receiver = self.receiver(certificate=certificates.sign("server"), authority=certificates.ca)
        certificate, key = certificates.sign("client")
        ours = (f"--exporter.otlp.tls.cert-file={certificate}", f"--exporter.otlp.tls.key-file={key}")
        with self.node(receiver, f"--exporter.otlp.tls.ca-file={certificates.ca}", *ours):
            receiver.wait_for(2)
        with self.node(receiver) as node:
            self.wait_for_log(node.exporter, "exporter.otlp.tls.caFile")
            self.wait_for_figure(node.exporter, "failed", 2)
        taken = len(receiver.requests)
        with self.node(receiver, f"--exporter.otlp.tls.ca-file={certificates.ca}") as node:
            self.wait_for_figure(node.exporter, "failed", 1)
            self.wait_for_log(node.exporter, "does the server want a client certificate")
        with self.node(receiver, "--exporter.otlp.tls.insecure-skip-verify", *ours):
            receiver.wait_for(taken + 1)

    def test_settings_that_cannot_work_end_the_start(self):
        headers = self.file("bad", "Content-Length: 3\n")
        for flags, message in (
            (("--exporter.otlp.endpoint=localhost:4318",), "begins with http:// or https:// is expected"),
            (("--exporter.otlp.endpoint=http://h:1/?q=1",), "holds more than scheme, host, port and path"),
            (("--exporter.otlp.endpoint=http://h:1", f"--exporter.otlp.headers-file={headers}"),
             "exporter.otlp.headersFile: " + headers + ":1: the header content-length is set by the exporter"),
            (("--exporter.otlp.endpoint=https://h:1", "--exporter.otlp.tls.ca-file=/no/file"),
             "exporter.otlp.tls.caFile: /no/file"),
            (("--exporter.otlp.endpoint=https://h:1", "--exporter.otlp.tls.key-file=/no/file"), "given together"),
            (("--exporter.otlp.endpoint=http://h:1", "--exporter.otlp.tls.ca-file=/no/file"),
             "does not begin with https"),
            (("--exporter.otlp.interval=10ms",), "exporter.otlp.interval: less than 1s"),
        ):
            run = subprocess.run(
                [BRAHE, "--cpu.time-source=procfs", "--cpu.preferred-meters=model", "--web.listen-address=127.0.0.1:0",
                 *flags], capture_output=True, text=True, timeout=60,
            )
            self.assertEqual(run.returncode, 1, flags)
            self.assertIn(message, run.stderr.strip().split("\n")[-1])


if __name__ == "__main__":
    runner.main(beside=6)
