# Part of segc, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Records what SciPy, scikit-image and NumPy make of small patches, for unittests/Runtime/Augment/PatchRendererTest.cpp.

record_augmentations.py FILE.json    writes a line for every operation: the case, what is drawn, the patch
"""

import argparse
import json

import numpy as np
from nnunetv2.training.data_augmentation.compute_initial_patch_size import get_patch_size
from scipy.ndimage import affine_transform, correlate1d, map_coordinates

from record_resizes import catmull_rom, image, labels

IDENTITY = np.eye(3).tolist()


def turned(angles, scale, planar=False):
    """v2's matrix: scaled, then turned around the first, the second and the third axis."""
    (sa, sb, sc), (ca, cb, cc) = np.sin(angles), np.cos(angles)
    around = [
        np.array([[1, 0, 0], [0, ca, -sa], [0, sa, ca]]),
        np.array([[cb, 0, sb], [0, 1, 0], [-sb, 0, cb]]),
        np.array([[cc, -sc, 0], [sc, cc, 0], [0, 0, 1]]),
    ]
    return (around[2] @ around[1] @ around[0] @ np.diag([1 if planar else scale, scale, scale])).tolist()


def draw(shape, patch, **changes):
    base = {
        "shape": shape,
        "patch": patch,
        "origin": (0, 0, 0),
        "extent": patch,
        "map": "copy",
        "matrix": IDENTITY,
        "flip": (False, False, False),
    }
    return {**base, **changes}


TURN = turned((0.3, -0.2, 0.5), 1.1)
SMALL = (4, 5, 6)
CASES = [
    draw((6, 7, 8), SMALL, origin=(1, 2, 1)),
    draw((6, 7, 8), SMALL, origin=(-2, 4, 5), flip=(True, False, True)),
    draw((9, 10, 11), SMALL, origin=(1, 1, 2), extent=(7, 8, 9), map="affine", matrix=TURN),
    draw((9, 10, 11), SMALL, origin=(-3, 4, 5), extent=(7, 8, 9), map="affine", matrix=TURN, flip=(True, True, False)),
    draw((3, 4, 5), SMALL, origin=(-2, -2, -2), extent=(7, 8, 9), map="affine", matrix=TURN, flip=(False, False, True)),
    draw((9, 10, 11), SMALL, origin=(1, -1, 2), extent=(7, 8, 9), map="affine", matrix=turned((0, 0, 0), 1.27)),
    draw((9, 10, 11), (5, 4, 7), extent=(6, 6, 9), map="affine", matrix=turned((0, 0, 0), 0.83), flip=(True, False, True)),
    draw((2, 12, 13), (1, 6, 7), origin=(1, 2, 1), extent=(1, 9, 9), map="affine", matrix=turned((2.1, 0, 0), 0.9, True)),
    draw((4, 12, 13), (3, 6, 7), origin=(2, 3, 5), extent=(3, 9, 9), map="affine", matrix=turned((-1.1, 0, 0), 1.3, True), flip=(True, True, True)),
    draw((6, 40, 40), (2, 9, 37), origin=(2, 10, 1), extent=(4, 30, 39), map="affine", matrix=turned((0.1, 0.05, -0.2), 1.0)),
    draw((9, 10, 11), (6, 7, 8), origin=(2, 1, 1), extent=(4, 5, 6), map="zoom"),
    draw((9, 10, 11), (6, 7, 8), origin=(2, 1, 3), extent=(5, 5, 6), map="zoom", flip=(True, False, True)),
    draw((3, 10, 11), (1, 7, 8), origin=(2, 1, 1), extent=(1, 5, 6), map="zoom"),
    draw(SMALL, SMALL, blur=((0.6, 1), (0.9, 2), (1.4, 5))),
    draw((1, 9, 18), (1, 9, 18), blur=((0, 0), (0.7, 3), (0.8, 2))),
    draw((7, 6, 5), (7, 6, 5), low=(0.6, 0.6, 0.6)),
    draw((3, 8, 9), (3, 8, 9), low=(1, 0.75, 0.75)),
    draw(SMALL, SMALL, scale=1.2, shift=-0.4),
    draw(SMALL, SMALL, contrast=1.25),
    draw(SMALL, SMALL, contrast=0.8),
    draw(SMALL, SMALL, gamma=1.4),
    draw(SMALL, SMALL, inverted_gamma=0.7),
    draw((9, 10, 11), SMALL, origin=(1, 1, 2), extent=(7, 8, 9), map="affine", matrix=TURN, blur=((0.6, 1), (0.9, 2), (0.5, 1)),
         scale=0.9, contrast=1.2, low=(0.7, 0.7, 0.7), inverted_gamma=1.3, gamma=0.8),
]
PATCHES = [(128, 128, 128), (40, 56, 40), (20, 320, 256), (56, 192, 160), (48, 192, 192), (320, 256), (192, 160), (56, 40)]


def crop(values, case, outside):
    grid = np.indices(case["extent"]).reshape(3, -1).T + case["origin"]
    shape = np.array(case["shape"])
    inside = np.all((grid >= 0) & (grid < shape), axis=1)
    result = np.full(len(grid), outside, values.dtype)
    result[inside] = values[tuple(grid[inside].T)]
    return result.reshape(case["extent"])


def mapped(values, case, outside):
    """The linear map of a crop, with `outside` around it."""
    matrix = np.array(case["matrix"])
    centre = (np.array(case["extent"]) - 1) / 2 - matrix @ ((np.array(case["patch"]) - 1) / 2)
    return affine_transform(values.astype(np.float64), matrix, centre, tuple(case["patch"]), order=1, mode="grid-constant", cval=outside)


def votes(values, case):
    found = np.unique(np.append(values, -1))
    scores = np.stack([mapped(values == label, case, float(label == -1)) for label in found])
    first, second = np.sort(scores, axis=0)[[-1, -2]]
    assert (first - second).min() > 1e-4, "a tie"
    return found[scores.argmax(axis=0)]


def zoomed(values, to):
    planes = np.concatenate([catmull_rom(plane[None], (1, *to[1:]), clip=False) for plane in values])
    if planes.shape[0] == to[0]:
        return planes
    columns = planes.transpose(2, 0, 1)
    size = (1, to[0], columns.shape[2])
    return np.concatenate([catmull_rom(plane[None], size, clip=False) for plane in columns]).transpose(1, 2, 0)


def nearest(values, to):
    grid = np.indices(to).astype(np.float64)
    places = [(g + 0.5) * f / t - 0.5 for g, f, t in zip(grid, values.shape, to)]
    return map_coordinates(values, places, order=0, mode="nearest")


def blurred(values, axes):
    for axis, (sigma, radius) in enumerate(axes):
        if radius:
            taps = np.exp(-0.5 * (np.arange(-radius, radius + 1) / sigma) ** 2)
            values = correlate1d(values, taps / taps.sum(), axis, mode="mirror")
    return values


def reduced(values, factors):
    low = tuple(round(size * float(np.float32(factor))) for size, factor in zip(values.shape, factors))
    grid = [((np.arange(size) + 0.5) * whole / size).astype(int) for size, whole in zip(low, values.shape)]
    small = values[np.ix_(*grid)]
    places = [(g + 0.5) * f / t - 0.5 for g, f, t in zip(np.indices(values.shape), low, values.shape)]
    return map_coordinates(small, places, order=1, mode="nearest")


def raised(values, exponent):
    low, span = values.min(), values.max() - values.min()
    result = ((values - low) / span) ** exponent * span + low
    return (result - result.mean()) * values.std(ddof=1) / result.std(ddof=1) + values.mean()


def rendered(case):
    crop_image, crop_labels = crop(image(case["shape"]), case, 0), crop(labels(case["shape"]), case, -1)
    if case["map"] == "affine":
        values, classes = mapped(crop_image, case, 0.0), votes(crop_labels, case)
    elif case["map"] == "zoom":
        values, classes = zoomed(crop_image, case["patch"]), nearest(crop_labels, case["patch"])
    else:
        values, classes = crop_image.astype(np.float64), crop_labels
    axes = tuple(axis for axis in range(3) if case["flip"][axis])
    values, classes = np.flip(values, axes), np.flip(classes, axes)
    values = blurred(values, case.get("blur", ()))
    values = values * case.get("scale", 1) + case.get("shift", 0)
    if "contrast" in case:
        changed = (values - values.mean()) * case["contrast"] + values.mean()
        values = np.clip(changed, values.min(), values.max())
    if "low" in case:
        values = reduced(values, case["low"])
    if "inverted_gamma" in case:
        values = -raised(-values, case["inverted_gamma"])
    if "gamma" in case:
        values = raised(values, case["gamma"])
    return values, np.maximum(classes, 0)


def enlarged(patch):
    """As nnUNetTrainer asks for it."""
    if len(patch) == 2:
        angle = np.pi / 12 if max(patch) / min(patch) > 1.5 else np.pi
        return (1, *get_patch_size(patch, *[(-angle, angle)] * 3, (0.85, 1.25)).tolist())
    planar = max(patch) / patch[0] > 3
    angle = np.pi if planar else np.pi / 6
    result = get_patch_size(patch, *[(-angle, angle)] * 3, (0.85, 1.25)).tolist()
    return (patch[0], *result[1:]) if planar else tuple(result)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file")
    lines = [json.dumps({"enlarged": [[(1, *p) if len(p) == 2 else p, enlarged(p)] for p in PATCHES]})]
    for case in CASES:
        values, classes = rendered(case)
        result = {"image": [round(float(value), 6) for value in values.ravel()], "labels": classes.ravel().tolist()}
        lines.append(json.dumps({**case, **result}))
    with open(parser.parse_args().file, "w", encoding="utf-8") as file:
        file.write("[\n" + ",\n".join(lines) + "\n]\n")


if __name__ == "__main__":
    main()
