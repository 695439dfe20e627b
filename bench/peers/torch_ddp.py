# Part of segc, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Times training steps of several processes in PyTorch: DistributedDataParallel
over gloo, with the command line and the networks of torch_bench.py.

  RANK=0 WORLD_SIZE=2 MASTER_ADDR=127.0.0.1 MASTER_PORT=29500
  torch_ddp.py NETWORK --batch N --problem FOLDER [--layout ...] [--threads N]

Steps that average gradients take turns with steps that do not (no_sync): the
difference is what communication adds. Rank 0 prints the JSON line.
"""

import contextlib
import json
import os
import statistics
import time

import torch
import torch.distributed as dist
from torch.nn.parallel import DistributedDataParallel

import common
import torch_bench

# Of steps of a kind; the first one behind a change is not counted.
BLOCK = 5


def blocks(step, network, options):
    """{whether gradients are averaged: milliseconds of the steps}"""
    times = {True: [], False: []}
    end = time.perf_counter() + options.seconds
    for number in range(2 * max(1, options.steps // BLOCK)):
        averages = number % 2 == 0
        with contextlib.nullcontext() if averages else network.no_sync():
            # Of rank 0, so that all end after the same block.
            goes_on = torch.tensor([time.perf_counter() < end or number < 2])
            dist.broadcast(goes_on, 0)
            if not goes_on:
                break
            for position in range(BLOCK + 1):
                begin = time.perf_counter()
                step()
                if position:
                    times[averages].append((time.perf_counter() - begin) * 1e3)
    return times


def main():
    options = common.parse(__doc__, None, ("contiguous", "channels_last"), ("train",), torch_bench.add_arguments)
    dist.init_process_group("gloo")
    wrapped = []

    def wrap(model):
        wrapped.append(DistributedDataParallel(model, gradient_as_bucket_view=True))
        return wrapped[0]

    contestant = torch_bench.make(options, common.Problem(options.problem), wrap)
    for _ in range(options.warmup):
        contestant.step()
    times = blocks(contestant.step, wrapped[0], options)
    averaged, alone = (statistics.median(times[kind]) for kind in (True, False))
    line = {
        "peer": "torch-ddp",
        "version": torch.__version__,
        "network": options.network,
        "batch": options.batch,
        "layout": options.layout,
        "ranks": dist.get_world_size(),
        "p50_ms": averaged,
        "p50_without_averages_ms": alone,
        "samples_per_second": dist.get_world_size() * options.batch / averaged * 1e3,
        "exposed": 1 - alone / averaged,
    }
    if dist.get_rank() == 0:
        print(json.dumps(line), flush=True)
    dist.barrier()
    # Threads of gloo may still run, which ends some processes by an exception.
    os._exit(0)


if __name__ == "__main__":
    main()
