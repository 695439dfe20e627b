"""Weights of a V-Net that 8 bits do not hold: hostile_weights.py WEIGHTS OUTPUT

The first input channel of down1.conv1, down2.conv1, ... becomes zero, by the
norm in front, and its weights huge: in f32 they change nothing, but the step of
the 8-bit weights, which the largest one determines, exceeds all others.
"""

import json
import struct
import sys

data = bytearray(open(sys.argv[1], "rb").read())
(size,) = struct.unpack_from("<Q", data)
header = json.loads(data[8 : 8 + size])


def change(name, function):
    begin, end = (8 + size + at for at in header[name]["data_offsets"])
    values = struct.unpack(f"<{(end - begin) // 4}f", data[begin:end])
    data[begin:end] = struct.pack(f"<{len(values)}f", *(function(i, v) for i, v in enumerate(values)))


level = 1
while (name := f"down{level}.conv1.weight") in header:
    inputs, outputs = header[name]["shape"][3:]
    for parameter in ("gamma", "beta"):
        change(f"down{level}.down_norm.{parameter}", lambda i, v: v if i else 0.0)
    change(name, lambda i, v: v if i // outputs % inputs else 1e4)
    level += 1
open(sys.argv[2], "wb").write(data)
