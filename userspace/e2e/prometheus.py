"""A real Prometheus for tests."""

import json
import os
import socket
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request


# Where scripts/setup --tests puts one that is newer than the installed one; None where it has not.
_CACHE = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.environ.get("HOME", "/root"), ".cache")
PROMETHEUS_3 = os.path.join(_CACHE, "brahe/prometheus/usr/bin/prometheus")
PROMETHEUS_3 = PROMETHEUS_3 if os.access(PROMETHEUS_3, os.X_OK) else None


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Prometheus:
    """Scrapes targets on the loopback each second. `jobs`: name -> {"port": ..., and more keys of a scrape_config}; `flags`:
    more for the command line; `binary`: another than the installed one."""

    def __init__(self, folder, jobs, rule_files=(), flags=(), binary="prometheus"):
        config = os.path.join(folder, "prometheus.yml")
        with open(config, "w") as out:  # JSON is YAML, too
            scrape_configs = [self._scrape_config(name, **job) for name, job in jobs.items()]
            rules = {"global": {"evaluation_interval": "1s"}, "rule_files": list(rule_files)}
            json.dump({"scrape_configs": scrape_configs, **rules}, out)
        self.timeout = 10  # seconds for an answer of its API
        self.log = open(os.path.join(folder, "prometheus.log"), "a+")
        self.port = free_port()
        self.process = subprocess.Popen(
            [
                binary,
                f"--config.file={config}",
                f"--storage.tsdb.path={folder}/tsdb",
                f"--web.listen-address=127.0.0.1:{self.port}",
                *flags,
            ],
            stdout=self.log,
            stderr=self.log,
        )

    @staticmethod
    def _scrape_config(name, port, **more):
        target = {"targets": [f"127.0.0.1:{port}"]}
        return {"job_name": name, "scrape_interval": "1s", "scrape_timeout": "1s", "static_configs": [target], **more}

    def _get(self, path, **parameters):
        url = f"http://127.0.0.1:{self.port}/api/v1/{path}?" + urllib.parse.urlencode(parameters)
        with urllib.request.urlopen(url, timeout=self.timeout) as response:
            return json.load(response)["data"]

    def query(self, expression, **parameters):
        """[(labels, value)] of an instant query. `parameters`: such as `time`."""
        result = self._get("query", query=expression, **parameters)["result"]
        return [(series["metric"], float(series["value"][1])) for series in result]

    def samples(self, selector):
        """[(labels, [(time, value), ...])] of a range selector."""
        result = self._get("query", query=selector)["result"]
        return [(series["metric"], [(at, float(value)) for at, value in series["values"]]) for series in result]

    def rules(self):
        """What is known of each rule."""
        return [rule for group in self._get("rules")["groups"] for rule in group["rules"]]

    def metadata(self):
        """What the targets say of their families."""
        return self._get("targets/metadata")

    def targets(self):
        """Job -> what is known of its scrapes."""
        return {target["labels"]["job"]: target for target in self._get("targets")["activeTargets"]}

    def wait(self, condition, seconds=30):
        """Until condition() is true; raises where it does not become so."""
        end = time.monotonic() + seconds
        while True:
            try:
                if condition():
                    return
            except urllib.error.URLError:
                pass  # it is starting
            if time.monotonic() > end:
                self.log.seek(0)
                raise AssertionError("Prometheus does not come to it:\n" + self.log.read()[-2000:])
            time.sleep(0.2)

    def stop(self):
        self.process.terminate()
        self.process.wait()
        self.log.close()
