# Part of segc, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What somebody does who has installed the wheel: predicts scan.nii.gz with
frozen.so, as a file and as an array, compiles vnet.mlir by a compiler on the
PATH, and makes mistakes."""

import concurrent.futures
import gzip
import os
import pathlib
import re
import subprocess
import sys
import unittest

import numpy
import segc

SYSTEM = re.compile(r"/(libc|libm|libgcc_s|libstdc\+\+|ld-linux-x86-64|libdl|libpthread|librt|libresolv)\.so")


def voxels(path):
    """Shape, spacing and voxels [z, y, x] of a file of one NIfTI volume."""
    data = gzip.open(path).read()
    shape = numpy.frombuffer(data, "<i2", 4, 40)[3:0:-1]
    kind = {2: "u1", 4: "<i2", 16: "<f4"}[int.from_bytes(data[70:72], "little")]
    start = int(numpy.frombuffer(data, "<f4", 1, 108)[0])
    return numpy.frombuffer(data, kind, shape.prod(), start).reshape(shape), numpy.frombuffer(data, "<f4", 3, 80)


class Session(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.model = segc.open("frozen.so", threads=1)
        cls.labels = cls.model.predict("scan.nii.gz")
        cls.array, cls.spacing = voxels("scan.nii.gz")

    def test_file_as_segrun(self):
        subprocess.run(["segrun", "predict", "--model", "frozen.so", "--data", "scan.nii.gz",
                        "--no-overlays", "--output", "masks"], check=True, capture_output=True)
        self.model.predict_file("scan.nii.gz", "labels.nii.gz")
        mask = pathlib.Path("masks/scan.nii.gz").read_bytes()
        self.assertEqual(pathlib.Path("labels.nii.gz").read_bytes(), mask)
        self.assertEqual(self.labels.dtype, numpy.uint8)
        self.assertTrue((voxels("labels.nii.gz")[0] == self.labels).all())
        self.assertEqual(set(numpy.unique(self.labels)) - {0, 1, 2}, set())

    def test_array(self):
        forms = [self.array, self.array.astype("f8"), self.array.astype(">f4"),
                 numpy.asfortranarray(self.array), self.array[None]]
        # Values that all of these types hold.
        self.assertTrue((self.array == self.array.astype("f4")).all())
        first = self.model.predict(forms[0], self.spacing)
        self.assertEqual(first.shape, self.array.shape)
        for form in forms[1:]:
            self.assertTrue((self.model.predict(form, self.spacing) == first).all(), form.dtype)
        labels, scores = self.model.predict(self.array, self.spacing, direction=numpy.eye(3), origin=(1, 2, 3),
                                            probabilities=True)
        self.assertEqual(scores.shape, (3, *labels.shape))
        self.assertTrue((scores.argmax(0) == labels).mean() > 0.999)

    def test_threads(self):
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            for labels in pool.map(self.model.predict, ["scan.nii.gz"] * 8):
                self.assertTrue((labels == self.labels).all())

    def test_brings_its_libraries(self):
        package = str(pathlib.Path(segc.__file__).parent)
        program = ("import re, segc; before = open('/proc/self/maps').read(); segc.open('frozen.so');"
                   "print(*{line.split()[-1] for line in open('/proc/self/maps')"
                   " if '.so' in line and line.split()[-1] not in before})")
        mapped = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True).stdout
        linked = subprocess.run(["ldd", package + "/bin/segrun"], check=True, capture_output=True, text=True).stdout
        self.assertNotIn("not found", linked)
        paths = mapped.split() + re.findall(r"=> (.*) \(", linked)
        self.assertGreater(len(paths), 40)
        self.assertEqual([path for path in paths if package not in path and not SYSTEM.search(path)
                          and not path.endswith("frozen.so")], [])

    def test_no_compiler(self):
        done = subprocess.run(["segrun", "benchmark", "--model", "network.mlir"], capture_output=True, text=True)
        self.assertEqual(done.returncode, 1)
        self.assertIn("nor on the PATH; install it", done.stderr)

    def test_compiler(self):
        words = ["segrun", "benchmark", "--model", "vnet.mlir", "--mode", "predict", "--warmup-steps", "0", "--steps", "1"]
        path = os.environ["PATH"] + os.pathsep + os.path.abspath("compiler")
        done = subprocess.run(words, capture_output=True, text=True, env={**os.environ, "PATH": path})
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertIn("latency_ms", done.stdout)

    def refused(self, kind, text, *arguments, **options):
        with self.assertRaisesRegex(kind, text):
            self.model.predict(*arguments, **options)

    def test_wrong_arrays(self):
        right, spacing = self.array, self.spacing
        self.refused(TypeError, r"array of int64: expected uint8, .*astype", right.astype("i8"), spacing)
        self.refused(TypeError, "array of complex64", right.astype("c8"), spacing)
        self.refused(TypeError, "array of object", [object()], spacing)
        self.refused(ValueError, r"array of shape \(51, 35\): expected \[z, y, x\]", numpy.zeros((51, 35)), spacing)
        self.refused(ValueError, r"shape \(2, 4, 4, 4\): expected \[z, y, x\]", numpy.zeros((2, 4, 4, 4)), spacing)
        self.refused(ValueError, r"shape \(0, 4, 4\)", numpy.zeros((0, 4, 4)), spacing)
        self.refused(ValueError, "spacing: missing, expected the distance", right)
        self.refused(ValueError, r"spacing \(1, 1\): expected", right, (1, 1))
        self.refused(ValueError, r"spacing \(1, 1, 0\): expected .* above 0", right, (1, 1, 0))
        self.refused(ValueError, "spacing 'abc': expected", right, "abc")
        self.refused(ValueError, "spacing .*nan", right, (1, 1, float("nan")))
        self.refused(ValueError, "direction .*: expected nine numbers", right, spacing, direction=[1] * 8)
        self.refused(ValueError, "spacing, origin, direction .* are of arrays", "scan.nii.gz", spacing)
        self.refused(TypeError, "overlaps: no option of a prediction, expected one of .*overlap", right, spacing,
                     overlaps=1)
        self.refused(segc.Error, "the directions of the axes", right, spacing, direction=[0] * 9)
        # Each left the model as it was.
        self.assertTrue((self.model.predict("scan.nii.gz") == self.labels).all())

    def test_wrong_files(self):
        with self.assertRaises(segc.Error) as raised:
            self.model.predict("no-such-scan.nii.gz")
        self.assertEqual(raised.exception.status, "not found")
        with self.assertRaises(segc.Error):
            segc.open("no-such-model.so")
        with self.assertRaises(segc.Error):
            segc.open("scan.nii.gz")

    def test_progress(self):
        shares = []
        self.model.predict("scan.nii.gz", progress=shares.append)
        self.assertEqual((shares[-1], sorted(shares)), (1, shares))
        with self.assertRaises(segc.Error) as raised:
            self.model.predict("scan.nii.gz", progress=lambda _: False)
        self.assertEqual(raised.exception.status, "cancelled")
        with self.assertRaises(KeyboardInterrupt):
            self.model.predict("scan.nii.gz", progress=self.interrupt)

    def interrupt(self, _):
        raise KeyboardInterrupt

    def test_closed(self):
        with segc.open("frozen.so") as model:
            self.assertEqual(model.description["label_names"][0], "background")
        for image in ("scan.nii.gz", self.array):
            with self.assertRaisesRegex(ValueError, "the model is closed"):
                model.predict(image)


if __name__ == "__main__":
    unittest.main()
