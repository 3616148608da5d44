"""A kubelet and an API server to the letter that a pod directory reads of them, which can be told to misbehave."""

import json
import os
import socket
import ssl
import struct
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit


def owner(kind, name, api_version="apps/v1"):
    """The reference to a pod's controller."""
    return {"apiVersion": api_version, "kind": kind, "name": name, "uid": f"uid-of-{name}", "controller": True,
            "blockOwnerDeletion": True}


def pod(uid, name, containers, namespace="shop", annotations=None, node="n1", owners=(), labels=None,
        created="2026-11-30T10:43:13Z", **status):
    """A pod as Kubernetes tells of it; containers: {name: id}."""
    statuses = [{"name": n, "containerID": f"containerd://{i}", "state": {"running": {}}} for n, i in containers.items()]
    return {
        "metadata": {"uid": uid, "name": name, "namespace": namespace, "annotations": annotations or {},
                     "labels": labels or {}, "creationTimestamp": created, "ownerReferences": list(owners),
                     "managedFields": [{"manager": "kubelet"}]},
        "spec": {"nodeName": node, "containers": [{"name": n} for n in containers]},
        "status": {"phase": "Running", "containerStatuses": statuses, **status},
    }


def is_of(node, one):
    """Whether a pod is told of to those who ask for this node's. One without a node is, so that junk is."""
    return one.get("spec", {}).get("nodeName", node) == node


def write_kubeconfig(path, kube, authority=None):
    """For an exporter that is to ask `kube`, whose certificate the file `authority` vouches for, if it has one."""
    cluster = {"server": kube.url} | ({"certificate-authority": authority} if authority else {})
    config = {
        "current-context": "x",
        "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}],
        "clusters": [{"name": "c", "cluster": cluster}],
        "users": [{"name": "u", "user": {"token": kube.token} if kube.token else {}}],
    }
    with open(path, "w") as file:
        json.dump(config, file)


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request, client_address):
        """A client that hangs up in the middle is part of the play."""


class FakeKube:
    """Serves on a port of the loopback. Attributes may be changed at any time:

    token: the bearer token that is accepted; None: no matter who asks
    fault: None, or a function that answers a request in place of the server, given its handler
    requests: (path, query, authorization) of each request so far
    connections: how many there were so far
    """

    def __init__(self, certificate=None):
        self.token = None
        self.fault = None
        self.requests = []
        self.connections = 0
        self._pods = {}
        self._version = 100
        self._oldest = 0  # a watch from before this is too old
        self._events = []  # (version, event)
        self._changed = threading.Condition()
        self._closing = False
        self.watching = 0
        fake = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def setup(self):
                super().setup()
                fake.connections += 1

            def do_GET(self):
                fake._answer(self)

            def log_message(self, *unused):
                pass

        self._server = _Server(("127.0.0.1", 0), Handler)
        self.scheme = "http"
        if certificate:
            self.scheme = "https"
            self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self._context.load_cert_chain(*certificate)
            self._server.socket = self._context.wrap_socket(
                self._server.socket, server_side=True, do_handshake_on_connect=False
            )
        self.port = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    @property
    def url(self):
        return f"{self.scheme}://127.0.0.1:{self.port}"

    def renew(self, certificate):
        self._context.load_cert_chain(*certificate)

    def stop(self):
        """May be called again."""
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def set(self, *pods):
        """Adds or changes pods."""
        with self._changed:
            for one in pods:
                uid = one["metadata"]["uid"]
                self._event("MODIFIED" if uid in self._pods else "ADDED", one)
                self._pods[uid] = one

    def remove(self, uid):
        with self._changed:
            self._event("DELETED", self._pods.pop(uid))

    def bookmark(self):
        with self._changed:
            self._event("BOOKMARK", {"kind": "Pod", "metadata": {}})

    def send(self, event):
        """Puts any event, or raw bytes, into the watches that are under way."""
        with self._changed:
            self._events.append((self._version, event))
            self._changed.notify_all()

    def forget(self):
        """Watches from what was until now are answered with 410."""
        with self._changed:
            self._version += 1
            self._oldest = self._version

    def end_watches(self):
        self.send(None)

    def cut_watches(self, reset):
        """Breaks off their connections, as the kernel does for a server that was killed."""
        self.send(lambda handler: cut(handler, reset))

    def _event(self, kind, one):
        self._version += 1
        one["metadata"]["resourceVersion"] = str(self._version)
        self._events.append((self._version, {"type": kind, "object": one}))
        self._changed.notify_all()

    def _answer(self, handler):
        url = urlsplit(handler.path)
        query = {key: values[0] for key, values in parse_qs(url.query).items()}
        authorization = handler.headers.get("Authorization")
        self.requests.append((url.path, query, authorization))
        if self.fault:
            return self.fault(handler)
        if self.token and authorization != f"Bearer {self.token}":
            return reply(handler, 401, b"Unauthorized")
        if url.path == "/pods":
            return reply(handler, 200, self._list(list(self._pods.values())))
        node = query.get("fieldSelector", "").removeprefix("spec.nodeName=")
        if url.path != "/api/v1/pods" or not node:
            return reply(handler, 404, b"")
        return self._watch(handler, query, node) if "watch" in query else self._page(handler, query, node)

    def _list(self, pods, **metadata):
        return json.dumps({"kind": "PodList", "apiVersion": "v1", "metadata": metadata, "items": pods}).encode()

    def _page(self, handler, query, node):
        first, limit = int(query.get("continue", "0")), min(int(query["limit"]), 2)  # small pages
        with self._changed:
            pods, version = [one for one in self._pods.values() if is_of(node, one)], self._version
        metadata = {"resourceVersion": str(version)}
        if first + limit < len(pods):
            metadata["continue"] = str(first + limit)
        reply(handler, 200, self._list(pods[first:first + limit], **metadata))

    def _watch(self, handler, query, node):
        since = int(query["resourceVersion"])
        if since < self._oldest:
            return reply(handler, 410, status_body(410, "too old resource version"))
        begin_chunks(handler)
        with self._changed:
            self.watching += 1
            seen = next((i for i, (version, _) in enumerate(self._events) if version > since), len(self._events))
        try:
            self._stream(handler, seen, time.monotonic() + float(query["timeoutSeconds"]), node)
        finally:
            with self._changed:
                self.watching -= 1

    def _stream(self, handler, seen, end, node):
        while time.monotonic() < end:
            with self._changed:
                self._changed.wait_for(lambda: self._closing or len(self._events) > seen, 0.2)
                events, seen = self._events[seen:], len(self._events)
                if self._closing:
                    return
            for _, event in events:
                if event is None:
                    return send_chunk(handler, b"")
                if callable(event):
                    return event(handler)
                if isinstance(event, dict) and not is_of(node, event["object"]):
                    continue
                send_chunk(handler, event if isinstance(event, bytes) else json.dumps(event).encode() + b"\n")
        send_chunk(handler, b"")


def status_body(code, message):
    return json.dumps({"kind": "Status", "status": "Failure", "message": message, "code": code}).encode()


def reply(handler, status, body, **headers):
    handler.send_response(status)
    handler.send_header("Content-Length", str(len(body)))
    for name, value in headers.items():
        handler.send_header(name, value)
    handler.end_headers()
    handler.wfile.write(body)


def begin_chunks(handler):
    handler.send_response(200)
    handler.send_header("Transfer-Encoding", "chunked")
    handler.end_headers()


def send_chunk(handler, data):
    """An empty one is the end."""
    handler.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))


def cut(handler, reset):
    """Ends the connection without a word; with `reset` by a packet RST."""
    handler.close_connection = True
    if reset:
        handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        os.close(handler.connection.detach())


def replies(status, body=b"", **headers):
    """A fault: every request is answered so."""
    return lambda handler: reply(handler, status, body, **headers)


def cuts_short(handler):
    """A fault: the answer ends in its middle."""
    handler.send_response(200)
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    handler.wfile.write(b'{"kind":"PodList","items":[')
    handler.wfile.flush()
    handler.close_connection = True


def sends_too_much(handler):
    """A fault: an answer without end."""
    begin_chunks(handler)
    send_chunk(handler, b'{"kind":"PodList","items":[')
    while True:
        send_chunk(handler, b" " * (1 << 20))


def dawdles(handler):
    """A fault: a byte now and then, for ever."""
    begin_chunks(handler)
    while True:
        send_chunk(handler, b" ")
        time.sleep(0.5)
