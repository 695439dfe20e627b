# Part of segc, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Made-up labelled volumes: ellipsoids, one striped texture a class, in smooth shading (at most 1 %) and noise.

  made_volumes.py FOLDER [--cases N] [--shape X,Y,Z] [--classes N]

Networks that normalise each sample's channels cannot tell many classes by grey values alone: stripes have a direction and
a period of their own. Writes FOLDER/images/made_N.nii.gz and FOLDER/labels/made_N.nii.gz, of 1 mm. No voxel is 0, so that
nothing is cropped.
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


def waves(classes):
    """A wave vector in turns a voxel for each class above 0: directions spread over half a sphere, periods 5 and 8."""
    directions = (classes + 1) // 2
    vectors = []
    for number in range(classes - 1):
        height = (number // 2 + 0.5) / directions
        turn = np.pi * (3 - np.sqrt(5)) * (number // 2)
        flat = np.sqrt(1 - height**2)
        vectors.append(np.array([height, flat * np.cos(turn), flat * np.sin(turn)]) / (5 if number % 2 else 8))
    return vectors


def make(draws, shape, classes):
    axes = np.meshgrid(*[np.arange(size, dtype=np.float32) for size in shape], indexing="ij", sparse=True)
    labels = np.zeros(shape, np.uint8)
    image = np.full(shape, 300, np.float32)
    for label, wave in enumerate(waves(classes), 1):
        stripes = 900 + 400 * np.cos(2 * np.pi * sum(axis * step for axis, step in zip(axes, wave)) + draws.uniform(0, 6))
        for _ in range(4):
            centre = [draws.uniform(0.1, 0.9) * size for size in shape]
            radii = draws.uniform(0.1, 0.2, 3) * min(shape)
            inside = sum(((axis - at) / radius) ** 2 for axis, at, radius in zip(axes, centre, radii)) < 1
            labels[inside] = label
            image[inside] = stripes[inside]
    shading = 1 + 0.003 * sum(np.sin(axis * draws.uniform(0.01, 0.03) + draws.uniform(0, 6)) for axis in axes)
    image = image * shading + draws.normal(0, 15, shape).astype(np.float32)
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
