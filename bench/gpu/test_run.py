"""What run.py takes for an agreement:  python3 -m unittest test_run"""
import math
import os
import tempfile
import unittest

import run

CASE = {"name": "case", "precision": "f32", "on_processor": True, "classes": 3, "batch": 2,
        "inputs": [{"shape": [2, 4, 4, 1]}, {"shape": [2, 4, 4]}]}


class Runner:
    """Answers of a device and of the processor."""

    def __init__(self, work):
        self.work = work
        self.losses = {"cuda": [1.0, 0.9, 0.8, 0.7, 0.6], "cpu": [1.0, 0.9, 0.8, 0.7, 0.6]}
        self.probabilities = {"cuda": [0.25, 0.75], "cpu": [0.25, 0.75]}
        self.weights = iter([b"same", b"same", b"same"])

    def train(self, case, device, name):
        return self.losses[device], next(self.weights)

    def predict(self, case, device):
        return self.probabilities[device]


class Compare(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.runner = Runner(folder.name)

    def agrees(self):
        return run.compare(CASE, self.runner, "cuda")["agrees"]

    def test_equal(self):
        self.assertTrue(self.agrees())
        batches = run.read_floats(os.path.join(self.runner.work, "case.safetensors"))
        self.assertEqual([len(batches[f"image_{i}"]) for i in range(run.BATCHES)], [32] * run.BATCHES)

    def test_within_the_bound(self):
        self.runner.losses["cuda"][4] *= 1.0009
        self.assertTrue(self.agrees())

    def test_losses(self):
        self.runner.losses["cuda"][4] *= 1.002
        self.assertFalse(self.agrees())

    def test_missing_losses(self):
        self.runner.losses["cuda"].pop()
        self.assertFalse(self.agrees())

    def test_nan(self):
        for place in (self.runner.losses["cuda"], self.runner.probabilities["cuda"]):
            kept, place[-1] = place[-1], math.nan
            self.runner.weights = iter([b"same"] * 3)
            self.assertFalse(self.agrees())
            place[-1] = kept

    def test_probabilities(self):
        self.runner.probabilities["cuda"][1] -= 0.01
        self.assertFalse(self.agrees())

    def test_bytes(self):
        self.runner.weights = iter([b"same", b"other", b"same"])
        self.assertFalse(self.agrees())

    def test_only_on_the_gpu(self):
        self.assertTrue(run.compare(dict(CASE, on_processor=False), self.runner, "cuda")["agrees"])


if __name__ == "__main__":
    unittest.main()
