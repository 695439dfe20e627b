# Part of segc, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Checks a Dockerfile without Docker: what it copies from the sources is there
and suffices to configure the build that it runs, and every stage that it names
comes before.

  check_dockerfile.py DOCKERFILE SOURCES WORK     WORK: a folder for the copies
"""

import fnmatch
import pathlib
import re
import shutil
import subprocess
import sys


def instructions(text):
    text = re.sub(r"^\s*#.*\n", "", text, flags=re.MULTILINE).replace("\\\n", " ")
    return [line.split() for line in text.splitlines() if line.strip()]


def ignored(patterns, path):
    return any(fnmatch.fnmatch(path, pattern) or path.startswith(pattern + "/") for pattern in patterns)


def copy(source, target):
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        shutil.copytree(source, target, dirs_exist_ok=True)
    else:
        shutil.copy2(source, target)


def main():
    dockerfile, sources, work = map(pathlib.Path, sys.argv[1:])
    excluded = pathlib.Path(f"{dockerfile}.dockerignore").read_text().split("\n")
    excluded = [line.rstrip("/") for line in excluded if line and not line.startswith("#")]
    shutil.rmtree(work, ignore_errors=True)
    stages, wrong, copied = set(), [], 0
    for name, *words in instructions(dockerfile.read_text()):
        if name == "FROM":
            if words[0] not in stages | {"debian:bookworm"}:
                wrong.append(f"FROM {words[0]}: neither debian:bookworm nor a stage before it")
            stages.add(words[2])
        elif name == "COPY" and words[0].startswith("--from="):
            if words[0][7:] not in stages:
                wrong.append(f"COPY {words[0]}: no stage before it")
        elif name == "COPY":
            *paths, target = words
            for path in paths:
                if ignored(excluded, path) or not (sources / path).exists():
                    wrong.append(f"COPY {path}: not among the sources")
                    continue
                copied += 1
                copy(sources / path, work / (target + path if target.endswith("/") else target))
    if wrong:
        sys.exit("\n".join(wrong))
    print(f"{copied} paths of the sources, stages {', '.join(sorted(stages))}")
    done = subprocess.run(["cmake", "--preset", "release", "-DSEGC_BUILD_TESTS=OFF"], cwd=work,
                          capture_output=True, text=True)
    if done.returncode:
        sys.exit(done.stdout[-2000:] + done.stderr)
    shutil.rmtree(work)


if __name__ == "__main__":
    main()
