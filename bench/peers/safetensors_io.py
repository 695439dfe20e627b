# Part of segc, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Reading and writing safetensors files with NumPy alone.

The data section starts at a multiple of 64 bytes (the header is padded with
spaces), as segc's own files do.
"""

import json
import struct

import numpy as np

_TO_DTYPE = {"F32": np.float32, "F64": np.float64, "I16": np.int16, "I32": np.int32, "I64": np.int64, "U8": np.uint8}
_TO_NAME = {np.dtype(value): key for key, value in _TO_DTYPE.items()}


def save(path, tensors, metadata=None):
    """Writes a dictionary of arrays, in its order."""
    header, offset = {}, 0
    if metadata:
        header["__metadata__"] = {key: str(value) for key, value in metadata.items()}
    for name, array in tensors.items():
        header[name] = {
            "dtype": _TO_NAME[array.dtype],
            "shape": list(array.shape),
            "data_offsets": [offset, offset + array.nbytes],
        }
        offset += array.nbytes
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-(8 + len(text)) % 64)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)))
        file.write(text)
        for array in tensors.values():
            file.write(np.ascontiguousarray(array).tobytes())


def load(path):
    """Returns a dictionary of arrays in the order of the data."""
    with open(path, "rb") as file:
        data = file.read()
    if len(data) < 8:
        raise ValueError(f"{path}: expected a safetensors file, got {len(data)} bytes")
    (size,) = struct.unpack_from("<Q", data)
    if 8 + size > len(data):
        raise ValueError(f"{path}: header of {size} bytes in a file of {len(data)}")
    header = json.loads(data[8 : 8 + size])
    header.pop("__metadata__", None)
    tensors = {}
    for name, entry in sorted(header.items(), key=lambda item: item[1]["data_offsets"]):
        dtype, shape = np.dtype(_TO_DTYPE[entry["dtype"]]), tuple(entry["shape"])
        begin, end = entry["data_offsets"]
        count = int(np.prod(shape, dtype=np.int64))
        if end - begin != count * dtype.itemsize or 8 + size + end > len(data):
            raise ValueError(f"{path}: {name}: {end - begin} bytes do not hold {shape} of {dtype}")
        tensors[name] = np.frombuffer(data, dtype, count, 8 + size + begin).reshape(shape)
    return tensors
