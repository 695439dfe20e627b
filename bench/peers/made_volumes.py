# Part of segc, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Made-up labelled volumes: ellipsoids, one grey value a class, in smooth shading and noise.

  made_volumes.py FOLDER [--cases N] [--shape X,Y,Z] [--classes N]

Writes FOLDER/images/made_N.nii.gz and FOLDER/labels/made_N.nii.gz, of 1 mm. No voxel is 0, so that nothing is cropped.
"""

import argparse
import pathlib

import numpy as np
import SimpleITK


def write(path, values):
    path.parent.mkdir(parents=True, exist_ok=True)
    image = SimpleITK.GetImageFromArray(values)
    image.SetDirection((-1, 0, 0, 0, -1, 0, 0, 0, 1))  # RAS: SimpleITK's own axes are LPS.
    SimpleITK.WriteImage(image, str(path))


def make(draws, shape, classes):
    axes = np.meshgrid(*[np.arange(size, dtype=np.float32) for size in shape], indexing="ij", sparse=True)
    labels = np.zeros(shape, np.uint8)
    for label in range(1, classes):
        for _ in range(3):
            centre = [draws.uniform(0.1, 0.9) * size for size in shape]
            radii = draws.uniform(0.06, 0.16, 3) * min(shape)
            inside = sum(((axis - at) / radius) ** 2 for axis, at, radius in zip(axes, centre, radii)) < 1
            labels[inside] = label
    shading = 1 + 0.05 * sum(np.sin(axis * draws.uniform(0.01, 0.03) + draws.uniform(0, 6)) for axis in axes)
    image = (200 + 100 * labels.astype(np.float32)) * shading + draws.normal(0, 15, shape).astype(np.float32)
    return np.maximum(1, image).astype(np.int16), labels


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--cases", type=int, default=3)
    parser.add_argument("--shape", default="256,256,200")
    parser.add_argument("--classes", type=int, default=20)
    options = parser.parse_args()
    shape = [int(size) for size in options.shape.split(",")][::-1]
    for number in range(options.cases):
        image, labels = make(np.random.default_rng(number), shape, options.classes)
        write(options.folder / "images" / f"made_{number}.nii.gz", image)
        write(options.folder / "labels" / f"made_{number}.nii.gz", labels)


if __name__ == "__main__":
    main()
