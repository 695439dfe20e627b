# Part of segc, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Records what nnU-Net v2 plans for fingerprints, for unittests/Plan/PlannerTest.cpp.

record_plans.py HIPPOCAMPUS FILE.json    of the Decathlon's task in the folder HIPPOCAMPUS, and of made-up data sets
"""

import argparse
import contextlib
import gzip
import importlib
import io
import json
import os
import struct
import tempfile

import numpy as np

PLANNERS = {
    "plain": ("default_experiment_planner", "ExperimentPlanner"),
    "M": ("residual_unets.residual_encoder_unet_planners", "nnUNetPlannerResEncM"),
    "L": ("residual_unets.residual_encoder_unet_planners", "nnUNetPlannerResEncL"),
}
# channels, classes, share that is left by the crop, cases, shape and spacing (z, y, x), each with what it varies by
MADE_UP = {
    "brats": (["T1", "T1ce", "T2", "FLAIR"], 4, 0.6, 40, (138, 170, 138), (10, 10, 10), (1, 1, 1), (0, 0, 0)),
    "liver": (["CT"], 3, 1.0, 21, (480, 512, 512), (200, 0, 0), (1.0, 0.77, 0.77), (0.3, 0.1, 0.1)),
    "prostate": (["T2", "ADC"], 3, 1.0, 32, (20, 320, 320), (4, 20, 20), (3.6, 0.62, 0.62), (0.3, 0.02, 0.02)),
    "acdc": (["cineMRI"], 4, 1.0, 20, (9, 237, 208), (2, 30, 30), (10, 1.56, 1.56), (2.5, 0.1, 0.1)),
    "coarse_last": (["CT"], 15, 1.0, 10, (512, 512, 120), (0, 0, 40), (0.8, 0.8, 3.0), (0.1, 0.1, 1.0)),
    "planes": (["zscore"], 2, 1.0, 12, (1, 600, 500), (0, 50, 50), (1, 1, 1), (0, 0, 0)),
    "many_classes": (["ct", "noNorm"], 118, 1.0, 14, (300, 250, 250), (60, 40, 40), (1.5, 1.5, 1.5), (0, 0, 0)),
}
NIFTI_TYPES = {2: np.uint8, 4: np.int16, 8: np.int32, 16: np.float32, 64: np.float64, 512: np.uint16}


def hippocampus(folder):
    """Sizes of the non-zero boxes and spacings of the training volumes."""
    cases = []
    for name in sorted(os.listdir(f"{folder}/imagesTr")):
        if name.startswith(".") or not name.endswith(".nii.gz"):
            continue
        with gzip.open(f"{folder}/imagesTr/{name}") as file:
            data = file.read()
        size = struct.unpack("<3h", data[42:48])
        spacing = struct.unpack("<3f", data[80:92])
        kind = NIFTI_TYPES[struct.unpack("<h", data[70:72])[0]]
        start = int(struct.unpack("<f", data[108:112])[0])
        places = np.argwhere(np.frombuffer(data, kind, int(np.prod(size)), start).reshape(size[::-1]))
        shape = (places.max(0) - places.min(0) + 1).tolist()
        cases.append([shape, [round(float(value), 6) for value in spacing[::-1]]])
    return {"name": "hippocampus", "channels": ["MRI"], "classes": 3, "relative": 1.0, "cases": cases}


def made_up():
    random = np.random.RandomState(3)
    for name, (channels, classes, relative, count, shape, shapes, spacing, spacings) in MADE_UP.items():
        cases = []
        for _ in range(count):
            size = [int(max(1, v + random.randint(-d, d + 1))) for v, d in zip(shape, shapes)]
            cases.append([size, [round(float(v + random.uniform(-d, d)), 4) for v, d in zip(spacing, spacings)]])
        yield {"name": name, "channels": channels, "classes": classes, "relative": relative, "cases": cases}


def prepare(root, name, fingerprint):
    """The files that the planner reads."""
    raw, preprocessed = f"{root}/raw/{name}", f"{root}/preprocessed/{name}"
    for folder in (f"{raw}/imagesTr", f"{raw}/labelsTr", preprocessed):
        os.makedirs(folder)
    for channel in range(len(fingerprint["channels"])):
        open(f"{raw}/imagesTr/a_{channel:04d}.nii.gz", "w").close()
    open(f"{raw}/labelsTr/a.nii.gz", "w").close()
    with open(f"{raw}/dataset.json", "w", encoding="utf-8") as file:
        names = ["background"] + [f"c{number}" for number in range(1, fingerprint["classes"])]
        channels = {str(number): name for number, name in enumerate(fingerprint["channels"])}
        labels = {name: number for number, name in enumerate(names)}
        count = len(fingerprint["cases"])
        json.dump({"channel_names": channels, "labels": labels, "numTraining": count, "file_ending": ".nii.gz"}, file)
    with open(f"{preprocessed}/dataset_fingerprint.json", "w", encoding="utf-8") as file:
        shapes, spacings = zip(*fingerprint["cases"])
        json.dump(
            {
                "shapes_after_crop": shapes,
                "spacings": spacings,
                "median_relative_size_after_cropping": fingerprint["relative"],
                "foreground_intensity_properties_per_channel": {},
            },
            file,
        )


def configuration(plan):
    network = plan["architecture"]["arch_kwargs"]
    return {
        "patch": [int(value) for value in plan["patch_size"]],
        "batch": int(plan["batch_size"]),
        "spacing": [round(float(value), 9) for value in plan["spacing"]],
        "median_shape": [float(value) for value in plan["median_image_size_in_voxels"]],
        "kernels": network["kernel_sizes"],
        "strides": network["strides"],
        "filters": network["features_per_stage"],
        "encoder_blocks": network.get("n_conv_per_stage", network.get("n_blocks_per_stage")),
        "decoder_blocks": network["n_conv_per_stage_decoder"],
        "batch_dice": plan["batch_dice"],
        "normalization": plan["normalization_schemes"],
        "use_mask": [bool(value) for value in plan["use_mask_for_norm"]],
    }


def record(fingerprints, root):
    for folder in ("raw", "preprocessed", "results"):
        os.environ[f"nnUNet_{folder}"] = f"{root}/{folder}"
        os.makedirs(f"{root}/{folder}")
    for number, fingerprint in enumerate(fingerprints, 1):
        name = f"Dataset{number:03d}_X"
        prepare(root, name, fingerprint)
        for network, (module, planner) in PLANNERS.items():
            package = f"nnunetv2.experiment_planning.experiment_planners.{module}"
            made = getattr(importlib.import_module(package), planner)(name)
            # The reader of the empty files; only its name is asked for.
            made.determine_reader_writer = lambda: type(None)
            with contextlib.redirect_stdout(io.StringIO()):
                plans = made.plan_experiment()
            known = plans["configurations"].items()
            yield {
                "set": fingerprint["name"],
                "network": network,
                "transpose": plans["transpose_forward"],
                "configurations": {key: configuration(plan) for key, plan in known if "patch_size" in plan},
            }


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("hippocampus")
    parser.add_argument("file")
    arguments = parser.parse_args()
    fingerprints = [hippocampus(arguments.hippocampus), *made_up()]
    with tempfile.TemporaryDirectory() as root:
        plans = list(record(fingerprints, root))
    lists = []
    for key, values in (("fingerprints", fingerprints), ("plans", plans)):
        lists.append(f'"{key}": [\n' + ",\n".join(json.dumps(value) for value in values) + "\n]")
    with open(arguments.file, "w", encoding="utf-8") as file:
        file.write("{\n" + ",\n".join(lists) + "\n}\n")


if __name__ == "__main__":
    main()
