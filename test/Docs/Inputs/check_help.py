# Part of segc, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Holds the help of every command of segc and segrun to a form.

  check_help.py PROGRAM...

Each command, argument and option has a description, which begins with a capital
letter and does not end with a full stop. An option of a command that takes a
number or one of several words says what holds without it: its default stands
behind the type or in the description, or it is required.
"""

import re
import subprocess
import sys

ENTRY = re.compile(r"^  (\S.*(?:\n {20,}\S.*)*)", re.MULTILINE)
CHOICE = re.compile(r"\b(INT|UINT|FLOAT)\b|:\{.+\}")
NETWORKS = ("unet2d", "vnet", "nnunet", "unet3d")


def help_of(*command):
    return subprocess.run([*command, "--help"], check=True, capture_output=True, text=True).stdout


def entries(text):
    """What each entry is called, its type, and its description."""
    for entry in ENTRY.findall(text):
        found = re.match(r"(.*?)(?: {2,}|\n +|(?<=\S) (?=[A-Z][a-z]))(.+)", entry, re.DOTALL)
        heading, description = found.groups() if found else (entry, "")
        yield heading.split()[0], heading, " ".join(description.split())


def problems(*command):
    text = help_of(*command)
    for name, heading, description in entries(text):
        if name in ("-h,--help", "--version"):
            continue
        if not re.match(r"[A-Z0-9]", description) or re.search(r"(?<!\.\.)\.$", description):
            yield f"{name}: expected a description that begins with a capital letter and has no full stop, found '{description}'"
        known = "REQUIRED" in heading or re.search(r"=\S", heading) or "default" in description
        if len(command) > 1 and name.startswith("-") and CHOICE.search(heading) and not known:
            yield f"{name}: expected its default in '{description}'"


def main():
    found, checked = [], 0
    for program in sys.argv[1:]:
        root = help_of(program)
        commands = [(program,)] + [(program, name) for name, _, _ in entries(root[root.index("Subcommands:") :])]
        if (program, "model") in commands:
            commands.remove((program, "model"))
            commands += [(program, "model", network) for network in NETWORKS]
        for command in commands:
            found += [f"{' '.join(command)} {problem}" for problem in problems(*command)]
        checked += len(commands)
    print("\n".join(found) or f"{checked} commands checked")
    return bool(found)


if __name__ == "__main__":
    sys.exit(main())
