# Part of segc, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Prepares cases as the published example, nnU-Net v2 and MLPerf do, with NumPy, SciPy and scikit-image.

record_preparation.py FILE.json              records small cases, for unittests/Runtime/Data/PreparedCaseTest.cpp
record_preparation.py --data DATA CACHE      compares what `segrun preprocess DATA -o CACHE` wrote with its own
"""

import argparse
import json
import math
import pathlib

import numpy as np
from scipy.ndimage import binary_fill_holes

import record_resizes
import safetensors_io
from nifti import read_nifti, read_spacing


def box_of(mask):
    places = np.argwhere(mask)
    return tuple(slice(low, high + 1) for low, high in zip(places.min(0), places.max(0)))


def separate_axis(spacings, more):
    for spacing in spacings:
        if more(max(spacing) / min(spacing)):
            coarsest = [axis for axis in range(3) if spacing[axis] == max(spacing)]
            return coarsest[0] if len(coarsest) == 1 else None
    return None


def resize_planes(function, values, to, axis):
    moved = np.moveaxis(values, axis, 0)
    to = (to[axis], *(size for i, size in enumerate(to) if i != axis))
    return np.moveaxis(record_resizes.plane_by_plane(function, moved, to), 0, axis)


# The rules of nnU-Net v2: crop, normalise, resample.


def normalize_v2(image, labels, scheme, use_mask, intensities):
    if scheme == "ct":
        clipped = np.clip(image, intensities["lower_clip"], intensities["upper_clip"])
        return (clipped - intensities["mean"]) / max(intensities["std"], 1e-8)
    if scheme == "zscore":
        inside = labels >= 0 if use_mask else np.ones(image.shape, bool)
        image = image.copy()
        image[inside] = (image[inside] - image[inside].mean()) / max(image[inside].std(), 1e-8)
        return image
    if scheme == "rescale_to_0_1":
        image = image - image.min()
        return image / max(image.max(), 1e-8)
    return image / 255 if scheme == "rgb_to_0_1" else image


def prepare_v2(images, labels, spacing, plan):
    axes = plan["transpose"]
    images = [image.transpose(axes) for image in images]
    labels = labels.transpose(axes).astype(np.int16)
    spacing = [spacing[axis] for axis in axes]
    mask = binary_fill_holes(np.any([image != 0 for image in images], 0))
    box = box_of(mask)
    labels = np.where((labels == 0) & ~mask, -1, labels)[box]
    target = spacing[: 3 - len(plan["spacing"])] + list(plan["spacing"])
    shape = tuple(int(round(f / t * n)) for f, t, n in zip(spacing, target, labels.shape))
    axis = separate_axis((spacing, target), lambda ratio: ratio > 3)
    results = []
    for channel, image in enumerate(images):
        image = normalize_v2(
            image[box].astype(np.float64),
            labels,
            plan["normalization"][channel],
            plan["use_mask"][channel],
            plan["intensities"][channel],
        )
        if shape != image.shape and axis is not None:
            image = resize_planes(record_resizes.spline, image, shape, axis)
        elif shape != image.shape:
            image = record_resizes.spline(image, shape)
        results.append(image)
    if shape != labels.shape and axis is not None:
        labels = resize_planes(record_resizes.masks, labels, shape, axis)
    elif shape != labels.shape:
        labels = record_resizes.masks(labels, shape)
    return np.stack(results, -1), labels


# The rules of the published example: crop, resample, normalise, pad.


def resize_example(image, shape):
    """Order 3 of scikit-image 0.18: a last axis that keeps its size is one of channels."""
    if shape[2] != image.shape[2]:
        return record_resizes.spline(image, shape)
    return record_resizes.warp_planes(image, shape[:2])


def normalize_example(image, scheme, intensities):
    if scheme == "ct":
        clipped = np.clip(image, intensities["lower_clip"], intensities["upper_clip"])
        return (clipped - intensities["mean"]) / intensities["std"]
    inside = image != 0
    std = image[inside].std()
    image = image.copy()
    image[inside] = (image[inside] - image[inside].mean()) / (std if std else 1e-7)
    return image


def pad_example(array, patch):
    dim = len(patch)
    for axis, size in zip(range(3 - dim, 3), patch):
        lack = max(size - array.shape[axis], 0)
        array = np.pad(array, [(lack // 2, lack - lack // 2) if i == axis else (0, 0) for i in range(array.ndim)])
        if dim == 2:
            first = (array.shape[axis] - size) // 2
            array = np.take(array, range(first, first + size), axis)
    return array


def prepare_example(images, labels, spacing, plan):
    box = box_of(np.any([image > 0 for image in images], 0))
    images, labels = [image[box].astype(np.float64) for image in images], labels[box].astype(np.int16)
    target = plan["spacing"]
    if len(target) == 3 and list(target) != list(spacing):
        shape = tuple(int(f / t * n) for f, t, n in zip(spacing, target, labels.shape))
        if any(max(s) / min(s) >= 3 for s in (spacing, target)):
            images = [resize_planes(record_resizes.warp_planes, image, shape, 0) for image in images]
            labels = resize_planes(record_resizes.masks, labels, shape, 0)
        else:
            images = [resize_example(image, shape) for image in images]
            labels = record_resizes.masks(labels, shape)
    images = [normalize_example(image, plan["normalization"][0], plan["intensities"][0]) for image in images]
    return pad_example(np.stack(images, -1), plan["patch"]), pad_example(labels, plan["patch"])


# The rules of the MLPerf training benchmark: resample, normalise, pad. No crop.


def resize_aligned(image, shape):
    """Linear along each axis, first and last voxels of both grids at the same places."""
    for axis, size in enumerate(shape):
        n = image.shape[axis]
        places = np.arange(size) * ((n - 1) / (size - 1) if size > 1 else 0)
        low = np.minimum(np.floor(places).astype(int), n - 1)
        high = np.minimum(low + 1, n - 1)
        weight = (places - low).reshape([-1 if i == axis else 1 for i in range(3)])
        image = np.take(image, low, axis) * (1 - weight) + np.take(image, high, axis) * weight
    return image


def resize_nearest(labels, shape):
    """The voxel at i * from / to, rounded down, in f32."""
    for axis, size in enumerate(shape):
        n = labels.shape[axis]
        places = np.floor(np.arange(size, dtype=np.float32) * (np.float32(n) / np.float32(size)))
        labels = np.take(labels, np.minimum(places.astype(int), n - 1), axis)
    return labels


def prepare_mlperf(images, labels, spacing, plan):
    axes = plan["transpose"]
    images = [image.transpose(axes).astype(np.float64) for image in images]
    labels = labels.transpose(axes).astype(np.int16)
    old, new = np.array([spacing[axis] for axis in axes]), np.array(plan["spacing"])
    shape = tuple((old / new * np.array(labels.shape)).astype(int).tolist())
    lack = [max(size - n, 0) for size, n in zip(plan["patch"], shape)]
    widths = [(n // 2, n - n // 2) for n in lack]
    results = []
    for image, values in zip(images, plan["intensities"]):
        image = np.clip(resize_aligned(image, shape), values["lower_clip"], values["upper_clip"])
        results.append(np.pad((image - values["mean"]) / values["std"], widths, mode="edge"))
    return np.stack(results, -1), np.pad(resize_nearest(labels, shape), widths, mode="edge")


def prepare(images, labels, spacing, plan):
    rules = {"v2": prepare_v2, "example": prepare_example, "mlperf": prepare_mlperf}
    return rules[plan["rules"]](images, labels, spacing, plan)


# Recorded cases.

CT = {"mean": 2.0, "std": 1.5, "lower_clip": -1.0, "upper_clip": 6.5}


def plan_of(rules, spacing, **others):
    channels = others.pop("channels", 1)
    plan = {
        "rules": rules,
        "transpose": [0, 1, 2],
        "spacing": spacing,
        "patch": [4] * len(spacing),
        "normalization": ["zscore"] * channels,
        "use_mask": [True] * channels,
        "intensities": [CT] * channels,
    }
    return {**plan, **others}


CASES = [
    ((7, 8, 6), [1, 1, 1], plan_of("v2", [0.8, 1.25, 1], channels=2, normalization=["zscore", "ct"])),
    ((7, 8, 6), [1, 1, 1], plan_of("v2", [1, 1, 1], use_mask=[False])),
    ((6, 8, 9), [4, 1, 1], plan_of("v2", [2.5, 0.9, 1.2])),
    ((8, 7, 6), [1, 1.2, 5], plan_of("v2", [3, 1.2, 1.3], transpose=[2, 0, 1], normalization=["rescale_to_0_1"])),
    ((5, 8, 9), [3, 1.5, 1.5], plan_of("v2", [1.2, 1.2], normalization=["nonorm"])),
    ((7, 8, 6), [1, 1, 1], plan_of("example", [0.8, 1.25, 0.7])),
    ((7, 8, 6), [1, 1, 1], plan_of("example", [0.8, 1.25, 1])),
    ((6, 8, 9), [4, 1, 1], plan_of("example", [2.5, 0.9, 1.2], normalization=["ct"])),
    ((6, 7, 9), [1, 1, 1], plan_of("example", [1, 1], patch=[8, 4])),
    ((6, 7, 9), [1, 1, 1], plan_of("example", [1, 1, 1], patch=[8, 8, 8])),
    ((7, 8, 6), [2, 1, 1.5], plan_of("mlperf", [1.6, 1.2, 1.2], normalization=["ct"])),
    ((6, 5, 7), [1.6, 1.2, 1.2], plan_of("mlperf", [1.6, 1.2, 1.2], normalization=["ct"], patch=[4, 8, 8])),
    (
        (5, 4, 6),
        [1, 1.1, 2.9],
        plan_of("mlperf", [1.6, 1.2, 1.2], channels=2, normalization=["ct"] * 2, transpose=[2, 0, 1], patch=[4, 6, 6]),
    ),
]


def image(shape, channel):
    """Numbers that a test makes again: zeros around and in a hole, some below 0."""
    places = np.arange(np.prod(shape))
    values = (((places + 5 * channel) * 7919 % 1009) / 100.0 - 1).reshape(shape).astype(np.float32)
    z, y, x = np.indices(shape)
    values[(z < 1) | (y < 2) | (x >= shape[2] - 1)] = 0
    values[(z == 3) & (y == 4) & (x == 2)] = 0
    values[(z + y + x) > sum(shape) - 6] = 0
    return values


def labels(shape):
    z, y, x = np.indices(shape)
    return ((z // 3 + y // 3 + x // 4) % 3).astype(np.int16)


def record(path):
    lines = []
    for shape, spacing, plan in CASES:
        images = [image(shape, channel) for channel in range(len(plan["normalization"]))]
        result, classes = prepare(images, labels(shape), spacing, plan)
        lines.append(
            json.dumps(
                {
                    "shape": shape,
                    "spacing": spacing,
                    "plan": plan,
                    "result": classes.shape,
                    "image": [round(float(value), 6) for value in result.ravel()],
                    "labels": classes.ravel().tolist(),
                }
            )
        )
    pathlib.Path(path).write_text("[\n" + ",\n".join(lines) + "\n]\n", encoding="utf-8")


# Whole data sets. The volumes of the hippocampus task are stored right, anterior, superior.


def compare(data, cache):
    index = json.loads((cache / "cache.json").read_text())
    whole = index["plan"]
    configuration = whole["configurations"][index["configuration"]]
    plan = {**configuration, **{key: whole[key] for key in ("rules", "transpose", "intensities")}}
    entries = {pathlib.Path(e["image"]).name: e for e in json.loads((data / "dataset.json").read_text())["training"]}
    voxels, others, furthest = 0, 0, 0.0
    for name in index["cases"]:
        entry = entries[name + ".nii.gz"]
        path = data / entry["image"]
        result, classes = prepare(
            [read_nifti(path).T.astype(np.float32)], read_nifti(data / entry["label"]).T, read_spacing(path)[::-1], plan
        )
        ours = safetensors_io.load(cache / (name + ".safetensors"))
        if ours["labels"].shape != classes.shape:
            raise ValueError(f"{name}: expected {classes.shape}, got {ours['labels'].shape}")
        voxels += classes.size
        others += int(np.count_nonzero(ours["labels"] != classes))
        furthest = max(furthest, float(np.abs(ours["image"] - result).max()))
    print(f"{len(index['cases'])} cases, {voxels} voxels: {others} labels differ, images by at most {furthest:.2g}")
    return 0 if others <= math.floor(voxels * 1e-4) and furthest <= 1e-3 else 1


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("output", type=pathlib.Path)
    parser.add_argument("--data", type=pathlib.Path)
    arguments = parser.parse_args()
    if arguments.data is None:
        record(arguments.output)
        return 0
    return compare(arguments.data, arguments.output)


if __name__ == "__main__":
    raise SystemExit(main())
