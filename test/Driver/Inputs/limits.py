"""Runs segc under limits of the process: it must say so in a line, with exit
code 1, and leave nothing behind."""

import os
import pathlib
import resource
import subprocess
import sys

folder = pathlib.Path(sys.argv[1])
network, model = folder / "n.mlir", folder / "limited.so"
command = ["segc", "compile", network, "--cpu", "x86-64-v3", "-o", model]


def check(name, result, message):
    text = result.stderr.decode()
    assert result.returncode == 1, (name, result.returncode, text)
    assert any(part in text for part in message), (name, text)
    assert len(text.splitlines()) <= 3 and "lld" not in text and "Stack dump" not in text, (name, text)
    left = list(folder.glob("limited.so*")) + list(folder.glob(".segc*"))
    assert not left, (name, left)


def limited(kind, value):
    return lambda: resource.setrlimit(kind, (value, value))


for size in (1, 5000, 20000):
    check("file size", subprocess.run(command, stderr=subprocess.PIPE, preexec_fn=limited(resource.RLIMIT_FSIZE, size)), ["ile too large", "ulimit -f"])
for count in (4, 5, 7):
    check("open files", subprocess.run(command, stderr=subprocess.PIPE, preexec_fn=limited(resource.RLIMIT_NOFILE, count)), ["oo many open files", "cannot"])

# Nothing goes to a file that took the place of a closed stream.
for stream in (0, 1, 2):
    victim = folder / "victim"
    victim.write_text("")
    result = subprocess.run(["segc", "compile", network, "--emit", "seg", "-o", folder / "text.mlir"], preexec_fn=lambda: os.close(stream))
    assert result.returncode == 0, (stream, result.returncode)
    first = (folder / "text.mlir").read_text()
    assert first.startswith("module") and first.rstrip().endswith("}"), (stream, first[:80])
