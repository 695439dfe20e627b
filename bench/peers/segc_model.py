# Part of segc, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Predicts a problem with a compiled model, through include/segc/model.h.

  segc_model.py MODEL.so FOLDER      (a folder of problem.py)

Writes FOLDER/probabilities.safetensors, which the peers are held to. Runs on
one thread: results do not depend on their number.
"""

import argparse
import ctypes
import json
import math
import pathlib

import numpy as np

import safetensors_io

ABI_VERSION, ALIGNMENT = 8, 64
Pointer, U32, U64, I64 = ctypes.c_void_p, ctypes.c_uint32, ctypes.c_uint64, ctypes.c_int64


class Model(ctypes.Structure):
    _fields_ = [("abi_version", U32), ("struct_size", U32), ("manifest", ctypes.c_char_p), ("manifest_bytes", U64)]
    _fields_ += [("source", Pointer), ("source_bytes", U64), ("weights", Pointer), ("weight_states", Pointer)]
    _fields_ += [("prepare", Pointer), ("predict", Pointer)]


class Services(ctypes.Structure):
    _fields_ = [("struct_size", U32), ("workers", U32), ("rest", Pointer * 7), ("rank", U32), ("ranks", U32)]


class Call(ctypes.Structure):
    _fields_ = [("struct_size", U32), ("input_count", U32), ("output_count", U32), ("reserved", U32), ("batch", I64)]
    _fields_ += [(name, Pointer) for name in ("parameters", "states", "gradients", "optimizer", "prepared", "arena")]
    _fields_ += [("arena_bytes", U64), ("inputs", Pointer), ("outputs", Pointer), ("scalars", Pointer)]


Entry = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(Services), ctypes.POINTER(Call), ctypes.c_char_p)


def aligned(size):
    """Zeroed bytes at an address that every kernel accepts."""
    memory = np.zeros(size + ALIGNMENT, np.uint8)
    start = -memory.ctypes.data % ALIGNMENT
    return memory[start : start + size]


def flat(entries, size, tensors):
    """The tensors at their places in a flat buffer."""
    memory = aligned(size)
    for entry in entries:
        array = tensors[entry["name"]]
        if list(array.shape) != entry["shape"]:
            raise ValueError(f"{entry['name']}: shape {list(array.shape)}, the model has {entry['shape']}")
        place = memory[entry["offset"] : entry["offset"] + array.nbytes]
        place[:] = np.ascontiguousarray(array).reshape(-1).view(np.uint8)
    return memory


def predict(path, tensors, image):
    library = ctypes.CDLL(str(path))
    library.segc_model_query.restype = ctypes.POINTER(Model)
    found = library.segc_model_query(U32(ABI_VERSION))
    if not found:
        raise ValueError(f"{path}: compiled for another version of segc/model.h")
    model = found.contents
    manifest = json.loads(model.manifest)
    output = manifest["entries"]["predict"]["outputs"][0]["shape"]
    if len(image) > manifest["batch"]:
        raise ValueError(f"{path}: compiled for batch {manifest['batch']}, the problem has {len(image)}")

    def largest(entry):
        """The processor decides the version; memory for the largest suits each."""
        return max(v["arena_bytes"].get(entry, 0) + v["scratch_bytes"] for v in manifest["versions"])

    parameters = flat(manifest["parameters"], manifest["parameter_bytes"], tensors)
    states = flat(manifest["states"], manifest["state_bytes"], tensors)
    given, got = aligned(image.nbytes), aligned(4 * len(image) * math.prod(output[1:]))
    given[:] = np.ascontiguousarray(image).reshape(-1).view(np.uint8)
    prepared, arena = aligned(manifest["prepared_bytes"]), aligned(max(largest("prepare"), largest("predict")))
    call = Call(struct_size=ctypes.sizeof(Call), batch=len(image), arena_bytes=arena.size)
    for name, memory in zip(("parameters", "states", "prepared", "arena"), (parameters, states, prepared, arena)):
        setattr(call, name, memory.ctypes.data)
    scalars = aligned(48)
    inputs, outputs = (Pointer * 1)(given.ctypes.data), (Pointer * 1)(got.ctypes.data)
    call.scalars = scalars.ctypes.data
    services, message = Services(struct_size=ctypes.sizeof(Services), workers=1), ctypes.create_string_buffer(256)
    for entry in filter(None, (model.prepare, model.predict)):
        if entry == model.predict:
            call.input_count = call.output_count = 1
            call.inputs, call.outputs = ctypes.addressof(inputs), ctypes.addressof(outputs)
        if Entry(entry)(ctypes.byref(services), ctypes.byref(call), message):
            raise ValueError(f"{path}: {message.value.decode()}")
    return got.view(np.float32).reshape(len(image), *output[1:])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", type=pathlib.Path)
    parser.add_argument("folder", type=pathlib.Path)
    options = parser.parse_args()
    tensors = safetensors_io.load(options.folder / "weights.safetensors")
    image = safetensors_io.load(options.folder / "batch.safetensors")["image"]
    probabilities = predict(options.model.resolve(), tensors, image)
    safetensors_io.save(options.folder / "probabilities.safetensors", {"probabilities": probabilities})


if __name__ == "__main__":
    main()
