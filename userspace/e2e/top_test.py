#!/usr/bin/env python3
"""brahe top in a terminal of tmux's, and its output in pipes: top_test.py BRAHE TESTDATA [CASE].

With BRAHE_NEW_SCREENS=FOLDER the screens that differ from TESTDATA are written there, to be looked at and copied."""

import base64
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
import unittest
from http.server import BaseHTTPRequestHandler, HTTPServer

from certificates import Certificates
from node import ExporterProcess
import runner
from terminals import Terminal, environment

BRAHE = os.path.abspath(sys.argv.pop(1))
TESTDATA = os.path.abspath(sys.argv.pop(1))
RECORDING = os.path.join(TESTDATA, "recording.jsonl")
FRAMES = 40
# bcrypt of "wonderland", cost 4.
ALICE = "$2y$04$KBCwKxOzLha2MUDgW0PjXexEHTwUun17dfcKnCd.Fy5WLsVijVsXu"
COUNTING = ("--cpu.time-source=procfs", "--cpu.preferred-meters=model", "--interval=200ms", "--log.level=error")


def top(*flags, **more):
    options = {"capture_output": True, "text": True, "timeout": 120, "env": environment(), **more}
    return subprocess.run([BRAHE, "top", *flags], **options)


class ScreenTest(unittest.TestCase):
    maxDiff = None

    def open(self, columns=80, rows=24, **more):
        terminal = Terminal(columns, rows, **more)
        self.addCleanup(terminal.close)
        terminal.wait(lambda screen: screen.startswith(("$", "#")))
        return terminal

    def replay(self, columns, rows, **more):
        """A terminal with the recording at its end."""
        terminal = self.open(columns, rows, **more)
        terminal.line(f"clear; stty -a >before; {BRAHE} top --replay {RECORDING}; echo status=$? >after; stty -a >>after; echo over")
        terminal.wait_for("brahe top  replay")
        terminal.type("}")
        terminal.wait_for(f"replay {FRAMES}/{FRAMES} end")
        return terminal

    def ended(self, terminal, status):
        """That the terminal is the shell's again, as it was."""
        screen = terminal.wait_for("over\n")
        self.assertNotIn("brahe top", screen.replace(BRAHE, ""))
        before = terminal.read("before")
        self.assertEqual(terminal.read("after"), f"status={status}\n{before}")

    def assert_screen(self, terminal, name):
        seen = terminal.screen()
        path = os.path.join(TESTDATA, name)
        wanted = ""
        if os.path.exists(path):
            with open(path) as file:
                wanted = file.read()
        folder = os.environ.get("BRAHE_NEW_SCREENS")
        if not folder:
            self.assertEqual(seen, wanted, name)
        elif seen != wanted:
            with open(os.path.join(folder, name), "w") as file:
                file.write(seen)

    def test_screens_of_80_by_24(self):
        terminal = self.replay(80, 24)
        self.assert_screen(terminal, "processes_80x24.txt")
        terminal.type("z", ">", "r", "G")
        terminal.wait_for("by joules, reversed")
        self.assert_screen(terminal, "dram_joules_80x24.txt")
        terminal.type("g", "r", "<", "z", "/")
        terminal.line("NGINX")
        terminal.wait_for("filter: NGINX (Esc clears)")
        self.assert_screen(terminal, "filter_80x24.txt")
        terminal.type("Escape")
        terminal.wait_for("1/21")
        terminal.type("l", "l", "l")
        terminal.wait_for("[pod 3]")
        self.assert_screen(terminal, "pods_80x24.txt")
        terminal.type("?")
        terminal.wait_for("brahe top: keys")
        self.assert_screen(terminal, "help_80x24.txt")

    def test_screens_of_200_by_50(self):
        terminal = self.replay(200, 50)
        self.assert_screen(terminal, "processes_200x50.txt")
        terminal.type("Right", "Tab")
        terminal.wait_for("[container 3]")
        self.assert_screen(terminal, "containers_200x50.txt")
        terminal.type("9")
        terminal.wait_for("[socket 2]")
        self.assert_screen(terminal, "sockets_200x50.txt")
        terminal.type("t")
        terminal.wait_for("[tree]")
        self.assert_screen(terminal, "tree_200x50.txt")

    def test_a_terminal_without_utf_8_is_given_ascii(self):
        terminal = self.replay(80, 24, LC_ALL="C")
        screen = terminal.screen()
        self.assertTrue(screen.isascii(), screen)
        self.assert_screen(terminal, "ascii_80x24.txt")

    def test_no_color_takes_colours_away_and_nothing_else(self):
        colored = self.replay(80, 24)
        self.assertRegex(colored.screen("-e"), r"\x1b\[[0-9;]*3[0-7]m")
        plain = self.replay(80, 24, NO_COLOR="1")
        self.assertNotRegex(plain.screen("-e"), r"\x1b\[[0-9;]*[34][0-7]m")
        self.assertIn("\x1b[7m", plain.screen("-e"))
        self.assert_screen(plain, "processes_80x24.txt")

    def test_a_terminal_of_another_size_is_filled_anew(self):
        terminal = self.replay(80, 24)
        for columns, rows in ((200, 50), (40, 10), (10, 3), (80, 24)):
            terminal.tmux("resize-window", "-x", str(columns), "-y", str(rows))
            if rows >= 10:
                terminal.wait(lambda screen: re.search(r"^1/21\b", screen.splitlines()[-1]) and len(screen.splitlines()) == rows)
            if columns > 40:
                self.assert_screen(terminal, f"processes_{columns}x{rows}.txt")
        terminal.type("q")
        self.ended(terminal, 0)

    def test_it_is_sought_in_and_paused(self):
        terminal = self.replay(80, 24)
        terminal.type("Space", "[", "[")
        terminal.wait_for(f"replay {FRAMES - 2}/{FRAMES} paused")
        terminal.type("{")
        terminal.wait_for(f"replay 1/{FRAMES} paused")
        terminal.type("]")
        terminal.wait_for(f"replay 2/{FRAMES} paused")
        terminal.type("Space")
        terminal.wait_for(f"replay 4/{FRAMES}")

    def test_whatever_ends_it_the_terminal_is_as_it_was(self):
        for end, status in (
            ("q", 0),
            ("C-c", 0),
            (signal.SIGTERM, 0),
            (signal.SIGHUP, 0),
            (signal.SIGSEGV, 128 + signal.SIGSEGV),
            (signal.SIGABRT, 128 + signal.SIGABRT),
        ):
            with self.subTest(end=end):
                terminal = self.replay(80, 24)
                if isinstance(end, signal.Signals):
                    os.kill(terminal.child(), end)
                else:
                    terminal.type(end)
                self.ended(terminal, status)

    def test_a_terminal_that_nobody_knows_is_an_error(self):
        terminal = self.open(80, 24)
        terminal.line(f"TERM=nobody {BRAHE} top --replay {RECORDING}; echo status=$?")
        self.assertIn("TERM=nobody", terminal.wait_for("status=1"))

    def test_it_counts_by_itself_and_is_paused(self):
        terminal = self.open(80, 24)
        terminal.line(f"{BRAHE} top {' '.join(COUNTING)}")
        screen = terminal.wait(lambda screen: re.search(r"^brahe top  live .*CPU ", screen) and "PROCESS" in screen and "package *" in screen)
        self.assertIn("model (estimated)", screen)
        terminal.type("Space")
        paused = terminal.wait_for("brahe top  paused")
        terminal.type("Space")
        terminal.wait(lambda screen: "brahe top  live" in screen and screen.splitlines()[2:] != paused.splitlines()[2:])
        terminal.type("q")
        terminal.wait(lambda screen: "brahe top  live" not in screen)


class PipeTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(dir=os.environ.get("TEST_TMPDIR"))
        self.addCleanup(folder.cleanup)
        self.path = f"{folder.name}/recording"
        self.folder = folder.name

    def recorded(self, count):
        """The lines that came while a recording was made, until there were so many."""
        command = [BRAHE, "top", "--json", "--record", self.path, *COUNTING]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment()) as process:
            lines = [process.stdout.readline() for _ in range(count)]
            process.send_signal(signal.SIGTERM)
            lines += process.stdout.readlines()
            self.assertEqual(process.wait(60), 0)
        return lines

    def test_a_replay_is_what_was_recorded(self):
        lines = self.recorded(4)
        with open(self.path) as file:
            self.assertEqual(file.read(), '{"recording":"brahe top","version":1}\n' + "".join(lines))
        self.assertEqual(top("--replay", self.path, "--json").stdout, "".join(lines))
        self.assertEqual(top("--replay", self.path, "--json", "--once").stdout, lines[-1])
        epochs = [json.loads(line)["epoch"] for line in lines]
        self.assertEqual(epochs, list(range(1, len(lines) + 1)))
        # In the first of 0.2 s nobody may have used a clock tick, which is what /proc counts in.
        self.assertTrue(json.loads(lines[-1])["processes"])

    def test_a_signal_that_is_ignored_stays_so(self):
        command = ["sh", "-c", 'trap "" HUP; exec "$@"', "sh", BRAHE, "top", "--json", *COUNTING]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment()) as process:
            self.assertTrue(process.stdout.readline())
            process.send_signal(signal.SIGHUP)
            self.assertTrue(process.stdout.readline())
            self.assertTrue(process.stdout.readline())
            process.send_signal(signal.SIGTERM)
            process.stdout.read()
            self.assertEqual(process.wait(60), 0)

    def test_once_prints_the_table(self):
        printed = top("--once", "--level=program", *COUNTING)
        self.assertEqual((printed.returncode, printed.stderr), (0, ""))
        self.assertRegex(printed.stdout, r"^brahe top  live ")
        self.assertRegex(printed.stdout, r"(?m)^PROGRAM .* package Wv +package J +CPU S")
        for line in printed.stdout.splitlines():
            self.assertLessEqual(len(line), 120)

    def test_once_of_a_recording_prints_its_end(self):
        printed = top("--once", "--replay", RECORDING).stdout
        self.assertIn(f"replay {FRAMES}/{FRAMES} end", printed)
        self.assertNotIn("\x1b", printed)
        self.assertNotIn("\u202e", printed)

    def test_what_cannot_be_shown_is_one_line_and_status_1(self):
        with open(self.path, "w") as file:
            file.write("nonsense\n")
        for flags, text in (
            (["--replay", self.path], "no recording of brahe top's"),
            (["--replay", f"{self.folder}/none"], "No such file"),
            (["--once", "--record", self.path, *COUNTING], "File exists; give another name"),
            (["--replay", RECORDING], "no terminal; --once prints the table"),
            (["--once", "--url=http://127.0.0.1:1"], "127.0.0.1:1/api/v1/snapshot"),
            (["--once", "--url=ftp://h"], "--url: "),
            (["--once", "--nonsense"], "unknown flag"),
        ):
            run = top(*flags)
            self.assertEqual((run.returncode, run.stdout), (1, ""), flags)
            self.assertRegex(run.stderr, r"^brahe top: .+\n$")
            self.assertIn(text, run.stderr)


class Exporter(HTTPServer):
    """One that serves a snapshot of the recording to whoever knows the password."""

    def __init__(self, authorization=None):
        with open(RECORDING) as file:
            self.documents = file.read().splitlines()[1:]
        self.authorization = authorization
        self.asked = 0
        super().__init__(("127.0.0.1", 0), Answer)
        self.thread = threading.Thread(target=self.serve_forever)
        self.thread.start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}"

    def stop(self):
        self.shutdown()
        self.thread.join()
        self.server_close()


class Answer(BaseHTTPRequestHandler):
    def do_GET(self):
        wanted = self.server.authorization
        good = self.path == "/api/v1/snapshot" and (wanted is None or self.headers["Authorization"] == wanted)
        body = self.server.documents[min(self.server.asked, FRAMES - 1)].encode() if good else b""
        self.server.asked += good
        self.send_response(200 if good else 401)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *unused):
        pass


class ExporterTest(unittest.TestCase):
    def serve(self, **more):
        exporter = Exporter(**more)
        self.addCleanup(exporter.stop)
        return exporter

    def test_it_asks_a_running_exporter(self):
        exporter = self.serve()
        printed = top("--once", "--level=pod", f"--url={exporter.url}")
        self.assertEqual((printed.returncode, printed.stderr), (0, ""))
        self.assertRegex(printed.stdout, r"^brahe top  exporter  22:13:21Z")
        self.assertRegex(printed.stdout, r"(?m)^shop/web-7f9c-x2x4 ")
        document = top("--once", "--json", f"--url={exporter.url}/").stdout
        self.assertEqual(document, exporter.documents[1] + "\n")

    def test_it_asks_over_tls_with_a_password(self):
        folder = tempfile.TemporaryDirectory(dir=os.environ.get("TEST_TMPDIR"))
        self.addCleanup(folder.cleanup)
        authority = Certificates(folder.name)
        certificate, key = authority.sign("exporter")
        web, password = f"{folder.name}/web.yml", f"{folder.name}/password"
        with open(web, "w") as file:
            file.write(f"tls_server_config: {{cert_file: {certificate}, key_file: {key}}}\nbasic_auth_users: {{alice: {ALICE}}}\n")
        with open(password, "w") as file:
            file.write("wonderland\n")
        exporter = ExporterProcess(BRAHE, *COUNTING[:2], "--monitor.interval=200ms", f"--web.config-file={web}")
        self.addCleanup(exporter.stop)
        url = f"--url=https://localhost:{exporter.port}"
        access = (f"--ca-file={authority.ca}", "--user=alice", f"--password-file={password}")
        printed = top("--once", url, *access)
        while "503" in printed.stderr:  # before its first epoch
            printed = top("--once", url, *access)
        self.assertEqual((printed.returncode, printed.stderr), (0, ""))
        self.assertRegex(printed.stdout, r"^brahe top  exporter ")
        stranger = top("--once", url, *access[1:])
        self.assertEqual(stranger.returncode, 1)
        self.assertIn("--ca-file", stranger.stderr)
        self.assertEqual(top("--once", url, "--insecure-skip-verify", *access[1:]).returncode, 0)

    def test_it_shows_its_certificate_to_an_exporter_that_wants_one(self):
        folder = tempfile.TemporaryDirectory(dir="/tmp")  # a socket's path is short
        self.addCleanup(folder.cleanup)
        authority = Certificates(folder.name)
        certificate, key = authority.sign("exporter")
        own, own_key = authority.sign("ada")
        web = f"{folder.name}/web.yml"
        with open(web, "w") as file:
            file.write(
                f"tls_server_config: {{cert_file: {certificate}, key_file: {key}, client_ca_file: {authority.ca}, "
                "client_auth_type: RequireAndVerifyClientCert}\n"
            )
        exporter = ExporterProcess(BRAHE, *COUNTING[:2], "--monitor.interval=200ms", f"--web.config-file={web}", f"--web.local-socket.path={folder.name}/s")
        self.addCleanup(exporter.stop)
        access = (f"--url=https://localhost:{exporter.port}", f"--ca-file={authority.ca}")
        printed = top("--once", *access, f"--cert-file={own}", f"--key-file={own_key}")
        while "503" in printed.stderr:  # before its first epoch
            printed = top("--once", *access, f"--cert-file={own}", f"--key-file={own_key}")
        self.assertEqual((printed.returncode, printed.stderr), (0, ""))
        self.assertRegex(printed.stdout, r"^brahe top  exporter ")
        without = top("--once", *access)
        self.assertEqual(without.returncode, 1)
        self.assertIn("does the server want a client certificate", without.stderr)
        wrong = top("--once", *access, f"--cert-file={own}", f"--key-file={key}")
        self.assertEqual(wrong.returncode, 1)
        self.assertIn("check --cert-file and --key-file", wrong.stderr)
        local = top("--once", f"--url=unix:{folder.name}/s")
        self.assertEqual((local.returncode, local.stderr), (0, ""), "none is wanted there")

    def test_it_gives_the_password_and_tells_where_it_is_wrong(self):
        exporter = self.serve(authorization="Basic " + base64.b64encode("ada:l\u00f6ve".encode()).decode())
        with tempfile.NamedTemporaryFile("w", dir=os.environ.get("TEST_TMPDIR")) as password:
            password.write("l\u00f6ve\n")
            password.flush()
            access = ("--user=ada", f"--password-file={password.name}")
            self.assertEqual(top("--once", f"--url={exporter.url}", *access).returncode, 0)
            far = top("--once", "--url=http://example.org", *access)
            self.assertIn("a password is not sent over plain http to another host", far.stderr)
        refused = top("--once", f"--url={exporter.url}")
        self.assertEqual(refused.returncode, 1)
        self.assertIn("401 Unauthorized: give the right --user and --password-file", refused.stderr)


class LocalSocketTest(unittest.TestCase):
    """An exporter as the package has it, in a mount namespace with a /run of its own, and users there."""

    SOCKET = "/run/brahe/brahe.sock"
    # Others may execute the copy, and not what lies in Bazel's folders.
    PREPARE = 'mount -t tmpfs tmpfs /run; mkdir -m 755 /run/brahe; install -m 755 "$1" /run/copy; exec "$@"'

    def setUp(self):
        folder = tempfile.TemporaryDirectory(dir=os.environ.get("TEST_TMPDIR"))
        self.addCleanup(folder.cleanup)
        self.settings = f"{folder.name}/brahe.yaml"
        with open(self.settings, "w") as file:
            file.write("web.localSocket: {allow: [user:1234, group:77]}\n")
        self.exporter = ExporterProcess(
            BRAHE,
            *COUNTING[:2],
            "--monitor.interval=200ms",
            f"--config.file={self.settings}",
            f"--web.local-socket.path={self.SOCKET}",
            under=("unshare", "--mount", "--propagation=private", "sh", "-ec", self.PREPARE, "sh"),
        )
        self.addCleanup(lambda: self.exporter.process.poll() is not None or self.exporter.stop())
        self.exporter.first_scrape()

    def command(self, user, *flags, groups=()):
        groups = f"--groups={','.join(map(str, groups))}" if groups else "--clear-groups"
        enter = ["nsenter", f"--target={self.exporter.process.pid}", "--mount"]
        return [*enter, "setpriv", f"--reuid={user}", f"--regid={user}", groups, "/run/copy", "top", *flags]

    def top_of(self, user, *flags, **more):
        command = self.command(user, *flags, **more)
        return subprocess.run(command, capture_output=True, text=True, timeout=120, env=environment())

    def test_a_user_who_may_ask_is_shown_the_exporters_figures(self):
        for run in (
            self.top_of(0, "--once", f"--url=unix:{self.SOCKET}"),
            self.top_of(1234, "--once", f"--url=unix:{self.SOCKET}"),
            self.top_of(1234, "--once"),
            self.top_of(1235, "--once", groups=(76, 77)),
        ):
            self.assertEqual((run.returncode, run.stderr), (0, ""))
            self.assertRegex(run.stdout, r"^brahe top  local exporter ")
        document = json.loads(self.top_of(1234, "--once", "--json").stdout)
        self.assertEqual(document["cpu_time_source"], "procfs")

    def test_a_user_who_may_not_is_told_who_he_is(self):
        line = f"brahe top: uid 1235 may not ask here: web.localSocket.allow does not name it ({self.SOCKET})\n"
        for flags in ((), (f"--url=unix:{self.SOCKET}",)):
            run = self.top_of(1235, "--once", *flags)
            self.assertEqual((run.returncode, run.stdout, run.stderr), (1, "", line))
        terminal = Terminal(80, 24)
        self.addCleanup(terminal.close)
        terminal.line(" ".join(self.command(1235)))
        terminal.wait_for("uid 1235 may not ask here: web.localSocket.allow does not name it")

    def test_whoever_says_how_to_count_counts_by_himself(self):
        run = self.top_of(1235, "--once", *COUNTING)
        self.assertEqual((run.returncode, run.stderr), (0, ""))
        self.assertRegex(run.stdout, r"^brahe top  live ")

    def test_without_an_exporter_a_user_counts_by_himself(self):
        self.exporter.process.send_signal(signal.SIGSTOP)  # keeps the namespace
        enter = ["nsenter", f"--target={self.exporter.process.pid}", "--mount"]
        subprocess.run([*enter, "rm", self.SOCKET], check=True)
        run = self.top_of(1235, "--once", "--log.level=error")
        self.exporter.process.send_signal(signal.SIGCONT)
        self.assertEqual((run.returncode, run.stderr), (0, ""))
        self.assertRegex(run.stdout, r"^brahe top  live ")

    def test_the_list_changes_on_a_reload(self):
        self.assertEqual(self.top_of(1235, "--once").returncode, 1)
        with open(self.settings, "w") as file:
            file.write("web.localSocket: {allow: [user:1235]}\n")
        self.exporter.process.send_signal(signal.SIGHUP)
        deadline = time.monotonic() + 30
        while self.top_of(1235, "--once").returncode != 0:
            self.assertLess(time.monotonic(), deadline, self.exporter.log)
        self.assertEqual(self.top_of(1234, "--once").returncode, 1)
        self.assertTrue(any("web.localSocket.allow is user:1235 now" in line for line in self.exporter.log))


class SocketFileTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(dir="/tmp")  # a socket's path is short
        self.addCleanup(folder.cleanup)
        self.socket = f"{folder.name}/s"
        self.flags = (*COUNTING[:2], "--monitor.interval=200ms", f"--web.local-socket.path={self.socket}")

    def test_it_goes_at_the_end_and_a_killed_exporters_is_replaced(self):
        killed = ExporterProcess(BRAHE, *self.flags)
        killed.process.kill()
        killed.process.wait()
        self.assertTrue(os.path.exists(self.socket))
        exporter = ExporterProcess(BRAHE, *self.flags)
        second = subprocess.run(
            [BRAHE, "--web.listen-address=127.0.0.1:0", *self.flags], capture_output=True, text=True, timeout=60
        )
        self.assertEqual(second.returncode, 1)
        self.assertTrue(
            second.stderr.endswith(
                f"brahe: web.localSocket.path: listen on {self.socket}: another process listens there; stop that or "
                "choose another path\n"
            ),
            second.stderr,
        )
        exporter.first_scrape()
        self.assertEqual(top("--once", f"--url=unix:{self.socket}").returncode, 0)
        self.assertEqual(exporter.stop(), 0)
        self.assertFalse(os.path.exists(self.socket))
        gone = top("--once", f"--url=unix:{self.socket}")
        self.assertEqual(gone.returncode, 1)
        self.assertRegex(gone.stderr, rf"^brahe top: GET unix:{self.socket}: .*is it running")


if __name__ == "__main__":
    runner.main()
