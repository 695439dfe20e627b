# Part of segc, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Runs every command of a page.

  run_commands.py PAGE FOLDER SOURCE PLUGINS RANDOM_NETWORKS

Blocks marked `mlir` or `json` are written first, to the file that the line
above them names in backticks; then the lines of every `sh` block run in order
in FOLDER, where the repository's folders, the built plugins and
SegcRandomNetworks are linked. A line that ends in `# fails` must fail.
"""

import pathlib
import re
import shutil
import subprocess
import sys

BLOCK = re.compile(r"([^\n]*)\n+```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)


def main():
    page, folder, source, plugins, random_networks = map(pathlib.Path, sys.argv[1:])
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for name in ("models", "examples", "bench", "data"):
        (folder / name).symlink_to(source / name)
    (folder / "build-plugin").symlink_to(plugins)
    (folder / "build/unittests").mkdir(parents=True)
    (folder / "build/unittests" / random_networks.name).symlink_to(random_networks)
    blocks = BLOCK.findall(page.read_text())
    for before, language, text in blocks:
        if language in ("mlir", "json"):
            (folder / re.findall(r"`([\w.-]+)`", before)[-1]).write_text(text)
    count = 0
    for _, language, text in blocks:
        for line in text.replace("\\\n", " ").splitlines() if language == "sh" else []:
            if not line.strip() or line.startswith("#"):
                continue
            fails = line.rstrip().endswith("# fails")
            run = subprocess.run(["bash", "-euo", "pipefail", "-c", line], cwd=folder, capture_output=True, text=True)
            if (run.returncode != 0) != fails:
                print(f"{line}\nexit code {run.returncode}\n{run.stdout}{run.stderr}")
                return 1
            count += 1
    print(f"{count} commands ran")
    return 0 if count else 1


if __name__ == "__main__":
    sys.exit(main())
