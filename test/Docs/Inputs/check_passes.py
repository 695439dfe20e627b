# Part of segc, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Every pass and pipeline that the documentation or a description of an op or a
pass names is one that segc-opt or segc-reduce has.

  check_passes.py SOURCE
"""

import pathlib
import re
import subprocess
import sys

NAME = re.compile(r"(?<![\w/.-])(?:--?)?(segc?-[a-z0-9]+(?:-[a-z0-9]+)*)(?![\w/]|-\w|\.\d)")
PROGRAMS = {"segc-opt", "segc-reduce", "segc-lsp-server", "segc-docs", "segc-loader-bench", "segc-mpi"}  # The last three are targets.
PACKAGES = {"segc-dev"}  # docs/Packages.md.
# include/segc/Transforms/Decisions.h, and their counters.
ACTIONS = {f"seg-{kind}{end}" for kind in ("fusion", "strategy", "memory") for end in ("", "-skip", "-count")}
EXAMPLES = {"seg-count-kernels"}  # docs/AddingAPass.md shows how to write it.


def main():
    source = pathlib.Path(sys.argv[1])
    shown = "".join(subprocess.run([program, "--help-hidden"], check=True, capture_output=True, text=True).stdout for program in ("segc-opt", "segc-reduce"))
    known = set(re.findall(r"--(segc?-[\w-]+)", shown)) | PROGRAMS | PACKAGES | ACTIONS | EXAMPLES
    pages = [source / "README.md", *sorted((source / "docs").glob("**/*.md")), *sorted((source / "examples").glob("**/*.md"))]
    pages += sorted((source / "include").glob("**/*.td"))
    found, unknown = 0, []
    for page in pages:
        for number, line in enumerate(page.read_text().splitlines(), 1):
            for name in NAME.findall(line):
                found += 1
                if name not in known and not any(other.startswith(name + "-") and f"{name}-<" in line for other in known):
                    unknown.append(f"{page.relative_to(source)}:{number}: neither segc-opt nor segc-reduce has {name}")
    print("\n".join(unknown) or f"{found} names checked")
    return bool(unknown) or found < 50


if __name__ == "__main__":
    sys.exit(main())
