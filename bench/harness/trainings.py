# Part of segc, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What trainings are given that need no data set, and what their logs say."""

import array
import json
import math
import random
import struct


def write_batches(path, extents, channels, classes, batch, count=4):
    """A file for `segrun train --batches`: noise, and labels of any class."""
    rng = random.Random(1)
    shape = [batch, *extents]
    voxels, header, data = math.prod(shape), {}, []

    def add(name, dtype, sizes, values):
        begin = sum(map(len, data))
        data.append(values.tobytes())
        header[name] = {"dtype": dtype, "shape": sizes, "data_offsets": [begin, begin + len(data[-1])]}

    for number in range(count):
        values = array.array("f", (b / 64 - 2 for b in rng.randbytes(voxels * channels)))
        add(f"image_{number}", "F32", [*shape, channels], values)
        add(f"label_{number}", "I32", shape, array.array("i", (b % classes for b in rng.randbytes(voxels))))
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + b"".join(data))


def read_log(path):
    """The records of a training's train.jsonl."""
    lines = path.read_text().splitlines()
    return [json.loads(line.split(" ", 1)[1]) for line in lines if line.startswith("DLLL")]


def logged_steps(records):
    """The records of steps. The first one is behind a part of the run, in which
    pages are touched for the first time."""
    return [record for record in records if "train_total_loss" in record.get("data", {})]


def seconds_of_step(steps):
    """Mean over the logged steps but the first."""
    count = steps[-1]["step"] - steps[0]["step"]
    return (float(steps[-1]["elapsedtime"]) - float(steps[0]["elapsedtime"])) / count
