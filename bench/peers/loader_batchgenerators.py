# Part of segc, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Samples a second of nnU-Net v2's loader with batchgeneratorsv2, on cases as bench/loader/LoaderBench.cpp makes them.

  loader_batchgenerators.py [--ours build/bin/segc-loader-bench] [--rounds N] [the options of segc-loader-bench]

With --ours both are timed in turns; a line of JSON for each run, then the medians and their
ratio: of samples a second, and of the processor time that a sample takes, which other work on the machine disturbs less. The peer's
cases are in memory, where v2 would unpack them from a file; deep supervision is off, so labels have one resolution.
"""

import argparse
import json
import os
import pathlib
import statistics
import subprocess
import time
import types

import numpy as np
import torch
from batchgenerators.dataloading.nondet_multi_threaded_augmenter import NonDetMultiThreadedAugmenter
from nnunetv2.training.dataloading.data_loader import nnUNetDataLoader
from nnunetv2.training.nnUNetTrainer.nnUNetTrainer import nnUNetTrainer

from record_augmentations import enlarged


def numbers(text):
    return tuple(int(part) for part in text.split(","))


class Cases:
    def __init__(self, options):
        self.identifiers = [f"case{i}" for i in range(options.cases)]
        shares = [(np.arange(size) + 0.5) / size - 0.5 for size in options.case]
        square = sum(np.meshgrid(*[share**2 for share in shares], indexing="ij"))
        labels = np.maximum(0, options.classes - np.sqrt(square) * 2.5 * options.classes).astype(np.int16)
        places = {label: np.argwhere(labels == label)[::101] for label in range(1, options.classes)}
        places = {label: np.insert(found, 0, 0, axis=1) for label, found in places.items()}
        draws = np.random.default_rng(1)
        shape = (options.channels, *options.case)
        self.images = [draws.uniform(-2, 2, shape).astype(np.float32) for _ in self.identifiers]
        self.labels, self.properties = labels[None], {"class_locations": places}

    def load_case(self, identifier):
        return self.images[self.identifiers.index(identifier)], self.labels, None, self.properties


def make_loader(options, cases):
    planes = options.patch[0] == 1
    patch = options.patch[1:] if planes else options.patch
    initial = enlarged(patch)[1 if planes else 0 :]
    ratio = max(patch) / min(patch) if planes else max(patch) / patch[0]
    pseudo = not planes and ratio > 3
    angle = np.pi if pseudo or (planes and ratio <= 1.5) else np.pi / 12 if planes else np.pi / 6
    transforms = nnUNetTrainer.get_training_transforms(
        patch, (-angle, angle), None, tuple(range(len(patch))), pseudo, use_mask_for_norm=[False] * options.channels
    )
    labels = types.SimpleNamespace(all_labels=list(range(options.classes)), has_ignore_label=False)
    return nnUNetDataLoader(cases, options.batch, initial, patch, labels, oversample_foreground_percent=0.33, transforms=transforms)


def processor_seconds(batches):
    """Of this process and of those that make the batches."""
    ticks = 0
    for process in batches._processes:
        fields = pathlib.Path(f"/proc/{process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK") + time.process_time()


def measure(options, loader):
    """As nnUNetTrainer runs it: a process for each core, batches made ahead."""
    batches = NonDetMultiThreadedAugmenter(loader, None, options.threads, num_cached=6, seeds=None, pin_memory=False, wait_time=0.002)
    for _ in range(8):  # the processes start and the queue fills
        next(batches)
    begin, before, steps = time.perf_counter(), processor_seconds(batches), 0
    while (seconds := time.perf_counter() - begin) < options.seconds:
        next(batches)
        steps += 1
    worked, samples = processor_seconds(batches) - before, steps * options.batch
    batches._finish()
    rates = {"samples_per_second": samples / seconds, "processor_ms_per_sample": worked / samples * 1000}
    return {"loader": "batchgeneratorsv2", "samples": samples, **rates}


def measure_ours(options):
    command = [options.ours]
    for name in ("cases", "channels", "classes", "batch", "threads", "seconds"):
        command += [f"--{name}", str(getattr(options, name))]
    for name in ("patch", "case"):
        command += [f"--{name}", ",".join(map(str, getattr(options, name)))]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--ours")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--patch", type=numbers, default=(128, 128, 128))
    parser.add_argument("--case", type=numbers, default=(155, 240, 240))
    for name, value in (("cases", 4), ("channels", 1), ("classes", 3), ("batch", 2), ("threads", 2)):
        parser.add_argument(f"--{name}", type=int, default=value)
    parser.add_argument("--seconds", type=float, default=10)
    options = parser.parse_args()
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: options.threads])
    torch.set_num_threads(1)
    loader = make_loader(options, Cases(options))
    lines = []
    for _ in range(options.rounds):
        for line in [measure(options, loader)] + ([measure_ours(options)] if options.ours else []):
            print(json.dumps(line), flush=True)
            lines.append(line)
    for key in ("samples_per_second", "processor_ms_per_sample") if options.ours else ():
        ours, theirs = (statistics.median(line[key] for line in lines if (line["loader"] == "segc") == wanted) for wanted in (True, False))
        print(json.dumps({"median": key, "segc": ours, "batchgeneratorsv2": theirs, "ratio": max(ours / theirs, theirs / ours)}))


if __name__ == "__main__":
    main()
