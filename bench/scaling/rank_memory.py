#!/usr/bin/env python3
# Part of segc, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What memory each rank of a training has.

    rank_memory.py -- segrun train --ranks 2 ...

Runs the command and samples the resident memory of its ranks: the median of the
samples, which is that of a step, and the largest, which is that of rank 0 while
it writes a checkpoint. Exit code: that of the command.
"""

import argparse
import pathlib
import re
import statistics
import subprocess
import sys
import time

SECONDS = 0.2  # Between two samples.


def rank_of(process):
    """The number that Open MPI gave a process; None for one that is no rank."""
    found = re.search(rb"(?:^|\0)OMPI_COMM_WORLD_RANK=(\d+)\0", (process / "environ").read_bytes())
    return int(found[1]) if found else None


def resident(status):
    """Resident bytes, from the text of /proc/PID/status; None where there are none."""
    found = re.search(r"^VmRSS:\s+(\d+) kB$", status, re.MULTILINE)
    return 1024 * int(found[1]) if found else None


def descendants(pid):
    """Of a process, with itself."""
    found = [pid]
    for parent in found:
        for task in pathlib.Path(f"/proc/{parent}/task").glob("*/children"):
            try:
                found += map(int, task.read_text().split())
            except OSError:  # It has ended.
                continue
    return found


def sample(pid, samples):
    """Adds the memory of each rank below a process to a list of its number."""
    for each in map(str, descendants(pid)):
        process = pathlib.Path("/proc", each)
        try:
            rank, size = rank_of(process), resident((process / "status").read_text())
        except OSError:
            continue
        if rank is not None and size:
            samples.setdefault(rank, []).append(size)


def main(arguments):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("command", nargs="+")
    command = subprocess.Popen(parser.parse_args(arguments).command)
    samples = {}
    while command.poll() is None:
        sample(command.pid, samples)
        time.sleep(SECONDS)
    for rank, sizes in sorted(samples.items()):
        print(f"rank {rank}: median {statistics.median(sizes) / 1e6:.0f} MB, largest {max(sizes) / 1e6:.0f} MB")
    return command.returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
