"""What the dashboards and the rules ask Prometheus, for tests."""

import glob
import json
import os
import re

_MANUAL_ROW = re.compile(r"^\| `([a-z_]+)` \| (\w+) \|", re.MULTILINE)
# Others' metrics: kube-state-metrics', and what Prometheus makes itself.
OTHERS = {
    "kube_pod_owner", "kube_replicaset_owner", "kube_job_owner", "kube_node_info", "up", "scrape_samples_scraped", "ALERTS",
}
_NAME = re.compile(r"""(?x)
    "(?:[^"\\]|\\.)*"                                               # a string
  | \b(?:by|without|on|ignoring|group_left|group_right)\s*\([^)]*\) # lists of labels
  | \[[^\]]*\]                                                      # a time
  | \{[^}]*\}                                                       # matchers
  | \b([a-zA-Z_:][a-zA-Z0-9_:]*)\b(?!\s*(?:\(|by\b|without\b))      # a name that is no function
""")
_WORDS = {"and", "or", "unless", "offset", "bool", "by", "without", "on", "ignoring"}


def load(folder):
    """The dashboards: uid -> content."""
    dashboards = {}
    for path in sorted(glob.glob(os.path.join(folder, "*.json"))):
        with open(path, encoding="utf-8") as file:
            one = json.load(file)
        dashboards[one["uid"]] = one
    return dashboards


def metrics_of(expression):
    """The names of metrics in a PromQL expression."""
    return {match.group(1) for match in _NAME.finditer(expression) if match.group(1)} - _WORDS


def documented_metrics(manual):
    """The series that the table of docs/metrics.md promises."""
    with open(manual, encoding="utf-8") as file:
        rows = _MANUAL_ROW.findall(file.read())
    names = {name for name, kind in rows if kind != "histogram"}
    return names | {name + part for name, kind in rows if kind == "histogram" for part in ("_bucket", "_count", "_sum")}
