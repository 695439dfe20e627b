# Part of segc, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Times single convolutions and their gradients in PyTorch.

  torch_layers.py --batch N [--threads N] [--seconds S] < LAYERS

LAYERS are JSON lines of bench/harness/layers.py. Prints a JSON line for each
layer and operation: the median of the faster memory layout.
"""

import argparse
import json
import os
import statistics
import sys
import time

import torch

INPUT, FILTER = [True, False, False], [False, True, False]


def operations(layer, batch, memory):
    """By name, a function of no argument."""
    large, small = ((batch, layer["channels"][i], *layer[side]) for i, side in enumerate(("large", "small")))
    given, result = (small, large) if layer["transposed"] else (large, small)
    x, dy = (torch.randn(shape).to(memory_format=memory) for shape in (given, result))
    # Filters are (small, large, taps) for both: out, in or, transposed, in, out.
    w = torch.randn(small[1], large[1], *layer["kernel"]).to(memory_format=memory)
    sizes = zip(layer["large"], layer["small"], layer["kernel"], layer["stride"], layer["padding"])
    rest = [a - ((b - 1) * s - 2 * p + k) if layer["transposed"] else 0 for a, b, k, s, p in sizes]
    ones = [1] * len(layer["kernel"])
    settings = (layer["stride"], layer["padding"], ones, layer["transposed"], rest, 1)
    backward = torch.ops.aten.convolution_backward
    return {
        "forward": lambda: torch.ops.aten.convolution(x, w, None, *settings),
        "input_grad": lambda: backward(dy, x, w, None, *settings, INPUT),
        "filter_grad": lambda: backward(dy, x, w, None, *settings, FILTER),
    }


@torch.inference_mode()
def median_ms(step, seconds):
    step()
    times, end = [], time.perf_counter() + seconds
    while len(times) < 5 or (time.perf_counter() < end and len(times) < 2000):
        begin = time.perf_counter()
        step()
        times.append((time.perf_counter() - begin) * 1e3)
    return statistics.median(times)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--batch", type=int, default=1)
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--seconds", type=float, default=0.5, help="for each operation and layout")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    for index, line in enumerate(sys.stdin):
        layer, times = json.loads(line), {}
        channels_last = torch.channels_last if len(layer["kernel"]) == 2 else torch.channels_last_3d
        for layout, memory in (("contiguous", torch.contiguous_format), ("channels_last", channels_last)):
            for name, step in operations(layer, options.batch, memory).items():
                times.setdefault(name, []).append((median_ms(step, options.seconds), layout))
        for name, measured in times.items():
            ms, layout = min(measured)
            found = {"index": index, "operation": name, "ms": ms, "layout": layout}
            print(json.dumps({"peer": "torch", "version": torch.__version__, **found}), flush=True)


if __name__ == "__main__":
    main()
