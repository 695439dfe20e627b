# Part of segc, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Predicts training steps of the published networks on many GPUs.

  simulate.py [--segc FILE] [--only NAME] [--output FOLDER]

The compiler schedules the collectives of each network for each number of GPUs;
their times are those of NCCL's cost model over NVLink and InfiniBand
(allreduce.py), those of the kernels the performance model's (docs/Gpu.md), times
what a step of the network has taken on an H200 of what was predicted for it.
Nothing of it is measured on more than one GPU. Writes scaling.json, scaling.md
and a picture.
"""

import argparse
import dataclasses
import json
import pathlib
import re
import statistics
import subprocess
import sys
import tempfile

BENCH = pathlib.Path(__file__).resolve().parents[1]
ROOT = BENCH.parent
sys.path.insert(0, str(BENCH))

import allreduce
import schedule
from harness import commands

TARGET = ["--target", "cuda:sm_90a", "--precision", "bf16"]
DEVICES = ("h100", "h200")
GPUS = (8, 16, 32, 64, 128, 256, 512, 1024)
# Two medians of the same step on one H200 differ by as much (contests in
# bench/results/nvidia-h200/results.json).
SPREAD = 0.005


@dataclasses.dataclass(frozen=True)
class Network:
    name: str
    model: str  # Of `segc model`.
    batch: int  # Of a GPU.
    measured: float | None = None  # Seconds of a step on an H200 (docs/Results.md).


NETWORKS = (
    Network("U-Net", "unet2d", 8, 24.7e-3),
    Network("V-Net", "vnet", 32, 3.51e-3),
    Network("nnU-Net 3D", "nnunet --task 01 --dim 3", 2),
    Network("nnU-Net 2D", "nnunet --task 01 --dim 2", 64),
    Network("MLPerf 3D U-Net", "unet3d", 7, 75.7e-3),
)

# Samples a second of 1 and of 8 GPUs, from the READMEs of the examples
# (DeepLearningExamples: TensorFlow2 UNet_Medical and nnUNet, TensorFlow VNet).
PUBLISHED = (
    ("U-Net", "A100, TF32", 8, 63.33, 470.50),
    ("U-Net", "A100, AMP", 8, 141.03, 1000.89),
    ("V-Net", "V100, AMP", 32, 639.03, 4282.41),
    ("nnU-Net 3D", "A100, TF32", 2, 11.81, 92.91),
    ("nnU-Net 3D", "A100, AMP", 2, 29.30, 219.34),
    ("nnU-Net 2D", "A100, AMP", 64, 1662.8, 11687.11),
)
SHOWN = {("U-Net", "A100, TF32"), ("nnU-Net 3D", "A100, TF32")}

PREDICTED = re.compile(r"^train_step of \d+ samples on (\w+), \S+: .*all kernels ([\d.]+) (\S+) \(", re.MULTILINE)
UNITS = {"s": 1.0, "ms": 1e-3, "µs": 1e-6}


def output_of(*words):
    done = subprocess.run([str(word) for word in words], capture_output=True, text=True, check=False)
    if done.returncode:
        raise OSError(f"{words[0]} {words[1]}: {commands.last_line(done.stderr)}")
    return done.stdout


def predicted_steps(text):
    """{device: seconds} of what `segc explain --performance-model` prints."""
    found = {device: float(value) * UNITS[unit] for device, value, unit in PREDICTED.findall(text)}
    if set(found) != set(DEVICES):
        raise ValueError(f"predictions for {sorted(found)}, expected {DEVICES}")
    return found


def compile_network(segc, network, folder):
    """Predictions of a step, and schedules by number of GPUs."""
    path = folder / "network.mlir"
    output_of(segc, "model", *network.model.split(), "--batch-size", network.batch, "-o", path)
    text = output_of(segc, "explain", path, "train_step", *TARGET, "--performance-model", ",".join(DEVICES))
    return predicted_steps(text), {gpus: schedule.nccl_schedule(segc, path, gpus, TARGET, folder) for gpus in GPUS}


def step_seconds(network, predicted, factor):
    """{device: seconds} of a step on one GPU."""
    if network.measured:
        factor = network.measured / predicted["h200"]
    return {device: seconds * factor for device, seconds in predicted.items()}


def row(network, one, plan, gpus, spread):
    """A step on so many GPUs, of a schedule that takes `one` seconds on one."""
    model = allreduce.Nccl(gpus)
    share = model.fabric.share(gpus)
    plan = plan.scaled(one * schedule.slowest(gpus, spread))

    def busy(size):
        return share * model.seconds(size)

    step = schedule.simulate(plan, model.seconds, busy)
    behind = schedule.simulate(plan.in_one(), model.seconds, busy)
    return {
        "gpus": gpus,
        "buckets": len(plan.buckets),
        "bytes": sum(bucket.size for bucket in plan.buckets),
        "all_reduce_ms": 1e3 * sum(model.seconds(bucket.size) for bucket in plan.buckets),
        "step_ms": 1e3 * step.seconds,
        "exposed_ms": 1e3 * step.exposed,
        "slowed_ms": 1e3 * step.slowed,
        "samples_per_second": gpus * network.batch / step.seconds,
        "times_one": gpus * one / step.seconds,
        "efficiency": one / step.seconds,
        "efficiency_without_overlap": one / behind.seconds,
    }


def records(compiled, spread):
    """One for each network and device."""
    calibrated = [n.measured / predicted["h200"] for n, (predicted, _) in compiled if n.measured]
    factor = statistics.median(calibrated) if calibrated else 1.0
    for network, (predicted, plans) in compiled:
        for device, one in step_seconds(network, predicted, factor).items():
            yield {
                "network": network.name,
                "device": device,
                "batch": network.batch,
                "predicted_ms": 1e3 * predicted[device],
                "measured_h200_ms": network.measured and 1e3 * network.measured,
                "one_gpu_ms": 1e3 * one,
                "rows": [row(network, one, plan, gpus, spread) for gpus, plan in plans.items()],
            }


def published_rows():
    return [
        {"network": network, "on": on, "batch": batch, "one_gpu": one, "eight_gpus": eight, "times_one": eight / one}
        for network, on, batch, one, eight in PUBLISHED
    ]


def picture(result):
    """What segc-bench-pictures draws of a result: the part of linear scaling."""
    def points(pairs):
        return [{"x": gpus, "y": 100 * efficiency} for gpus, efficiency in pairs]

    series = [
        {
            "name": record["network"],
            "points": points([(1, 1), *((r["gpus"], r["efficiency"]) for r in record["rows"])]),
        }
        for record in result["records"]
        if record["device"] == "h100"
    ]
    series += [
        {"name": f"{row['network']}, published, {row['on']}", "points": points([(8, row["times_one"] / 8)])}
        for row in result["published"]
        if (row["network"], row["on"]) in SHOWN
    ]
    return {
        "title": "weak scaling on H100, predicted (8 GPUs a node, NVLink; NDR InfiniBand between nodes)",
        "x": "GPUs",
        "y": "samples/s, % of so many single GPUs",
        "low": 90,
        "high": 100,
        "series": series,
    }


def document(result):
    lines = [
        "# Training on many GPUs, predicted",
        "",
        f"`python3 bench/scaling/simulate.py`, commit {result['commit']}. **Nothing here is measured on more than one GPU.**",
        "",
        "One GPU: the performance model's step, times what U-Net, V-Net and MLPerf's network take on an H200 of what is predicted for them; the median of these for networks without a measurement (\\*). bf16, sm_90a. Collectives: gradients in f32, NCCL's cost model (ring or tree, the fastest protocol), 370 GB/s of NVLink in a node of 8, 46 GB/s of InfiniBand NDR for each GPU; "
        f"while one runs, it takes {allreduce.Fabric().channels[0]} (one node) or {allreduce.Fabric().channels[1]} of 132 multiprocessors from the kernels. The slowest rank counts: steps spread by {result['spread']:.1%}. Data are there: loading, and what eight GPUs share of their host, are not modelled.",
        "",
        "| network | batch of a GPU | GPU | GPUs | buckets | all-reduces, ms | step, ms | exposed | samples/s | times one GPU | of linear | without overlap |",
        "|---|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    for record in result["records"]:
        name = record["network"] + ("" if record["measured_h200_ms"] else " \\*")
        start = f"| {name} | {record['batch']} | {record['device'].upper()} |"
        one = record["one_gpu_ms"]
        lines.append(f"{start} 1 | | | {one:.3g} | | {1e3 * record['batch'] / one:.0f} | 1 | | |")
        for r in record["rows"]:
            lines.append(
                f"{start} {r['gpus']} | {r['buckets']} | {r['all_reduce_ms']:.3g} | {r['step_ms']:.3g} "
                f"| {r['exposed_ms'] / r['step_ms']:.1%} | {r['samples_per_second']:.0f} | {r['times_one']:.4g} "
                f"| {r['efficiency']:.1%} | {r['efficiency_without_overlap']:.1%} |"
            )
    lines += ["", "Published, measured by others:", ""]
    lines += ["| network | batch of a GPU | GPU | 1 GPU, samples/s | 8 GPUs | times one GPU |", "|---|---|---|---|---|---|"]
    lines += [
        f"| {r['network']} | {r['batch']} | {r['on']} | {r['one_gpu']} | {r['eight_gpus']} | {r['times_one']:.1f} |"
        for r in result["published"]
    ]
    return "\n".join(lines) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--segc", type=pathlib.Path, default=ROOT / "build" / "bin" / "segc")
    parser.add_argument("--only", default="", help="networks whose name contains this")
    parser.add_argument("--spread", type=float, default=SPREAD, help="standard deviation of a step, of its time")
    parser.add_argument("--output", type=pathlib.Path, default=BENCH / "results" / "simulated-gpus")
    options = parser.parse_args()
    networks = [network for network in NETWORKS if options.only in network.name]
    if not networks:
        parser.error(f"--only {options.only}: no such network; there are {', '.join(n.name for n in NETWORKS)}")
    with tempfile.TemporaryDirectory() as folder:
        compiled = [(network, compile_network(options.segc, network, pathlib.Path(folder))) for network in networks]
    result = {
        "format": 1,
        "commit": commands.commit(ROOT),
        "spread": options.spread,
        "records": list(records(compiled, options.spread)),
        "published": published_rows(),
    }
    result["scaling"] = picture(result)
    options.output.mkdir(parents=True, exist_ok=True)
    path = options.output / "scaling.json"
    path.write_text(json.dumps(result, indent=1) + "\n")
    path.with_suffix(".md").write_text(document(result))
    print(output_of(options.segc.parent / "segc-bench-pictures", path), end="")


if __name__ == "__main__":
    main()
