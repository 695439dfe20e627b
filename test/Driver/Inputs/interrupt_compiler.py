"""Ends segrun while a compiler that does not end by itself works for it: both
are gone then, and so is the folder that the model was to come to."""

import os
import pathlib
import shutil
import signal
import subprocess
import sys
import time

folder, network = pathlib.Path(sys.argv[1]), sys.argv[2]
shutil.copy(shutil.which("segrun"), folder / "segrun")
(folder / "segc").write_text(f"#!/bin/sh\necho $$ > {folder}/started.new\nmv {folder}/started.new {folder}/started\nexec sleep 20\n")
(folder / "segc").chmod(0o755)
(folder / "cache").mkdir(mode=0o700)
for number in (signal.SIGTERM, signal.SIGHUP):
    run = subprocess.Popen(
        [folder / "segrun", "benchmark", "--model", network, "--steps", "1"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        # nohup has it ignored, and so segrun would.
        preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_DFL),
        env={**os.environ, "XDG_CACHE_HOME": str(folder / "cache"), "TMPDIR": str(folder / "cache")},
    )
    while not (folder / "started").exists():
        assert run.poll() is None, run.stderr.read()
        time.sleep(0.01)
    run.send_signal(number)
    errors = run.communicate(timeout=60)[1]
    assert run.returncode == 128 + number and b"interrupted while the network was compiled" in errors, (run.returncode, errors)
    compiler = int((folder / "started").read_text())
    assert not pathlib.Path(f"/proc/{compiler}").exists(), "the compiler goes on"
    assert not list((folder / "cache").glob("**/.segc-*")), "a folder is left"
    (folder / "started").unlink()
