# Part of segc, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Holds the manual page and the completions of programs to their --help.

  check_manual.py PROGRAM...

Where man, bash and zsh are installed, these must take what the programs print
without a warning.
"""

import re
import shutil
import subprocess
import sys

READERS = {  # what is printed, and who reads it
    "--manual": ["man", "--warnings", "--encoding=UTF-8", "--local-file", "-"],
    "--completion=bash": ["bash", "-n"],
    "--completion=zsh": ["zsh", "-n"],
}
COMMAND = re.compile(r"^  ([a-z-]+) ", re.MULTILINE)
OPTION = re.compile(r"^  (-[^\s:]+)", re.MULTILINE)


def run(command, **options):
    return subprocess.run(command, check=True, capture_output=True, text=True, **options)


def options_of(program):
    """The names of all options of a program, its commands and networks."""
    root = run([program, "--help"]).stdout
    commands = [[name] for name in COMMAND.findall(root[root.index("Subcommands:"):])]
    if ["model"] in commands:  # which has options for each network
        commands.remove(["model"])
        commands += [["model", name] for name in ("unet2d", "vnet", "nnunet", "unet3d")]
    pages = [root] + [run([program, *command, "--help"]).stdout for command in commands]
    words = (word for page in pages for word in OPTION.findall(page))
    return {name for word in words for name in re.sub(r"\{\w+\}", "", word).split(",")}


def main():
    wrong = []
    for program in sys.argv[1:]:
        options = options_of(program)
        for form, reader in READERS.items():
            text = run([program, form]).stdout
            plain = text.replace("\\-", "-")
            wrong += [f"{program} {form}: lacks {name}" for name in sorted(options)
                      if not re.search(re.escape(name) + r"(?![\w-])", plain)]
            if not shutil.which(reader[0]):
                print(f"skipped: no {reader[0]}")
                continue
            said = run(reader, input=text).stderr
            wrong += [f"{program} {form}: {reader[0]}: {line}" for line in said.splitlines()]
        print(f"{program}: {len(options)} options")
    print("\n".join(wrong), file=sys.stderr)
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main())
