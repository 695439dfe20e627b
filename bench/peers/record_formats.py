# Part of segc, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Records small files that SimpleITK writes, for unittests/Runtime/Data.

record_formats.py unittests/Runtime/Data/golden/formats

The volume has 2x3x4 voxels that count from 0 and axes that are turned about z.
"""

import argparse
import pathlib

import numpy as np
import SimpleITK as sitk


def turned(voxels, vector=False):
    image = sitk.GetImageFromArray(voxels, isVector=vector)
    image.SetSpacing((1, 2, 3))
    image.SetOrigin((10, 20, 30))
    image.SetDirection((0, -1, 0, 1, 0, 0, 0, 0, -1))
    return image


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=pathlib.Path)
    folder = parser.parse_args().folder
    folder.mkdir(parents=True, exist_ok=True)

    def write(image, name, packed=True):
        sitk.WriteImage(image, str(folder / name), packed)

    counting = turned(np.arange(24, dtype=np.int16).reshape(4, 3, 2))
    write(counting, "packed.mha")
    write(counting, "beside.mhd", packed=False)
    pairs = np.arange(48, dtype=np.uint8).reshape(4, 3, 2, 2)
    write(turned(pairs, vector=True), "vector.mha")
    plane = sitk.GetImageFromArray(np.arange(6, dtype=np.uint8).reshape(3, 2))
    plane.SetSpacing((1, 2))
    write(plane, "plane.mha", packed=False)
    write(counting, "pair.hdr", packed=False)


if __name__ == "__main__":
    main()
