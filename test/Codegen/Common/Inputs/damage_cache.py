"""Puts one file of a folder under the name of the next, and cuts it short."""

import pathlib
import sys

first, second = sorted(pathlib.Path(sys.argv[1]).glob("*.json"))
text = first.read_text()
second.write_text(text)
first.write_text(text[: len(text) // 2])
