# Part of segc, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Reads the masks that segc writes with SimpleITK.

test_formats.py [--tests build/unittests/SegcDataTests]
"""

import argparse
import os
import subprocess
import sys
import tempfile
import unittest

import numpy as np
import SimpleITK as sitk

TESTS = "build/unittests/SegcDataTests"


class Masks(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.folder.cleanup)
        subprocess.run(
            [TESTS, "--gtest_filter=MaskFilesTest.*"],
            env={**os.environ, "SEGC_MASK_FILES": cls.folder.name},
            check=True,
            stdout=subprocess.DEVNULL,
        )

    def read(self, ending):
        return sitk.ReadImage(f"{self.folder.name}/mask{ending}")

    def test_volumes(self):
        """Axes turned by 30 degrees, in ITK's left, posterior, superior."""
        s, c = 0.5, np.sqrt(0.75)
        for ending in (".nii.gz", ".nrrd", ".mha"):
            with self.subTest(ending):
                image = self.read(ending)
                self.assertEqual(image.GetSize(), (4, 3, 5))
                self.assertEqual(image.GetPixelID(), sitk.sitkUInt8)
                np.testing.assert_allclose(image.GetSpacing(), (1, 2, 3), atol=1e-6)
                np.testing.assert_allclose(image.GetOrigin(), (-10, -20, 30), atol=1e-6)
                np.testing.assert_allclose(image.GetDirection(), (c, 0, -s, 0, 1, 0, -s, 0, -c), atol=1e-6)
                labels = sitk.GetArrayFromImage(image).ravel()
                np.testing.assert_array_equal(labels, np.arange(60) ** 2 % 3)

    def test_names(self):
        """3D Slicer takes the names of segments from these keys."""
        image = self.read(".nrrd")
        self.assertEqual(image.GetMetaData("Segment1_Name"), "posterior")
        self.assertEqual(image.GetMetaData("Segment1_LabelValue"), "2")

    def test_slices(self):
        for ending in (".tif", ".png"):
            with self.subTest(ending):
                labels = sitk.GetArrayFromImage(self.read(ending)).ravel()
                np.testing.assert_array_equal(labels, np.arange(12) ** 2 % 3)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tests", default=TESTS, help="the program of the unit tests (default: %(default)s)")
    known, rest = parser.parse_known_args()
    TESTS = known.tests
    unittest.main(argv=sys.argv[:1] + rest)
