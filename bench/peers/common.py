# Part of segc, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What the programs that time a peer share: command line, timing, JSON line.

  PEER_bench.py NETWORK [--mode train|predict] [--batch N] [--layout LAYOUT]
                [--problem FOLDER] [--warmup N] [--steps N] [--threads N]

FOLDER is one of problem.py (default: a temporary one). Where it also holds
`probabilities.safetensors` (ours, by segc_model.py), the line states the
largest difference from them.
"""

import argparse
import dataclasses
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable

import numpy as np

import safetensors_io


@dataclasses.dataclass
class Contestant:
    """step() is one timed step; probabilities(its result), for inference, are
    an array (N, spatial, classes) of the problem's own orientation."""

    step: Callable
    probabilities: Callable | None = None
    facts: dict = dataclasses.field(default_factory=dict)


class Problem:
    def __init__(self, folder):
        self.folder = pathlib.Path(folder)

    def weights(self):
        return safetensors_io.load(self.folder / "weights.safetensors")

    def image(self):
        return safetensors_io.load(self.folder / "batch.safetensors")["image"]

    def label(self):
        return safetensors_io.load(self.folder / "batch.safetensors")["label"]

    def difference(self, probabilities):
        """Largest difference from ours; None where ours are not there."""
        path = self.folder / "probabilities.safetensors"
        if not path.exists():
            return None
        expected = safetensors_io.load(path)["probabilities"]
        if probabilities.shape != expected.shape:
            raise ValueError(f"probabilities of shape {probabilities.shape}, ours {expected.shape}")
        return float(np.abs(probabilities - expected).max())


def mirrors(name):
    """Whether the peers run this network mirrored, with symmetric padding: see
    networks.mirror. Here, as not every peer can import PyTorch."""
    return name.startswith("nnunet")


def flip(array):
    """(N, spatial, channels), mirrored along every spatial axis."""
    return np.ascontiguousarray(np.flip(array, tuple(range(1, array.ndim - 1))))


def channels_first(name, image):
    """The image as networks of PyTorch and their export take it."""
    return np.moveaxis(flip(image) if mirrors(name) else image, -1, 1).copy()


def channels_last(name, probabilities):
    """Back from the output of such a network."""
    array = np.moveaxis(np.asarray(probabilities, np.float32), 1, -1)
    return flip(array) if mirrors(name) else array


def resident(key):
    """Bytes of /proc/self/status: VmRSS now, VmHWM at most."""
    for line in pathlib.Path("/proc/self/status").read_text().splitlines():
        if line.startswith(key + ":"):
            return int(line.split()[1]) * 1024
    return 0


def reset_peak():
    """Lets VmHWM start again from what is resident now."""
    try:
        pathlib.Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        pass  # the peak then includes the import, which counts against the peer


def percentile(values, fraction):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, round(fraction * (len(ordered) - 1)))]


def measure(step, options):
    """(seconds of the first step, milliseconds of each timed one, result);
    stops early, after --seconds, with at least 3 steps."""
    begin = time.perf_counter()
    result = step()
    first = time.perf_counter() - begin
    for _ in range(options.warmup - 1):
        result = step()
    times, end = [], time.perf_counter() + options.seconds
    while len(times) < options.steps and (len(times) < 3 or time.perf_counter() < end):
        begin = time.perf_counter()
        result = step()
        times.append((time.perf_counter() - begin) * 1e3)
    return first, times, result


def parse(doc, arguments, layouts, modes, add_arguments):
    parser = argparse.ArgumentParser(description=doc.splitlines()[0])
    parser.add_argument("network")
    parser.add_argument("--mode", choices=modes, default=modes[0])
    parser.add_argument("--batch", type=int, required=True)
    parser.add_argument("--layout", choices=layouts, default=layouts[0])
    parser.add_argument("--problem", help="folder of problem.py; default: a temporary one")
    parser.add_argument("--warmup", type=int, default=3)
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=60, help="stop timing after this long")
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    if add_arguments:
        add_arguments(parser)
    return parser.parse_args(arguments)


def run(options, peer, version, make, folder, imported):
    """The JSON line. `imported` is what was resident after the import."""
    problem = Problem(folder)
    begin = time.perf_counter()
    contestant = make(options, problem)
    prepare = time.perf_counter() - begin
    reset_peak()
    first, times, result = measure(contestant.step, options)
    peak = resident("VmHWM")
    line = {
        "peer": peer,
        "version": version,
        "network": options.network,
        "mode": options.mode,
        "batch": options.batch,
        "layout": options.layout,
        "threads": options.threads,
        "steps": len(times),
        "prepare_seconds": prepare,
        "first_step_seconds": first,
        "p50_ms": percentile(times, 0.5),
        "p90_ms": percentile(times, 0.9),
        "min_ms": min(times),
        "mean_ms": sum(times) / len(times),
        "samples_per_second": options.batch / percentile(times, 0.5) * 1e3,
        "import_rss_bytes": imported,
        "peak_rss_bytes": peak,
        "peak_rss_growth_bytes": peak - imported,
        **contestant.facts,
    }
    if contestant.probabilities:
        line["difference"] = problem.difference(contestant.probabilities(result))
    return line


def main(doc, peer, version, make, layouts=("contiguous",), modes=("predict",), onnx=False, add_arguments=None):
    imported = resident("VmRSS")
    options = parse(doc, None, layouts, modes, add_arguments)
    # For the peers that count the processors themselves.
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: options.threads])
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.problem or temporary
        if not options.problem:
            script = pathlib.Path(__file__).with_name("problem.py")
            command = [sys.executable, script, options.network, temporary, "--batch", str(options.batch)]
            subprocess.run(command + ["--onnx"] * onnx, check=True, stdout=sys.stderr)
        print(json.dumps(run(options, peer, version, make, folder, imported)), flush=True)
