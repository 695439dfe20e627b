# Part of segc, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Checks the models of bench/scaling: cd bench/scaling && python3 -m unittest test_scaling"""

import argparse
import pathlib
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

import allreduce
import calm
import measure
import rank_memory
import ranks
import schedule
import simulate
from schedule import Bucket, Schedule

REMARKS = """\
--- !Passed
Pass:            communication
Name:            bucket
Args:
  - bytes:           '4000000'
  - ready_ms:        '6.0e+00'
  - start_ms:        '6.0e+00'
  - done_ms:         '8.0e+00'
...
--- !Passed
Pass:            memory
Name:            bucket of others
...
--- !Passed
Pass:            communication
Name:            bucket
Args:
  - bytes:           '1000'
  - ready_ms:        '1.0e+01'
  - start_ms:        '1.0e+01'
  - done_ms:         '1.1e+01'
...
--- !Analysis
Pass:            communication
Name:            exposed
Args:
  - exposed_ms:      '1.0e+00'
  - step_ms:         '1.3e+01'
...
"""

# nccl issue 1244: two nodes of eight GPUs with NVLink and NDR, microseconds.
MEASURED = {4: 127.6, 8: 146.5, 16: 203.0, 32: 298.5, 64: 467.9, 128: 1108.0, 256: 2055.4, 512: 3218.6}


class AllReduce(unittest.TestCase):
    def test_ring(self):
        ring = allreduce.Ring(4, 1e-5, 1e9)
        self.assertAlmostEqual(ring.seconds(4_000_000), 6 * (1e-5 + 1e-3))
        self.assertEqual(ring.option(), "10:1")

    def test_nccl_is_near_what_others_have_measured(self):
        for mebibytes, microseconds in MEASURED.items():
            ratio = allreduce.Nccl(16).seconds(mebibytes << 20) * 1e6 / microseconds
            self.assertTrue(0.55 < ratio < 1.05, f"{mebibytes} MiB: {ratio}")

    def test_trees_grow_by_the_logarithm_of_nodes(self):
        small = [allreduce.Nccl(ranks).choices(1024)[0] for ranks in (16, 128, 1024)]
        self.assertEqual({algorithm for _, algorithm, _ in small}, {"tree"})
        first, second, third = (seconds for seconds, _, _ in small)
        self.assertAlmostEqual(third - second, second - first, places=6)
        self.assertEqual(allreduce.Nccl(8).choices(256 << 20)[0][1:], ("ring", "Simple"))
        self.assertEqual(allreduce.Nccl(1).seconds(1), 0)

    def test_what_the_compiler_is_told_takes_as_long(self):
        for ranks in (8, 64, 1024):
            model = allreduce.Nccl(ranks)
            for size in (1 << 20, 64 << 20):
                self.assertAlmostEqual(model.as_ring().seconds(size) / model.seconds(size), 1, places=6)


class Steps(unittest.TestCase):
    plan = Schedule((Bucket(10, 4.0), Bucket(20, 9.0)), 10.0, 2.0)

    def test_what_is_hidden_and_what_is_exposed(self):
        step = schedule.simulate(self.plan, lambda size: size / 10)
        self.assertEqual((step.seconds, step.exposed, step.slowed), (13.0, 1.0, 0.0))
        # The second bucket waits for the first one.
        step = schedule.simulate(self.plan, lambda size: size / 2)
        self.assertEqual((step.seconds, step.exposed), (21.0, 9.0))
        self.assertEqual(schedule.simulate(self.plan, lambda size: 0).seconds, 12.0)

    def test_collectives_take_a_share_from_the_kernels(self):
        # Four seconds of collective beside three of kernels; then two beside one.
        step = schedule.simulate(self.plan, lambda size: {10: 4, 20: 1}[size], lambda size: {10: 1, 20: 0.25}[size])
        self.assertAlmostEqual(step.slowed, 1.0 + 0.25)
        self.assertAlmostEqual(step.exposed, 0.0)
        self.assertAlmostEqual(step.seconds, 12.0 + 1.25)

    def test_without_overlap_all_is_exposed(self):
        step = schedule.simulate(self.plan.in_one(), lambda size: size / 10)
        self.assertEqual((step.seconds, step.exposed), (15.0, 3.0))

    def test_scaled(self):
        plan = self.plan.scaled(6.0)
        self.assertEqual(plan, Schedule((Bucket(10, 2.0), Bucket(20, 4.5)), 5.0, 1.0))

    def test_the_slowest_rank(self):
        self.assertEqual(schedule.slowest(1, 0.01), 1)
        self.assertAlmostEqual(schedule.slowest(1024, 0.01), 1.0322, places=3)

    def test_remarks(self):
        plan = schedule.parse(REMARKS)
        self.assertEqual(plan.buckets, (Bucket(4_000_000, 0.006), Bucket(1000, 0.01)))
        self.assertAlmostEqual(plan.backward, 0.010)
        self.assertAlmostEqual(plan.update, 0.002)
        with self.assertRaisesRegex(ValueError, "no collectives"):
            schedule.parse("")


class Memory(unittest.TestCase):
    def test_sample(self):
        held = 'import sys; held = b"1" * (64 << 20); print(flush=True); sys.stdin.read()'
        command = f"OMPI_COMM_WORLD_RANK=3 '{sys.executable}' -c '{held}'; true"
        samples = {}
        with subprocess.Popen(["sh", "-c", command], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
            process.stdout.readline()
            rank_memory.sample(process.pid, samples)
        self.assertEqual(list(samples), [3])
        self.assertGreater(samples[3][0], 64 << 20)


class Simulation(unittest.TestCase):
    def test_predictions(self):
        line = "train_step of 8 samples on {}, sm_90a: bound 538 µs, verified kernels 1 ms (2 times), all kernels {} (1.9 t)\n"
        text = line.format("h100", "1.5 ms") + line.format("h200", "900 µs")
        self.assertEqual(simulate.predicted_steps(text), {"h100": 1.5e-3, "h200": 9e-4})
        with self.assertRaises(ValueError):
            simulate.predicted_steps(line.format("h100", "1 ms"))

    def test_records(self):
        plans = {gpus: Steps.plan for gpus in (8, 16)}
        measured = simulate.Network("measured", "", 2, 2e-3)
        other = simulate.Network("other", "", 2)
        compiled = [(network, ({"h100": 1.1e-3, "h200": 1e-3}, plans)) for network in (measured, other)]
        found = list(simulate.records(compiled, 0.0))
        # Twice what is predicted, also for the network that nobody has measured.
        self.assertEqual([round(r["one_gpu_ms"], 6) for r in found], [2.2, 2.0, 2.2, 2.0])
        for record in found:
            self.assertEqual([r["gpus"] for r in record["rows"]], [8, 16])
            for r in record["rows"]:
                self.assertLess(0.9, r["efficiency"])
                self.assertLess(r["efficiency"], 1)
        result = {"commit": "abc", "spread": 0.0, "records": found, "published": simulate.published_rows()}
        drawn = simulate.picture(result)["series"]
        self.assertEqual([s["name"] for s in drawn][:2], ["measured", "other"])
        self.assertAlmostEqual(drawn[2]["points"][0]["y"], 92.9, places=1)
        text = simulate.document(result)
        self.assertIn("| other \\* | 2 | H100 | 16 | 2 |", text)
        self.assertIn("| U-Net | 8 | A100, TF32 | 63.33 | 470.5 | 7.4 |", text)


class Measurement(unittest.TestCase):
    plan = Schedule((Bucket(1_000_000, 0.050), Bucket(1_000_000, 0.100)), 0.100, 0.010)

    def test_prediction_of_ranks(self):
        link = allreduce.Exchanges(((1000, 0.001), (1_000_000, 0.010)))
        # The first bucket travels beside the kernels, the last one behind them.
        self.assertAlmostEqual(measure.predict(self.plan, 0.110, link, 0.0), 0.110 + 0.010)
        # And takes 5 ms of the processor from them.
        self.assertAlmostEqual(measure.predict(self.plan, 0.110, link, 5e-9), 0.110 + 0.005 + 0.010)

    def test_parts(self):
        link = allreduce.Exchanges(((1000, 0.001), (1_000_000, 0.010)), largest=1_000_000)
        self.assertAlmostEqual(link.seconds(1000), 0.001)
        self.assertAlmostEqual(link.seconds(500), 0.00075)
        self.assertAlmostEqual(link.seconds(500_500), 0.0055)
        self.assertAlmostEqual(link.seconds(2_001_000), 0.021)

    def test_median_of_exchanges(self):
        several = [allreduce.Exchanges(((1000, a), (2000, b))) for a, b in ((1, 9), (2, 7), (6, 8))]
        self.assertEqual(allreduce.Exchanges.median(several).measured, ((1000, 2), (2000, 8)))

    def test_turns_repeat_what_others_disturb(self):
        options = argparse.Namespace(busy_limit=0.03, wait=0.0, tries=3)
        runs, seen = calm.Calm({0}, options), iter([(0, 0, 0), (50, 100, 10), (50, 100, 10), (61, 200, 20)])
        runs.ticks = lambda: next(seen)
        calls = []
        wait, calm.machine.wait_until_idle = calm.machine.wait_until_idle, lambda *_: 0.0
        try:
            self.assertEqual(runs(lambda: calls.append(1) or len(calls)), 2)
        finally:
            calm.machine.wait_until_idle = wait
        self.assertEqual(runs.seen, [0.01])

    def test_there_and_back(self):
        order = []
        contestants = {name: lambda name=name: order.append(name) for name in "abc"}
        calm.in_turns(contestants, 2, lambda contestant: contestant())
        self.assertEqual("".join(order), "abccba")

    def test_processes_are_on_their_cores(self):
        with tempfile.TemporaryDirectory() as folder:
            times = pathlib.Path(folder) / "times"
            words = ranks.on_core("NUMBER", [3, 5], times)
            script = [*words[:2], words[2].replace("taskset", "echo taskset"), *words[3:], "segrun", "a b"]
            for number, core in ((0, 3), (1, 5), (2, 3)):
                done = subprocess.run(script, env={"NUMBER": str(number)}, capture_output=True, text=True, check=True)
                self.assertEqual(done.stdout, f"taskset -c {core} segrun a b\n")
                self.assertLess(ranks.processor_seconds(times.with_name(f"times-{number}").read_text()), 1)
        self.assertAlmostEqual(ranks.processor_seconds("0m0.1s 0m0.2s\n1m2.50s 0m0.5s\n"), 63.0)

    def test_documents(self):
        runs = {"alone": [{"samples": 10.0}], "ranks": [{"samples": 9.5, "waited": 0.01, "worked": 0.02, "step": 0.4}]}
        runs["torch-ddp"] = [{"samples_per_second": 3.0, "exposed": 0.1}]
        record = {"network": "net", "of_alone": [0.95], "of_torch": [3.17], "runs": runs}
        line = list(measure.pair_lines([record]))[-1]
        self.assertEqual(line, "| net | 10.00 | 9.50 | 95.0% | 95.0% | 2.5% | 5.0% | 3.00 | 3.17 | 10.0% |")


if __name__ == "__main__":
    unittest.main()
