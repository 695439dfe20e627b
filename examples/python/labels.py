#!/usr/bin/env python3
# Part of segc, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""labels.py MODEL.so SCAN LABELS: labels of a scan on its grid, and of a small
array of numbers."""

import array
import sys

import segc

model, scan, output = sys.argv[1:]
with segc.Predictor(model) as predictor:
    names = predictor.description["label_names"]
    print("labels:", ", ".join(names))
    predictor.predict_file(scan, output,
                           progress=lambda share: print(f"{share:.0%}", file=sys.stderr))
    # Without NumPy an array is a view of a list of numbers.
    numbers = array.array("f", [(x * 7 + y * 5 + z * 3) % 31
                                for z in range(20) for y in range(24) for x in range(28)])
    volume = memoryview(numbers).cast("B").cast("f", (20, 24, 28))
    labels, probabilities = predictor.predict(volume, spacing=(1, 1, 1.2), probabilities=True)
    print("array:", labels.shape, "probabilities:", probabilities.shape)
    try:
        predictor.predict_file("no-such-file.nii.gz", output)
    except segc.Error as error:
        print("error:", error)
