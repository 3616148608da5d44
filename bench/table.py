"""The figures of a run and the bounds that they are held to."""

import sys


class Table:
    def __init__(self):
        self.rows = []

    def add(self, name, value, unit, bound=None):
        """A figure; `bound` is the most that it may be."""
        self._add(name, value, unit, bound, None)
        print(f"  {name}: {value:.6g} {unit}", file=sys.stderr, flush=True)

    def fail(self, name, why):
        """What could not be measured, which breaks the run."""
        self._add(name, None, "", None, why)
        print(f"  {name}: {why}", file=sys.stderr, flush=True)

    def _add(self, name, value, unit, bound, failure):
        self.rows.append({"name": name, "value": value, "unit": unit, "bound": bound, "failure": failure})

    def broken(self):
        return [row for row in self.rows if self._is_broken(row)]

    @staticmethod
    def _is_broken(row):
        # Not "greater than": a figure that is no number keeps no bound.
        return row["failure"] is not None or (row["bound"] is not None and not row["value"] <= row["bound"])

    def print(self):
        width = max([len(row["name"]) for row in self.rows] + [len("figure")])
        print(f"{'figure':<{width}} {'value':>14} {'unit':<6} bound")
        for row in self.rows:
            mark = "BROKEN" if self._is_broken(row) else ""
            if row["failure"] is not None:
                print(f"{row['name']:<{width}} {'-':>14} {'':<6} {mark}: {row['failure']}")
                continue
            bound = "" if row["bound"] is None else f"<= {row['bound']:g} {mark}"
            print(f"{row['name']:<{width}} {row['value']:>14.6g} {row['unit']:<6} {bound}".rstrip())
