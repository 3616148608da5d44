"""One node's exposition, multiplied: as many nodes as one likes, served to a Prometheus on the loopback."""

import gzip
import random
import re
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

# Stand in the exposition for what differs from node to node, and from group of nodes to group of nodes.
NODE, HEX, GROUP = "node-00000", "beef0000", "gr0up"
NODES_IN_GROUP = 10
# A scrape each so many seconds, and the share of the processes that run in between.
INTERVAL, RUNNING = 15, 0.2

SAMPLE = re.compile(r"^(\w+)(\{.*\})? (\d+(?:\.(\d+))?)$")


def of_programs(text, folder):
    """An exposition without the processes that run here besides, which differ from machine to machine."""
    ours = f'exe="{folder}/'
    return "".join(line for line in text.splitlines(keepends=True) if not line.startswith("kepler_process_") or ours in line)


def without_levels(text, *levels):
    """An exposition as it is when these levels are off."""
    lines = text.splitlines(keepends=True)
    families = tuple(f"{prefix}_{level}_" for prefix in ("kepler", "brahe") for level in levels)
    return "".join(line for line in lines if not line.removeprefix("# HELP ").removeprefix("# TYPE ").startswith(families))


def lines_of_level(text, level):
    """The samples of a level's families."""
    family = re.compile(rf"(kepler|brahe)_{level}_(cpu|unlisted|pending)_")
    return [line for line in text.splitlines(keepends=True) if family.match(line)]


def series_of(text):
    return sum(1 for line in text.splitlines() if line and line[0] != "#")


def gzipped(text):
    return len(gzip.compress(text.encode(), 6))


class Replay:
    """An exposition, as it goes on from scrape to scrape and from node to node."""

    def __init__(self, text):
        self._begin = time.monotonic()
        self._lock = threading.Lock()
        self._rendered, self._rendered_at = "", -1
        self._figures = []  # (first, gain in a second) of each sample that changes
        types = dict(re.findall(r"^# TYPE (\w+) (\w+)$", text, re.MULTILINE))
        running = random.Random(1)
        pids = {pid: running.random() < RUNNING for pid in sorted(set(re.findall(r'\bpid="(\d+)"', text)))}
        self._template = "".join(self._line(line, types, pids) for line in text.splitlines())

    def _line(self, line, types, pids):
        escaped = line.replace("%", "%%") + "\n"
        sample = SAMPLE.match(line)
        if not sample:
            return escaped
        name, labels, value, decimals = sample.groups()
        pid = re.search(r'\bpid="(\d+)"', labels or "")
        kind = types.get(name, "histogram")
        if (pid and not pids[pid[1]]) or (kind == "gauge" and not name.endswith("_watts")):
            return escaped
        self._figures.append((float(value), 0 if kind == "gauge" else random.uniform(0.01, 0.1) * max(float(value), 1)))
        head = line[: sample.start(3)].replace("%", "%%")
        return f"{head}%.{len(decimals or '')}f\n"

    def text(self, node):
        """Nodes that are asked within a second of each other have the same figures, so that many can be asked."""
        text = self._latest().replace(NODE, f"node-{node:05}").replace(HEX, f"{node:08x}")
        return text.replace(GROUP, f"g{node // NODES_IN_GROUP:04}")

    def _latest(self):
        """Counters never fall: between two scrapes lies more than what chance adds."""
        with self._lock:
            since, chance = time.monotonic() - self._begin, random.random
            if since - self._rendered_at >= 1:
                values = tuple(
                    first + gain * (since + 3 * chance()) if gain else first * (0.5 + chance()) for first, gain in self._figures
                )
                self._rendered, self._rendered_at = self._template % values, since
            return self._rendered


class Fleet:
    """Serves a Replay as so many exporters, each at a path of its own, on a port of the loopback."""

    def __init__(self, replay, nodes):
        self.nodes = nodes

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                body = replay.text(int(self.path.strip("/").split("?")[0])).encode()
                self.send_response(200)
                self.send_header("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *unused):
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 256

            def handle_error(self, *unused):
                """A Prometheus that hangs up as it ends."""

        self._server = Server(("127.0.0.1", 0), Handler)
        self.port = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.2,), daemon=True)

    def job(self):
        """A scrape_config for Prometheus."""
        address = f"127.0.0.1:{self.port}"
        targets = [
            {"targets": [address], "labels": {"__metrics_path__": f"/{node}", "instance": f"10.0.{node >> 8}.{node & 255}:28282"}}
            for node in range(self.nodes)
        ]
        interval = f"{INTERVAL}s"
        return {"port": self.port, "scrape_interval": interval, "scrape_timeout": interval, "static_configs": targets}

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *unused):
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
