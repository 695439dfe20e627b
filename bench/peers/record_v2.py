# Part of segc, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Records trainings of nnU-Net v2's networks in f64, for unittests/Driver/RecordedNetworksTest.cpp: the losses of a few
steps, and of each parameter's first gradient and last value a projection on random numbers and the norm.

record_v2.py v2-networks.json
"""

import json
import math
import sys

import numpy as np
import torch

import networks

STEPS = 3


def draws(seed, shape):
    """Uniform in [-1, 1), from a generator that the test has, too."""
    state, values = (7919 * seed) % 2**31, []
    for _ in range(math.prod(shape)):
        state = (1103515245 * state + 12345) % 2**31
        values.append(state / 2**30 - 1)
    return np.array(values).reshape(shape)


def initial_weights(model):
    tensors = {}
    for index, (name, module, parameter) in enumerate(networks._modules_of(model)):
        array = draws(index + 1, networks.to_file_shape(module, parameter))
        if array.ndim > 1:
            array *= math.sqrt(6 / math.prod(array.shape[:-1]))
        elif name.endswith(".gamma"):
            array = 1 + 0.3 * array
        else:
            array *= 0.2
        tensors[name] = array
    return tensors


def batch(model, step):
    image = draws(1001 + 10 * step, (2, *model.image_shape, model.in_channels))
    label = (draws(1002 + 10 * step, (2, *model.label_shape)) + 1) / 2 * model.classes
    return torch.movedim(torch.from_numpy(image), -1, 1), torch.from_numpy(np.floor(label).astype(np.int64))


def summary(tensors):
    """[projection, norm] by name."""
    return {
        name: [float((array * draws(501 + index, array.shape)).sum()), float(np.linalg.norm(array))]
        for index, (name, array) in enumerate(tensors.items())
    }


def record(configuration, max_norm=None):
    model = networks.small_plan(configuration).double()
    networks.load(model, initial_weights(model))
    # PyTorch's own optimizer and clipping, as nnU-Net calls them.
    optimizer = torch.optim.SGD(
        model.parameters(), model.learning_rate, weight_decay=model.weight_decay, momentum=0.99, nesterov=True
    )
    losses, gradients, norms = [], None, []
    for step in range(STEPS):
        image, label = batch(model, step)
        model.zero_grad()
        loss = model.loss(model(image), label)["loss"]
        loss.backward()
        losses.append(loss.item())
        gradients = gradients or summary(networks.export(model, gradients=True))
        norms.append(torch.nn.utils.clip_grad_norm_(model.parameters(), max_norm or model.max_norm).item())
        optimizer.step()
    arguments = ["--plan", "bench/peers/plans/small.json", "--configuration", configuration]
    arguments += ["--clip-norm", str(max_norm)] if max_norm else []
    return {
        "arguments": arguments,
        "losses": losses,
        "gradient_norms": norms,
        "gradients": gradients,
        "weights": summary(networks.export(model)),
    }


def main():
    recorded = {name: record(name) for name in ("2d_residual", "3d_plain", "3d_residual")}
    recorded["2d_residual_clipped"] = record("2d_residual", 0.5)
    with open(sys.argv[1], "w", encoding="utf-8") as file:
        json.dump({"torch": torch.__version__, "networks": recorded}, file, indent=0)
        file.write("\n")


if __name__ == "__main__":
    main()
