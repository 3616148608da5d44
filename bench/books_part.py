"""What booking an epoch and making its snapshot costs, without kernel, sensors and clients."""

import statistics

from programs import run_json


def books(listed, active, quick, more_levels=0):
    """What the program bench/books says."""
    epochs = 20 if quick else 200
    return run_json("books", listed, active, epochs, more_levels)


def added_by_levels(listed, active, quick):
    """CPU milliseconds that 20 more levels of groups add to an epoch, see books."""

    def added():  # in turns: a shared machine changes its pace
        few, more = (books(listed, active, quick, levels)["ms"] for levels in (0, 20))
        return more - few

    return statistics.median(added() for _ in range(1 if quick else 5))


def bench_books(table, quick):
    """CPU time, the memory that a listed process takes, and what 20 more levels of groups add."""
    for listed, active, bound in ((8000, 30, 0.3), (8000, 5000, 6), (50000, 30, 0.8)):
        name = f"books, {active} of {listed} processes run"
        figures = books(listed, active, quick)
        table.add(f"{name}: CPU per epoch", figures["ms"], "ms", bound)
        table.add(f"{name}: heap for each", figures["bytes"], "B", 640)
        table.add(f"{name}: added by keeping its state", figures["state_ms"], "ms", 0.2)
        table.add(f"{name}: writing it, in another thread", figures["write_ms"], "ms", 2 * max(1, listed / 8000))
        table.add(f"{name}: state", figures["state_bytes"] / listed, "B each", 100)
        # In a quiet epoch nearly all is memory that is fetched anew. See bench_active for the other kind's bound.
        added_ms = added_by_levels(listed, active, quick)
        table.add(f"{name}: with 20 more levels of groups", added_ms, "ms more", 0.2 if active < 1000 else None)
