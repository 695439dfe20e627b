# Part of segc, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Every op of the seg dialect, every keyword of an assembly format and every
key of a network's dictionaries is a word of unittests/Fuzz/seg.dict.

  check_dictionary.py SOURCE
"""

import pathlib
import re
import sys


def main():
    source = pathlib.Path(sys.argv[1])
    known = set(re.findall(r'^"(.*)"$', (source / "unittests/Fuzz/seg.dict").read_text(), re.MULTILINE))
    definitions = "".join(path.read_text() for path in sorted((source / "include/segc/Dialect/Seg/IR").glob("*.td")))
    keys = (source / "lib/Dialect/Seg/IR/NetworkAttributes.cpp").read_text()
    words = {f"seg.{name}" for name in re.findall(r'^def Seg_\w+ : Seg_\w+<"([a-z_0-9]+)"', definitions, re.MULTILINE)}
    words |= set(re.findall(r"`([a-z_]{2,})`", "".join(re.findall(r"assemblyFormat = (?:\[\{(?:.|\n)*?\}\]|\".*?\")", definitions))))
    words |= set(re.findall(r'\{"(\w+)", ValueKind::', keys))
    missing = sorted(words - known)
    print("\n".join(f"unittests/Fuzz/seg.dict lacks {word}" for word in missing) or f"{len(words)} words")
    return bool(missing) or len(words) < 80


if __name__ == "__main__":
    sys.exit(main())
