"""The kernel side, driven by measuring programs without an exporter: cost of a switch and of an epoch, conservation."""

import statistics

from programs import run_json

IN_PROGRAM_OF_BASELINE = {"hot": 0.85, "cold": 0.7}
ADDED_TO_BASELINE = 0.885  # 2.0 of the empty program where the baseline takes 2.26
ADDED_BY_OTHERS = {"plain": 1.3, "empty": 2.0}


def median_ratio(figures, others):
    """Of figures that were taken side by side, so that the machine's moods cancel out."""
    return statistics.median(one / other for one, other in zip(figures, others))


def undisturbed(figures):
    """What a hop takes when nothing interferes: others on the machine only ever add to it, so of many short rounds the
    tenth percentile is steady where the median wanders by more than a program costs."""
    return statistics.quantiles(figures, n=10)[0]


def compare_added(table, name, added, to, bound):
    """On a busy machine a program may seem to save time: a ratio of that is no figure."""
    if min(added, to) > 0:
        table.add(name, added / to, "x", bound)
    else:
        table.fail(name, f"lost in the noise of a busy machine: {added:.0f} ns / {to:.0f} ns")


def bench_switch(table, quick, baseline):
    """What the programs add to a context switch, in CPU time. brahe_v2 and brahe_v1 differ in where the cgroup's id comes
    from, as do baseline_v2 and baseline_v1, which are the program of the BPF object `baseline`, if there is one."""
    figures = run_json("switch_cost", *((10, 2_000) if quick else (240, 2_000)), *([baseline] if baseline else []))
    for heat in ("hot", "cold"):
        of = figures[heat]
        program = {name: variant["program_ns"] for name, variant in of.items()}
        bare = undisturbed(of["none"]["hop_ns"])
        added = {name: undisturbed(variant["hop_ns"]) - bare for name, variant in of.items()}
        table.add(f"switch {heat}: one hop, no program", bare, "ns")
        for name in ("empty", "clock", "plain", "brahe_v2", "brahe_v1", "baseline_v2", "baseline_v1"):
            if name in of:
                table.add(f"switch {heat}: {name}, in the program", statistics.median(program[name]), "ns")
                table.add(f"switch {heat}: {name}, added end to end", added[name], "ns")
        for version in ("v2", "v1"):
            brahe, before = f"brahe_{version}", f"baseline_{version}"
            for other, bound in ADDED_BY_OTHERS.items():
                ratio = median_ratio(program[brahe], program[other])
                table.add(f"switch {heat}: {brahe} / {other}, in the program", ratio, "x")
                if heat == "hot":  # what is added to cold switches drowns in their own variation
                    name = f"switch {heat}: {brahe} / {other}, added end to end"
                    compare_added(table, name, added[brahe], added[other], bound)
            if before in of:
                ratio, bound = median_ratio(program[brahe], program[before]), IN_PROGRAM_OF_BASELINE[heat]
                table.add(f"switch {heat}: {brahe} / {before}, in the program", ratio, "x", bound)
                if heat == "hot":
                    name = f"switch {heat}: {brahe} / {before}, added end to end"
                    compare_added(table, name, added[brahe], added[before], ADDED_TO_BASELINE)


def bench_epoch(table, sleepers, quick):
    """What an epoch costs with many possible CPUs, beside so many processes that sleep."""
    figures = run_json("epoch_cost", *((2, 8) if quick else (5, 16)), sleepers)
    beside = f"beside {sleepers} sleepers"
    own, fake = (f"epoch, {figures[cpus]} possible CPUs" for cpus in ("own_cpus", "fake_cpus"))
    table.add(f"{own}, {beside}", statistics.median(figures["own_ms"]), "ms")
    if figures["fake_error"] is not None:
        table.fail(f"{fake}, {beside}", f"does not load: {figures['fake_error']}")
        return
    table.add(f"{fake}, {beside}", statistics.median(figures["fake_ms"]), "ms")
    table.add(f"{fake} / {figures['own_cpus']}, {beside}", median_ratio(figures["fake_ms"], figures["own_ms"]), "x")


def bench_conservation(table, entries, quick):
    figures = run_json("conservation", 4 if quick else 30, entries)
    name = f"conservation, {figures['map_capacity']} entries"
    table.add(f"{name}: processes", figures["processes"], "")
    table.add(f"{name}: switches", figures["switches"], "")
    table.add(f"{name}: epochs", figures["epochs"], "")
    table.add(f"{name}: error", figures["error_ns"], "ns", 0)
    table.add(f"{name}: lost", figures["lost_ns"], "ns", 0)
    table.add(f"{name}: in the overflow map", figures["unassigned_ns"] / 1e9, "s")
