"""Terminals of tmux's, for those who look at what stands on one."""

import os
import subprocess
import tempfile
import time


def environment(**more):
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "ASAN_OPTIONS", "UBSAN_OPTIONS", "LD_LIBRARY_PATH") if name in os.environ}
    return {**kept, "LC_ALL": "C.UTF-8", **more}


class Terminal:
    """A shell in a terminal of its own; `screen` is what stands on it."""

    def __init__(self, columns, rows, **more):
        # Named by a relative path, since a socket's has at most 107 bytes.
        self.folder = tempfile.TemporaryDirectory(dir=os.environ.get("TEST_TMPDIR"))
        self.environment = environment(ENV="", **more)
        self.tmux("new-session", "-d", "-x", str(columns), "-y", str(rows), "sh")

    def tmux(self, *words):
        command = ["tmux", "-u", "-S", "socket", "-f", "/dev/null", *words]
        run = subprocess.run(command, cwd=self.folder.name, env=self.environment, capture_output=True, text=True, timeout=60)
        if run.returncode != 0:
            raise AssertionError(f"{command}: {run.stderr}")
        return run.stdout

    def close(self):
        self.tmux("kill-server")
        self.folder.cleanup()

    def type(self, *keys):
        self.tmux("send-keys", *keys)

    def line(self, text):
        self.tmux("send-keys", "-l", text)
        self.type("Enter")

    def screen(self, *flags):
        return self.tmux("capture-pane", "-p", *flags)

    def wait(self, holds):
        """The screen, as soon as `holds` says so of it."""
        deadline = time.monotonic() + 30
        while not holds(screen := self.screen()):
            if time.monotonic() > deadline:
                raise AssertionError("the screen stays:\n" + screen)
            time.sleep(0.05)
        return screen

    def wait_for(self, text):
        return self.wait(lambda screen: text in screen)

    def child(self):
        """The process that the shell waits for."""
        shell = self.tmux("display-message", "-p", "#{pane_pid}").strip()
        with open(f"/proc/{shell}/task/{shell}/children") as file:
            (child,) = file.read().split()
        return int(child)

    def read(self, name):
        with open(os.path.join(self.folder.name, name)) as file:
            return file.read()
