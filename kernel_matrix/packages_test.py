#!/usr/bin/env python3
"""Pinned packages, from an archive on this machine: packages_test.py [CASE]."""

import contextlib
import functools
import hashlib
import http.server
import io
import json
import os
import subprocess
import sys
import tempfile
import threading
import unittest

sys.path[:0] = [os.path.abspath("kernel_matrix"), os.path.abspath("userspace/e2e")]
# The paths come first.
import packages  # noqa: E402
import runner  # noqa: E402


class Handler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


class PackagesTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(dir=os.environ.get("TEST_TMPDIR"))
        self.addCleanup(folder.cleanup)
        self.archive = f"{folder.name}/archive"
        os.mkdir(self.archive)
        server = http.server.ThreadingHTTPServer(
            ("127.0.0.1", 0), functools.partial(Handler, directory=self.archive)
        )
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        for name, value in {
            "CACHE": f"{folder.name}/cache",
            "LOCK": f"{folder.name}/lock",
            "archive_url": lambda archive: f"http://127.0.0.1:{server.server_port}",
        }.items():
            self.addCleanup(setattr, packages, name, getattr(packages, name))
            setattr(packages, name, value)

    def publish(self, version):
        """Puts a package with a file of this text into the archive; returns its pin."""
        with tempfile.TemporaryDirectory() as tree:
            os.mkdir(f"{tree}/DEBIAN")
            control = {"Package": "tool", "Version": version, "Architecture": "all", "Maintainer": "x", "Description": "x"}
            with open(f"{tree}/DEBIAN/control", "w") as out:
                out.writelines(f"{key}: {value}\n" for key, value in control.items())
            with open(f"{tree}/version", "w") as out:
                out.write(version)
            path = f"tool_{version}.deb"
            subprocess.run(["dpkg-deb", "--build", tree, f"{self.archive}/{path}"], check=True, stdout=subprocess.DEVNULL)
        with open(f"{self.archive}/{path}", "rb") as deb:
            digest = hashlib.sha256(deb.read()).hexdigest()
        return {"package": "tool", "archive": "debian", "path": path, "sha256": digest}

    def lock(self, pin):
        with open(packages.LOCK, "w") as out:
            json.dump({"tools": [pin]}, out)

    def version(self, *newest):
        """Of the unpacked package, and what was said. `newest`: what the archive has in its place, if that is asked for."""
        with contextlib.redirect_stderr(io.StringIO()) as said:
            folder = packages.unpacked("tools", lambda: newest)
        with open(f"{folder}/version") as file:
            return file.read(), said.getvalue()

    def test_what_is_pinned_is_fetched_once(self):
        pin = self.publish("1")
        self.lock(pin)
        self.assertEqual(self.version(), ("1", ""))
        os.unlink(f"{self.archive}/{pin['path']}")
        self.assertEqual(self.version(), ("1", ""))

    def test_what_has_another_hash_is_refused_and_not_kept(self):
        pin = self.publish("1")
        self.lock(pin | {"sha256": "0" * 64})
        with self.assertRaisesRegex(packages.PackageError, f"tool has SHA-256 {pin['sha256']}, not the pinned 0000"):
            self.version()
        self.assertEqual(os.listdir(packages.CACHE), [])

    def test_what_is_gone_is_replaced_by_what_there_is_with_a_word_about_it(self):
        pin = self.publish("1")
        self.lock(pin)
        os.unlink(f"{self.archive}/{pin['path']}")
        newer = self.publish("2")
        version, said = self.version(newer)
        self.assertEqual(version, "2")
        self.assertIn("tools: the archive has tool_1.deb no more: the newest are taken; scripts/kernel_matrix --renew", said)
        self.assertEqual(self.version(), ("2", ""), "the next run need not look for it again")
        self.lock(newer)
        self.assertEqual(self.version(), ("2", ""))

    def test_what_has_taken_its_place_may_be_gone_one_day_as_well(self):
        first = self.publish("1")
        self.lock(first)
        os.unlink(f"{self.archive}/{first['path']}")
        second = self.publish("2")
        self.version(second)
        os.unlink(f"{self.archive}/{second['path']}")
        os.rename(packages.folder_of("tools"), f"{packages.CACHE}/removed")
        version, said = self.version(self.publish("3"))
        self.assertEqual(version, "3")
        self.assertIn("tool_2.deb", said)


if __name__ == "__main__":
    runner.main()
