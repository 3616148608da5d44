"""A strict reader of the Prometheus text format, for tests."""

import re
from decimal import Decimal

_SAMPLE = re.compile(r'^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)$')
_LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(?:,|$)')
# Levels whose families have Kepler's names.
LEAVES = ("process", "container", "vm", "pod")
_ESCAPES = {"\\\\": "\\", '\\"': '"', "\\n": "\n"}


def _labels(text):
    labels, at = {}, 0
    while at < len(text):
        match = _LABEL.match(text, at)
        if not match:
            raise ValueError(f"bad labels: {text}")
        value = re.sub(r'\\["\\n]', lambda escape: _ESCAPES[escape.group()], match.group(2))
        if match.group(1) in labels:
            raise ValueError(f"label twice: {text}")
        labels[match.group(1)] = value
        at = match.end()
    return labels


def plain(open_metrics):
    """OpenMetrics as the Prometheus text format would have it, without what that has no words for. Strict as well."""
    text, end, behind = open_metrics.rpartition("# EOF\n")
    if not end or behind:
        raise ValueError("no EOF at the end")
    text = re.sub(r"(?m)^(# UNIT |\w+_created(\{.*\})? \S+$).*\n", "", text)
    return re.sub(r"(?m)^# TYPE (\S+) counter$", r"# TYPE \1_total counter", text)


class Exposition:
    """The samples of one scrape: family name -> list of (labels, Decimal). Raises ValueError on anything irregular."""

    def __init__(self, text):
        self.samples, self.types, seen = {}, {}, set()
        family = None
        for line in text.split("\n"):
            if line.startswith("# TYPE "):
                family, kind = line.split(" ")[2:]
                if family in self.types:
                    raise ValueError(f"family twice: {family}")
                self.types[family] = kind
            elif line and not line.startswith("# HELP "):
                match = _SAMPLE.match(line)
                if not match:
                    raise ValueError(f"bad line: {line}")
                name, labels, value = match.group(1), _labels(match.group(2) or ""), match.group(3)
                if family is None or not name.startswith(family):
                    raise ValueError(f"sample outside its family: {line}")
                key = (name, tuple(sorted(labels.items())))
                if key in seen:
                    raise ValueError(f"series twice: {line}")
                seen.add(key)
                number = Decimal("Infinity") if value == "+Inf" else Decimal(value)
                self.samples.setdefault(name, []).append((labels, number))

    def all(self, name, /, **labels):
        """Samples of a name that have these labels."""
        return [
            (has, value)
            for has, value in self.samples.get(name, [])
            if all(has.get(key) == wanted for key, wanted in labels.items())
        ]

    def sum(self, name, /, **labels):
        return sum((value for _, value in self.all(name, **labels)), Decimal(0))

    def one(self, name, /, **labels):
        found = self.all(name, **labels)
        if len(found) != 1:
            raise ValueError(f"{len(found)} series of {name} with {labels}")
        return found[0][1]

    def levels(self):
        """The levels that say what they do not list."""
        names = (re.fullmatch(r"brahe_(\w+)_unlisted_joules_total", name) for name in self.samples)
        return [name.group(1) for name in names if name]

    def parts(self, level, zone):
        """What a level makes of a zone's active joules: listed, unlisted, pending. Their sum is all of it. Listed is without
        the process that stands for all that no running one has."""
        joules = f"{'kepler' if level in LEAVES else 'brahe'}_{level}_cpu_joules_total"
        return {
            "listed": self.sum(joules, zone=zone) - self.sum(joules, zone=zone, pid="0"),
            "unlisted": self.one(f"brahe_{level}_unlisted_joules_total", zone=zone),
            "pending": self.sum(f"brahe_{level}_pending_joules", zone=zone),
        }

    def counters(self):
        """Every counter's series -> value."""
        return {
            (name, tuple(sorted(labels.items()))): value
            for name, samples in self.samples.items()
            if self.types.get(name) == "counter"
            for labels, value in samples
        }
