"""A receiver of OTLP over HTTP, which can be told to misbehave and to be away."""

import gzip
import ssl
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from otlp_messages import Export, messages


def partial(rejected, message=""):
    """The body of an answer that rejects points."""
    answer = messages.ExportMetricsServiceResponse()
    answer.partial_success.rejected_data_points = rejected
    answer.partial_success.error_message = message
    return answer.SerializeToString()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_address = True

    def handle_error(self, request, client_address):
        """A client that hangs up in the middle is part of the play."""


class OtlpReceiver:
    """Serves on a port of the loopback, from its making on. `fault` may be changed at any time: None, or a function
    that answers a request in place of the receiver, given its handler, after the body was read. Of the requests that
    were taken, `requests` has the bodies, decompressed; `attempts` has (path, headers) of all."""

    def __init__(self, certificate=None, authority=None):
        self.fault, self.requests, self.attempts = None, [], []
        self._certificate, self._authority, self.port, self._server = certificate, authority, 0, None
        self._lock = threading.Lock()
        self.come()

    def come(self):
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                receiver._take(self)

            def do_GET(self):
                self.send_error(405)

            def log_message(self, *unused):
                pass

        self._server = _Server(("127.0.0.1", self.port), Handler)
        self.port = self._server.server_address[1]
        if self._certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*self._certificate)
            if self._authority:
                context.load_verify_locations(self._authority)
                context.verify_mode = ssl.CERT_REQUIRED
            self._server.socket = context.wrap_socket(
                self._server.socket, server_side=True, do_handshake_on_connect=False
            )
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def go(self):
        """Nobody listens any more, and connections that are open are answered no more."""
        self._server.shutdown()
        self._server.server_close()
        self._server = None

    def stop(self):
        if self._server:
            self.go()

    @property
    def url(self):
        return f"{'https' if self._certificate else 'http'}://127.0.0.1:{self.port}"

    def _take(self, handler):
        body = handler.rfile.read(int(handler.headers["Content-Length"]))
        with self._lock:
            self.attempts.append((handler.path, dict(handler.headers.items())))
        if self._server is None:
            handler.close_connection = True
            return
        if self.fault:
            self.fault(handler)
            return
        with self._lock:
            self.requests.append(gzip.decompress(body) if handler.headers["Content-Encoding"] == "gzip" else body)
        self.answer(handler)

    @staticmethod
    def answer(handler, status=200, body=b"", content_type="application/x-protobuf", **headers):
        handler.send_response(status)
        handler.send_header("Content-Type", content_type)
        handler.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.end_headers()
        handler.wfile.write(body)

    def wait_for(self, count, seconds=60):
        """Until so many requests were taken in all."""
        deadline = time.monotonic() + seconds
        while len(self.requests) < count:
            if time.monotonic() > deadline:
                raise AssertionError(f"{len(self.requests)} requests and not {count} after {seconds} s")
            time.sleep(0.02)

    def exports(self):
        """What was taken, by time, each snapshot once; the parts of one together."""
        parts = {}
        with self._lock:
            requests = list(self.requests)
        for request in requests:
            parts.setdefault(Export(request).time(), {})[request] = None
        return [Export(*parts[time]) for time in sorted(parts)]
