"""Ends segc while it calibrates, first as it compiles, then as a segrun that
does not end by itself works for it: both are gone then, and so is the folder
of intermediate files.

interrupt_calibration.py FOLDER NETWORK WEIGHTS DATA
"""

import os
import pathlib
import shutil
import signal
import subprocess
import sys
import time

folder, network, weights, data = map(pathlib.Path, sys.argv[1:])
shutil.copy(shutil.which("segc"), folder / "segc")
(folder / "segrun").write_text(f"#!/bin/sh\necho $$ > {folder}/started.new\nmv {folder}/started.new {folder}/started\nexec sleep 20\n")
(folder / "segrun").chmod(0o755)
(folder / "tmp").mkdir()
words = [folder / "segc", "compile", network, "--inference", "--precision", "int8", "--weights", weights]
words += ["--calibrate", data, "-O0", "-o", folder / "int8.so"]
started = folder / "started"
for number, reached in (
    (signal.SIGINT, lambda: list((folder / "tmp").glob(".segc-*"))),
    (signal.SIGTERM, started.exists),
):
    run = subprocess.Popen(
        words, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env={**os.environ, "TMPDIR": str(folder / "tmp")}
    )
    while not reached():
        assert run.poll() is None, run.stderr.read()
        time.sleep(0.01)
    run.send_signal(number)
    errors = run.communicate(timeout=60)[1]
    assert run.returncode == 128 + number and b"segc: interrupted while calibrating" in errors, (run.returncode, errors)
    assert not list((folder / "tmp").glob(".segc-*")), "a folder is left"
child = int(started.read_text())
assert not pathlib.Path(f"/proc/{child}").exists(), "segrun goes on"
assert not (folder / "int8.so").exists()
