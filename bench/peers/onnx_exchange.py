# Part of segc, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Compares what ONNX Runtime makes of `segc export` with the compiled model, for every network.

onnx_exchange.py [--segc build/bin/segc] [--only vnet] [--batch 2] [--winograd f4]

A row says the largest difference of a probability, how many voxels get another label (the most probable class, or of
regions those above one half), and the time of each, once and without care: bench/run measures times. Ends with 1 if a difference is above 1e-5. The tiles of Winograd that segc takes by default, f4, round more than
that in deep networks: what is compared is the exported model.
"""

import argparse
import json
import pathlib
import subprocess
import sys
import tempfile
import time

import numpy as np
import onnx
import onnxruntime

import safetensors_io
import segc_model

PLAN = pathlib.Path(__file__).parent / "plans/small.json"
SMALL = ["nnunet", "--plan", str(PLAN), "--configuration"]
REGIONS = "regions.json"  # The same plan for classes that overlap.
NETWORKS = {
    "unet2d": ["unet2d"],
    "vnet": ["vnet"],
    "nnunet_04_2d": ["nnunet", "--task", "04", "--dim", "2"],
    "nnunet_04_3d": ["nnunet", "--task", "04", "--dim", "3"],
    "nnunet_04_3d_deep": ["nnunet", "--task", "04", "--dim", "3", "--deep-supervision"],
    "nnunet_04_3d_group": ["nnunet", "--task", "04", "--dim", "3", "--norm", "group"],
    "nnunet_04_3d_batch": ["nnunet", "--task", "04", "--dim", "3", "--norm", "batch"],
    "v2_2d_residual": [*SMALL, "2d_residual"],
    "v2_3d_plain": [*SMALL, "3d_plain"],
    "v2_3d_residual": [*SMALL, "3d_residual"],
    "v2_3d_regions": ["nnunet", "--plan", REGIONS, "--configuration", "3d_plain"],
    "unet3d": ["unet3d", "--patch", "64,64,64"],
    "unet3d_batch": ["unet3d", "--patch", "64,64,64", "--norm", "batch"],
}


def draw(manifest, seed=1):
    """Weights that keep activations near 1; vectors are not what they start as, so that a lost one shows."""
    random = np.random.default_rng(seed)
    tensors = {}
    for entry in manifest["parameters"] + manifest["states"]:
        name, shape = entry["name"], entry["shape"]
        if len(shape) > 1:
            values = random.standard_normal(shape) * np.sqrt(2 / np.prod(shape[:-1]))
        elif "variance" in name:
            values = random.uniform(0.5, 1.5, shape)
        else:
            values = random.normal(1 if name.endswith(".gamma") else 0, 0.1, shape)
        tensors[name] = values.astype(np.float32)
    return tensors


def plan_of_regions(path):
    plan = json.loads(PLAN.read_text())
    plan |= {"class_names": ["background", "whole", "posterior"], "regions": [[1, 2], [2]], "regions_class_order": [1, 2]}
    path.write_text(json.dumps(plan))
    return str(path)


def labels(probabilities, are_regions):
    return probabilities > 0.5 if are_regions else probabilities.argmax(-1)


def compare(segc, arguments, folder, batch, winograd):
    network, model, weights, exported = (folder / name for name in ("n.mlir", "n.so", "n.safetensors", "n.onnx"))

    def run(*words):
        return subprocess.run([segc, *map(str, words)], check=True, capture_output=True, text=True).stdout

    are_regions = REGIONS in arguments
    words = [plan_of_regions(folder / REGIONS) if word == REGIONS else word for word in arguments]
    run("model", *words, "-o", network)
    run("compile", network, "--cpu", "native", "--batch", batch, "--winograd", winograd, "--inference", "-o", model)
    manifest = json.loads(run("inspect", "--json", model))
    tensors = draw(manifest)
    safetensors_io.save(weights, tensors)
    run("export", network, "--weights", weights, "-o", exported)
    onnx.checker.check_model(str(exported), full_check=True)

    shape = manifest["entries"]["predict"]["inputs"][0]["shape"]
    image = np.random.default_rng(2).standard_normal([batch, *shape[1:]]).astype(np.float32)
    start = time.perf_counter()
    ours = segc_model.predict(model, tensors, image)
    middle = time.perf_counter()
    session = onnxruntime.InferenceSession(str(exported), providers=["CPUExecutionProvider"])
    ready = time.perf_counter()
    theirs = np.moveaxis(session.run(None, {"image": np.ascontiguousarray(np.moveaxis(image, -1, 1))})[0], 1, -1)
    end = time.perf_counter()
    opset = max(entry.version for entry in onnx.load(str(exported), load_external_data=False).opset_import)
    differing = int((labels(ours, are_regions) != labels(theirs, are_regions)).sum())
    return float(np.abs(ours - theirs).max()), differing, opset, exported.stat().st_size, middle - start, end - ready


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--segc", default="build/bin/segc", type=pathlib.Path)
    parser.add_argument("--only", choices=NETWORKS, action="append")
    parser.add_argument("--batch", type=int, default=1)
    parser.add_argument("--winograd", default="f2", choices=("off", "f2", "f4"))
    options = parser.parse_args()
    print(f"ONNX Runtime {onnxruntime.__version__}, batch {options.batch}, --winograd {options.winograd}")
    print("network               largest difference  labels  opset      MB   ours s  ONNX Runtime s")
    worst = 0.0
    for name in options.only or NETWORKS:
        with tempfile.TemporaryDirectory() as folder:
            segc = options.segc.resolve()
            found = compare(segc, NETWORKS[name], pathlib.Path(folder), options.batch, options.winograd)
        difference, differing, opset, size, ours, theirs = found
        print(f"{name:<22}{difference:>18.1e}{differing:>8}{opset:>7}{size / 1e6:>8.1f}{ours:>9.2f}{theirs:>16.2f}", flush=True)
        worst = max(worst, difference)
    sys.exit(worst > 1e-5)


if __name__ == "__main__":
    main()
