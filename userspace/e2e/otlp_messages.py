"""Reads OTLP with Debian's protocol buffers: protoc makes the classes from metrics.proto."""

import os
import subprocess
import sys
import tempfile
from collections import defaultdict

PROTO = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../otlp/testdata/metrics.proto")


def _compiled():
    with tempfile.TemporaryDirectory() as folder:
        place = os.path.dirname(PROTO)
        subprocess.run(["protoc", f"--proto_path={place}", f"--python_out={folder}", PROTO], check=True)
        sys.path.insert(0, folder)
        import metrics_pb2  # noqa: E402 (it is made here)

        return metrics_pb2


messages = _compiled()


def plain_text(request):
    """The bytes of a request as protoc decodes them. A field that the schema does not have shows as a number."""
    return subprocess.run(
        ["protoc", f"--proto_path={os.path.dirname(PROTO)}", "--decode=otlp.ExportMetricsServiceRequest", PROTO],
        input=request, stdout=subprocess.PIPE, check=True,
    ).stdout.decode()


def _attributes(pairs):
    found = {}
    for pair in pairs:
        if pair.key in found:
            raise ValueError(f"attribute twice: {pair.key}")
        found[pair.key] = getattr(pair.value, pair.value.WhichOneof("value"))
    return found


class Export:
    """The points of the requests of one export: metric name -> list of (attributes, point). Raises ValueError on
    anything irregular, such as a series that is there twice."""

    def __init__(self, *requests):
        self.points, self.metrics, self.resource, seen = defaultdict(list), {}, None, set()
        for request in requests:
            decoded = messages.ExportMetricsServiceRequest.FromString(request)
            (resource_metrics,) = decoded.resource_metrics
            resource = _attributes(resource_metrics.resource.attributes)
            if self.resource not in (None, resource):
                raise ValueError("another resource")
            self.resource = resource
            (scope_metrics,) = resource_metrics.scope_metrics
            self.scope = scope_metrics.scope
            for metric in scope_metrics.metrics:
                self._take(metric, seen)

    def _take(self, metric, seen):
        kind = metric.WhichOneof("data")
        data = getattr(metric, kind)
        temporality = (data.aggregation_temporality, data.is_monotonic) if kind == "sum" else ()
        form = (metric.unit, metric.description, kind, *temporality)
        if self.metrics.setdefault(metric.name, form) != form:
            raise ValueError(f"{metric.name} is two metrics")
        if not data.data_points:
            raise ValueError(f"{metric.name} has no points")
        for point in data.data_points:
            attributes = _attributes(point.attributes)
            key = (metric.name, tuple(sorted(attributes.items())))
            if key in seen:
                raise ValueError(f"series twice: {key}")
            seen.add(key)
            if point.WhichOneof("value") != "as_double":
                raise ValueError(f"no value: {key}")
            if kind == "sum" and not 0 <= point.start_time_unix_nano <= point.time_unix_nano:
                raise ValueError(f"it began after its end: {key}")
            self.points[metric.name].append((attributes, point))

    def all(self, name, **attributes):
        """Points of a metric that have these attributes, with _ for dots."""
        wanted = {key.replace("_", "."): value for key, value in attributes.items()}
        return [
            (has, point)
            for has, point in self.points.get(name, ())
            if all(has.get(key) == value for key, value in wanted.items())
        ]

    def one(self, name, **attributes):
        found = self.all(name, **attributes)
        if len(found) != 1:
            raise ValueError(f"{len(found)} points of {name} with {attributes}")
        return found[0][1]

    def micro(self, name, **attributes):
        """The sum of their values, in millionths: whole numbers, as the exporter counts."""
        return sum(round(point.as_double * 1e6) for _, point in self.all(name, **attributes))

    def time(self):
        (time,) = {point.time_unix_nano for points in self.points.values() for _, point in points}
        return time
