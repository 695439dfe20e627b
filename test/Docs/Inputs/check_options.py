# Part of segc, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Holds the table of options in a page to --help of each command.

  check_options.py PAGE PROGRAM

A row is `| `--option` | commands, or all | meaning |`. Every option of a command
has a row that names the command, and the other way round.
"""

import re
import subprocess
import sys

ROW = re.compile(r"^\| `(--?[\w-]+)`[^|]*\| ([a-z, -]+) \|", re.MULTILINE)
OPTION = re.compile(r"^  (-[^\s:]+)", re.MULTILINE)
COMMAND = re.compile(r"^  ([a-z-]+) ", re.MULTILINE)


def help_of(*command):
    return subprocess.run([*command, "--help"], check=True, capture_output=True, text=True).stdout


def options(text):
    """The first long name of each option."""
    names = [re.sub(r"\{\w+\}", "", words).split(",") for words in OPTION.findall(text)]
    return {next((name for name in words if name.startswith("--")), words[0]) for words in names} - {"--help"}


def main():
    page, program = open(sys.argv[1], encoding="utf-8").read(), sys.argv[2]
    root = help_of(program)
    commands = COMMAND.findall(root[root.index("Subcommands:"):])
    documented = {command: set() for command in commands}
    for option, of in ROW.findall(page):
        for command in commands if of == "all" else of.split(", "):
            documented[command].add(option)
    wrong = []
    for command in commands:
        known = options(help_of(program, command))
        wrong += [f"{command} {name}: has no row in the table" for name in sorted(known - documented[command])]
        wrong += [f"{command} {name}: --help does not have it" for name in sorted(documented[command] - known)]
    print("\n".join(wrong) or f"{len(commands)} commands checked")
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main())
