"""Ends a rank of a cross-validation, and checks that another one goes on with its fold, with the same bits.

  ending_folds.py FOLDER -- COMMAND...
"""

import json
import os
import pathlib
import signal
import subprocess
import sys
import time

folder, command = pathlib.Path(sys.argv[1]), sys.argv[3:]


def ranks(job):
    """The processes that a job has started, by their rank."""
    children = pathlib.Path(f"/proc/{job.pid}/task/{job.pid}/children").read_text().split()
    environments = {int(child): pathlib.Path(f"/proc/{child}/environ").read_bytes().split(b"\0") for child in children}
    return {int(v.split(b"=")[1]): child for child, variables in environments.items() for v in variables if v.startswith(b"SEGRUN_RANK=")}


def run(name, *more, end=None):
    results, log = folder / name, folder / f"{name}.log"
    with open(log, "w") as file:
        job = subprocess.Popen([*command, "--results", results, *more], stdout=subprocess.PIPE, stderr=file, text=True)
        if end:
            until = time.monotonic() + 60
            while not all((results / f"seed-0/fold-{fold}/checkpoints/last/state.json").exists() for fold in (0, 1)):
                assert job.poll() is None and time.monotonic() < until, log.read_text()
                time.sleep(0.002)
            end(job)
        output, _ = job.communicate(timeout=240)
    return job.returncode, output, log.read_text()


def result_of(name):
    """What a cross-validation leaves, without times."""
    results = folder / name
    table = json.loads((results / "cross-validation.json").read_text())
    for entry in table["results"]:
        del entry["seconds"]
    names = ["case-metrics.csv", "case-metrics.json", "summary.json", *(f"fold-{fold}/checkpoints/last/model.safetensors" for fold in range(3))]
    return table, [(results / "seed-0" / path).read_bytes() for path in names]


def check_same(name, run):
    code, output, log = run
    assert code == 0 and output == expected_output, (code, output, log)
    assert not (folder / name / ".ranks").exists()
    assert result_of(name) == expected, name
    return log


folder.mkdir(parents=True)
code, expected_output, text = run("one")
assert code == 0, text
expected = result_of("one")

check_same("two", run("two", "--ranks", "2"))

log = check_same("killed", run("killed", "--ranks", "2", end=lambda job: os.kill(ranks(job)[1], signal.SIGKILL)))
assert "rank 1 of 2 was ended by signal 9 (Killed); what it had not finished is left to the others" in log, log
assert "is done, going on" in log, log

# After a signal each rank leaves a checkpoint; the next job goes on from them.
code, _, log = run("interrupted", "--ranks", "2", end=lambda job: job.send_signal(signal.SIGINT))
assert code == 130 and log.count("interrupted after 0 of 3 folds") == 1, log
log = check_same("interrupted", run("interrupted", "--ranks", "3", "--resume"))
assert log.count("is done, going on") == 2, log
