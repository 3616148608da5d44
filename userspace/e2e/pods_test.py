#!/usr/bin/env python3
"""Pod directories against a kubelet and an API server that misbehave: each fault is one line, and passes."""

import base64
import json
import os
import re
import ssl
import subprocess
import sys
import tempfile
import threading
import time
import unittest

import fake_kube
from certificates import Certificates
from fake_kube import FakeKube, owner, pod
import runner

ASK_PODS = os.path.abspath(sys.argv.pop(1))


class Directory:
    """A running ask_pods."""

    def __init__(self, environment={}, **options):
        arguments = [f"{key}={value}" for key, value in options.items()]
        self.process = subprocess.Popen(
            [ASK_PODS, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            env={**os.environ, **environment},
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

    def ask(self, question):
        self.process.stdin.write(question + "\n")
        self.process.stdin.flush()
        return self.process.stdout.readline().strip()

    def stats(self):
        return dict(word.split("=") for word in self.ask("stats").split())

    @property
    def sanitized(self):
        """Whether it is built with a sanitizer, which takes memory of its own."""
        with open(ASK_PODS, "rb") as binary:
            content = binary.read()
        return any(start in content for start in (b"__asan_init", b"__tsan_init"))

    def memory_mib(self, key):
        with open(f"/proc/{self.process.pid}/status") as status:
            return int(re.search(rf"{key}:\s+(\d+) kB", status.read()).group(1)) / 1024

    def lines(self, severity):
        """What was logged as W or I, without the prefix."""
        return [line.split("] ", 1)[1].strip() for line in self.log if line.startswith(severity)]

    def stop(self):
        """Ends it; how long that took."""
        begin = time.monotonic()
        self.process.stdin.close()
        status = self.process.wait(30)
        took = time.monotonic() - begin
        self._reader.join()
        self.process.stdout.close()
        self.process.stderr.close()
        if status != 0:
            raise RuntimeError(f"ask_pods ended with {status}:\n" + "".join(self.log))
        return took


class PodsTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.shared = tempfile.TemporaryDirectory(dir=os.environ.get("TEST_TMPDIR"))
        cls.addClassCleanup(cls.shared.cleanup)
        cls.certificates = Certificates(cls.shared.name)
        cls.certificate = cls.certificates.sign("server")
        other = os.path.join(cls.shared.name, "other")
        os.mkdir(other)
        cls.stranger = Certificates(other)

    def setUp(self):
        self.kube = self.serve(self.certificate)

    def serve(self, certificate):
        kube = FakeKube(certificate)
        self.addCleanup(kube.stop)
        return kube

    def write(self, name, content):
        path = os.path.join(self.shared.name, f"{self.id()}-{name}")
        with open(path, "w") as file:
            file.write(content)
        return path

    def kubeconfig(self, user="{}", **cluster):
        cluster = {"server": self.kube.url, "certificate-authority": self.certificates.ca, **cluster}
        return self.write(
            "kubeconfig",
            'current-context: x\ncontexts: [{name: x, context: {cluster: c, user: u}}]\n'
            f'clusters: [{{name: c, cluster: {json.dumps(cluster)}}}]\nusers: [{{name: u, user: {user}}}]\n',
        )

    def kubeconfig_with_data(self, **files):
        """A kubeconfig that holds the content of these files: ca, certificate, key."""
        data = {name: base64.b64encode(open(path, "rb").read()).decode() for name, path in files.items()}
        user = {}
        if "key" in data:
            user = {"client-certificate-data": data["certificate"], "client-key-data": data["key"]}
        authority = {"certificate-authority": "/nowhere", "certificate-authority-data": data["ca"]}
        return self.kubeconfig(json.dumps(user), **authority)

    def start(self, **options):
        if "kubeconfig" not in options:
            options["kubeconfig"] = self.kubeconfig()
        directory = Directory(**{"node_name": "n1", **options})
        self.addCleanup(lambda: directory.process.returncode is None and directory.stop())
        return directory

    def eventually(self, condition, what, seconds=40):
        deadline = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > deadline:
                self.fail(f"not in {seconds} s: {what}")
            time.sleep(0.05)

    def eventually_answers(self, directory, question, answer, seconds=40):
        last = []
        self.eventually(
            lambda: (last.append(directory.ask(question)), last[-1] == answer)[1], f"{question}: {answer}\n"
            + "".join(directory.log), seconds
        )

    def check_owners(self, directory, static):
        """That who manages a pod is told; `static` is a static pod's uid, which is there already."""
        self.kube.set(
            pod("o1", "shop-5b9f-x2", {"app": "c1"}, owners=[owner("ReplicaSet", "shop-5b9f")],
                labels={"pod-template-hash": "5b9f"}),
            pod("o2", "canary-77c-x2", {"app": "c2"}, owners=[owner("ReplicaSet", "canary-77c")],
                labels={"rollouts-pod-template-hash": "77c"}),
            pod("o3", "db-0", {"app": "c3"}, owners=[owner("StatefulSet", "db")]),
            pod("o4", "night-29933920-x2", {"app": "c4"}, owners=[owner("Job", "night-29933920", "batch/v1")]),
            pod("o5", "once-20261130-x2", {"app": "c5"}, owners=[owner("Job", "once-20261130", "batch/v1")]),
            pod("o6", "bare", {"app": "c6"}),
        )
        for uid, answer in (
            ("o1", "shop/shop-5b9f-x2 Deployment/shop"),
            ("o2", "shop/canary-77c-x2 Rollout/canary"),
            ("o3", "shop/db-0 StatefulSet/db"),
            ("o4", "shop/night-29933920-x2 CronJob/night"),
            ("o5", "shop/once-20261130-x2 Job/once-20261130"),
            ("o6", "shop/bare"),
        ):
            self.eventually_answers(directory, f"pod {uid}", f"{uid} {answer}")
        self.eventually_answers(directory, f"pod {static}", f"{static} shop/etcd-n1 StaticPod/etcd")
        self.assertEqual(directory.ask("container c1"), "o1 shop/shop-5b9f-x2 Deployment/shop app")
        self.assertEqual(len({path for path, _, _ in self.kube.requests}), 1, "no other right is used")

    def warning_about_pods(self, directory, *uids):
        """The first warning, while these pods run here."""
        self.eventually(lambda: ([directory.ask(f"pod {uid}") for uid in uids], directory.lines("W"))[1], "a warning")
        return directory.lines("W")[0]

    def first_warning(self, directory):
        """Waits for it: the log is read by a thread of its own."""
        self.eventually(lambda: directory.lines("W"), "a warning")
        return directory.lines("W")[0]

    def check_fault_passes(self, directory, cause, *parts, times=2):
        """The fault that has just begun is counted and said in one line with these parts; a good answer ends it."""
        self.eventually(lambda: int(directory.stats().get(cause, 0)) >= times, f"{cause}: {directory.log}")
        warnings = [line for line in directory.lines("W") if "left out" not in line]
        self.assertEqual(len(warnings), 1, warnings)
        for part in (self.kube.url, *parts):
            self.assertIn(part, warnings[0])
        self.assertEqual(directory.ask("container aa"), "u1 shop/web app")
        self.kube.fault = None
        self.kube.set(pod("u2", "db", {"sql": "bb"}))
        self.eventually_answers(directory, "container bb", "u2 shop/db sql")
        self.eventually(lambda: any("works again" in line for line in directory.lines("I")), directory.log)
        self.assertEqual(len([line for line in directory.lines("W") if "left out" not in line]), 1)


class KubeletTest(PodsTest):
    def setUp(self):
        super().setUp()
        self.kube.set(pod("u1", "web", {"app": "aa"}))

    def start(self, **options):
        return super().start(kubelet_url=self.kube.url, **options)

    def started(self, **options):
        directory = self.start(**options)
        self.eventually_answers(directory, "container aa", "u1 shop/web app")
        return directory

    def test_pods_come_and_go_and_are_remembered(self):
        directory = self.started()
        self.assertEqual(directory.ask("pod u1"), "u1 shop/web")
        self.assertEqual(directory.ask("container nobody's"), "unknown")
        self.kube.remove("u1")
        self.eventually(lambda: directory.stats()["pods"] == "0", "the pod goes")
        self.assertEqual(directory.ask("container aa"), "u1 shop/web app")
        self.assertEqual(directory.lines("W"), [])

    def test_an_unknown_container_makes_it_look_early(self):
        directory = self.started(poll_seconds=3600)
        self.kube.set(pod("u2", "db", {"sql": "bb"}))
        self.eventually_answers(directory, "container bb", "u2 shop/db sql")

    def test_the_token_goes_along_and_may_be_rotated(self):
        self.kube.token = "first"
        token = self.write("token", "first\n")
        directory = self.started(kubeconfig=self.kubeconfig(f"{{tokenFile: {token}}}"))
        self.kube.token = "second"
        self.eventually(lambda: directory.stats().get("unauthorized"), "a 401")
        self.write("token", "second\n")
        self.kube.set(pod("u2", "db", {"sql": "bb"}))
        self.eventually_answers(directory, "container bb", "u2 shop/db sql")
        self.assertNotIn("first", "".join(directory.log).replace("the first", ""))
        self.assertNotIn("second", "".join(directory.log))

    def test_a_token_file_that_is_gone_or_junk(self):
        token = self.write("token", "t")
        directory = self.started(kubeconfig=self.kubeconfig(f"{{tokenFile: {token}}}"))
        os.unlink(token)
        self.eventually(lambda: directory.stats().get("credentials"), "credentials")
        self.assertIn("token: No such file or directory", self.first_warning(directory))
        self.write("token", "two\nlines: injected")
        count = int(directory.stats()["credentials"])
        self.eventually(lambda: int(directory.stats()["credentials"]) >= count + 2, "credentials")
        self.write("token", "t")
        self.kube.set(pod("u2", "db", {"sql": "bb"}))
        self.eventually_answers(directory, "container bb", "u2 shop/db sql")
        self.assertTrue(all(a in (None, "Bearer t") for _, _, a in self.kube.requests))

    def test_401(self):
        directory = self.started()
        self.kube.fault = fake_kube.replies(401, b"Unauthorized")
        self.check_fault_passes(directory, "unauthorized", "401 Unauthorized: the token or client certificate")

    def test_403_names_the_right_that_is_missing_and_what_the_server_says(self):
        directory = self.started()
        self.kube.fault = fake_kube.replies(403, fake_kube.status_body(403, "user x\ncannot get nodes/proxy"))
        said = "user x\ufffdcannot get nodes/proxy"
        self.check_fault_passes(directory, "forbidden", "403 Forbidden", "nodes/proxy", said)

    def test_500_with_an_answer_without_end(self):
        directory = self.started()

        def fault(handler):
            handler.send_response(500)
            handler.end_headers()
            while True:
                handler.wfile.write(b"oops " * 1000)

        self.kube.fault = fault
        self.check_fault_passes(directory, "status", "500", "oops")

    def test_a_redirect_is_not_followed(self):
        elsewhere = self.serve(None)
        directory = self.started()
        self.kube.fault = fake_kube.replies(302, b"", Location=elsewhere.url + "/pods")
        self.check_fault_passes(directory, "status", "302", "redirects to " + elsewhere.url)
        self.assertEqual(elsewhere.requests, [])

    def test_an_answer_cut_short(self):
        directory = self.started()
        self.kube.fault = fake_kube.cuts_short
        self.check_fault_passes(directory, "cut", "cut in the middle of the answer")

    def test_an_answer_that_is_no_list(self):
        directory = self.started()
        self.kube.fault = fake_kube.replies(200, b"<html>hello</html>")
        self.check_fault_passes(directory, "bad_answer", "not valid JSON at byte 1", "is this a kubelet?")

    def test_a_nesting_bomb(self):
        directory = self.started()
        self.kube.fault = fake_kube.replies(200, b'{"items":' + b"[" * 5_000_000)
        self.check_fault_passes(directory, "bad_answer", "nested deeper")

    def test_a_large_answer_takes_little_memory(self):
        directory = self.started()
        count = 5_000 if directory.sanitized else 110_000  # no node has so many; sanitizers are slow
        pods = [pod(f"u{i}", f"web{i}", {"app": f"c{i}"}) for i in range(count)]
        pods[0]["metadata"]["annotations"]["a"] = "x" * (100 * count)
        body = json.dumps({"kind": "PodList", "items": pods}).encode()
        self.assertGreater(len(body), 400 * count)
        before = directory.memory_mib("VmRSS")
        self.kube.fault = fake_kube.replies(200, body)
        self.eventually_answers(directory, "container c1000", "u1000 shop/web1000 app")
        if not directory.sanitized:
            self.assertLess(directory.memory_mib("VmHWM") - before, 8)

    def test_a_pod_that_is_too_long_hides_no_other(self):
        self.kube.set(pod("u9", "long", {"app": "c9"}, annotations={f"a{i}": "x" * 1000 for i in range(1100)}))
        directory = self.started()
        self.assertIn("it is longer than 1 MiB", self.first_warning(directory))

    def test_an_answer_without_end(self):
        directory = self.started()
        self.kube.fault = fake_kube.sends_too_much
        self.check_fault_passes(directory, "too_large", "larger than 64 MiB")

    def test_an_answer_that_dawdles(self):
        directory = self.started()
        self.kube.fault = fake_kube.dawdles
        self.check_fault_passes(directory, "timeout", "too slow", "Less than 100 bytes/sec", times=1)

    def test_what_is_no_http(self):
        directory = self.started()
        self.kube.fault = lambda handler: (handler.wfile.write(b"\x00\x01junk\n" * 100), setattr(
            handler, "close_connection", True))
        self.check_fault_passes(directory, "bad_answer", "this is no HTTP")

    def test_a_junk_pod_hides_no_other(self):
        self.kube.set({"metadata": {"uid": "u9", "name": 7}})
        directory = self.started()
        self.eventually(lambda: int(directory.stats()["left_out"]) > 1, "left out")
        self.assertEqual(len(directory.lines("W")), 1)
        self.assertIn("1 pods cannot be used and are left out", self.first_warning(directory))
        self.kube.remove("u9")
        self.eventually(lambda: directory.lines("I"), "an end of it")

    def test_pods_that_run_here_and_that_it_does_not_tell_of(self):
        directory = self.start()  # of another node
        line = self.warning_about_pods(directory, "u7", "u8")
        for part in (self.kube.url, "tells of 1 pods", "none of those that run here (u7 is one)", "kube.kubelet.url"):
            self.assertIn(part, line)
        self.assertEqual(directory.ask("pod u1"), "u1 shop/web")
        self.eventually(lambda: len(directory.lines("W")) == 2, f"some are missing: {directory.log}")
        self.assertIn("does not tell of 2 pods that run here (u7 is one)", directory.lines("W")[1])
        self.kube.set(pod("u7", "db", {}), pod("u8", "db", {}))
        self.eventually(lambda: any("of all pods that run here" in line for line in directory.lines("I")), directory.log)
        self.assertEqual(len(directory.lines("W")), 2)

    def test_a_server_that_is_not_there_yet(self):
        port, url = self.kube.port, self.kube.url
        self.kube.stop()
        directory = Directory(kubeconfig=self.kubeconfig(), kubelet_url=url)
        self.addCleanup(directory.stop)
        self.eventually(lambda: directory.stats().get("connection"), "a refusal")
        self.assertIn("is it running", self.first_warning(directory))
        self.assertIn(str(port), self.first_warning(directory))
        self.assertEqual(directory.stats()["succeeded"], "0")

    def test_a_certificate_of_another_name(self):
        self.kube = self.serve(self.certificates.sign("elsewhere", "DNS:elsewhere.example"))
        directory = self.start()
        self.eventually(lambda: directory.stats().get("certificate"), "a wrong name")
        self.assertRegex(self.first_warning(directory), "127.0.0.1.*as its certificate has it .kube.kubelet.url")
        self.kube.set(pod("u1", "web", {"app": "aa"}))
        self.kube.renew(self.certificate)
        self.eventually_answers(directory, "container aa", "u1 shop/web app")

    def test_a_certificate_of_a_stranger_gets_no_token(self):
        self.kube = self.serve(self.stranger.sign("server"))
        directory = self.start(kubeconfig=self.kubeconfig("{token: secret}"))
        self.eventually(lambda: directory.stats().get("certificate"), "a stranger")
        self.assertIn("kube.kubelet.caFile", self.first_warning(directory))
        self.assertEqual(self.kube.requests, [])

    def test_why_a_certificate_is_not_trusted(self):
        for certificate, why in (
            (self.stranger.sign("server"), "certificate issuer is unknown"),
            (self.certificates.expired("old"), "expired"),
        ):
            with self.subTest(why):
                self.kube = self.serve(certificate)
                directory = self.start()
                self.eventually(lambda: directory.stats().get("certificate"), f"{why}: {directory.log}")
                self.assertIn(why, self.first_warning(directory))
                self.assertEqual(self.kube.requests, [])
                directory.stop()

    def test_an_address_that_the_certificate_does_not_name(self):
        self.kube = self.serve(self.certificates.sign("named", "DNS:localhost,IP:127.0.0.2"))
        self.kube.set(pod("u1", "web", {"app": "aa"}))
        directory = self.start()
        self.eventually(lambda: directory.stats().get("certificate"), "a wrong address")
        directory.stop()
        directory = Directory(
            node_name="n1", kubeconfig=self.kubeconfig(), kubelet_url=f"https://localhost:{self.kube.port}"
        )
        self.addCleanup(directory.stop)
        self.eventually_answers(directory, "container aa", "u1 shop/web app")

    def test_tls_that_is_too_old_is_refused(self):
        self.kube._context.set_ciphers("ALL:@SECLEVEL=0")
        self.kube._context.minimum_version = ssl.TLSVersion.TLSv1_1
        self.kube._context.maximum_version = ssl.TLSVersion.TLSv1_1
        directory = self.start()
        self.eventually(lambda: directory.stats().get("connection"), f"a refusal: {directory.log}")
        self.assertEqual(self.kube.requests, [])

    def test_a_renewed_authority_is_trusted(self):
        ca = self.write("ca.crt", open(self.certificates.ca).read())
        directory = self.started(kubelet_ca_file=ca)
        self.kube.renew(self.stranger.sign("server"))
        self.kube.fault = fake_kube.cuts_short  # ends the connection
        self.eventually(lambda: directory.stats().get("certificate"), "a stranger")
        self.kube.fault = None
        self.write("ca.crt", open(self.stranger.ca).read())
        self.kube.set(pod("u2", "db", {"sql": "bb"}))
        self.eventually_answers(directory, "container bb", "u2 shop/db sql")

    def test_one_connection_is_kept_also_with_certificates_from_the_kubeconfig(self):
        certificate, key = self.certificates.sign("client")
        directory = self.started(
            kubeconfig=self.kubeconfig_with_data(ca=self.certificates.ca, certificate=certificate, key=key)
        )
        self.eventually(lambda: len(self.kube.requests) >= 4, "some requests")
        self.assertEqual(self.kube.connections, 1)
        self.assertEqual(directory.lines("W"), [])

    def test_a_server_that_wants_a_client_certificate(self):
        self.kube._context.verify_mode = ssl.CERT_REQUIRED
        self.kube._context.load_verify_locations(self.certificates.ca)
        directory = self.start()
        self.eventually(lambda: directory.stats().get("connection"), f"a refusal: {directory.log}")
        self.assertIn("does the server want a client certificate", self.first_warning(directory))

    def check_own_fault(self, kubeconfig, *parts):
        directory = self.start(kubeconfig=kubeconfig)
        self.assertRegex(self.first_warning(directory), ".*".join(parts))
        self.eventually(lambda: directory.stats().get("credentials"), "its cause")
        directory.stop()
        self.assertEqual(self.kube.requests, [])

    def test_its_own_certificate_or_key_that_cannot_be_used(self):
        certificate, key = self.certificates.sign("client")
        junk = self.write("junk", "junk\n")
        for of_certificate, of_key, why in (
            (certificate, self.certificate[1], "do not match"),
            (certificate, junk, ""),
            (junk, key, ""),
            (certificate, "/nowhere", "reading file"),
        ):
            with self.subTest(certificate=of_certificate, key=of_key):
                user = {"client-certificate": of_certificate, "client-key": of_key}
                self.check_own_fault(self.kubeconfig(json.dumps(user)), why, "client-certificate and client-key")
        data = self.kubeconfig_with_data(ca=self.certificates.ca, certificate=certificate, key=junk)
        self.check_own_fault(data, "client-certificate and client-key")

    def test_an_authority_that_cannot_be_read(self):
        junk, empty = self.write("junk", "junk\n"), self.write("empty", "")
        for file in (junk, empty, "/nowhere"):
            with self.subTest(file):
                kubeconfig = self.kubeconfig(**{"certificate-authority": file})
                self.check_own_fault(kubeconfig, re.escape(file), "certificate-authority")
        self.check_own_fault(self.kubeconfig_with_data(ca=junk), "certificate-authority-data")

    def test_its_own_authority_and_insecure_are_ways_out(self):
        self.kube = self.serve(self.stranger.sign("server"))
        self.kube.set(pod("u1", "web", {"app": "aa"}))
        self.started(kubelet_ca_file=self.stranger.ca).stop()
        self.started(kubelet_insecure="true")

    def test_what_a_kubeconfig_says_of_its_server_does_not_hold_for_the_kubelet(self):
        self.kube = self.serve(self.stranger.sign("server"))
        directory = self.start(kubeconfig=self.kubeconfig(**{"insecure-skip-tls-verify": "true"}))
        self.eventually(lambda: directory.stats().get("certificate"), "a stranger")

    def test_the_read_only_port_needs_no_credentials_and_gets_none(self):
        self.kube = self.serve(None)
        self.kube.set(pod("u1", "web", {"app": "aa"}))
        self.started(kubeconfig="/nowhere")
        self.assertEqual({authorization for _, _, authorization in self.kube.requests}, {None})

    def test_tells_who_manages_a_pod(self):
        source = {"kubernetes.io/config.source": "file", "kubernetes.io/config.hash": "hash"}
        self.kube.set(pod("hash", "etcd-n1", {"etcd": "ee"}, annotations=source, created=None))
        self.check_owners(self.started(), "hash")

    def test_it_ends_within_a_second_while_a_request_is_under_way(self):
        directory = self.started()
        begun = threading.Event()

        def fault(handler):
            begun.set()
            time.sleep(20)

        self.kube.fault = fault
        self.assertTrue(begun.wait(30))
        self.assertLess(directory.stop(), 3)

    def test_a_libcurl_that_cannot_be_loaded_is_an_error_at_once(self):
        folder = tempfile.TemporaryDirectory(dir=self.shared.name)
        self.addCleanup(folder.cleanup)
        open(os.path.join(folder.name, "libcurl-gnutls.so.4"), "w").close()
        with self.assertRaises(RuntimeError) as raised:
            Directory({"LD_LIBRARY_PATH": folder.name}, kubeconfig=self.kubeconfig(), kubelet_url=self.kube.url)
        message = str(raised.exception)
        self.assertEqual(message.count("\n"), 1, message)
        self.assertIn("libcurl-gnutls.so.4: file too short", message)
        self.assertIn("apt-get install libcurl3-gnutls", message)

    def test_bad_settings_are_errors_at_once(self):
        for options, parts in (
            ({"kubelet_url": "10.0.0.1:10250"}, ("kube.kubelet.url", "10.0.0.1:10250")),
            ({"kubelet_ca_file": "/nowhere"}, ("kube.kubelet.caFile", "/nowhere")),
            ({"kubeconfig": "/nowhere"}, ("/nowhere", "kube.config")),
            ({"kubelet_url": "", "node_name": "a/b@c"}, ("kube.nodeName", "a/b@c")),
        ):
            options = {"kubeconfig": self.kubeconfig(), "kubelet_url": self.kube.url, **options}
            with self.assertRaises(RuntimeError) as raised:
                Directory(**options)
            message = str(raised.exception)
            self.assertEqual(message.count("\n"), 1, message)
            for part in parts:
                self.assertIn(part, message)


class ApiServerTest(PodsTest):
    def setUp(self):
        super().setUp()
        self.kube.set(pod("u1", "web", {"app": "aa"}))

    def start(self, **options):
        return super().start(mode="apiserver", **options)

    def started(self, **options):
        directory = self.start(**options)
        self.eventually_answers(directory, "container aa", "u1 shop/web app")
        self.eventually(lambda: self.kube.watching == 1, "a watch")
        return directory

    def lists(self):
        return [query for _, query, _ in self.kube.requests if "watch" not in query]

    def test_lists_in_pages_and_watches(self):
        for i in range(2, 7):
            self.kube.set(pod(f"u{i}", f"web{i}", {"app": f"c{i}"}))
        directory = self.started()
        self.assertEqual(directory.stats()["pods"], "6")
        self.assertEqual(directory.ask("container c6"), "u6 shop/web6 app")
        self.assertEqual([query.get("continue") for query in self.lists()], [None, "2", "4"])
        self.kube.set(pod("u7", "late", {"app": "c7"}))
        self.eventually_answers(directory, "pod u7", "u7 shop/late")
        self.kube.set(pod("u7", "late", {"app": "c7", "log": "c8"}))
        self.eventually_answers(directory, "container c8", "u7 shop/late log")
        self.kube.remove("u7")
        self.eventually(lambda: directory.stats()["pods"] == "6", "the pod goes")
        self.assertEqual(directory.ask("container c8"), "u7 shop/late log")
        self.assertEqual(len(self.lists()), 3)

    def test_a_mirror_pod_is_found_by_the_uid_of_its_cgroup(self):
        directory = self.started()
        mirror = {"kubernetes.io/config.mirror": "hash", "kubernetes.io/config.hash": "hash"}
        self.kube.set(pod("api", "etcd", {"etcd": "ee"}, annotations=mirror))
        self.eventually_answers(directory, "pod hash", "hash shop/etcd")
        self.assertEqual(directory.ask("pod api"), "hash shop/etcd")
        self.assertEqual(directory.ask("container ee"), "hash shop/etcd etcd")

    def test_tells_who_manages_a_pod(self):
        mirror = {"kubernetes.io/config.mirror": "hash", "kubernetes.io/config.source": "file"}
        self.kube.set(pod("api", "etcd-n1", {"etcd": "ee"}, annotations=mirror, owners=[owner("Node", "n1", "v1")]))
        self.check_owners(self.started(), "hash")

    def test_a_pod_that_its_owner_lets_go_stays_its(self):
        directory = self.started()
        managed = {"owners": [owner("ReplicaSet", "web-5b9f")], "labels": {"pod-template-hash": "5b9f"}}
        self.kube.set(pod("o1", "web-5b9f-x2", {"app": "c1"}, **managed))
        self.eventually_answers(directory, "container c1", "o1 shop/web-5b9f-x2 Deployment/web app")
        self.kube.set(pod("o1", "web-5b9f-x2", {"app": "c2"}))
        self.eventually_answers(directory, "container c2", "o1 shop/web-5b9f-x2 Deployment/web app")

    def test_a_watch_that_ends_goes_on_from_the_last_bookmark(self):
        directory = self.started()
        self.kube.bookmark()
        version = str(self.kube._version)
        time.sleep(0.5)  # until it is read
        self.kube.end_watches()
        self.eventually(lambda: sum("watch" in query for _, query, _ in self.kube.requests) == 2, "a second watch")
        self.assertEqual(self.kube.requests[-1][1]["resourceVersion"], version)
        self.kube.set(pod("u2", "db", {"sql": "bb"}))
        self.eventually_answers(directory, "container bb", "u2 shop/db sql")
        self.assertEqual(len(self.lists()), 1)
        self.assertEqual(directory.lines("W"), [])

    def test_a_wrong_node_name_is_said_while_pods_run_here(self):
        directory = self.start(node_name="n2")
        line = self.warning_about_pods(directory, "u1")
        for part in ("tells of 0 pods", "none of those that run here (u1 is one)", 'kube.nodeName "n2"', "get nodes"):
            self.assertIn(part, line)
        self.kube.set(pod("u1", "web", {"app": "aa"}, node="n2"))
        self.eventually(lambda: any("of pods that run here" in line for line in directory.lines("I")), directory.log)
        self.assertEqual(directory.ask("container aa"), "u1 shop/web app")
        self.assertEqual(len(directory.lines("W")), 1)

    def test_410_as_a_status_lists_anew(self):
        directory = self.started()
        self.kube.set(pod("u2", "db", {"sql": "bb"}))
        self.eventually_answers(directory, "container bb", "u2 shop/db sql")
        self.kube.remove("u2")
        self.eventually(lambda: directory.stats()["pods"] == "1", "the pod goes")
        self.kube.forget()
        self.kube.end_watches()
        self.eventually(lambda: len(self.lists()) == 2, "a second list")
        self.kube.set(pod("u3", "db", {"sql": "cc"}))
        self.eventually_answers(directory, "container cc", "u3 shop/db sql")
        self.assertEqual(directory.stats()["expired"], "1")
        self.assertEqual(len(directory.lines("W")), 1)

    def test_410_lists_anew_at_once_however_long_the_server_was_away(self):
        directory = self.started()
        self.kube.fault = fake_kube.replies(500)
        self.kube.end_watches()
        self.eventually(lambda: int(directory.stats().get("status", 0)) >= 4, "the back-off grows")
        self.kube.set(pod("u2", "db", {"sql": "bb"}))
        self.kube.forget()
        self.kube.fault = None
        self.eventually(lambda: directory.stats().get("expired"), "a 410")
        self.eventually_answers(directory, "container bb", "u2 shop/db sql", seconds=2)

    def test_410_as_an_event_lists_anew(self):
        directory = self.started()
        self.kube.send({"type": "ERROR", "object": {"kind": "Status", "code": 410, "message": "too old"}})
        self.eventually(lambda: len(self.lists()) == 2, "a second list")
        self.assertIn("410 too old", self.first_warning(directory))
        self.kube.set(pod("u2", "db", {"sql": "bb"}))
        self.eventually_answers(directory, "container bb", "u2 shop/db sql")

    def test_junk_in_a_watch_lists_anew(self):
        directory = self.started()
        self.kube.send(b"junk\n")
        self.eventually(lambda: directory.stats().get("bad_answer"), "junk is seen")
        self.kube.set(pod("u2", "db", {"sql": "bb"}))
        self.eventually_answers(directory, "container bb", "u2 shop/db sql")
        self.assertEqual(len(self.lists()), 2)

    def test_an_event_without_end_lists_anew(self):
        directory = self.started()
        for _ in range(9):
            self.kube.send(b"x" * (1 << 20))
        self.eventually(lambda: directory.stats().get("too_large"), "too much is seen")
        self.kube.set(pod("u2", "db", {"sql": "bb"}))
        self.eventually_answers(directory, "container bb", "u2 shop/db sql")

    def test_a_junk_pod_in_a_watch_hides_no_other(self):
        directory = self.started()
        self.kube.set({"metadata": {"uid": "u9", "name": 7}}, pod("u2", "db", {"sql": "bb"}))
        self.eventually_answers(directory, "container bb", "u2 shop/db sql")
        self.assertEqual(directory.stats()["left_out"], "1")
        self.assertEqual(len(self.lists()), 1)

    def test_a_watch_whose_last_event_is_incomplete_goes_on(self):
        directory = self.started()
        self.kube.send(b'{"type":"ADDED","obj')
        self.kube.end_watches()
        self.kube.set(pod("u2", "db", {"sql": "bb"}))
        self.eventually_answers(directory, "container bb", "u2 shop/db sql")

    def check_a_cut_watch_goes_on(self, reset):
        directory = self.started()
        self.kube.cut_watches(reset)
        self.eventually(lambda: directory.stats().get("cut"), f"a cut: {directory.stats()}")
        self.assertIn("cut in the middle of the answer", self.first_warning(directory))
        self.kube.set(pod("u2", "db", {"sql": "bb"}))
        self.eventually_answers(directory, "container bb", "u2 shop/db sql")
        self.assertEqual(len(self.lists()), 1)
        self.assertNotIn("bad_answer", directory.stats())

    def test_a_watch_that_a_server_cuts_when_it_ends_is_a_cut_connection(self):
        self.check_a_cut_watch_goes_on(reset=False)

    def test_so_is_one_that_is_reset(self):
        self.check_a_cut_watch_goes_on(reset=True)

    def test_faults_of_the_list_pass(self):
        self.kube.fault = fake_kube.replies(403, fake_kube.status_body(403, "pods is forbidden"))
        directory = self.start()
        self.eventually(lambda: int(directory.stats().get("forbidden", 0)) >= 2, "a 403")
        self.kube.fault = None
        self.eventually_answers(directory, "container aa", "u1 shop/web app")
        self.assertEqual(len(directory.lines("W")), 1)
        self.assertIn("list and watch on pods for the API server (it says: pods is forbidden)", self.first_warning(directory))

    def test_a_list_without_end_is_given_up(self):
        def fault(handler):
            body = {"kind": "PodList", "metadata": {"resourceVersion": "1", "continue": "x"}, "items": []}
            fake_kube.reply(handler, 200, json.dumps(body).encode())

        self.kube.fault = fault
        directory = self.start()
        self.eventually(lambda: directory.stats().get("bad_answer"), "an end")
        self.assertIn("the list has no end", self.first_warning(directory))

    def test_a_silent_watch_is_taken_up_again_for_an_unknown_container(self):
        directory = self.started()
        self.eventually(
            lambda: (directory.ask("container unknown"), sum("watch" in q for _, q, _ in self.kube.requests) >= 2)[1],
            "a second watch",
        )
        self.assertEqual(len(self.lists()), 1)

    def test_it_ends_within_a_second_while_it_watches(self):
        self.assertLess(self.started().stop(), 3)

    def test_over_plain_http_no_token_goes_along(self):
        self.kube = self.serve(None)
        self.kube.set(pod("u1", "web", {"app": "aa"}))
        self.started(kubeconfig=self.kubeconfig("{token: secret}"))
        self.assertEqual({authorization for _, _, authorization in self.kube.requests}, {None})

    def test_a_client_certificate_from_the_kubeconfig(self):
        certificate, key = self.certificates.sign("client")
        self.kube._context.verify_mode = ssl.CERT_REQUIRED
        self.kube._context.load_verify_locations(self.certificates.ca)
        self.started(kubeconfig=self.kubeconfig_with_data(ca=self.certificates.ca, certificate=certificate, key=key))


if __name__ == "__main__":
    runner.main(beside=6)
