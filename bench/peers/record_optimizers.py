# Part of segc, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Records what PyTorch's optimizers and schedules do, for unittests/Reference/RecordedOptimizersTest.cpp and unittests/Runtime/Train/ScheduleTest.cpp.

record_optimizers.py optimizers.json schedules.json
"""

import argparse
import json
import math

import torch

RATE, DECAY, MOMENTUM, STEPS, DECAYED = 0.05, 0.1, 0.9, 12, 4
START = [1.0, -0.5, 0.25, 2.0, -1.5, 0.75]
BETAS = (0.9, 0.8)
# Epsilon is 0: PyTorch adds it to another root than TensorFlow, which segc follows.
OPTIMIZERS = {
    "adam": lambda groups: torch.optim.Adam(groups, RATE, BETAS, eps=0),
    "adamw": lambda groups: torch.optim.AdamW(groups, RATE, BETAS, eps=0),
    "radam": lambda groups: torch.optim.RAdam(groups, RATE, BETAS, eps=0),
    "sgd": lambda groups: torch.optim.SGD(groups, RATE, MOMENTUM),
    "nesterov": lambda groups: torch.optim.SGD(groups, RATE, MOMENTUM, nesterov=True),
}
TOTAL, CYCLE, MILESTONES, FACTOR, WARMUP, INITIAL = 100, 7, [10, 35, 36, 80], 0.3, 6, 0.01


def gradient(step):
    return [math.sin(step + 1.7 * i) + 0.3 * i for i in range(len(START))]


def train(make, max_norm=None):
    """The weights after each step; the first DECAYED ones have weight decay."""
    weights = torch.tensor(START, dtype=torch.float64)
    parts = [weights[:DECAYED].clone().requires_grad_(), weights[DECAYED:].clone().requires_grad_()]
    optimizer = make([{"params": parts[0], "weight_decay": DECAY}, {"params": parts[1], "weight_decay": 0.0}])
    history = []
    for step in range(1, STEPS + 1):
        grads = torch.tensor(gradient(step), dtype=torch.float64)
        parts[0].grad, parts[1].grad = grads[:DECAYED].clone(), grads[DECAYED:].clone()
        if max_norm:
            torch.nn.utils.clip_grad_norm_(parts, max_norm)
        optimizer.step()
        history.append([value for part in parts for value in part.tolist()])
    return history


def rates(make, steps=TOTAL):
    """The rate of each step."""
    weight = torch.zeros(1, requires_grad=True)
    optimizer = torch.optim.SGD([weight], RATE)
    schedule, values = make(optimizer), []
    for _ in range(steps):
        values.append(schedule.get_last_lr()[0])
        optimizer.step()
        schedule.step()
    return values


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("optimizers")
    parser.add_argument("schedules")
    args = parser.parse_args()
    runs = {name: train(make) for name, make in OPTIMIZERS.items()}
    runs |= {name + "_clipped": train(make, 1.5) for name, make in OPTIMIZERS.items()}
    constants = {"rate": RATE, "decay": DECAY, "momentum": MOMENTUM, "beta1": BETAS[0], "beta2": BETAS[1], "decayed": DECAYED, "max_norm": 1.5, "start": START}
    recorded = {"torch": torch.__version__, **constants, "gradients": [gradient(step) for step in range(1, STEPS + 1)], "weights": runs}
    with open(args.optimizers, "w", encoding="utf-8") as file:
        json.dump(recorded, file, indent=0)
        file.write("\n")
    lr = torch.optim.lr_scheduler
    curves = {
        "constant": rates(lambda o: lr.ConstantLR(o, 1.0)),
        "poly": rates(lambda o: lr.PolynomialLR(o, TOTAL, 0.9)),
        "cosine": rates(lambda o: lr.CosineAnnealingLR(o, TOTAL)),
        "cosine_annealing": rates(lambda o: lr.CosineAnnealingWarmRestarts(o, CYCLE, 2, 0.1 * RATE)),
        "piecewise": rates(lambda o: lr.MultiStepLR(o, MILESTONES, FACTOR)),
        # The epochs of the published warm-up count from 1.
        "warmup": rates(lambda o: lr.LinearLR(o, INITIAL / RATE, 1.0, WARMUP))[1:],
    }
    constants = {"rate": RATE, "total": TOTAL, "cycle": CYCLE, "milestones": MILESTONES, "factor": FACTOR, "warmup_epochs": WARMUP, "initial": INITIAL}
    with open(args.schedules, "w", encoding="utf-8") as file:
        json.dump({"torch": torch.__version__, **constants, "rates": curves}, file, indent=0)
        file.write("\n")


if __name__ == "__main__":
    main()
