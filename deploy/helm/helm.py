#!/usr/bin/env python3
"""The real Helm, as deploy/helm/fetch gets it. Tests import this; `deploy/helm/helm.py ARGUMENT...` is the newest itself."""

import os
import subprocess
import sys

import yaml

HERE = os.path.dirname(os.path.realpath(__file__))
CHART = os.path.join(HERE, "brahe")
CACHE = os.path.join(os.environ.get("XDG_CACHE_HOME", os.path.expanduser("~/.cache")), "brahe/helm")
with open(os.path.join(HERE, "helms")) as _pins:
    VERSIONS = [line.split()[0] for line in _pins]
NEWEST = VERSIONS[-1]


class HelmError(Exception):
    """What Helm says of a chart or of values that it refuses."""


def run(*arguments, version=NEWEST, **options):
    """What Helm prints. It is told of no cluster."""
    program = f"{CACHE}/{version}/helm"
    if not os.path.exists(program):
        raise HelmError(f"no {program}: scripts/setup --tests gets it")
    env = {**os.environ, "KUBECONFIG": os.devnull}
    done = subprocess.run([program, *arguments], text=True, capture_output=True, timeout=60, env=env, **options)
    if done.returncode != 0:
        raise HelmError(done.stdout + done.stderr)
    return done.stdout


def template(chart=CHART, *flags, values=None, release="brahe", namespace="brahe", version=NEWEST):
    """The chart's objects with these values. Their namespace is in them where they have one."""
    text = run(
        *("template", release, chart, "--namespace", namespace, "--values", "-", *flags),
        input=yaml.safe_dump(values or {}),
        version=version,
    )
    return [found for found in yaml.load_all(text, yaml.CSafeLoader) if found]


if __name__ == "__main__":
    os.execv(f"{CACHE}/{NEWEST}/helm", ["helm", *sys.argv[1:]])
