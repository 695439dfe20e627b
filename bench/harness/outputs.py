# Part of segc, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What two models computed, element by element, with the standard library alone."""

import array
import json
import math
import operator
import pathlib
import struct
from typing import NamedTuple


class Limits(NamedTuple):
    """What rounding explains (docs/Precision.md)."""

    loss: float  # Of its value, after a few steps.
    rms: float  # Root mean square of a prediction's differences, of how it varies.
    largest: float  # Difference of an element, of the largest value.


F32 = Limits(1e-3, 1e-4, 1e-4)
HALF = Limits(2e-2, 1e-1, 5e-2)


def limits(options):
    """Those of a model compiled with these options, against one of f32."""
    return HALF if "--precision" in options and "f32" not in options.split("--precision", 1)[1].split()[0] else F32


def load(path):
    """{name: (values, size of the last dimension)} of the f32 tensors of a safetensors file."""
    data = pathlib.Path(path).read_bytes()
    (size,) = struct.unpack_from("<Q", data)
    tensors = {}
    for name, entry in json.loads(data[8 : 8 + size]).items():
        if entry.get("dtype") == "F32":
            begin, end = (8 + size + offset for offset in entry["data_offsets"])
            tensors[name] = (array.array("f", data[begin:end]), (entry["shape"] or [1])[-1])
    return tensors


def spread(values, channels):
    """How much the values differ from the mean of their channel, in the Euclidean norm."""
    parts = [values[channel::channels] for channel in range(channels)]
    return math.hypot(*(math.dist(part, [math.fsum(part) / len(part)] * len(part)) for part in parts))


def problem(limit, expected, actual, predictions):
    """Why these are not outputs of the same function; None if they may be."""
    for name, (base, channels) in expected.items():
        values = actual.get(name, ([], 0))[0]
        if len(values) != len(base):
            return f"{name} has {len(values)} elements and not {len(base)}"
        largest = max(map(abs, map(operator.sub, values, base)))
        scale = max(map(abs, base)) or 1
        if not predictions:
            if not largest <= limit.loss * scale:  # NaN, too.
                return f"{name} differs by {largest / scale:.1e}, more than {limit.loss:.0e}"
            continue
        if not all(map(math.isfinite, values)):
            return f"{name} is not finite"
        if not largest <= limit.largest * scale:
            return f"an element of {name} differs by {largest / scale:.1e} of the largest, more than {limit.largest:.0e}"
        part = math.dist(values, base) / (spread(base, channels) or scale)
        if not part <= limit.rms:
            return f"{name} differs by {part:.1e} of how it varies, more than {limit.rms:.0e}"
    return None
