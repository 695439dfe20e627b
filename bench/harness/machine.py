# Part of segc, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What machine this is, and whether anybody else is using it."""

import os
import pathlib
import platform
import re
import time


class Busy(Exception):
    """The cores are in use by others."""


def processor():
    """(model name, instruction sets that matter here) of the first processor."""
    name, flags = platform.machine(), []
    try:
        for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
            key, _, value = line.partition(":")
            if key.strip() == "model name":
                name = value.strip()
            elif key.strip() == "flags":
                wanted = ("avx2", "fma", "avx512f", "avx512_bf16", "avx512_fp16", "amx_tile")
                flags = [flag for flag in wanted if flag in value.split()]
                break
    except OSError:
        pass
    return name, flags


def folder_name(model, cores):
    name = re.sub(r"\(.*?\)|@.*|\bprocessor\b|\bcpu\b", " ", model.lower())
    return re.sub(r"[^a-z0-9]+", "-", name).strip("-") + f"-{cores}-cores"


def cpu_times(cores, text):
    """(busy, total) clock ticks of the cores, from the text of /proc/stat."""
    busy = total = 0
    for line in text.splitlines():
        match = re.match(r"cpu(\d+) (.*)", line)
        if match and int(match[1]) in cores:
            # user nice system idle iowait irq softirq steal; guest is in user.
            ticks = [int(t) for t in match[2].split()][:8]
            total += sum(ticks)
            busy += sum(ticks) - ticks[3] - ticks[4]
    return busy, total


def cpu_use(cores, seconds=1.0):
    """Share of the cores' time in use by anyone, over the next seconds."""
    stat = pathlib.Path("/proc/stat")
    before = cpu_times(cores, stat.read_text())
    time.sleep(seconds)
    after = cpu_times(cores, stat.read_text())
    return (after[0] - before[0]) / max(after[1] - before[1], 1)


def wait_until_idle(cores, limit, seconds, allow_busy=False, use_of=cpu_use):
    """Returns the use seen; raises Busy after some seconds above the limit."""
    end = time.monotonic() + seconds
    while True:
        use = use_of(cores)
        if use <= limit or allow_busy:
            return use
        if time.monotonic() >= end:
            raise Busy(
                f"machine busy: {use:.0%} of {len(cores)} cores in use (limit {limit:.0%}, load average "
                f"{os.getloadavg()[0]:.2f}); wait, or measure anyway with --allow-busy"
            )
