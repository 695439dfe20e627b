# Part of segc, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Holds the renderings of record_augmentations.py to batchgeneratorsv2's own operations.

cd bench/peers && $SEGC_PEERS_PYTHON -m unittest test_augmentations
"""

import unittest

import numpy as np
import torch
from batchgeneratorsv2.transforms.intensity.contrast import ContrastTransform
from batchgeneratorsv2.transforms.intensity.gamma import GammaTransform
from batchgeneratorsv2.transforms.noise.gaussian_blur import _compute_kernel_size, blur_dimension
from batchgeneratorsv2.transforms.spatial.low_resolution import SimulateLowResolutionTransform
from batchgeneratorsv2.transforms.spatial.spatial import SpatialTransform, create_affine_matrix_3d

import record_augmentations as ours

SHAPE = (9, 10, 11)


def image(shape=SHAPE):
    return ours.image(shape).astype(np.float64)


def tensor(values):
    return torch.from_numpy(np.ascontiguousarray(values, np.float32))[None]


class Augmentations(unittest.TestCase):
    def close(self, expected, actual, tolerance=2e-5):
        np.testing.assert_allclose(np.asarray(actual, np.float64), expected, atol=tolerance)

    def test_matrix(self):
        angles = (0.3, -0.2, 0.5)
        self.close(create_affine_matrix_3d(angles, [1.1] * 3), ours.turned(angles, 1.1), 1e-12)

    def test_map(self):
        """A crop of the whole case, so that v2's crop is ours."""
        for angles, factor in (((0.3, -0.2, 0.5), 1.1), ((0, 0, 0), 0.8), ((0, 0, 0), 1.37)):
            case = ours.draw(SHAPE, (4, 5, 6), extent=SHAPE, matrix=ours.turned(angles, factor))
            transform = SpatialTransform(
                (4, 5, 6), 0, False, p_rotation=1, p_scaling=1, p_synchronize_scaling_across_axes=1,
                rotation=lambda dim, angles=angles, **_: angles[dim], scaling=lambda factor=factor, **_: factor,
                border_mode_seg="constant", padding_value_seg=-1,
            )  # fmt: skip
            result = transform(image=tensor(image()), segmentation=torch.from_numpy(ours.labels(SHAPE))[None])
            self.close(ours.mapped(image(), case, 0.0), result["image"][0])
            self.assertEqual((ours.votes(ours.labels(SHAPE), case) != result["segmentation"][0].numpy()).sum(), 0)

    def test_blur(self):
        # As drawn: of each axis the sigma, and the radius of v2's taps.
        self.assertEqual([_compute_kernel_size(sigma, 6) for sigma in (0.5, 0.6, 0.75, 0.8, 0.95, 1.0)], [3, 5, 5, 5, 7, 7])
        blurred = tensor(image())
        for axis, sigma in enumerate((0.5, 0.8, 1.0)):
            blurred = blur_dimension(blurred, sigma, axis)
        self.close(ours.blurred(image(), ((0.5, 1), (0.8, 2), (1.0, 3))), blurred[0])

    def test_low_resolution(self):
        for factor in (0.5, 0.6, 0.77, 0.99):
            transform = SimulateLowResolutionTransform(lambda factor=factor, **_: factor, False, True, None)
            self.close(ours.reduced(image(), (factor,) * 3), transform(image=tensor(image()))["image"][0])

    def test_contrast(self):
        values = image()
        changed = np.clip((values - values.mean()) * 1.2 + values.mean(), values.min(), values.max())
        self.close(changed, ContrastTransform(1.2, True, False)(image=tensor(values))["image"][0])

    def test_gamma(self):
        for exponent, inverted in ((0.7, 0), (1.5, 1)):
            sign = -1 if inverted else 1
            transform = GammaTransform(exponent, inverted, False, 1, 1)
            self.close(sign * ours.raised(sign * image(), exponent), transform(image=tensor(image()))["image"][0])


if __name__ == "__main__":
    unittest.main()
