#!/usr/bin/env python3
"""What fit_energy_model makes of tables whose truth is known: fit_energy_model_test.py FIT_ENERGY_MODEL."""

import importlib.machinery
import importlib.util
import math
import sys
import unittest

sys.dont_write_bytecode = True
LOADER = importlib.machinery.SourceFileLoader("fit_energy_model", sys.argv.pop(1))
fit_energy_model = importlib.util.module_from_spec(importlib.util.spec_from_loader(LOADER.name, LOADER))
LOADER.exec_module(fit_energy_model)

SHAPE = [0, 0.2, 0.25, 0.3, 0.35, 0.4, 0.5, 0.6, 0.7, 0.8, 1]
# CPUs as the published results name them.
NAMES = {
    "core-server": "Intel Xeon L5420 (2.5GHz)",
    "core-client": "Intel Xeon X3360 Processor",
    "nehalem-server": "Intel Xeon X5570, 2.933 GHz",
    "nehalem-client": "Intel Xeon X3470",
    "westmere-server": "Intel Xeon X5670",
    "sandybridge-server": "Intel Xeon E5-4650L 2.60 GHz",
    "sandybridge-client": "Intel Xeon E3-1260L",
    "ivybridge-server": "Intel Xeon E5-2660V2",
    "ivybridge-client": "Intel Xeon E3-1220v2 (Intel Turbo Boost Technology up to 3.50 GHz)",
    "haswell-server": "Intel Xeon E5-2699 v3 2.30 GHz",
    "haswell-client": "Intel Xeon E3-1265LV3",
    "broadwell-server": "Intel Xeon E5-2698 V4",
    "skylake-server": "Intel Xeon Platinum 8180 @2.50 GHz",
    "skylake-client": "Intel Xeon E3-1260L v5",
    "coffeelake-client": "Intel Xeon E-2176G",
    "cascadelake-server": "Intel(R) Xeon(R) Gold 6226R",
    "cooperlake-server": "Intel Xeon Platinum 8380HL 2.90 GHz",
    "icelake-server": "Intel Xeon Platinum 8380  2.30 GHz",
    "rocketlake-client": "Intel(R) Xeon(R) E-2388G CPU 3.20GHz",
    "k10-server": "AMD Opteron 4164EE",
    "bulldozer-server": "AMD Opteron 6380 (AMD Turbo CORE Technology up to 3.40GHz)",
    "zen1-server": "AMD EPYC 7601 2.20 GHz, Dell SKU [338-BNCG]",
    "zen2-server": "AMD EPYC 7742 2.25Ghz",
    "zen3-server": "AMD EPYC 7773X 2.20 GHz",
}


def result(name, cpu, idle=1.0, most=5.0, threads=64, cores=32, shape=SHAPE, chips=2, memory=128):
    """A published result of a machine that draws `idle` to `most` watts a thread; `memory` in GiB."""
    watts = [threads * (idle + (most - idle) * part) for part in shape]
    row = {f"{load}_AvgPower": watt for load, watt in zip(range(0, 101, 10), watts)}
    return row | {
        "ActiveIdle": watts[0],
        "HW_CPUName": name,
        "CPUName": cpu,
        "HW_HardwareThreads": f"{threads} (2 / core)",
        "HW_CPUsEnabled": f"{cores} cores, {chips} chips",
        "CPUChips": str(chips),
        "HW_MemAmountGB": str(memory),
        "TDP": "100",
        "Hardware_Availability_Year": "2019",
    }


# Of threads a socket, memory a thread and a single socket, on idle and on max watts.
EFFECTS = [[-0.8, 0.3, 0.2], [-0.5, 0.1, 0.05]]
# Threads, sockets and GiB: three usual ones, two that draw less a thread, and two that draw more.
SIZES = [(64, 2, 128), (64, 2, 128), (64, 2, 128), (128, 2, 256), (64, 2, 64), (16, 1, 32), (32, 1, 128)]


def results_by_size():
    """Of three CPUs for each server generation, in machines of SIZES that follow EFFECTS exactly."""
    results = []
    for key in (key for key in NAMES if key.endswith("-server")):
        for i, (threads, chips, memory) in enumerate(3 * SIZES):
            steps = [math.log(threads / chips / 32), math.log(memory / threads / 2), chips == 1]
            idle, most = (w * math.exp(sum(a * b for a, b in zip(e, steps))) for w, e in zip((1, 5), EFFECTS))
            results.append(result(NAMES[key], f"{key}{i // 7}", idle, most, threads, threads // 2, SHAPE, chips, memory))
    return results


def results_of_all():
    return [result(name, f"{key}{cpu}") for key, name in NAMES.items() for cpu in range(3) for _ in range(2)]


def tdp(code_name, name, watts, threads):
    return {"code_name": code_name, "name": name, "tdp": str(watts), "threads": str(threads), "cores": str(threads)}


def row_of(results, key, specs=()):
    generation = next(g for g in fit_energy_model.GENERATIONS if g.key == key)
    fit = fit_energy_model.Fit(results, specs)
    return fit.own_row(generation) if generation in fit.own else fit.tdp_row(generation)


class FitTest(unittest.TestCase):
    def test_each_published_name_is_of_its_generation_and_of_no_other(self):
        for key, name in NAMES.items():
            found = fit_energy_model.systems_by_generation([result(name, "x")])
            self.assertEqual([k for k, systems in found.items() if systems], [key], name)
        named = {generation.key for generation in fit_energy_model.GENERATIONS if generation.name}
        self.assertEqual(named, NAMES.keys())

    def test_machines_that_follow_the_model_give_its_figures_and_no_error(self):
        for key in NAMES:
            row = row_of(results_of_all(), key)
            self.assertEqual((row.systems, row.watts_per_thread), (6, [1, 5]), key)
            self.assertLess(max(fit_energy_model.parts_of_estimate(row.whole)), 1e-9, key)
            for part, truth in zip(row.shape, SHAPE):
                self.assertAlmostEqual(part, truth)

    def test_no_result_with_its_cpu_tells_of_a_machine(self):
        odd = [result(NAMES["zen2-server"], "odd", idle=2, most=10) for _ in range(6)]
        row = row_of(results_of_all() + odd, "zen2-server")
        for estimate, watts in row.whole[-11 * len(odd) :]:
            self.assertAlmostEqual(watts / estimate, 2)

    def test_what_a_size_does_is_found_and_the_estimates_by_it_have_no_error(self):
        row = row_of(results_by_size(), "zen2-server")
        self.assertEqual(row.usual, fit_energy_model.Size(32, 2048, 0))
        self.assertGreater(max(fit_energy_model.parts_of_estimate(row.whole)), 0.3)
        self.assertLess(max(fit_energy_model.parts_of_estimate(row.sized)), 1e-6)
        for found, truth in zip(fit_energy_model.Fit(results_by_size(), ()).size_effects_without(None), EFFECTS):
            for one, other in zip(found, truth):
                self.assertAlmostEqual(one, other, places=6)

    def test_what_a_size_does_is_not_learnt_from_the_cpu_that_is_left_out(self):
        odd = [result(NAMES["zen2-server"], "odd", idle=9, most=90, threads=8, cores=4) for _ in range(6)]
        fit = fit_energy_model.Fit(results_by_size() + odd, ())
        for found, truth in zip(fit.size_effects_without("odd"), EFFECTS):
            for one, other in zip(found, truth):
                self.assertAlmostEqual(one, other, places=6)
        self.assertGreater(abs(fit.size_effects_without(None)[0][0] - EFFECTS[0][0]), 0.01)

    def test_the_size_of_a_desktop_tells_nothing(self):
        row = row_of(results_of_all(), "skylake-client")
        self.assertEqual((row.usual, row.sized, fit_energy_model.size_text(row)), (None, None, ""))

    def test_a_size_far_from_the_usual_one_counts_as_one_nearer(self):
        size, usual = fit_energy_model.Size(1, 1 << 20, 1), fit_energy_model.Size(64, 1024, 0)
        self.assertEqual(fit_energy_model.beyond(size, usual), [-math.log(8), math.log(8), 1])

    def test_a_generation_of_few_results_is_made_from_its_era_and_its_tdp(self):
        few = [row for row in results_of_all() if row["CPUName"] not in ("zen3-server1", "zen3-server2")]
        row = row_of(few, "zen3-server", [tdp("", "Nameless", 9000, 1)])
        self.assertEqual(row.systems, 0)
        self.assertAlmostEqual(row.watts_per_thread[1], 5)
        unseen = row_of(few, "zen4-server", [tdp("Genoa", "AMD EPYC 9654", 800, 64), tdp("Rome", "AMD EPYC 7742", 1, 64)])
        # Others draw 320 W at 200 W of TDP.
        self.assertAlmostEqual(unseen.watts_per_thread[0], 800 / 64 * 64 / 200)
        self.assertAlmostEqual(unseen.watts_per_thread[1], 800 / 64 * 320 / 200)

    def test_a_machine_of_more_threads_than_its_cores_have_is_a_slip_of_the_pen(self):
        self.assertIsNone(fit_energy_model.system_of(result("Intel Xeon E5472", "x", threads=32, cores=8)))

    def test_a_shape_never_falls(self):
        self.assertEqual(fit_energy_model.rising([0, 0.3, 0.2, 0.4, 1.1, 0.9]), [0, 0.3, 0.3, 0.4, 1, 1])

    def test_the_slowest_update_is_the_99th_of_100_of_the_slower_counter(self):
        rows = [{"package_ms": str(i), "dram_ms": str(i / 2)} for i in range(1, 101)]
        self.assertEqual(fit_energy_model.slowest_update(rows), 100)
        self.assertEqual(fit_energy_model.slowest_update(10 * rows), 100)
        self.assertEqual(fit_energy_model.slowest_update(rows[:98] + 2 * rows[97:98]), 98)


if __name__ == "__main__":
    unittest.main()
