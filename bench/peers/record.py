# Part of segc, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Records a short training of a network: what a compiled model must repeat.

  record.py NETWORK FOLDER [--steps 10] [--batch N] [--dtype f64] [--check-f64]

FOLDER then holds (arrays channels last, filters [k..., in, out])
  recording.json             network, batch, optimizer and its scalars
  weights.safetensors        initial parameters and states
  batches.safetensors        image_<i> (N, spatial, channels) f32, label_<i> (N, spatial) i32
  predictions.safetensors    logits and probabilities of batch 0, initial weights, running statistics
  gradients.safetensors      of the loss without the L2 term, first step
  gradients_f64.safetensors  the same in f64 (only with --check-f64)
  states.safetensors         running statistics after the first step (only with batch norm)
  final_weights.safetensors  parameters and states after the last step
  losses.json                per step: loss (without L2), l2, total, components
Dropout is off. The optimiser's gradient includes the L2 term.
"""

import argparse
import json
import os
import sys

import numpy as np
import torch
from torch.nn import functional as F

import compare
import networks
import safetensors_io

# Learning rates of the recordings, chosen so that ten steps move the loss, and
# f32 and f64 still agree after them (at the published 3e-4 Adam's first steps
# amplify rounding to 1e-4 of nnU-Net's loss). The rest is the published recipe.
LEARNING_RATES = {"vnet": 1e-2, "nnunet": 1e-4, "unet16": 1e-3, "unet3d": 1e-1}

# Seeds for which no activation of the small networks lies within rounding of
# its kink, so that f32 and f64 gradients agree to 1e-5.
SEEDS = {"vnet_small": 15, "nnunet_small_3d": 24}


def smooth_field(random, shape, modes=20, highest=5.0):
    """Sum of random plane waves, mean 0 and deviation 1."""
    field = np.zeros(shape)
    for _ in range(modes):
        waves = random.normal(0, highest / 2, len(shape))
        angle = np.full((1,) * len(shape), random.uniform(0, 2 * np.pi))
        for axis, n in enumerate(shape):
            steps = np.arange(n) / n * 2 * np.pi * waves[axis]
            angle = angle + steps.reshape([-1 if a == axis else 1 for a in range(len(shape))])
        field += np.cos(angle)
    return (field - field.mean()) / field.std()


def make_batch(model, batch, seed):
    """Smooth images and labels that can be learned from them."""
    random = np.random.Generator(np.random.Philox(key=[seed, 1 << 32]))
    image = np.zeros((batch, *model.image_shape, model.in_channels), np.float32)
    label = np.zeros((batch, *model.label_shape), np.int32)
    for n in range(batch):
        field = smooth_field(random, model.label_shape)
        # Classes at the field's upper end, rarer one by one, as organs are.
        for level in np.quantile(field, np.linspace(0.75, 0.95, model.classes - 1)):
            label[n] += field > level
        for channel in range(model.in_channels):
            other = smooth_field(random, model.label_shape)
            noise = random.standard_normal(model.label_shape)
            value = 0.6 * field + 0.5 * label[n] + 0.3 * other + 0.1 * noise
            value = (value - value.mean()) / value.std()
            margins = [(a - b) // 2 for a, b in zip(model.image_shape, model.label_shape)]
            inner = tuple(slice(m, m + n_) for m, n_ in zip(margins, model.label_shape))
            if any(margins):
                value = np.clip(0.4 * value, -1, 1)
            image[(n, *inner, channel)] = value
    return image, label


def to_torch(image, label, dtype):
    return torch.movedim(torch.from_numpy(image), -1, 1).to(dtype), torch.from_numpy(label)


def train(name, options, weights, batches, dtype, record=None):
    """Runs the steps; returns (losses, first gradients)."""
    model = networks.build(name, **options.network).to(dtype)
    networks.load(model, weights)
    optimizer = model.optimizer(options.learning_rate)
    image, label = to_torch(*batches[0], dtype)
    if record is not None:
        with torch.no_grad():
            logits = model.eval()(image)[0]
        record["predictions"] = {
            "logits_0": torch.movedim(logits, 1, -1).contiguous().numpy(),
            "probabilities_0": torch.movedim(F.softmax(logits, 1), 1, -1).contiguous().numpy(),
        }
    model.train()
    losses, gradients = [], None
    for step, (image, label) in enumerate(batches, 1):
        image, label = to_torch(image, label, dtype)
        model.zero_grad()
        parts = model.loss(model(image), label)
        parts["loss"].backward()
        if step == 1:
            gradients = networks.export(model, gradients=True)
            if record is not None:
                record["states"] = networks.export_states(model)
        entry = {"step": step, **{key: part.detach().tolist() for key, part in parts.items()}}
        entry["l2"] = networks.l2_term(model)
        entry["total"] = entry["loss"] + entry["l2"]
        losses.append(entry)
        optimizer.step()
        print(f"{name} {dtype} step {step}: " + json.dumps(entry), flush=True)
    if record is not None:
        record["final"] = {**networks.export(model), **networks.export_states(model)}
    return losses, gradients


def deviation(got, expected, floor):
    scale = max(float(np.abs(expected).max()), floor)
    return float(np.abs(got - expected).max()) / scale if scale else 0.0


def check_f64(name, options, weights, batches, losses, gradients):
    """The same steps in f64; how far f32 is from them."""
    exact, exact_gradients = train(name, options, weights, batches, torch.float64)
    relative = [abs(a["loss"] - b["loss"]) / abs(b["loss"]) for a, b in zip(losses, exact)]
    top = max(float(np.abs(g).max()) for g in exact_gradients.values())
    worst = max((deviation(gradients[n], g, 1e-6 * top), n) for n, g in exact_gradients.items() if not compare.idle(name, n))
    return exact_gradients, {
        "losses": [entry["loss"] for entry in exact],
        "relative_difference": relative,
        "largest_loss_difference": max(relative),
        "largest_gradient_difference": {"name": worst[1], "value": worst[0]},
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("network", choices=networks.NETWORKS)
    parser.add_argument("folder")
    parser.add_argument("--steps", type=int, default=10)
    parser.add_argument("--batch", type=int)
    parser.add_argument("--seed", type=int)
    parser.add_argument("--learning-rate", type=float)
    parser.add_argument("--deep-supervision", action="store_true")
    parser.add_argument("--dtype", choices=["f32", "f64"], default="f32")
    parser.add_argument("--check-f64", action="store_true", help="repeat in f64 and state the differences")
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    name = options.network
    options.network = {"deep_supervision": True} if options.deep_supervision else {}

    options.seed = options.seed or SEEDS.get(name, 1)
    torch.set_num_threads(options.threads)
    torch.use_deterministic_algorithms(True)
    torch.manual_seed(options.seed)
    dtype = {"f32": torch.float32, "f64": torch.float64}[options.dtype]
    model = networks.build(name, **options.network)
    batch = options.batch or networks.NETWORKS[name][1]
    family = next((key for key in LEARNING_RATES if name.startswith(key)), None)
    options.learning_rate = options.learning_rate or LEARNING_RATES.get(family, model.learning_rate)
    optimizer = model.optimizer(options.learning_rate)
    weights = networks.initial_weights(model, options.seed)
    networks.load(model, weights)
    batches = [make_batch(model, batch, options.seed * 1000 + i) for i in range(options.steps)]

    os.makedirs(options.folder, exist_ok=True)

    def path(file):
        return os.path.join(options.folder, file)

    states = networks.export_states(model)
    safetensors_io.save(path("weights.safetensors"), {**weights, **states})
    arrays = {f"image_{i}": image for i, (image, _) in enumerate(batches)}
    arrays |= {f"label_{i}": label for i, (_, label) in enumerate(batches)}
    safetensors_io.save(path("batches.safetensors"), arrays)

    record = {}
    losses, gradients = train(name, options, weights, batches, dtype, record)
    safetensors_io.save(path("gradients.safetensors"), gradients)
    safetensors_io.save(path("predictions.safetensors"), record["predictions"])
    safetensors_io.save(path("final_weights.safetensors"), record["final"])
    if states:
        safetensors_io.save(path("states.safetensors"), record["states"])
    result = {"network": name, "steps": losses}
    if options.check_f64:
        exact, result["f64"] = check_f64(name, options, weights, batches, losses, gradients)
        safetensors_io.save(path("gradients_f64.safetensors"), exact)
        print(json.dumps(result["f64"]))
    with open(path("losses.json"), "w") as file:
        json.dump(result, file, indent=1)
    scalars = {k: v for k, v in vars(optimizer).items() if isinstance(v, float)}
    recording = {
        "format": 1,
        "network": name,
        "options": options.network,
        "batch": batch,
        "steps": options.steps,
        "seed": options.seed,
        "dtype": options.dtype,
        "dropout": 0.0,
        "optimizer": type(optimizer).__name__,
        "learning_rate": options.learning_rate,
        "momentum": scalars.get("momentum", 0.0),
        "weight_decay": model.weight_decay,
        "torch": torch.__version__,
    }
    with open(path("recording.json"), "w") as file:
        json.dump(recording, file, indent=1)


if __name__ == "__main__":
    sys.exit(main())
