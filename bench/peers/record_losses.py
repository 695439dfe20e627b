# Part of segc, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Records nnU-Net v2's losses and their gradients with respect to the logits, for unittests/Reference/RecordedLossesTest.cpp.

record_losses.py losses.json
"""

import argparse
import json

import torch
from nnunetv2.training.loss.compound_losses import DC_and_BCE_loss, DC_and_CE_loss, DC_and_topk_loss
from nnunetv2.training.loss.dice import MemoryEfficientSoftDiceLoss
from nnunetv2.training.loss.robust_ce_loss import TopKLoss
from nnunetv2.utilities.helpers import softmax_helper_dim1

SHAPE, CHANNELS, SMOOTH, PERCENT, DIGITS = (2, 2, 3, 5), 3, 1e-5, 10, 10
# Label 3 is in no region, and without regions no class.
REGIONS, IGNORED = [[1, 2], [2], [1]], 3


def dice(batch, background):
    return {"batch_dice": batch, "smooth": SMOOTH, "do_bg": background, "ddp": False}


def region_targets(labels, ignore):
    """A channel for each region, and one for the ignored voxels, as v2's transform makes them."""
    channels = [torch.isin(labels, torch.tensor(values)) for values in REGIONS]
    return torch.cat(channels + [labels == IGNORED] * ignore, dim=1)


def regions(batch, ignore):
    loss = DC_and_BCE_loss({}, dice(batch, True), use_ignore_label=ignore, dice_class=MemoryEfficientSoftDiceLoss)
    return lambda logits, labels: loss(logits, region_targets(labels, ignore))


def classes(batch, ignore):
    return DC_and_CE_loss(dice(batch, False), {}, ignore_label=IGNORED if ignore else None, dice_class=MemoryEfficientSoftDiceLoss)


def top_k(ignore):
    return TopKLoss(ignore_index=IGNORED if ignore else -100, k=PERCENT)


def dice_top_k(batch, ignore):
    return DC_and_topk_loss(dice(batch, False), {"k": PERCENT}, ignore_label=IGNORED if ignore else None)


CASES = {
    "regions": (regions(False, False), True),
    "regions_batch": (regions(True, False), True),
    "regions_ignored": (regions(False, True), True),
    "regions_batch_ignored": (regions(True, True), True),
    "classes_ignored": (classes(False, True), True),
    "classes_batch_ignored": (classes(True, True), True),
    "top_k": (top_k(False), False),
    "top_k_ignored": (top_k(True), True),
    "dice_top_k": (dice_top_k(False, False), False),
    "dice_top_k_batch_ignored": (dice_top_k(True, True), True),
}


def rounded(value):
    return float(f"{value:.{DIGITS}g}")


def channels_last(tensor):
    return [rounded(value) for value in tensor.movedim(1, -1).reshape(-1).tolist()]


def record(loss, logits, labels):
    logits = logits.clone().requires_grad_()
    value = loss(logits, labels)
    value.backward()
    return {"loss": rounded(value.item()), "gradient": channels_last(logits.grad)}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("output")
    output = parser.parse_args().output
    torch.manual_seed(3)
    batch, *spatial = SHAPE
    logits = 3 * torch.randn(batch, CHANNELS, *spatial, dtype=torch.float64)
    logits = logits.apply_(rounded)
    labels = torch.randint(0, IGNORED + 1, (batch, 1, *spatial))
    # Of losses without an ignored label: all are classes.
    plain = labels.clone()
    plain[plain == IGNORED] = 0
    assert torch.equal(torch.softmax(logits, 1), softmax_helper_dim1(logits))
    recorded = {
        "shape": SHAPE,
        "channels": CHANNELS,
        "smooth": SMOOTH,
        "percent": PERCENT,
        "ignored": IGNORED,
        "regions": REGIONS,
        "logits": channels_last(logits),
        "labels": channels_last(labels),
        "plain_labels": channels_last(plain),
        "cases": {name: record(loss, logits, labels if ignored else plain) for name, (loss, ignored) in CASES.items()},
    }
    with open(output, "w", encoding="utf-8") as file:
        json.dump(recorded, file, indent=1)
        file.write("\n")


if __name__ == "__main__":
    main()
