"""Clients that take up a server's connections and never finish a request."""

import socket
import threading

_HEAD = b"GET /metrics HTTP/1.1\r\nHost: x\r\nX-Slow: "


class SlowClients:
    """`count` connections that each send a byte of a header now and then and come back when they are closed, as a
    context. `reconnections` counts the latter."""

    def __init__(self, port, count, pause=0.2):
        self._port, self._pause = port, pause
        self._sockets = [None] * count
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self.reconnections = -count

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *unused):
        self._stop.set()
        self._thread.join()
        for client in self._sockets:
            if client:
                client.close()

    def _run(self):
        while not self._stop.is_set():
            for place, client in enumerate(self._sockets):
                self._sockets[place] = self._go_on(client)
            self._stop.wait(self._pause)

    def _go_on(self, client):
        try:
            if client is None:
                client = socket.create_connection(("127.0.0.1", self._port), timeout=1)
                self.reconnections += 1
                client.setblocking(False)
                client.send(_HEAD)
            else:
                client.send(b"x")
            return client
        except OSError:
            if client:
                client.close()
            return None
