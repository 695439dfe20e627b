# Part of segc, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Real images and their labels in the form that a network takes.

  real_images.py NETWORK DATA FILE.safetensors [--count 20] [--batch N]

DATA is a Decathlon task (V-Net, nnU-Net) or the folder of ISBI 2012 (U-Net;
needs Pillow). FILE holds `image` and `label`, channels last. With --batch it
holds image_0, label_0, ... instead, batches for `segrun train --batches`.
"""

import argparse
import json
import pathlib

import numpy as np

import networks
import safetensors_io
from nifti import read_nifti


def centred(array, shape):
    """Cut, or surrounded by zeros, around its centre."""
    for axis, size in enumerate(shape):
        lack = max(0, size - array.shape[axis])
        pads = [(lack // 2, lack - lack // 2) if a == axis else (0, 0) for a in range(array.ndim)]
        array = np.pad(array, pads)
        first = (array.shape[axis] - size) // 2
        array = np.take(array, range(first, first + size), axis)
    return array


def decathlon(model, data, count):
    entries = json.loads((data / "dataset.json").read_text())["training"]
    for number in range(count):
        entry = entries[number % len(entries)]
        image = read_nifti(data / entry["image"]).astype(np.float32)
        label = read_nifti(data / entry["label"]).astype(np.int32)
        image = (image - image.mean()) / image.std()
        if len(model.image_shape) == 2:  # Another slice with each volume.
            at = image.shape[0] // 2 + number % 7 - 3
            image, label = image[at], label[at]
        yield centred(image, model.image_shape)[..., None], centred(label, model.label_shape)


def isbi(model, data, count):
    from PIL import Image, ImageSequence

    def pages(name):
        return [np.array(page) for page in ImageSequence.Iterator(Image.open(data / name))]

    images, labels = pages("train-volume.tif"), pages("train-labels.tif")
    (height, width), margin = model.label_shape, (model.image_shape[0] - model.label_shape[0]) // 2
    for number in range(count):
        image = np.pad(images[number % len(images)].astype(np.float32) / 127.5 - 1, margin, "reflect")
        label = labels[number % len(labels)][:height, :width] > 0
        yield image[: model.image_shape[0], : model.image_shape[1], None], label.astype(np.int32)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("network", choices=networks.NETWORKS)
    parser.add_argument("data", type=pathlib.Path)
    parser.add_argument("file", type=pathlib.Path)
    parser.add_argument("--count", type=int, default=20)
    parser.add_argument("--batch", type=int)
    options = parser.parse_args()
    model = networks.build(options.network)
    source = isbi if isinstance(model, networks.UNet2D) else decathlon
    image, label = map(np.stack, zip(*source(model, options.data, options.count)))
    image = np.ascontiguousarray(image, np.float32)
    tensors = {"image": image, "label": label}
    if options.batch:
        tensors = {}
        for i in range(options.count // options.batch):
            part = slice(i * options.batch, (i + 1) * options.batch)
            tensors[f"image_{i}"], tensors[f"label_{i}"] = image[part], label[part]
    safetensors_io.save(options.file, tensors)


if __name__ == "__main__":
    main()
