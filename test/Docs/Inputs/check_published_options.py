# Part of segc, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Holds the table of published options to what was published and to --help.

  check_published_options.py PAGE LIST

The page has a section for each program of the list, and in it a table for each
script, for example scripts and for the environment. Their rows name every
option of the list with its default and choices, once, and no other. The second
cell has a command of ours, or says `always on:`, `none:` or `as` with the
script whose table has the option. An option of ours is one that --help of that
command lists.
"""

import json
import re
import subprocess
import sys
from functools import lru_cache

ROW = re.compile(r"^\| (`.*?) \| (.*?) \|(.*)\|$", re.MULTILINE)
CODE = re.compile(r"`([^`]+)`")
DEFINED = re.compile(r"^  (-[^\s:]+)", re.MULTILINE)
COMMAND = re.compile(r"^  ([a-z-]+)  ", re.MULTILINE)
NETWORKS = ("unet2d", "vnet", "nnunet", "unet3d")


@lru_cache(maxsize=None)
def options(*command):
    """The names of all options in the help of a command."""
    text = subprocess.run([*command, "--help"], check=True, capture_output=True, text=True).stdout
    names = {name for words in DEFINED.findall(text) for name in re.sub(r"\{\w+\}", "", words).split(",")}
    return names | ({"--output"} if command[:2] == ("segc", "model") else set())


@lru_cache(maxsize=None)
def all_options():
    """The names of all options of all commands."""
    names = set.union(*(options("segc", "model", network) for network in NETWORKS))
    for program in ("segc", "segrun"):
        text = subprocess.run([program, "--help"], check=True, capture_output=True, text=True).stdout
        for command in COMMAND.findall(text[text.index("Subcommands:") :]):
            if command != "model":
                names |= options(program, command)
    return names


def parts(text, mark):
    """Headings of a level and the text below each."""
    found = re.split(rf"^{mark} (.+)\n", text, flags=re.MULTILINE)[1:]
    return {title.strip("`"): below for title, below in zip(found[::2], found[1::2])}


def rendered(name, default):
    text = ", ".join(f"`{alias}`" for alias in name.split(", "))
    return f"{text} ({default})" if default else text


def wrong_equal(cell, names, scripts):
    """What is wrong with the second cell of a row."""
    commands = [words.split() for words in CODE.findall(cell) if words.split()[0] in ("segc", "segrun")]
    for words in commands:
        command = words[:3] if words[1] == "model" else words[:2]
        for option in words:
            if option.startswith("-") and option not in options(*command):
                yield f"{' '.join(command)} --help has no {option}"
    other = re.fullmatch(r"as `(.+)`", cell)
    if other:
        known = {alias for name in scripts.get(other[1], {}) for alias in name.split(", ")}
        for name in names:
            if not known.intersection(name.split(", ")):
                yield f"{other[1]} has no {name}"
    elif not commands and not cell.startswith(("always on: ", "none: ")):
        yield f"expected a command, `always on: `, `none: ` or `as `, found {cell}"


def wrong_table(table, expected, scripts):
    """What is wrong with a table for `expected`, names and their defaults."""
    missing = dict(expected)
    for first, ours, remark in ROW.findall(table):
        names = [name for name in missing if rendered(name, missing[name]) in first]
        rest = first
        for name in sorted(names, key=len, reverse=True):
            rest = rest.replace(rendered(name, missing.pop(name)), "", 1)
        if rest.strip(", "):
            yield f"{first}: the list does not have {rest.strip(', ')}, or has it in another row"
        yield from (f"{first}: {problem}" for problem in wrong_equal(ours, names, scripts))
        published = {alias for script in scripts.values() for name in script for alias in name.split(", ")}
        for words in CODE.findall(ours + remark):
            for option in words.split() if words.startswith("--") else []:
                if option.startswith("--") and option not in all_options() | published:
                    yield f"{first}: no command has {option}"
    yield from (f"{rendered(name, missing[name])}: has no row" for name in missing)


def problems(page, published):
    sections = parts(page, "##")
    for section in published["sections"]:
        title, tables = section["title"], parts(sections.get(section["title"], ""), "###")
        scripts = {script: entry["options"] for script, entry in section["scripts"].items()}
        expected = dict(scripts)
        expected["Example scripts"] = dict.fromkeys(section.get("examples", []), "")
        expected["Environment"] = dict.fromkeys(section.get("environment", []), "")
        for name, names in expected.items():
            yield from (f"{title}: {name}: {text}" for text in wrong_table(tables.pop(name, ""), names, scripts))
        yield from (f"{title}: {name}: the list has no such script" for name in tables)
        sections.pop(title, None)
    yield from (f"{title}: the list has no such section" for title in sections)


def main():
    page, published = open(sys.argv[1], encoding="utf-8").read(), json.load(open(sys.argv[2], encoding="utf-8"))
    found = list(problems(page, published))
    print("\n".join(found) or f"{len(published['sections'])} programs checked")
    return bool(found)


if __name__ == "__main__":
    sys.exit(main())
