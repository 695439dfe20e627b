# Part of segc, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""One case: ours and every peer in turns."""

import json
import os
import pathlib
import shutil
import time

from harness import commands, contest
from harness.commands import Failure

PEERS_FOLDER = pathlib.Path(__file__).resolve().parents[1] / "peers"


def steps_of(case, scale):
    return max(3, round(case["steps"] * scale))


def benchmark(runner, options, case, library, report, *extra):
    """What `segrun benchmark` reports, which makes weights and batches of its own."""
    command = [options.bin / "segrun", "benchmark", "--model", library, "--mode", case["mode"]]
    command += ["--batch-size", case["batch"], "--warmup-steps", case["warmup"]]
    runner([*command, "--steps", steps_of(case, options.scale), "--json", report, *extra])
    return json.loads(report.read_text())


class Case:
    """Results by contestant; one that fails is named and left out from then on."""

    def __init__(self, case, options, runner, idle):
        self.case, self.options, self.runner, self.idle = case, options, runner, idle
        self.work = options.work / case["case"]
        shutil.rmtree(self.work, ignore_errors=True)  # warm caches would hide compile time
        self.work.mkdir(parents=True)
        self.library, self.problem = self.work / "model.so", self.work / "problem"
        self.peers = {p.name: p for p in options.peers if case["mode"] in p.modes}
        self.failed = {p.name: "inference only" for p in options.peers if p.name not in self.peers}
        names = [contest.OURS] * options.ours + list(self.peers)
        self.results = {name: {"rounds": []} for name in names}

    def steps(self):
        return steps_of(self.case, self.options.scale)

    def attempt(self, names, function):
        """What the function gives; None if it fails, and the names fail with it."""
        try:
            return function()
        except (Failure, LookupError, ValueError, OSError) as error:
            for name in names:
                self.failed.setdefault(name, str(error) or type(error).__name__)

    def build_model(self):
        values = {"segc": self.options.bin / "segc", "model": self.work / "model.mlir", "library": self.library}
        values["batch"] = self.case["batch"]
        self.runner(commands.expand(self.case["model"], **values))
        begin = time.monotonic()
        self.runner(commands.expand(self.case["compile"], **values) + self.options.compile_option)
        self.results[contest.OURS]["compile_seconds"] = time.monotonic() - begin

    def write_problem(self, *extra):
        command = [self.options.python, PEERS_FOLDER / "problem.py", self.case["network"], self.problem]
        self.runner([*command, "--batch", self.case["batch"], *extra])

    def write_expected(self):
        self.runner([self.options.python, PEERS_FOLDER / "segc_model.py", self.library, self.problem])

    def benchmark(self, *extra):
        threads = ["--threads", len(self.options.cpus)]
        return benchmark(self.runner, self.options, self.case, self.library, self.work / "segrun.json", *threads, *extra)

    def profile(self):
        """The kernels of a run of ours, with the median of each."""
        path = self.work / "profile.json"
        self.benchmark("--profile", path)
        # Where the model lies is of no interest to who reads the result.
        text = path.read_text().replace(f"{self.work}{os.sep}", "")
        return [kernel | {"ms": kernel["median_ms"]} for kernel in json.loads(text)["kernels"]]

    def measure_ours(self):
        raw = self.benchmark()
        return {"p50_ms": raw["latency_ms"]["p50"], **raw}

    def measure_peer(self, peer):
        command = [self.options.python, PEERS_FOLDER / peer.script, self.case["network"], "--mode", self.case["mode"]]
        command += ["--batch", self.case["batch"], "--problem", self.problem, "--warmup", self.case["warmup"]]
        command += ["--steps", self.steps(), "--threads", len(self.options.cpus), *peer.arguments]
        # A cache of this run alone: the first round's warm-up compiles.
        cache = {"TORCHINDUCTOR_CACHE_DIR": str(self.work / f"cache-{peer.name}")}
        (line,) = self.runner.json_lines(command, environment=cache)
        difference = line.get("difference")
        # Not a number is a difference, too.
        if difference is not None and not difference <= peer.limit:
            self.results[peer.name]["wrong"] = True
            raise Failure(f"its probabilities differ from ours by {difference:.1e} (limit {peer.limit:.0e})")
        return line

    def alive(self, name):
        return name in self.results and name not in self.failed

    def prepare(self):
        if self.alive(contest.OURS):
            self.attempt([contest.OURS], self.build_model)
        if not self.peers:
            return
        self.attempt(self.peers, self.write_problem)
        if self.case["mode"] == "predict" and self.alive(contest.OURS) and not self.peers.keys() <= self.failed.keys():
            self.attempt([contest.OURS], self.write_expected)
        exported = [name for name in self.peers if self.peers[name].needs_onnx and self.alive(name)]
        if exported:
            self.attempt(exported, lambda: self.write_problem("--onnx"))

    def round(self, number):
        for name in contest.order(list(self.results), number):
            if not self.alive(name):
                continue
            use, peer = self.idle(), self.peers.get(name)
            line = self.attempt([name], lambda: self.measure_peer(peer) if peer else self.measure_ours())
            if line:
                self.results[name]["rounds"].append({"cpu_use_before": use, **line})

    def record(self):
        for result in self.results.values():
            result |= contest.summary([line["p50_ms"] for line in result["rounds"]])
        ours = self.results.get(contest.OURS, {}).get("median_ms")
        for name, result in self.results.items():
            if name != contest.OURS:
                result["ratio"] = contest.ratio(result["median_ms"], ours)
        lines = [line for name in self.peers for line in self.results[name]["rounds"]]
        versions = {line["peer"]: line["version"] for line in lines}
        return {**self.case, "contestants": self.results, "failed": self.failed, "versions": versions}

    def run(self):
        self.prepare()
        for number in range(self.options.rounds):
            self.round(number)
        record = self.record()
        if self.alive(contest.OURS):
            record["kernels"] = self.attempt([contest.OURS], self.profile) or []
        return record
