"""What booking an epoch and making its snapshot costs, without kernel, sensors and clients."""

import os

from programs import BIN, run_json


def bench_books(table, quick):
    """CPU time, and the memory that a listed process takes."""
    for listed, active, bound in ((8000, 30, 0.3), (8000, 5000, 6), (50000, 30, 0.8)):
        name = f"books, {active} of {listed} processes run"
        figures = run_json(os.path.join(BIN, "bench/books"), str(listed), str(active), "20" if quick else "200")
        table.add(f"{name}: CPU per epoch", figures["ms"], "ms", bound)
        table.add(f"{name}: heap for each", figures["bytes"], "B", 600)
