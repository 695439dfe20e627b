# Part of segc, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The command segrun of the wheel."""

import os
import sys

from ._library import PACKAGE, use_own_dictionary


def main():
    program = PACKAGE / "bin" / "segrun"
    if not program.exists():
        sys.exit(f"segrun: {program} is not there; install the package segc as a wheel (docs/Packages.md)")
    use_own_dictionary()
    os.execv(program, ["segrun", *sys.argv[1:]])
