# Part of segc, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Reading NIfTI files with NumPy alone."""

import gzip
import struct

import numpy as np

NIFTI_TYPES = {2: np.uint8, 4: np.int16, 8: np.int32, 16: np.float32, 64: np.float64, 256: np.int8, 512: np.uint16}


def read_nifti(path):
    """The voxels [x, y, z] of a little-endian NIfTI-1 file."""
    data = gzip.decompress(path.read_bytes())
    if struct.unpack_from("<i", data)[0] != 348:
        raise ValueError(f"{path}: expected a little-endian NIfTI-1 file")
    sizes = struct.unpack_from("<8h", data, 40)[1:4]
    (code,), (offset,) = struct.unpack_from("<h", data, 70), struct.unpack_from("<f", data, 108)
    if code not in NIFTI_TYPES:
        raise ValueError(f"{path}: data type {code}, expected one of {sorted(NIFTI_TYPES)}")
    return np.frombuffer(data, NIFTI_TYPES[code], int(np.prod(sizes)), int(offset)).reshape(sizes, order="F")


def read_spacing(path):
    """The spacing [x, y, z] in its header."""
    return list(struct.unpack_from("<8f", gzip.decompress(path.read_bytes()), 76)[1:4])
