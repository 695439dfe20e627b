#!/usr/bin/env python3
# Part of segc, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""labels.py MODEL.so SCAN LABELS: labels of a scan on its grid, and of a small
array of numbers."""

import sys

import segc

path, scan, output = sys.argv[1:]
with segc.open(path) as model:
    print("labels:", ", ".join(model.description["label_names"]))
    model.predict_file(scan, output, progress=lambda share: print(f"{share:.0%}", file=sys.stderr))
    try:
        model.predict_file("no-such-file.nii.gz", output)
    except segc.Error as error:
        print("error:", error)
    try:
        import numpy
    except ImportError:
        sys.exit("skipped: arrays, which need NumPy")
    z, y, x = numpy.indices((20, 24, 28))
    volume = ((x * 7 + y * 5 + z * 3) % 31).astype(numpy.float32)
    labels, probabilities = model.predict(volume, spacing=(1, 1, 1.2), probabilities=True)
    print("array:", labels.shape, "probabilities:", probabilities.shape)
