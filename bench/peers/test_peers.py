# Part of segc, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Checks that the peers compute what networks.py does, on small networks."""

import argparse
import importlib.util
import tempfile
import unittest

import numpy as np
import torch
from torch.nn import functional as F

import common
import networks
import problem
import safetensors_io
import segc_model

# With vnet_small one of every family.
SMALL = {
    "nnunet_tiny": (lambda **k: networks.NNUNet((16, 24), (1, 1), 1, 3, **k), 2),
    "unet4": (lambda **k: networks.UNet2D(4, **k), 1),
    "unet3d_tiny": (lambda **k: networks.UNet3D((8, 8, 16), (4, 5), **k), 1),
}


def expected(name, folder):
    """Probabilities of the network as it is published, channels last."""
    model, given = networks.build(name), common.Problem(folder)
    networks.load(model, given.weights())
    with torch.no_grad():
        logits = model.eval()(torch.from_numpy(np.moveaxis(given.image(), -1, 1).copy()))[0]
    return np.moveaxis(F.softmax(logits, 1).numpy(), 1, -1)


class Peers(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        networks.NETWORKS.update(SMALL)
        cls.addClassCleanup(lambda: [networks.NETWORKS.pop(name) for name in SMALL])

    def hold(self, script, name, onnx=False, **options):
        if not importlib.util.find_spec(script.removesuffix("_bench")):
            self.skipTest("not installed")
        with tempfile.TemporaryDirectory() as folder:
            problem.write(name, folder, 1, 1, onnx)
            array = expected(name, folder)
            safetensors_io.save(f"{folder}/probabilities.safetensors", {"probabilities": array})
            options = {"network": name, "mode": "predict", "batch": 1, "layout": "contiguous", "threads": 1, **options}
            options |= {"warmup": 1, "steps": 3, "seconds": 0}
            peer = importlib.import_module(script)
            line = common.run(argparse.Namespace(**options), script, "1", peer.make, folder, 0)
            self.assertEqual(line["steps"], 3)
            self.assertLess(line["difference"], 1e-5)

    def test_torch(self):
        for name in ("vnet_small", "nnunet_tiny", "unet4", "unet3d_tiny"):
            for layout in ("contiguous", "channels_last"):
                with self.subTest(f"{name} {layout}"):
                    self.hold("torch_bench", name, compile=False, layout=layout)

    def test_jax(self):
        for name in ("vnet_small", "nnunet_tiny", "unet4", "unet3d_tiny"):
            with self.subTest(name):
                self.hold("jax_bench", name)

    def test_onnxruntime(self):
        self.hold("onnxruntime_bench", "nnunet_tiny", onnx=True)

    def test_openvino(self):
        self.hold("openvino_bench", "nnunet_tiny", onnx=True, precision="f32")


class Common(unittest.TestCase):
    def test_first_step_and_at_least_three_others(self):
        calls = []
        options = argparse.Namespace(warmup=2, steps=10, seconds=0)
        _, times, result = common.measure(lambda: calls.append(0) or len(calls), options)
        self.assertEqual((len(times), result), (3, 5))

    def test_channels_and_mirror_round_trip(self):
        image = np.arange(24, dtype=np.float32).reshape(1, 2, 3, 4)
        for name in ("nnunet04_2d", "vnet"):
            np.testing.assert_array_equal(common.channels_last(name, common.channels_first(name, image)), image)

    def test_percentile(self):
        self.assertEqual([common.percentile([3, 1, 2], q) for q in (0, 0.5, 1)], [1, 2, 3])


class CompiledModel(unittest.TestCase):
    def test_parameters_lie_at_their_offsets(self):
        entries = [{"name": "w", "shape": [2], "offset": 64}, {"name": "b", "shape": [1], "offset": 0}]
        tensors = {"w": np.array([1, 2], np.float32), "b": np.array([3], np.float32)}
        memory = segc_model.flat(entries, 128, tensors).view(np.float32)
        self.assertEqual((memory[0], *memory[16:18]), (3, 1, 2))
        self.assertEqual(memory.ctypes.data % segc_model.ALIGNMENT, 0)
        with self.assertRaisesRegex(ValueError, r"b: shape \[1\], the model has \[5\]"):
            segc_model.flat([{"name": "b", "shape": [5], "offset": 0}], 128, tensors)


if __name__ == "__main__":
    unittest.main()
