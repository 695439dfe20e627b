# Part of segc, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Labels of medical scans, by a network that segc compiled and `segrun export`
froze:

    import segc
    model = segc.open("frozen.so")
    labels = model.predict("scan.nii.gz")

Opening a model runs its code: open no file that you do not trust.
"""

from ._library import Error
from .model import Model


def open(path, device="cpu", threads=0, checkpoint=None):  # named as in segc.h
    """Opens a compiled model.

    device: "cpu", "cuda", "cuda:1"; threads of each prediction, 0: all
    processors; checkpoint: weights for a model that was compiled without.
    """
    return Model(path, device=device, threads=threads, checkpoint=checkpoint)


__all__ = ["Error", "Model", "open"]
