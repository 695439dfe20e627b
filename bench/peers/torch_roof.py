# Part of segc, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What the machine can do, for the roofline: the rate of a large f32 matrix
product and of a copy far larger than the caches, both PyTorch's.

  torch_roof.py [--threads N]
"""

import argparse
import json
import os
import time

import torch


def best_seconds(step, repeats=7):
    times = []
    for _ in range(repeats):
        begin = time.perf_counter()
        step()
        times.append(time.perf_counter() - begin)
    return min(times)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    n, bytes_ = 3072, 1 << 29
    a, b, c = (torch.randn(n, n) for _ in range(3))
    gflops = 2e-9 * n**3 / best_seconds(lambda: torch.mm(a, b, out=c))
    source, target = (torch.zeros(bytes_ // 4) for _ in range(2))
    # Read and written; what a cache fetches before a write is not counted.
    rate = 2e-9 * bytes_ / best_seconds(lambda: target.copy_(source))
    print(json.dumps({"gflops": gflops, "gbytes_per_second": rate}))


if __name__ == "__main__":
    main()
