#!/usr/bin/python3
"""The protocol buffers: protoc reads in them what the text says, and so does a real Prometheus."""

import http.server
import math
import os
import re
import subprocess
import sys
import tempfile
import threading
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../e2e"))
import runner  # noqa: E402 (the path comes first)
from exposition import Exposition  # noqa: E402
from prometheus import Prometheus  # noqa: E402
from protobuf_families import TYPE, decoded, one  # noqa: E402

PRINT = os.path.abspath(sys.argv.pop(1))
# Process figures move between two calls.
MOVING = "process_"
NATIVE = ("brahe_epoch_duration_seconds", "brahe_scrape_duration_seconds")


def printed(form, size="small"):
    return subprocess.run([PRINT, form, size], check=True, stdout=subprocess.PIPE).stdout


def bound(value):
    return "+Inf" if value == "inf" else float(value)


def samples_of(families):
    """(name, labels) -> value, named as in text."""
    samples = {}

    def add(name, labels, value):
        key = (name, tuple(sorted(labels.items())))
        if key in samples:
            raise ValueError(f"twice: {key}")
        samples[key] = float(value)

    for family in families:
        name = one(family, "name")
        for metric in family["metric"]:
            labels = {one(label, "name"): one(label, "value", "") for label in metric.get("label", [])}
            kind = one(family, "type", "COUNTER").lower()
            held = one(metric, kind, None)
            if kind != "histogram":
                add(name, labels, one(held, "value"))
                continue
            for bucket in held["bucket"]:
                labels_and_bound = {**labels, "le": bound(one(bucket, "upper_bound"))}
                add(name + "_bucket", labels_and_bound, one(bucket, "cumulative_count"))
            add(name + "_count", labels, one(held, "sample_count"))
            add(name + "_sum", labels, one(held, "sample_sum"))
    return samples


def text_samples(text):
    def key(name, labels):
        labels = {k: bound(v) if k == "le" and v != "+Inf" else v for k, v in labels.items()}
        return (name, tuple(sorted(labels.items())))

    return {
        key(name, labels): float(value)
        for name, found in Exposition(text).samples.items()
        for labels, value in found
    }


def still(samples):
    return {key: value for key, value in samples.items() if not key[0].startswith(MOVING)}


def seconds(timestamp):
    return int(one(timestamp, "seconds")) + int(one(timestamp, "nanos")) / 1e9


def bucket_bounds(histogram):
    """(lower, upper, count) of each native bucket that is not empty."""
    schema, index, count, bounds = int(one(histogram, "schema")), 0, 0, []
    deltas = [int(delta) for delta in histogram.get("positive_delta", [])]
    for span in histogram.get("positive_span", []):
        index += int(one(span, "offset"))
        for _ in range(int(one(span, "length"))):
            count += deltas.pop(0)
            if count:
                upper = 2 ** (index / 2**schema)
                bounds.append((upper / 2 ** (2**-schema), upper, count))
            index += 1
    if deltas:
        raise ValueError("more counts than buckets")
    return bounds


class ProtobufTest(unittest.TestCase):
    def test_protoc_reads_what_the_text_says(self):
        for size, fewest in (("small", 150), ("large", 14000)):
            text = still(text_samples(printed("text", size).decode()))
            self.assertGreater(len(text), fewest)
            self.assertEqual(still(samples_of(decoded(printed("protobuf", size)))), text)

    def test_families_have_the_types_and_help_texts_of_the_text(self):
        text = printed("text").decode()
        families = {one(family, "name"): family for family in decoded(printed("protobuf"))}
        types = {name: one(family, "type", "COUNTER").lower() for name, family in families.items()}
        self.assertEqual(types, Exposition(text).types)
        helps = dict(re.findall(r"^# HELP (\S+) (.*)$", text, re.MULTILINE))
        self.assertEqual({name: one(family, "help") for name, family in families.items()}, helps)

    def test_start_timestamps_are_those_of_openmetrics(self):
        created = {}
        for line in re.findall(r"^\S+_created\{.*", printed("created").decode(), re.MULTILINE):
            [((name, labels), value)] = text_samples("# TYPE " + line.split("{")[0] + " gauge\n" + line + "\n").items()
            created[(name.removesuffix("_created"), labels)] = value
        started = {}
        for family in decoded(printed("protobuf")):
            kind = one(family, "type", "COUNTER").lower()
            for metric in family["metric"]:
                if "start_timestamp" in one(metric, kind):
                    labels = {one(label, "name"): one(label, "value", "") for label in metric["label"]}
                    key = (one(family, "name").removesuffix("_total"), tuple(sorted(labels.items())))
                    started[key] = seconds(one(one(metric, kind), "start_timestamp"))
        self.assertEqual(started.keys(), created.keys())
        own = {key for key in started if key[0].startswith(("brahe_scrape", "brahe_ep", "brahe_energy_read_"))}
        self.assertGreater(len(own), 4)  # they began with each call
        for key in started:
            self.assertAlmostEqual(started[key], created[key], delta=60 if key in own else 0.0005)
        self.assertIn("kepler_process_cpu_joules", {name for name, _ in started})

    def test_native_histograms_hold_what_was_observed(self):
        found = {}
        for family in decoded(printed("protobuf")):
            if one(family, "type", "COUNTER") == "HISTOGRAM":
                found[one(family, "name")] = one(one(family, "metric"), "histogram")
        epochs = bucket_bounds(found["brahe_epoch_duration_seconds"])  # 3 ms and 100 s
        self.assertEqual([count for _, _, count in epochs], [1, 1])
        for (lower, upper, _), value in zip(epochs, (0.003, 100)):
            self.assertTrue(lower < value <= upper, (lower, value, upper))
            self.assertLess(upper / lower, 1.1)
        [(lower, upper, _)] = bucket_bounds(found["brahe_scrape_duration_seconds"])
        self.assertTrue(lower < 0.04 <= upper)
        for histogram in found.values():
            buckets = sum(count for _, _, count in bucket_bounds(histogram))
            self.assertEqual(buckets + int(one(histogram, "zero_count")), int(one(histogram, "sample_count")))

    def test_a_real_prometheus_reads_what_the_text_says(self):
        bodies = {
            "/protobuf": (TYPE, printed("protobuf", "large")),
            "/small": (TYPE, printed("protobuf")),
            "/text": ("text/plain; version=0.0.4", printed("text", "large")),
        }
        accepts = set()

        class Answer(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                accepts.add(self.headers["Accept"])
                kind, body = bodies[self.path]
                self.send_response(200)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answer)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.shutdown)
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        port = server.server_address[1]
        jobs = {
            path.strip("/"): {
                "port": port,
                "metrics_path": path,
                "scrape_interval": "5s",
                "scrape_timeout": "5s",
                "honor_labels": True,
            }
            for path in bodies
        }
        prometheus = Prometheus(folder.name, jobs, flags=("--enable-feature=native-histograms",))
        self.addCleanup(prometheus.stop)
        prometheus.wait(lambda: len(prometheus.query("up == 1")) == len(jobs), seconds=60)
        self.assertTrue(any(accept.startswith(TYPE.replace(" ", "")) for accept in accepts), accepts)

        def series(job):
            found = {}
            for labels, value in prometheus.query(f'{{instance="127.0.0.1:{port}",job="{job}",__name__=~"kepler_.*"}}'):
                key = tuple(sorted((k, v) for k, v in labels.items() if k not in ("job", "instance")))
                found[key] = value
            return found

        self.assertGreater(len(series("text")), 14000)
        self.assertEqual(series("protobuf"), series("text"))
        for name in NATIVE:
            [(_, count)] = prometheus.query(f'histogram_count({name}{{job="small"}})')
            [(_, total)] = prometheus.query(f'histogram_sum({name}{{job="small"}})')
            text = Exposition(printed("text").decode())
            self.assertEqual((count, total), (float(text.one(f"{name}_count")), float(text.one(f"{name}_sum"))))
        [(_, median)] = prometheus.query('histogram_quantile(0.5, brahe_scrape_duration_seconds{job="small"})')
        self.assertAlmostEqual(math.log(median), math.log(0.04), delta=0.1)
        prometheus.log.seek(0)
        self.assertNotRegex(prometheus.log.read(), "(?i)level=warn.*scrape|append failed|duplicate|out.of.order")


if __name__ == "__main__":
    runner.main()
