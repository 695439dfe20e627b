# Part of segc, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Writes what ours and every peer are given, so that all compute the same.

  problem.py NETWORK FOLDER [--batch N] [--onnx]
             [--weights FILE] [--count N | --images FILE]

FOLDER then holds (arrays channels last, filters [k..., in, out])
  weights.safetensors  parameters and states; vectors and running statistics
                       are drawn at random, so that a lost one would show
  batch.safetensors    image and label
  model.onnx           with --onnx: image -> probabilities, channels first, for
                       the mirrored image where `common.mirrors` says so
Trained weights (a checkpoint's model.safetensors) and real images (a file of
real_images.py) take the place of those that are drawn. There may be more images
than the N that the model is exported for.
"""

import argparse
import os

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

import common
import networks
import record
import safetensors_io


def build(name, **options):
    """The network in the form that the peers run: see networks.mirror."""
    return networks.build(name, **options, **({"padding": "symmetric"} if common.mirrors(name) else {}))


def load(model, name, tensors):
    networks.load(model, networks.mirror(tensors) if common.mirrors(name) else tensors)


def make_weights(model, seed):
    random = np.random.Generator(np.random.Philox(key=[seed, 2 << 32]))
    tensors = networks.initial_weights(model, seed)
    for name, array in tensors.items():
        if array.ndim == 1:
            tensors[name] = (array + 0.1 * random.standard_normal(array.shape)).astype(np.float32)
    for name, array in networks.export_states(model).items():
        drawn = random.uniform(0.5, 1.5, array.shape) if "variance" in name else random.normal(0, 0.1, array.shape)
        tensors[name] = drawn.astype(np.float32)
    return tensors


class Probabilities(nn.Module):
    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, image):
        return F.softmax(self.model(image)[0], 1)


def export_onnx(name, tensors, batch, path):
    model = build(name)
    load(model, name, tensors)
    image = torch.zeros(batch, model.in_channels, *model.image_shape)
    names = {"input_names": ["image"], "output_names": ["probabilities"]}
    torch.onnx.export(Probabilities(model).eval(), (image,), path, dynamo=True, verbose=False, **names)


def write(name, folder, batch, seed, onnx, weights=None, count=None, images=None):
    os.makedirs(folder, exist_ok=True)
    model = networks.build(name)
    tensors = safetensors_io.load(weights) if weights else make_weights(model, seed)
    if images:
        file = safetensors_io.load(images)
        image, label = file["image"], file["label"]
    else:
        image, label = record.make_batch(model, count or batch, seed)
    safetensors_io.save(os.path.join(folder, "weights.safetensors"), tensors)
    safetensors_io.save(os.path.join(folder, "batch.safetensors"), {"image": image, "label": label})
    if onnx:
        export_onnx(name, tensors, batch, os.path.join(folder, "model.onnx"))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("network", choices=networks.NETWORKS)
    parser.add_argument("folder")
    parser.add_argument("--batch", type=int, help="default: the recording's")
    parser.add_argument("--onnx", action="store_true")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--weights", help="trained ones")
    parser.add_argument("--count", type=int, help="images that are drawn; default: a batch")
    parser.add_argument("--images", help="real ones")
    options = parser.parse_args()
    batch = options.batch or networks.NETWORKS[options.network][1]
    drawn = options.weights, options.count, options.images
    write(options.network, options.folder, batch, options.seed, options.onnx, *drawn)


if __name__ == "__main__":
    main()
