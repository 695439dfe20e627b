# Part of segc, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Times training steps and inference in PyTorch; one JSON line a measurement.

  torch_bench.py NETWORK [NETWORK ...] [--mode train|predict] [--batch N]
                 [--layout best|contiguous|channels_last] [--compile]

The peer is given its best form: fused or batched optimisers, symmetric padding
in nnU-Net (no separate pad kernel), and with --layout best the faster of both
memory layouts (the slower one is printed too, with "best": false). A training
step is zero_grad, forward, loss, backward and optimiser; dropout is on in
U-Net. Inference ends with the softmax, without gradient recording.
"""

import argparse
import json
import platform
import resource
import time

import torch
from torch.nn import functional as F

import networks
import record


def make_optimizer(model):
    if isinstance(model, networks.VNet):
        return torch.optim.RMSprop(
            model.parameters(), model.learning_rate, alpha=0.9, eps=1e-10, centered=True, foreach=True
        )
    decayed = [p for name, p in model.named_parameters() if model.decays(name)]
    rest = [p for name, p in model.named_parameters() if not model.decays(name)]
    groups = [{"params": decayed, "weight_decay": model.weight_decay}, {"params": rest, "weight_decay": 0.0}]
    return torch.optim.Adam([g for g in groups if g["params"]], model.learning_rate, eps=1e-7, fused=True)


def measure(step, warmup, steps, seconds):
    """Milliseconds of each step; stops early, after `seconds`, with at least 3."""
    for _ in range(warmup):
        step()
    times, end = [], time.perf_counter() + seconds
    while len(times) < steps and (len(times) < 3 or time.perf_counter() < end):
        begin = time.perf_counter()
        step()
        times.append((time.perf_counter() - begin) * 1e3)
    return times


def percentile(values, fraction):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, round(fraction * (len(ordered) - 1)))]


def run(name, mode, batch, layout, options):
    extra = {"dropout": 0.5} if name.startswith("unet") else {"padding": "symmetric"} if "nnunet" in name else {}
    torch.manual_seed(0)
    model = networks.build(name, **extra)
    networks.load(model, networks.initial_weights(model, 1))
    image, label = record.to_torch(*record.make_batch(model, batch, 1), torch.float32)
    image = image.contiguous()
    if layout == "channels_last":
        memory = torch.channels_last if model.dims == 2 else torch.channels_last_3d
        model, image = model.to(memory_format=memory), image.to(memory_format=memory)
    model.train(mode == "train")
    call = torch.compile(model) if options.compile else model
    if mode == "train":
        optimizer = make_optimizer(model)

        def step():
            optimizer.zero_grad(set_to_none=True)
            model.loss(call(image), label)["loss"].backward()
            optimizer.step()

    else:

        @torch.inference_mode()
        def step():
            return F.softmax(call(image)[0], 1)

    times = measure(step, options.warmup, options.steps, options.seconds)
    return {
        "case": name,
        "mode": mode,
        "batch": batch,
        "layout": layout,
        "peer": "torch.compile" if options.compile else "torch",
        "version": torch.__version__,
        "threads": torch.get_num_threads(),
        "steps": len(times),
        "p50_ms": percentile(times, 0.5),
        "p90_ms": percentile(times, 0.9),
        "min_ms": min(times),
        "mean_ms": sum(times) / len(times),
        "samples_per_second": batch / percentile(times, 0.5) * 1e3,
        "peak_rss_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
        "cpu": platform.processor() or platform.machine(),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("networks", nargs="+", choices=networks.NETWORKS, metavar="NETWORK")
    parser.add_argument("--mode", choices=["train", "predict"], default="train")
    parser.add_argument("--batch", type=int, help="default: the recording's")
    parser.add_argument("--layout", choices=["best", "contiguous", "channels_last"], default="best")
    parser.add_argument("--compile", action="store_true", help="through torch.compile (needs a C++ compiler)")
    parser.add_argument("--warmup", type=int, default=3)
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=60, help="stop timing a case after this long")
    parser.add_argument("--threads", type=int, help="default: PyTorch's")
    options = parser.parse_args()
    if options.threads:
        torch.set_num_threads(options.threads)
    for name in options.networks:
        batch = options.batch or networks.NETWORKS[name][1]
        layouts = ["contiguous", "channels_last"] if options.layout == "best" else [options.layout]
        results = [run(name, options.mode, batch, layout, options) for layout in layouts]
        best = min(results, key=lambda result: result["p50_ms"])
        for result in results:
            print(json.dumps({**result, "best": result is best}), flush=True)


if __name__ == "__main__":
    main()
