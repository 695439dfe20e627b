# Part of segc, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Runs every command of a page.

  run_commands.py PAGE FOLDER SOURCE PLUGINS RANDOM_NETWORKS [OLD=NEW...]

Blocks marked `mlir` or `json` are written first, to the file that the line
above them names in backticks; those marked `cpp` must stand in the repository's
file of that name. Then the lines of every `sh` block run in order in FOLDER,
where the repository's folders, the built plugins and SegcRandomNetworks are
linked; OLD is replaced by NEW in each (a shorter run). A line that ends in
`# fails` must fail. The lines of a `text` block must come out of the `sh` block
before it, in order: any number stands for any other, `...` for anything.
"""

import pathlib
import re
import shutil
import subprocess
import sys

BLOCK = re.compile(r"([^\n]*)\n+```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
NUMBER = r"-?\d[\d.,:/]*(?:e[-+]?\d+)?"


def pattern(line):
    """A regular expression for what a line of a `text` block shows."""
    parts = re.split(rf"({NUMBER}|\.\.\.|\s+)", line.strip())
    replaced = {"...": ".*"}
    words = [replaced.get(p) or (r"\s+" if p.isspace() else NUMBER if re.fullmatch(NUMBER, p) else re.escape(p)) for p in parts]
    return "".join(words)


def missing(shown, output):
    """The first line that the output lacks."""
    lines = iter(output.splitlines())
    for line in filter(str.strip, shown.splitlines()):
        if not any(re.search(pattern(line), candidate) for candidate in lines):
            return line
    return None


def main():
    page, folder, source, plugins, random_networks = map(pathlib.Path, sys.argv[1:6])
    replacements = [argument.split("=", 1) for argument in sys.argv[6:]]
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for name in ("models", "examples", "bench", "data", "include"):
        (folder / name).symlink_to(source / name)
    (folder / "build-plugin").symlink_to(plugins)
    (folder / "build/unittests").mkdir(parents=True)
    (folder / "build/unittests" / random_networks.name).symlink_to(random_networks)
    blocks = BLOCK.findall(page.read_text())
    for before, language, text in blocks:
        name = re.findall(r"`([\w./-]+)`", before)
        if language in ("mlir", "json"):
            (folder / name[-1]).write_text(text)
        if language == "cpp" and text not in (source / name[-1]).read_text():
            print(f"{name[-1]} has no\n{text}")
            return 1
    for old, _ in replacements:
        if old not in page.read_text():
            print(f"the page has no {old!r}")
            return 1
    count, output = 0, ""
    for _, language, text in blocks:
        if language == "text" and (line := missing(text, output)) is not None:
            print(f"no line like\n{line}\nin\n{output}")
            return 1
        if language != "sh":
            continue
        output = ""
        for line in text.replace("\\\n", " ").splitlines():
            if not line.strip() or line.startswith("#"):
                continue
            for old, new in replacements:
                line = line.replace(old, new)
            fails = line.rstrip().endswith("# fails")
            run = subprocess.run(["bash", "-euo", "pipefail", "-c", line], cwd=folder, capture_output=True, text=True)
            output += run.stdout + run.stderr
            if (run.returncode != 0) != fails:
                print(f"{line}\nexit code {run.returncode}\n{run.stdout}{run.stderr}")
                return 1
            count += 1
    print(f"{count} commands ran")
    return 0 if count else 1


if __name__ == "__main__":
    sys.exit(main())
