# Part of segc, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Checks the driver without measuring anything: cd bench && python3 -m unittest harness.test_harness"""

import argparse
import importlib.machinery
import importlib.util
import io
import json
import os
import pathlib
import struct
import sys
import tempfile
import unittest

from harness import commands, contest, layers, machine, measure, outputs, tables

CASE = {"case": "net-predict-b1", "network": "net", "mode": "predict", "batch": 1, "warmup": 1, "steps": 10}
CASE |= {"model": "{segc} model net -o {model}", "compile": "{segc} compile {model} -o {library} --batch {batch}"}


PREDICTION = [0.5 + 0.01 * ((7 * i) % 31 - 15) for i in range(62)]


def write_outputs(path, name, shape, values):
    entry = {"dtype": "F32", "shape": shape, "data_offsets": [0, 4 * len(values)]}
    header = json.dumps({"__metadata__": {}, name: entry}).encode()
    data = struct.pack(f"<Q{len(header)}s{len(values)}f", len(header), header, *values)
    pathlib.Path(path).write_bytes(data)


class FakeRunner:
    """Answers like the programs; `broken` maps a part of a command to its end."""

    def __init__(self, broken=(), difference=1e-6):
        self.broken, self.difference, self.commands = dict(broken), difference, []
        self.losses, self.predictions = {}, {}  # By the name of the library.

    def __call__(self, arguments, given=None, environment=None):
        text = " ".join(map(str, arguments))
        self.commands.append(text)
        for part, reason in self.broken.items():
            if part in text:
                raise commands.Failure(reason)
        if "benchmark" in text:
            path = pathlib.Path(arguments[arguments.index("--json") + 1])
            result = {"latency_ms": {"p50": 10.0}, "peak_rss_bytes": 3 << 20, "arena_bytes": 1 << 20}
            path.write_text(json.dumps(result))
        if "--dump-outputs" in text:
            library = str(arguments[arguments.index("--model") + 1]).rsplit("/")[-1]
            prediction = "predict" in arguments
            values = self.predictions.get(library, PREDICTION) if prediction else [self.losses.get(library, 1.5)]
            shape = [len(values) // 2, 2] if prediction else []
            write_outputs(arguments[arguments.index("--dump-outputs") + 1], "probabilities" if prediction else "loss", shape, values)
        if "--profile" in text:
            path = pathlib.Path(arguments[arguments.index("--profile") + 1])
            path.write_text(json.dumps({"kernels": [{"op": "x", "median_ms": 2.0}]}))

    def json_lines(self, arguments, given=None, environment=None):
        self(arguments, given, environment)
        line = {"p50_ms": 25.0, "difference": self.difference, "prepare_seconds": 1.0, "first_step_seconds": 0.5}
        return [line | {"peak_rss_growth_bytes": 5 << 20, "peer": "net", "version": "1"}]

    def measured(self):
        """Who was measured, in order."""
        programs = {"segrun benchmark": "segc", "torch_bench": "torch", "jax_bench": "jax"}
        return [who for text in self.commands for part, who in programs.items() if part in text and "--profile" not in text]


def run_case(runner, rounds=2, peers="jax", case=CASE):
    with tempfile.TemporaryDirectory() as folder:
        options = argparse.Namespace(
            work=pathlib.Path(folder), peers=contest.select(peers), ours=True, scale=1.0, rounds=rounds, cpus={0, 1},
            bin=pathlib.Path("bin"), compile_option=[], python="python",
        )  # fmt: skip
        return measure.Case(case, options, runner, lambda: 0.0).run()


def load_ablation():
    path = pathlib.Path(__file__).resolve().parents[1] / "ablation"
    loader = importlib.machinery.SourceFileLoader("ablation", str(path))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("ablation", loader))
    loader.exec_module(module)
    return module


class Ablation(unittest.TestCase):
    def run_ablation(self, *arguments, losses=None, predictions=None, mode="predict"):
        ablation = load_ablation()
        runner = FakeRunner()
        runner.losses, runner.predictions = losses or {}, predictions or {}
        with tempfile.TemporaryDirectory() as folder:
            options = ablation.parse(["--rounds", "2", "--work", folder, *arguments])
            return ablation, ablation.measure({**CASE, "mode": mode}, options, runner, lambda: 0.0), runner

    def test_what_computes_something_else_is_not_timed(self):
        variant = ["--variant", "mine=--no-fusion", "--only-variants", "mine"]
        ablation, result, runner = self.run_ablation(*variant, losses={"variant1.so": 1.6}, mode="train")
        self.assertEqual(list(result["variants"]), ["all on"])
        self.assertIn("loss differs by 6.7e-02, more than 1e-03: not timed", result["failed"]["mine"])
        self.assertEqual(sum("variant1.so" in text and "--warmup-steps 1" in text for text in runner.commands), 0)
        self.assertIn("| mine | - | - | loss differs", ablation.table([result]))

    def test_a_shifted_prediction_of_the_same_size_is_not_timed(self):
        shifted = PREDICTION[2:] + PREDICTION[:2]
        for mode in ("predict", "train"):
            _, result, _ = self.run_ablation("--only-variants", "no fusion", predictions={"variant1.so": shifted}, mode=mode)
            self.assertIn("an element of probabilities differs by", result["failed"]["no fusion"])
            self.assertEqual(list(result["variants"]), ["all on"])

    def test_a_little_of_what_varies_little(self):
        faint = [0.5 + 1e-4 * (value - 0.5) for value in PREDICTION]
        other = [0.5 + 1e-4 * (value - 0.5) for value in PREDICTION[2:] + PREDICTION[:2]]
        _, result, _ = self.run_ablation("--only-variants", "f16", predictions={"variant0.so": faint, "variant1.so": other})
        self.assertIn("of how it varies, more than 1e-01: not timed", result["failed"]["f16"])

    def test_no_value_is_something_else(self):
        nan = [*PREDICTION[:-1], float("nan")]
        _, result, _ = self.run_ablation("--only-variants", "f16", predictions={"variant1.so": nan})
        self.assertIn("probabilities is not finite", result["failed"]["f16"])
        _, result, _ = self.run_ablation("--only-variants", "f16", losses={"variant1.so": float("nan")}, mode="train")
        self.assertIn("loss differs by nan", result["failed"]["f16"])

    def test_rounding_is_not(self):
        rounded = [value + 1e-3 * (-1) ** i for i, value in enumerate(PREDICTION)]
        values = {"losses": {"variant1.so": 1.51}, "predictions": {"variant1.so": rounded}}
        ablation, result, _ = self.run_ablation("--only-variants", "f16", mode="train", **values)
        self.assertEqual(result["failed"], {})
        self.assertIn("| net-predict-b1 | f16 | 10.00 | 0.0 % | 1.00 | 1 |", ablation.table([result]))
        _, result, _ = self.run_ablation("--only-variants", "no fusion", **values)
        self.assertIn("no fusion", result["failed"])

    def test_without_a_baseline_nothing_is_timed(self):
        ablation, runner = load_ablation(), FakeRunner({"variant0.so --mode": "no memory"})
        with tempfile.TemporaryDirectory() as folder:
            options = ablation.parse(["--work", folder, "--only-variants", "f16"])
            result = ablation.measure(CASE, options, runner, lambda: 0.0)
        self.assertEqual(result["variants"], {})
        self.assertIn("gave nothing to compare with", result["failed"]["f16"])

    def test_limits_follow_the_precision(self):
        self.assertEqual(outputs.limits("--no-fusion"), outputs.F32)
        self.assertEqual(outputs.limits("--precision f32"), outputs.F32)
        self.assertEqual(outputs.limits("--winograd f2 --precision bf16"), outputs.HALF)


class Contest(unittest.TestCase):
    def test_rounds_go_there_and_back(self):
        self.assertEqual([contest.order("abc", number) for number in range(3)], [list("abc"), list("cba"), list("abc")])

    def test_median_and_spread(self):
        self.assertEqual(contest.summary([4.0, 2.0, 3.0]), {"median_ms": 3.0, "spread": 1.0})
        self.assertEqual(contest.summary([]), {"median_ms": None, "spread": None})

    def test_ratio(self):
        self.assertEqual(contest.ratio(30.0, 20.0), 1.5)
        self.assertIsNone(contest.ratio(None, 20.0))
        self.assertIsNone(contest.ratio(30.0, None))

    def test_a_name_stands_for_those_that_begin_with_it(self):
        self.assertEqual([peer.name for peer in contest.select("openvino,jax")], ["openvino", "openvino-f16", "openvino-bf16", "openvino-int8", "jax"])
        self.assertEqual(contest.select(None), contest.PEERS)
        with self.assertRaisesRegex(ValueError, "no peer 'tvm'; there are torch,"):
            contest.select("torch,tvm")


class Machine(unittest.TestCase):
    def test_a_busy_machine_is_refused(self):
        with self.assertRaisesRegex(machine.Busy, r"40% of 2 cores in use \(limit 5%"):
            machine.wait_until_idle({0, 1}, 0.05, 0, use_of=lambda cores: 0.4)

    def test_waits_until_it_is_idle(self):
        uses = iter([0.4, 0.2, 0.01])
        self.assertEqual(machine.wait_until_idle({0}, 0.05, 60, use_of=lambda cores: next(uses)), 0.01)

    def test_allow_busy_measures_anyway(self):
        self.assertEqual(machine.wait_until_idle({0}, 0.05, 0, True, lambda cores: 0.9), 0.9)

    def test_only_the_measured_cores_count(self):
        text = "cpu 9 9 9 9 9 9 9 9 0 0\ncpu0 1 0 2 10 5 0 0 0 0 0\ncpu1 100 0 0 0 0 0 0 0 0 0\n"
        self.assertEqual(machine.cpu_times({0}, text), (3, 18))

    def test_folder_name(self):
        name = machine.folder_name("Intel(R) Xeon(R) Platinum 8480+ CPU @ 2.0GHz", 2)
        self.assertEqual(name, "intel-xeon-platinum-8480-2-cores")


class Runner(unittest.TestCase):
    def setUp(self):
        self.runner = commands.Runner({min(os.sched_getaffinity(0))}, io.StringIO())

    def test_failure_says_the_last_line(self):
        with self.assertRaisesRegex(commands.Failure, r"^why \(exit code 3\)$"):
            self.runner([sys.executable, "-c", "import sys; sys.stderr.write('how\\nwhy\\n'); sys.exit(3)"])
        with self.assertRaisesRegex(commands.Failure, "missing-program: No such file"):
            self.runner(["missing-program"])

    def test_a_program_that_hangs_is_ended(self):
        runner = commands.Runner(self.runner.cores, io.StringIO(), 0.1)
        with self.assertRaisesRegex(commands.Failure, "not done after 0.1 seconds"):
            runner([sys.executable, "-c", "import time; time.sleep(60)"])

    def test_json_among_other_lines(self):
        program = "import sys; print('hello'); print(sys.stdin.read())"
        self.assertEqual(self.runner.json_lines([sys.executable, "-c", program], '{"a": 1}\n'), [{"a": 1}])


class Case(unittest.TestCase):
    def test_ours_and_peer_in_turns(self):
        runner = FakeRunner()
        record = run_case(runner)
        self.assertEqual(runner.measured(), ["segc", "jax", "jax", "segc"])
        self.assertEqual(record["contestants"]["jax"]["ratio"], 2.5)
        self.assertEqual(record["failed"], {})
        self.assertEqual(record["kernels"], [{"op": "x", "median_ms": 2.0, "ms": 2.0}])

    def test_a_peer_that_is_missing_is_named_and_the_rest_goes_on(self):
        runner = FakeRunner({"jax_bench": "No module named 'jax'"})
        record = run_case(runner)
        self.assertEqual(record["failed"], {"jax": "No module named 'jax'"})
        self.assertEqual(runner.measured(), ["segc", "jax", "segc"])  # asked once
        self.assertEqual(record["contestants"]["segc"]["median_ms"], 10.0)

    def test_ours_that_fails_leaves_the_peers(self):
        record = run_case(FakeRunner({" compile ": "no such op"}))
        self.assertEqual(record["failed"], {"segc": "no such op"})
        self.assertEqual(record["contestants"]["jax"]["median_ms"], 25.0)
        self.assertIsNone(record["contestants"]["jax"]["ratio"])

    def test_outputs_that_differ_are_no_measurement(self):
        for difference in (1e-3, float("nan")):
            record = run_case(FakeRunner(difference=difference))
            self.assertIn("differ from ours", record["failed"]["jax"])
            self.assertTrue(record["contestants"]["jax"]["wrong"])

    def test_failed_export_stops_those_that_need_it(self):
        record = run_case(FakeRunner({"--onnx": "No module named 'onnx'"}), peers="jax,openvino")
        self.assertEqual(record["failed"].keys(), {"openvino", "openvino-f16", "openvino-bf16", "openvino-int8"})

    def test_peers_without_training_say_so(self):
        record = run_case(FakeRunner(), peers="torch,jax", case=CASE | {"mode": "train"})
        self.assertEqual(record["failed"], {"jax": "inference only"})


class Tables(unittest.TestCase):
    def test_rows(self):
        record = run_case(FakeRunner({"jax_bench": "a | b"}), peers="torch,jax")
        record["contestants"]["segc"]["compile_seconds"] = 2.0
        rows = list(tables.case_rows(record))
        self.assertEqual(rows[0][1:], ["segc", "10.00", "0%", "-", "2.0", "3 (arena 1)", "-", ""])
        self.assertEqual(rows[1][1:], ["torch", "25.00", "0%", "2.50", "1.5", "5", "1e-06", ""])
        self.assertEqual(rows[-1][1:], ["jax", *["-"] * 6, "a \\| b"])

    def test_declined_precision_is_noted(self):
        asked = {"rounds": [{"asked_precision": "f16", "precision": "f32"}]}
        self.assertEqual(tables.note(asked), "computes in f32")
        self.assertEqual(tables.note({"rounds": [{"asked_precision": "f16", "precision": "f16"}]}), "")

    def test_markdown(self):
        self.assertEqual(tables.table(["a", "b"], [["1", "2"]]), "| a | b |\n| --- | --- |\n| 1 | 2 |")


class Layers(unittest.TestCase):
    def test_line_of_a_convolution(self):
        line = "n:c conv in=40x56x32 out=20x28x64 kernel=3x3 stride=2x2 pad=0:1,0:1 gmac=0.01"
        tag, shape, gmac = layers.parse_line(line)
        self.assertEqual((tag, gmac, shape.transposed), ("n:c", 0.01, False))
        self.assertEqual(shape.conv_bench_line(2), "all 40x56 3x3 2x2 1x1 32 64 2")

    def test_transposed_is_the_gradient_from_small_to_large(self):
        line = "n:up conv_transpose in=28x28x256 out=56x56x128 kernel=3x3 stride=2x2 pad=0:0,0:0 gmac=0.2"
        shape = layers.parse_line(line)[1]
        self.assertEqual(shape.conv_bench_line(1), "all 56x56 3x3 2x2 1x1 128 256 1")
        text = "".join(
            f"{name:11} 56x56      k3x3   s2x2   128->256 b1    {ms:.3f} ms (first launch 0.1) {2.0:6.1f} GFLOP/s, "
            f" 79% of peak; lower 1 llvm 2 ms; tasks 3; {{}}\n"
            for name, ms in (("forward", 1), ("input_grad", 2), ("filter_grad", 3))
        )
        found = layers.parse_conv_bench(text, [shape])
        self.assertEqual([found[shape, name]["ms"] for name in layers.OPERATIONS], [2.0, 1.0, 3.0])
        self.assertEqual(found[shape, "forward"]["peak_share"], 0.79)
        with self.assertRaisesRegex(commands.Failure, "3 results where 6"):
            layers.parse_conv_bench(text, [shape, shape])

    def test_every_listed_convolution_has_a_symmetric_padding(self):
        for path in sorted((layers.BENCH / "shapes").glob("*.txt")):
            for tag, shape, _ in layers.read_shapes(path.stem):
                with self.subTest(tag):
                    shape.padding()


class Configs(unittest.TestCase):
    def test_cases(self):
        for mode in ("train", "predict"):
            cases = json.loads((layers.BENCH / "configs" / f"{mode}.json").read_text())["cases"]
            self.assertEqual(len({case["case"] for case in cases}), len(cases))
            for case in cases:
                self.assertEqual(case["case"], f"{case['network']}-{mode}-b{case['batch']}")
                commands.expand(case["compile"], segc="s", model="m", library="l", batch=1)


class RecordedResults(unittest.TestCase):
    def test_one_run_for_each_case(self):
        """bench/README.md: a new recording replaces the old one."""
        seen = {}
        for path in sorted((pathlib.Path(__file__).resolve().parents[1] / "results").glob("*/2*.json")):
            result = json.loads(path.read_text())
            variants = tuple(result.get("variants", ()))
            options = tuple(result.get("compile_options", ()))
            for record in result.get("cases", []) + result.get("layers", []):
                name = record.get("case", record.get("network"))
                key = (path.parent.name, name, record.get("compile"), options, variants)
                self.assertNotIn(key, seen, f"{path} records what {seen.get(key)} has")
                seen[key] = path
        self.assertTrue(seen)


if __name__ == "__main__":
    unittest.main()
