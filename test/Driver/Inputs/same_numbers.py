# Part of segc, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""same_numbers.py TOLERANCE FILE FILE...: the numbers of all files, one a line,
are those of the first within TOLERANCE times (1 + magnitude)."""

import sys

tolerance, files = float(sys.argv[1]), sys.argv[2:]
expected, *others = ([float(line) for line in open(name)] for name in files)
for name, numbers in zip(files[1:], others):
    if len(numbers) != len(expected):
        sys.exit(f"{name}: expected {len(expected)} numbers, got {len(numbers)}")
    worst = max(abs(a - b) / (1 + abs(a)) for a, b in zip(expected, numbers))
    # Not a number fails as well.
    if not worst <= tolerance:
        sys.exit(f"{name}: differs from {files[0]} by {worst:.3g}, expected at most {tolerance:.3g}")
    print(f"{name}: {len(numbers)} numbers, worst {worst:.3g}")
