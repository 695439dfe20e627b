# Part of segc, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Holds the table of phases in docs/Research.md to the sources: every pass of a
phase.

  check_research.py SOURCE
"""

import pathlib
import re
import sys


def rows(page, title):
    """Cells of the table below a title, without its head."""
    section = page.split(f"\n## {title}\n", 1)[1].split("\n## ", 1)[0]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in section.splitlines() if line.startswith("|")][2:]


def words(cell):
    return set(re.findall(r"`([\w-]+)`", cell))


def phases(source):
    """{phase: passes}."""
    passes = {"Canonicalizer": "canonicalize", "CSE": "cse"}
    for path in (source / "include").glob("**/Passes.td"):
        passes |= dict(re.findall(r"def (\w+)Pass : Pass<\"([\w-]+)\"", path.read_text()))
    text = (source / "lib/Pipelines/Phases.cpp").read_text()
    bodies = re.findall(r"static void populate(\w+)\(OpPassManager &manager[^{]*\{(.*?)\n\}", text, re.DOTALL)
    return {phase.lower(): {passes[name] for name in re.findall(r"create(\w+)Pass\(", body)} for phase, body in bodies}


def main():
    source = pathlib.Path(sys.argv[1])
    page = (source / "docs/Research.md").read_text()
    wrong = []
    table = {next(iter(words(phase))): words(passes) for phase, passes, _ in rows(page, "Phases, their passes and options")}
    stages = phases(source)
    for phase, passes in stages.items():
        wrong += [f"phase {phase}: {name}" for name in sorted(passes ^ table.get(phase, set()))]
    print("\n".join(f"docs/Research.md and the sources differ in {what}" for what in wrong) or f"{len(stages)} phases checked")
    return bool(wrong) or len(stages) < 7


if __name__ == "__main__":
    sys.exit(main())
