# Part of segc, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Holds the commands in the documentation to what the programs accept.

  check_commands.py SOURCE

In fenced blocks of the Markdown files and in the scripts of examples: options
of segc and segrun are held against --help of that command, repository paths and
links against the tree.
"""

import itertools
import pathlib
import re
import shlex
import subprocess
import sys
from functools import lru_cache

FENCE = re.compile(r"^```[a-z]*\n(.*?)^```", re.MULTILINE | re.DOTALL)
LAUNCHERS = ("mpirun", "srun", "setsid")
LINK = re.compile(r"\]\(([^)#\s]+)[^)]*\)")
PATH = re.compile(r"^(models|data|examples|scripts|bench)/[\w./-]+$")


@lru_cache(maxsize=None)
def options(*command):
    """All words of the help that look like an option."""
    text = subprocess.run([*command, "--help"], check=True, capture_output=True, text=True).stdout
    return set(re.findall(r"--?[a-zA-Z][\w-]*", text))


def commands(block):
    """Words of each command line: comments cut, continuations joined; without
    what starts several processes of it."""
    for line in block.replace("\\\n", " ").splitlines():
        words = shlex.split(line, comments=True) if line.count("'") % 2 == 0 else []
        while words and (words[0] == "time" or "=" in words[0]):
            words.pop(0)
        if words and words[0] in LAUNCHERS and "segrun" in words:
            words = words[words.index("segrun") :]
        if words:
            yield words


def problems(source, page):
    text = page.read_text()
    blocks = FENCE.findall(text) if page.suffix == ".md" else [text]
    for words in itertools.chain.from_iterable(map(commands, blocks)):
        program = pathlib.PurePath(words[0]).name
        if program in ("segc", "segrun") and len(words) > 1 and not words[1].startswith("-"):
            command, known = [program, words[1]], set()
            if words[1] == "model":  # Its help is the network's own.
                command.append(words[2] if words[2].islower() else "vnet")
                known = {"-o", "--output"}
            known |= options(*command)
            for word in words[2:]:
                option = word.split("=")[0]
                if re.match(r"--?[a-zA-Z]", word) and option not in known:
                    yield f"`{' '.join(words)}`: {' '.join(command)} --help has no {option}"
        for word in words:
            # Examples write into folders of their own; what git ignores may be missing.
            if PATH.match(word) and "results" not in word and not (source / word).exists():
                yield f"`{' '.join(words)}`: there is no {word}"
    for link in LINK.findall(text):
        if "://" not in link and not (page.parent / link).exists():
            yield f"the link {link} leads nowhere"


def main():
    source = pathlib.Path(sys.argv[1])
    pages = [page for page in source.glob("*.md")]
    for folder in ("docs", "models", "data", "examples", "bench"):
        pages += (source / folder).glob("**/*.md")
    for suffix in ("sh", "sbatch"):
        pages += (source / "examples").glob(f"**/*.{suffix}")
    found = [f"{page.relative_to(source)}: {problem}" for page in sorted(pages) for problem in problems(source, page)]
    print("\n".join(found) or f"{len(pages)} pages checked")
    return bool(found)


if __name__ == "__main__":
    sys.exit(main())
