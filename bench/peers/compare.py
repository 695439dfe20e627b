# Part of segc, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Compares a run of a compiled model with a recording of record.py.

  compare.py RECORDING [--log train.jsonl] [--gradients FILE] [--predictions FILE]

Losses: each step within 1e-4, relative; by default the loss without the L2
term, with --l2 the total. Gradients (first step, without L2), each tensor:
largest difference over max(largest entry, 1e-6 of the largest entry of all)
within 1e-3. Where the recording states how far f32 and f64 of the same program
are apart (an activation within rounding of its kink switches a whole path of
gradients), the limit is at least four times that. Biases in front of a norm
are skipped: their gradient is rounding noise. Probabilities: within 1e-4.

Exit code: 0 all within limits, 1 not, 2 wrong usage.
"""

import argparse
import json
import os
import sys

import numpy as np

import safetensors_io

LOSS_LIMIT, GRADIENT_LIMIT, PREDICTION_LIMIT, SPREAD_FACTOR = 1e-4, 1e-3, 1e-4, 4
LOSS_KEYS = ("loss", "train_loss", "train_total_loss", "total_loss")
TOTAL_KEYS = ("total", "train_total_loss", "total_loss", "loss")


def idle(network, name):
    """Biases in front of a norm."""
    last = {"vnet": ("output.conv.bias",), "v2": ("head.bias", ".up.bias")}
    family = next((known for known in last if network.startswith(known)), None)
    return family is not None and name.endswith(".bias") and not name.endswith(last[family])


def read_log(path, keys):
    """{step: loss} of lines `{json}` or `DLLL {json}`; other lines are passed over."""
    losses = {}
    with open(path) as file:
        for line in file:
            text = line.strip().removeprefix("DLLL ")
            if not text.startswith("{"):
                continue
            entry = json.loads(text)
            data = entry.get("data", entry)
            step = entry.get("step")
            step = step[-1] if isinstance(step, list) and step else step
            key = next((k for k in keys if k in data), None)
            if key and isinstance(step, int):
                losses[step] = float(data[key])
    return losses


def table(title, rows, header):
    """Prints rows of (text..., good); returns whether all are good."""
    widths = [max(len(str(row[i])) for row in [header, *rows]) for i in range(len(header))]
    print(f"\n{title}")
    for row in [header, *[(*row[:-1], "ok" if row[-1] else "FAILED") for row in rows]]:
        print("  ".join(str(cell).ljust(width) for cell, width in zip((*row, ""), [*widths, 6])).rstrip())
    return all(row[-1] for row in rows)


def compare_losses(recording, path, total):
    expected = {entry["step"]: entry["total" if total else "loss"] for entry in recording["steps"]}
    got = read_log(path, TOTAL_KEYS if total else LOSS_KEYS)
    if got and min(got) == 0:  # counted from 0
        got = {step + 1: loss for step, loss in got.items()}
    rows = []
    for step, loss in expected.items():
        if step not in got:
            rows.append((step, f"{loss:.7f}", "missing", "-", False))
            continue
        relative = abs(got[step] - loss) / abs(loss)
        rows.append((step, f"{loss:.7f}", f"{got[step]:.7f}", f"{relative:.1e}", relative <= LOSS_LIMIT))
    return table(f"losses (limit {LOSS_LIMIT:.0e})", rows, ("step", "expected", "got", "relative", ""))


def compare_gradients(recording, folder, path):
    exact = os.path.join(folder, "gradients_f64.safetensors")
    expected = safetensors_io.load(exact if os.path.exists(exact) else os.path.join(folder, "gradients.safetensors"))
    got = safetensors_io.load(path)
    spread = recording.get("f64", {}).get("largest_gradient_difference", {}).get("value", 0.0)
    limit = max(GRADIENT_LIMIT, SPREAD_FACTOR * spread)
    top = max(float(np.abs(g).max()) for g in expected.values())
    rows = []
    for name, gradient in expected.items():
        if name not in got:
            rows.append((name, gradient.shape, "missing", "-", "-", False))
        elif got[name].shape != gradient.shape:
            rows.append((name, gradient.shape, f"shape {got[name].shape}", "-", "-", False))
        elif idle(recording["network"], name):
            rows.append((name, gradient.shape, f"{np.abs(gradient).max():.2e}", "skipped", "-", True))
        else:
            difference = got[name].astype(np.float64) - gradient
            scale = max(float(np.abs(gradient).max()), 1e-6 * top)
            worst = float(np.abs(difference).max()) / scale
            norm = float(np.linalg.norm(difference) / max(np.linalg.norm(gradient), 1e-30))
            good = bool(worst <= limit)  # false for NaN
            rows.append((name, gradient.shape, f"{np.abs(gradient).max():.2e}", f"{worst:.1e}", f"{norm:.1e}", good))
    for name in got.keys() - expected.keys():
        rows.append((name, got[name].shape, "unexpected", "-", "-", False))
    header = ("parameter", "shape", "largest", "difference", "l2", "")
    return table(f"gradients (limit {limit:.1e})", rows, header)


def compare_predictions(folder, path):
    expected = safetensors_io.load(os.path.join(folder, "predictions.safetensors"))["probabilities_0"]
    got = safetensors_io.load(path)
    array = got.get("probabilities_0", got.get("probabilities"))
    if array is None or array.shape != expected.shape:
        shape = "none" if array is None else array.shape
        return table("probabilities", [(expected.shape, shape, "-", False)], ("expected", "got", "difference", ""))
    worst = float(np.abs(array - expected).max())
    row = (expected.shape, array.shape, f"{worst:.1e}", bool(worst <= PREDICTION_LIMIT))
    return table(f"probabilities (limit {PREDICTION_LIMIT:.0e})", [row], ("expected", "got", "difference", ""))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("recording", help="folder written by record.py")
    parser.add_argument("--log", help="JSON lines with the loss of each step")
    parser.add_argument("--l2", action="store_true", help="the log's loss includes the L2 term")
    parser.add_argument("--gradients", help="safetensors of the first step's gradients")
    parser.add_argument("--predictions", help="safetensors with `probabilities` of batch 0 and the initial weights")
    options = parser.parse_args()
    if not (options.log or options.gradients or options.predictions):
        parser.error("nothing to compare: give --log, --gradients or --predictions")
    with open(os.path.join(options.recording, "losses.json")) as file:
        recording = json.load(file)
    good = True
    if options.log:
        good &= compare_losses(recording, options.log, options.l2)
    if options.gradients:
        good &= compare_gradients(recording, options.recording, options.gradients)
    if options.predictions:
        good &= compare_predictions(options.recording, options.predictions)
    print("\nall within limits" if good else "\nFAILED: see the rows above")
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
