# Part of segc, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Records what scikit-image and SciPy make of small volumes, for unittests/Runtime/Data/GridResizeTest.cpp.

record_resizes.py FILE.json    writes a line for every resize: its shapes, its interpolation and the result

Planes of "catmull_rom" are those of warp(), which interpolates as resize() of scikit-image 0.18 did.
"""

import argparse
import json

import numpy as np
from scipy.ndimage import map_coordinates
from skimage.transform import AffineTransform, resize, warp

CASES = [
    ("spline", (5, 4, 6), (7, 9, 4)),
    ("spline", (9, 3, 8), (4, 5, 13)),
    ("spline", (1, 6, 5), (1, 9, 11)),
    ("linear", (5, 4, 6), (7, 9, 4)),
    ("nearest", (5, 4, 6), (8, 9, 4)),
    ("catmull_rom", (1, 6, 5), (1, 9, 11)),
    ("catmull_rom", (1, 9, 12), (1, 5, 7)),
    ("spline_planes", (3, 6, 5), (7, 9, 4)),
    ("spline_planes", (7, 6, 5), (3, 4, 9)),
    ("labels", (5, 4, 6), (7, 9, 4)),
    ("labels", (6, 7, 5), (11, 4, 9)),
    ("label_planes", (3, 6, 5), (7, 9, 4)),
]


def image(shape):
    """Numbers that a test makes again."""
    places = np.arange(np.prod(shape))
    return ((places * 7919 % 1009) / 100.0).reshape(shape).astype(np.float32)


def labels(shape):
    places = np.indices(shape)
    return ((places[0] // 2 + 2 * (places[1] // 2) + places[2] // 3) % 4).astype(np.int16)


def spline(values, to):
    return resize(values.astype(np.float64), to, order=3, mode="edge", anti_aliasing=False)


def masks(values, to):
    result = np.zeros(to, np.int16)
    for label in np.unique(values):
        mask = (values == label).astype(np.float64)
        result[resize(mask, to, order=1, mode="edge", anti_aliasing=False) >= 0.5] = label
    return result


def plane_by_plane(function, values, to):
    planes = np.stack([function(plane, to[1:]) for plane in values])
    grid = np.indices(to).astype(np.float64)
    places = [(g + 0.5) * f / t - 0.5 for g, f, t in zip(grid, planes.shape, to)]
    return map_coordinates(planes, places, order=0, mode="nearest")


def warp_planes(image, to, clip=True):
    """An image [height, width, channels]."""
    (height, width), (new_height, new_width) = image.shape[:2], to
    x, y = width / new_width, height / new_height
    matrix = AffineTransform([[x, 0, 0.5 * x - 0.5], [0, y, 0.5 * y - 0.5], [0, 0, 1]])
    return warp(image.astype(np.float64), matrix, output_shape=to, order=3, mode="edge", clip=clip)


def catmull_rom(values, to, clip=True):
    """Clipped to the range of the image."""
    return warp_planes(values[0], to[1:], clip)[None]


def expected(kind, shape, to):
    if kind in ("labels", "label_planes"):
        return masks(labels(shape), to) if kind == "labels" else plane_by_plane(masks, labels(shape), to)
    if kind == "spline_planes":
        return plane_by_plane(spline, image(shape), to)
    if kind == "catmull_rom":
        return catmull_rom(image(shape), to)
    order = {"nearest": 0, "linear": 1, "spline": 3}[kind]
    return resize(image(shape).astype(np.float64), to, order=order, mode="edge", anti_aliasing=False)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file")
    lines = []
    for kind, shape, to in CASES:
        values = [round(float(value), 7) for value in expected(kind, shape, to).ravel()]
        lines.append(json.dumps({"kind": kind, "from": shape, "to": to, "result": values}))
    with open(parser.parse_args().file, "w", encoding="utf-8") as file:
        file.write("[\n" + ",\n".join(lines) + "\n]\n")


if __name__ == "__main__":
    main()
