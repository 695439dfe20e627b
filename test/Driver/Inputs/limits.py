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
# A pipeline's stack, and that of its threads, does not depend on the limit.
for command in (
    ["segc", "compile", network, "--emit", "asm", "-o", "/dev/null"],
    ["segc", "verify", network],
    ["segc-opt", network, "-o", "/dev/null"],
    ["segc-reduce", network, "-o", "/dev/null"],
    ["segrun", "benchmark", "--model", network, "--threads", "3", "--steps", "1", "--warmup-steps", "0"],
):
    result = subprocess.run(command, capture_output=True, preexec_fn=limited(resource.RLIMIT_STACK, 64 << 10))
    assert result.returncode == 0, ("stack", command, result.returncode, result.stderr.decode())
command = ["segc", "compile", network, "--cpu", "x86-64-v3", "-o", model]
for count in (4, 5, 7):
    check("open files", subprocess.run(command, stderr=subprocess.PIPE, preexec_fn=limited(resource.RLIMIT_NOFILE, count)), ["oo many open files", "cannot"])

# What cannot be printed is an error, whether a stream is full or closed.
printing = (
    ["segc", "--help"],
    ["segc", "--version"],
    ["segc", "compile", "--help"],
    ["segc", "model", "vnet"],
    ["segc", "model", "vnet", "--help"],
    ["segc", "inspect", network],
    ["segc", "explain", network],
    ["segc", "verify", network],
    ["segc", "precision-lists"],
    ["segc", "compile", network, "--emit", "plan"],
    ["segrun", "--help"],
    ["segrun", "--version"],
    ["segrun", "benchmark", "--model", network, "--steps", "1", "--warmup-steps", "0"],
    ["segc-opt", network],
    ["segc-reduce", network],
)
for command in printing:
    with open("/dev/full", "w") as full:
        result = subprocess.run(command, stdout=full, stderr=subprocess.PIPE)
    assert result.returncode == 1 and b"o space left on device" in result.stderr, (command, result.returncode, result.stderr)
    result = subprocess.run(command, stderr=subprocess.PIPE, preexec_fn=lambda: os.close(1))
    assert result.returncode == 1 and b"ad file descriptor" in result.stderr, (command, result.returncode, result.stderr)
result = subprocess.run(["segc", "compile", "-", "--emit", "seg"], capture_output=True, preexec_fn=lambda: os.close(0))
assert result.returncode == 1 and b"the standard input: cannot read" in result.stderr, result
for tool in ("segc-opt", "segc-reduce"):
    result = subprocess.run([tool, network, "-o", model], capture_output=True, preexec_fn=limited(resource.RLIMIT_FSIZE, 1))
    check(tool, result, ["ile too large"])

# Nothing goes to a file that took the place of a closed stream.
for stream in (0, 1, 2):
    victim = folder / "victim"
    victim.write_text("")
    result = subprocess.run(["segc", "compile", network, "--emit", "seg", "-o", folder / "text.mlir"], preexec_fn=lambda: os.close(stream))
    assert result.returncode == 0, (stream, result.returncode)
    first = (folder / "text.mlir").read_text()
    assert first.startswith("module") and first.rstrip().endswith("}"), (stream, first[:80])
