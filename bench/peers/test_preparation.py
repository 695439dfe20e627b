# Part of segc, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Holds the rendering of MLPerf's preparation in record_preparation.py to PyTorch's interpolation, which it takes.

cd bench/peers && $SEGC_PEERS_PYTHON -m unittest test_preparation
"""

import itertools
import unittest

import numpy as np
import torch
from torch.nn.functional import interpolate

import record_preparation as ours

SHAPES = [((7, 8, 6), (9, 5, 6)), ((5, 1, 4), (1, 6, 11)), ((30, 70, 21), (50, 49, 33))]


class Preparation(unittest.TestCase):
    def test_images(self):
        for shape, to in SHAPES:
            image = ours.image(shape, 0).astype(np.float64)
            theirs = interpolate(torch.from_numpy(image)[None, None], size=to, mode="trilinear", align_corners=True)
            np.testing.assert_allclose(ours.resize_aligned(image, to), theirs[0, 0].numpy(), atol=1e-12)

    def test_labels(self):
        """Every pair of sizes up to 80: where i * from / to is a whole number, f32 decides."""
        for size, to in itertools.product(range(1, 81), range(1, 81)):
            labels = np.arange(size, dtype=np.uint8).reshape(1, 1, size)
            theirs = interpolate(torch.from_numpy(labels)[None, None], size=(1, 1, to), mode="nearest")
            np.testing.assert_array_equal(ours.resize_nearest(labels, (1, 1, to)), theirs[0, 0].numpy())


if __name__ == "__main__":
    unittest.main()
