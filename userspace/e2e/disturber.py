"""What `disturb` (disturb.cc) notes of a command's system calls, and does to them."""

import socket
import tempfile


class Disturber:
    """`under`: the command line that becomes the one after it."""

    def __init__(self, test, binary):
        folder = tempfile.TemporaryDirectory(prefix="brahe-", dir="/tmp")  # a socket's path is short
        test.addCleanup(folder.cleanup)
        self._path = f"{folder.name}/calls"
        self.under = (binary, self._path, "--")
        self._socket = None
        test.addCleanup(self.close)

    def close(self):
        if self._socket is not None:
            self._answers.close()
            self._socket.close()
            self._socket = None

    def _tell(self, line):
        if self._socket is None:
            self._socket = socket.socket(socket.AF_UNIX)
            self._socket.connect(self._path)
            self._answers = self._socket.makefile()
        self._socket.sendall(line.encode() + b"\n")

    def _ask(self, line):
        self._tell(line)
        return self._answers.readline().rstrip("\n")

    def watch(self):
        answer = self._ask("watch")
        assert answer == "ok", answer

    def _list(self, line):
        self._tell(line)
        return [line.rstrip("\n") for line in iter(self._answers.readline, "\n")]

    def calls(self):
        """What has been called since watch()."""
        return self._list("calls")

    def arm(self, kind, call):
        """`kind` becomes of the next call of this name."""
        answer = self._ask(f"{kind} {call}")
        assert answer == "ok", answer

    def left(self):
        """What was armed and has not been called, as "KIND CALL"."""
        return self._list("left")
