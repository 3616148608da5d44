"""What booking an epoch and making its snapshot costs, without kernel, sensors and clients."""

import os
import statistics

from programs import BIN, run_json


def bench_books(table, quick):
    """CPU time, the memory that a listed process takes, and what 20 more levels of groups add."""
    epochs = "20" if quick else "200"

    def books(listed, active, levels=0):
        return run_json(os.path.join(BIN, "bench/books"), str(listed), str(active), epochs, str(levels))

    for listed, active, bound in ((8000, 30, 0.3), (8000, 5000, 6), (50000, 30, 0.8)):
        name = f"books, {active} of {listed} processes run"
        figures = books(listed, active)
        table.add(f"{name}: CPU per epoch", figures["ms"], "ms", bound)
        table.add(f"{name}: heap for each", figures["bytes"], "B", 640)
        table.add(f"{name}: added by keeping its state", figures["state_ms"], "ms", 0.2)
        table.add(f"{name}: writing it, in another thread", figures["write_ms"], "ms", 2 * max(1, listed / 8000))
        table.add(f"{name}: state", figures["state_bytes"] / listed, "B each", 100)
        # In turns: a shared machine changes its pace.
        pairs = [(books(listed, active)["ms"], books(listed, active, 20)["ms"]) for _ in range(1 if quick else 5)]
        more_name = f"{name}: with 20 more levels of groups"
        if active >= 1000:
            table.add(more_name, statistics.median(more / few for few, more in pairs), "x", 1.1)
        else:  # in a quiet epoch nearly all is memory that is fetched anew
            table.add(more_name, statistics.median(more - few for few, more in pairs), "ms more", 0.2)
