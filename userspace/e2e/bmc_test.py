#!/usr/bin/env python3
"""A poller against BMCs of several makers, and against one that misbehaves: each fault is one line, and passes."""

import json
import os
import re
import subprocess
import sys
import tempfile
import threading
import time
import unittest

import fake_bmc
from certificates import Certificates
from fake_bmc import FakeBmc, error, reply, write_bmcs
import runner

ASK_BMC = os.path.abspath(sys.argv.pop(1))
CHASSIS = "/redfish/v1/Chassis"
SERVER = CHASSIS + "/System.Embedded.1"


class Poller:
    """A running ask_bmc."""

    def __init__(self, path, interval=50):
        self.process = subprocess.Popen(
            [ASK_BMC, path, "n1", str(interval)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True,
        )
        self.log = []
        self._reader = threading.Thread(target=self._read_log, daemon=True)
        self._reader.start()
        if self.process.stdout.readline() != "ready\n":
            self.process.wait()
            self._reader.join()
            raise RuntimeError("".join(self.log))

    def _read_log(self):
        for line in self.process.stderr:
            self.log.append(line)

    def ask(self, question="figures"):
        """(causes of failures, readings)."""
        self.process.stdin.write(question + "\n")
        self.process.stdin.flush()
        counts, *readings = self.process.stdout.readline().rstrip("\n").split(";")
        return re.findall(r"(\w+)=[1-9]", counts.partition(" ")[2]), readings

    def rounds(self, number=1):
        return self.ask(f"wait {number}")

    def lines(self, severity):
        return [line.split("] ", 1)[1].strip() for line in self.log if line.startswith(severity)]

    def stop(self):
        """Ends it; how long that took."""
        begin = time.monotonic()
        self.process.stdin.close()
        status = self.process.wait(30)
        self._reader.join()
        self.process.stdout.close()
        self.process.stderr.close()
        if status != 0:
            raise RuntimeError(f"ask_bmc ended with {status}:\n" + "".join(self.log))
        return time.monotonic() - begin


class BmcTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory(dir=os.environ.get("TEST_TMPDIR"))
        cls.addClassCleanup(cls.folder.cleanup)
        cls.certificates = Certificates(cls.folder.name)
        cls.certificate = cls.certificates.sign("server")

    def serve(self, resources, certificate=None, **options):
        bmc = FakeBmc(resources, certificate or self.certificate, **options)
        self.addCleanup(bmc.stop)
        return bmc

    def poll(self, bmc, interval=50, **more):
        path = os.path.join(self.folder.name, self.id())
        write_bmcs(path, bmc, **({"caFile": self.certificates.ca} | more))
        poller = Poller(path, interval)
        self.addCleanup(lambda: poller.process.poll() is not None or poller.stop())
        return poller

    def stop(self, poller):
        """Its warnings."""
        poller.stop()
        for secret in ("s3cret", "of-the-fake"):
            self.assertNotIn(secret, "".join(poller.log))
        return poller.lines("W")

    def assert_one_fault(self, bmc, cause, *texts, readings=(), **more):
        """Of two rounds: it is said once, and tells what and why."""
        poller = self.poll(bmc, **more)
        self.assertEqual(poller.rounds(2), ([cause], list(readings)))
        warnings = self.stop(poller)
        self.assertEqual(len(warnings), 1, warnings)
        for text in texts:
            self.assertIn(text, warnings[0])


class MakersTest(BmcTest):
    def assert_reads(self, resources, *readings):
        bmc = self.serve(resources)
        poller = self.poll(bmc)
        self.assertEqual(poller.rounds(2), ([], list(readings)))
        self.assertEqual(self.stop(poller), [])
        self.assertEqual(bmc.asked("POST", fake_bmc.SESSIONS), 1, "one session for all rounds")
        self.assertEqual(bmc.sessions, {}, "logged out")

    def test_an_idrac(self):
        self.assert_reads(
            fake_bmc.idrac(), "System.Embedded.1|PowerControl|PowerControl|System Power Control|245000000"
        )

    def test_an_ilo(self):
        self.assert_reads(fake_bmc.ilo(), "1|PowerControl|0||189500000")

    def test_a_supermicro(self):
        self.assert_reads(fake_bmc.supermicro(), "1|PowerSupply|0|Power Supply 0|312250000")

    def test_an_openbmc(self):
        self.assert_reads(
            fake_bmc.openbmc(), "tray|PowerSupply|psu0|psu0|401125000",
            "sled|EnvironmentMetrics|EnvironmentMetrics|Environment Metrics|96000000",
        )


READING = "System.Embedded.1|PowerControl|PowerControl|System Power Control|245000000"


class AccessTest(BmcTest):
    def test_an_ended_session_is_renewed_at_once(self):
        bmc = self.serve(fake_bmc.idrac())
        bmc.takes_basic = False
        poller = self.poll(bmc)
        poller.rounds()
        bmc.end_sessions()
        self.assertEqual(poller.rounds(2), ([], [READING]))
        self.assertEqual(self.stop(poller), [])
        self.assertEqual(bmc.asked("POST", fake_bmc.SESSIONS), 2)

    def test_a_bmc_without_sessions_gets_the_password_with_each_request(self):
        bmc = self.serve(fake_bmc.idrac())
        bmc.has_sessions = False
        poller = self.poll(bmc)
        self.assertEqual(poller.rounds(3), ([], [READING]))
        self.assertEqual(self.stop(poller), [])
        self.assertEqual(bmc.asked("POST", fake_bmc.SESSIONS), 1)

    def test_a_bmc_that_tells_of_no_sessions_is_not_asked_for_one(self):
        resources = fake_bmc.idrac()
        del resources[fake_bmc.ROOT]["Links"]
        bmc = self.serve(resources)
        poller = self.poll(bmc)
        self.assertEqual(poller.rounds(2), ([], [READING]))
        self.assertEqual(self.stop(poller), [])
        self.assertEqual(bmc.asked("POST", fake_bmc.SESSIONS), 0)

    def test_a_bmc_without_sessions_may_hide_all_that_it_has(self):
        def for_those_let_in(handler):
            if "Authorization" not in handler.headers:
                return error(handler, 401, "Who is there?")
            return reply(handler, 200, json.dumps(fake_bmc.idrac()[fake_bmc.ROOT]).encode())

        bmc = self.serve(fake_bmc.idrac())
        bmc.faults = {fake_bmc.ROOT: for_those_let_in,
                      fake_bmc.SESSIONS: lambda handler: error(handler, 401, "Who is there?")}
        poller = self.poll(bmc)
        self.assertEqual(poller.rounds(2), ([], [READING]))
        self.assertEqual(self.stop(poller), [])
        self.assertEqual(bmc.asked("POST", fake_bmc.SESSIONS), 1)

    def test_a_bmc_without_a_session_to_spare_is_asked_without_one(self):
        bmc = self.serve(fake_bmc.idrac())
        bmc.most_sessions = 0
        poller = self.poll(bmc)
        self.assertEqual(poller.rounds(2), ([], [READING]))
        self.assertEqual(self.stop(poller), [])

    def test_without_credentials_none_are_sent(self):
        bmc = self.serve(fake_bmc.idrac(), password=None)
        poller = self.poll(bmc)
        self.assertEqual(poller.rounds(2), ([], [READING]))
        self.assertEqual(self.stop(poller), [])
        self.assertEqual(bmc.asked("POST", fake_bmc.SESSIONS), 0)

    def test_a_wrong_password_is_said_without_it_and_sent_once_a_round(self):
        bmc = self.serve(fake_bmc.idrac())
        path = os.path.join(self.folder.name, "wrong")
        write_bmcs(path, bmc, caFile=self.certificates.ca)
        bmc.password = "another"
        poller = Poller(path, 50)
        self.assertEqual(poller.rounds(2), (["unauthorized"], []))
        poller.stop()
        warnings = poller.lines("W")
        self.assertEqual(len(warnings), 1, warnings)
        self.assertIn("401 Unauthorized: check username and password", warnings[0])
        self.assertIn("(it says: ... is no password of admin.)", warnings[0])
        self.assertLessEqual(bmc.asked("POST", fake_bmc.SESSIONS), bmc.asked("GET", fake_bmc.ROOT))
        self.assertEqual(bmc.asked("GET", CHASSIS), 0)

    def test_a_certificate_of_a_stranger(self):
        other = os.path.join(self.folder.name, "other")
        os.makedirs(other)
        bmc = self.serve(fake_bmc.idrac(), Certificates(other).sign("server"))
        self.assert_one_fault(bmc, "certificate", bmc.url, "caFile")
        self.assertEqual(bmc.requests, [])

    def test_a_certificate_of_another_name(self):
        bmc = self.serve(fake_bmc.idrac(), self.certificates.sign("elsewhere", "DNS:elsewhere.example"))
        self.assert_one_fault(bmc, "certificate", bmc.url, "give its endpoint as its certificate has it")
        self.assertEqual(bmc.requests, [])

    def test_insecure_takes_any_certificate(self):
        bmc = self.serve(fake_bmc.idrac(), self.certificates.sign("elsewhere", "DNS:elsewhere.example"))
        poller = self.poll(bmc, insecure=True)
        self.assertEqual(poller.rounds(2), ([], [READING]))
        self.assertEqual(self.stop(poller), [])

    def test_a_missing_file_of_authorities(self):
        bmc = self.serve(fake_bmc.idrac())
        self.assert_one_fault(bmc, "credentials", "/gone.pem", "check caFile", caFile="/gone.pem")


class MisbehaviourTest(BmcTest):
    def setUp(self):
        self.bmc = self.serve(fake_bmc.idrac() | {
            CHASSIS: fake_bmc.collection(SERVER, CHASSIS + "/2"),
            CHASSIS + "/2": {"Power": fake_bmc.link(CHASSIS + "/2/Power")},
            CHASSIS + "/2/Power": {"PowerControl": [{"MemberId": "x", "PowerConsumedWatts": 7}]},
        })

    def assert_hides_no_other(self, fault, cause, *texts):
        """Of the first chassis; the second is told of."""
        self.bmc.faults[SERVER + "/Power"] = fault
        self.assert_one_fault(self.bmc, cause, SERVER + "/Power", *texts, readings=["2|PowerControl|x||7000000"])

    def assert_bad_body(self, body, *texts):
        self.assert_hides_no_other(lambda handler: reply(handler, 200, body), "bad_answer", *texts)

    def test_a_fault_of_the_bmc(self):
        self.assert_hides_no_other(lambda handler: error(handler, 500, "Sensor bus."), "status", "500", "Sensor bus.")

    def test_html(self):
        self.assert_bad_body(b"<html><body>Log in</body></html>", "no Redfish resource: not valid JSON at byte 1")

    def test_json_that_is_no_object(self):
        self.assert_bad_body(b"[1, 2]", "it is no JSON object")

    def test_json_that_is_nested_deep(self):
        self.assert_bad_body(b'{"Members":' * 50_000, "nested deeper than 32")

    def test_json_that_has_many_values(self):
        self.assert_bad_body(b'{"Members":[' + b"0," * 400_000 + b"0]}", "more than 20000 values")

    def test_a_cut_answer(self):
        def cut(handler):
            handler.send_response(200)
            handler.send_header("Content-Length", "1000")
            handler.end_headers()
            handler.wfile.write(b"{")
            handler.close_connection = True

        self.assert_hides_no_other(cut, "cut", "cut in the middle")

    def test_a_body_without_end(self):
        def endless(handler):
            handler.send_response(200)
            handler.end_headers()
            while True:
                handler.wfile.write(b" " * 65536)

        self.assert_hides_no_other(endless, "too_large", "larger than 1 MiB")

    def test_an_answer_that_does_not_come(self):
        release = threading.Event()
        self.addCleanup(release.set)
        self.assert_hides_no_other(lambda handler: release.wait(20), "timeout")

    def test_a_redirect(self):
        self.assert_hides_no_other(
            lambda handler: reply(handler, 302, b"", Location="https://elsewhere.example/"), "status",
            "redirects to https://elsewhere.example/",
        )

    def test_a_link_to_elsewhere_is_not_followed(self):
        for target in ("https://elsewhere.example/x", "//elsewhere.example/x", "/a b", "/x" * 2000):
            self.bmc.resources[SERVER] = {"Id": "s", "Power": fake_bmc.link(target)}
            self.assert_one_fault(
                self.bmc, "bad_answer", "which is no path of its own", readings=["2|PowerControl|x||7000000"]
            )

    def test_a_bmc_that_is_busy_and_recovers(self):
        self.bmc.faults[CHASSIS] = lambda handler: error(handler, 503, "Busy.")
        poller = self.poll(self.bmc)
        self.assertEqual(poller.rounds(2), (["status"], []))
        self.bmc.faults.clear()
        causes, readings = poller.rounds(2)
        self.assertEqual(len(readings), 2)
        warnings = self.stop(poller)
        self.assertEqual(len(warnings), 1, warnings)
        self.assertEqual([line for line in poller.lines("I") if "answers again" in line],
                         ["Redfish: the BMC answers again"])

    def test_a_root_that_is_no_redfish(self):
        self.bmc.faults[fake_bmc.ROOT] = lambda handler: reply(handler, 404, b"nothing here")
        self.assert_one_fault(self.bmc, "status", "is this the endpoint of a Redfish service?")

    def test_stops_soon_in_the_middle_of_a_request(self):
        release, asked = threading.Event(), threading.Event()
        self.addCleanup(release.set)
        self.bmc.faults[SERVER] = lambda handler: (asked.set(), release.wait(20))
        poller = self.poll(self.bmc)
        self.assertTrue(asked.wait(10))
        self.assertLess(poller.stop(), 10)
        self.assertEqual(self.bmc.sessions, {}, "logged out")


if __name__ == "__main__":
    runner.main()
