# Part of segc, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Compares `segrun import` of nnU-Net v2's networks with PyTorch: largest difference of a probability.

nnunet_import.py [--segc build/bin/segc] [--segrun build/bin/segrun]

PlainConvUNet and ResidualEncoderUNet of dynamic_network_architectures are trained for a few steps and stored as
nnU-Net stores them; the checkpoint becomes safetensors as docs/Exchange.md says. Ends with 1 above 1e-4.
"""

import argparse
import json
import pathlib
import pydoc
import subprocess
import sys
import tempfile

import numpy as np
import safetensors.torch
import torch
from torch.nn import functional as F

import nnunet_folder
import safetensors_io
import segc_model

NETWORKS = "dynamic_network_architectures.architectures.unet."


def made_plan(dims, residual):
    """A plan of two channels and four classes, in the form of ours."""
    kernels = [[1, 3, 3], [3, 3, 3], [3, 3, 3], [3, 3, 3]]
    strides = [[1, 1, 1], [1, 2, 2], [2, 2, 2], [2, 2, 2]]
    configuration = {
        "spacing": [2.0, 1.0, 1.0][3 - dims :],
        "median_shape": [24.0, 48.0, 48.0][3 - dims :],
        "patch": [16, 32, 32][3 - dims :],
        "batch": 2,
        "kernels": [kernel[3 - dims :] for kernel in kernels],
        "strides": [stride[3 - dims :] for stride in strides],
        "filters": [8, 16, 32, 32],
        "residual_encoder": False,
        "encoder_blocks": [1, 3, 2, 2] if residual else [2, 2, 2, 2],
        "decoder_blocks": [1, 1, 1] if residual else [2, 2, 2],
        "normalization": ["zscore", "zscore"],
        "use_mask": [False, False],
        "batch_dice": False,
    }
    intensities = {"mean": 0.0, "median": 0.0, "std": 1.0, "min": -4.0, "max": 4.0, "lower_clip": -3.0, "upper_clip": 3.0}
    return {
        "rules": "v2",
        "dataset": "Made",
        "transpose": [0, 1, 2],
        "intensities": [intensities, intensities],
        "configurations": {f"{dims}d": configuration},
    }


def made_plans(dims, residual):
    plans = nnunet_folder.plans_of(made_plan(dims, residual), f"{dims}d")
    architecture = plans["configurations"][f"{dims}d"]["architecture"]
    if residual:
        architecture["network_class_name"] = NETWORKS + "ResidualEncoderUNet"
        arguments = architecture["arch_kwargs"]
        arguments["n_blocks_per_stage"] = arguments.pop("n_conv_per_stage")
    return plans


def built(plans, dims, classes):
    architecture = plans["configurations"][f"{dims}d"]["architecture"]
    arguments = dict(architecture["arch_kwargs"])
    for name in architecture["_kw_requires_import"]:
        arguments[name] = arguments[name] and pydoc.locate(arguments[name])
    network = pydoc.locate(architecture["network_class_name"])
    return network(input_channels=2, num_classes=classes, deep_supervision=False, **arguments)


def train(model, shape, classes, steps=5):
    optimizer = torch.optim.SGD(model.parameters(), 0.01, momentum=0.99, nesterov=True)
    for _ in range(steps):
        optimizer.zero_grad()
        image = torch.randn(2, 2, *shape)
        label = (image[:, 0].abs() * classes / 2).long().clamp(max=classes - 1)
        F.cross_entropy(model(image), label).backward()
        optimizer.step()
    return model.eval()


def compare(options, folder, dims, residual, classes=4):
    torch.manual_seed(dims + 10 * residual)
    plans = made_plans(dims, residual)
    shape = plans["configurations"][f"{dims}d"]["patch_size"]
    model = train(built(plans, dims, classes), shape, classes)
    dataset = {
        "channel_names": {"0": "T1", "1": "T2"},
        "labels": {"background": 0, **{f"part{i}": i for i in range(1, classes)}},
        "numTraining": 0,
        "file_ending": ".nii.gz",
    }
    (folder / "plans.json").write_text(json.dumps(plans))
    (folder / "dataset.json").write_text(json.dumps(dataset))
    torch.save({"network_weights": model.state_dict()}, folder / "checkpoint_final.pth")

    weights = torch.load(folder / "checkpoint_final.pth", map_location="cpu", weights_only=False)["network_weights"]
    checkpoint = folder / "checkpoint.safetensors"
    safetensors.torch.save_file({name: tensor.clone() for name, tensor in weights.items()}, checkpoint)

    def run(*words):
        subprocess.run([str(word) for word in words], check=True, stdout=subprocess.DEVNULL)

    imported, compiled = folder / "imported", folder / "model.so"
    files = "--plan", folder / "plans.json", "--dataset", folder / "dataset.json"
    run(options.segrun, "import", "--checkpoint", checkpoint, *files, "-o", imported)
    run(options.segc, "compile", imported / "network.mlir", "--cpu", "native", "--inference", "-o", compiled)
    image = np.random.default_rng(3).standard_normal([2, *shape, 2]).astype(np.float32)
    tensors = {name: np.array(array) for name, array in safetensors_io.load(imported / "model.safetensors").items()}
    ours = segc_model.predict(compiled, tensors, image)
    with torch.no_grad():
        theirs = F.softmax(model(torch.from_numpy(np.moveaxis(image, -1, 1).copy())), 1).numpy()
    return float(np.abs(ours - np.moveaxis(theirs, 1, -1)).max())


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for program in ("segc", "segrun"):
        parser.add_argument(f"--{program}", default=pathlib.Path("build/bin") / program, type=lambda p: pathlib.Path(p).resolve())
    options = parser.parse_args()
    worst = 0.0
    for dims in (2, 3):
        for residual in (False, True):
            with tempfile.TemporaryDirectory() as folder:
                difference = compare(options, pathlib.Path(folder), dims, residual)
            name = "ResidualEncoderUNet" if residual else "PlainConvUNet"
            print(f"{name:<20} {dims}d  largest difference {difference:.1e}", flush=True)
            worst = max(worst, difference)
    sys.exit(worst > 1e-4)


if __name__ == "__main__":
    main()
