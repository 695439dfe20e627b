"""Weights of a V-Net that 8 bits do not hold: hostile_weights.py WEIGHTS OUTPUT [FILTER]

Of the filter that is named each output channel has one large weight and others
of a third of a step of 8 bits, which is an error that calibration sees.

Without one the error is one that it does not see. The first input channel of
down1.conv1, down2.conv1, ... becomes zero, by the norm in front, and its weights
huge: in f32 they change nothing, but the step of the 8-bit weights, which the
largest one determines, exceeds all others.
"""

import json
import struct
import sys

data = bytearray(open(sys.argv[1], "rb").read())
_, _, output, *sensitive = sys.argv
(size,) = struct.unpack_from("<Q", data)
header = json.loads(data[8 : 8 + size])


def change(name, function):
    begin, end = (8 + size + at for at in header[name]["data_offsets"])
    values = struct.unpack(f"<{(end - begin) // 4}f", data[begin:end])
    data[begin:end] = struct.pack(f"<{len(values)}f", *(function(i, v) for i, v in enumerate(values)))


for name in sensitive:
    outputs = header[name]["shape"][-1]
    change(name, lambda i, v: 0.127 if i < outputs else 0.0003)
level = 1
while not sensitive and (name := f"down{level}.conv1.weight") in header:
    inputs, outputs = header[name]["shape"][3:]
    for parameter in ("gamma", "beta"):
        change(f"down{level}.down_norm.{parameter}", lambda i, v: v if i else 0.0)
    change(name, lambda i, v: v if i // outputs % inputs else 1e4)
    level += 1
open(output, "wb").write(data)
