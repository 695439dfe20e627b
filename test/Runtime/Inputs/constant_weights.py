"""Weights of a model, all of one value: constant_weights.py MODEL.json OUTPUT

MODEL.json is what `segc inspect --json` says of a .so. Variances are 1.
"""

import json
import struct
import sys

model = json.load(open(sys.argv[1]))
header, data = {}, bytearray()
for tensor in model["parameters"] + model["states"]:
    count = 1
    for size in tensor["shape"]:
        count *= size
    begin = len(data)
    data += struct.pack("<f", 1.0 if "variance" in tensor["name"] else 0.01) * count
    header[tensor["name"]] = {"dtype": "F32", "shape": tensor["shape"], "data_offsets": [begin, len(data)]}
text = json.dumps(header).encode()
text += b" " * (-(8 + len(text)) % 64)
open(sys.argv[2], "wb").write(struct.pack("<Q", len(text)) + text + data)
