# Part of segc, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Runs in turns, on cores that nobody else uses meanwhile."""

import ctypes
import os
import pathlib
import struct
import sys

from harness import machine


def run_promptly():
    """For a machine that others use: this process and those that it starts come
    first, and run as soon as they wake up (slices of 0.1 ms; Linux 6.12, root)."""
    nice, nanoseconds, number_of_sched_setattr = -20, 100_000, 314
    attributes = struct.pack("=IIQiIQQQ", 48, os.SCHED_OTHER, 0, nice, 0, nanoseconds, 0, 0)
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.syscall(number_of_sched_setattr, 0, attributes, 0):
        sys.exit(f"--promptly: {os.strerror(ctypes.get_errno())}; start as root, or leave it out")


class Calm:
    """Repeats what others have disturbed: ranks that wait for each other lose a
    slice of the scheduler's for each message, so that little use by others costs
    them much."""

    def __init__(self, cores, options, other_seconds=lambda: 0.0):
        """`other_seconds()`: of our processes that nobody waits for."""
        self.cores, self.options, self.other_seconds, self.seen = cores, options, other_seconds, []

    def ticks(self):
        busy, total = machine.cpu_times(self.cores, pathlib.Path("/proc/stat").read_text())
        own = os.times()
        seconds = own.user + own.system + own.children_user + own.children_system + self.other_seconds()
        return busy, total, seconds * os.sysconf("SC_CLK_TCK")

    def __call__(self, contestant):
        """The least disturbed of some runs: the first one within the limit."""
        best = None
        for _ in range(self.options.tries):
            try:
                machine.wait_until_idle(self.cores, self.options.busy_limit, self.options.wait)
            except machine.Busy as busy:
                print(f"measure.py: {busy}", file=sys.stderr)
            before = self.ticks()
            result = contestant()
            busy, total, own = (b - a for a, b in zip(before, self.ticks()))
            others = max(0.0, (busy - own) / max(1, total))
            if best is None or others < best[0]:
                best = others, result
            if others <= self.options.busy_limit:
                break
        self.seen.append(best[0])
        return best[1]


def in_turns(contestants, rounds, calm):
    """{name: [result of each round]}, there and back."""
    results = {name: [] for name in contestants}
    for number in range(rounds):
        for name in list(contestants)[:: 1 if number % 2 == 0 else -1]:
            results[name].append(calm(contestants[name]))
    return results
