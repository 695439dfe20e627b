"""Ends a rank of a cross-validation, and checks that another one goes on with its fold, with the same bits; the same of
ranks on two hosts.

  ending_folds.py FOLDER WAYS -- COMMAND...

WAYS are functions of this script, joined by commas.
"""

import json
import os
import pathlib
import signal
import subprocess
import sys
import time

folder, ways, command = pathlib.Path(sys.argv[1]), sys.argv[2].split(","), sys.argv[4:]
rank_variables = (b"SEGRUN_RANK=", b"SLURM_PROCID=")
hosts = [sys.executable, pathlib.Path(__file__).resolve().parents[4] / "bench" / "scaling" / "hosts.py", "--hosts", "2"]


def ranks(results):
    """The processes that write there, by their rank."""
    found = {}
    for entry in pathlib.Path("/proc").iterdir():
        try:
            variables = (entry / "environ").read_bytes().split(b"\0")
            words = (entry / "cmdline").read_bytes().split(b"\0")
            name = (entry / "comm").read_text().strip()
        except OSError:
            continue
        rank = [v.split(b"=")[1] for v in variables if v.startswith(rank_variables)]
        if rank and name == "segrun" and str(results).encode() in words:
            found[int(rank[0])] = int(entry.name)
    return found


def kill_rank(_, results):
    os.kill(ranks(results)[1], signal.SIGKILL)


def run(name, *more, end=None, launcher=()):
    results, log = folder / name, folder / f"{name}.log"
    with open(log, "w") as file:
        words = [*launcher, *command, "--results", results, *more]
        job = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=file, text=True)
        if end:
            until = time.monotonic() + 60
            while not all((results / f"seed-0/fold-{fold}/checkpoints/last/state.json").exists() for fold in (0, 1)):
                assert job.poll() is None and time.monotonic() < until, log.read_text()
                time.sleep(0.002)
            end(job, results)
        output, _ = job.communicate(timeout=240)
    assert not ranks(results), f"{name}: an orphan"
    return job.returncode, output, log.read_text()


def result_of(name):
    """What a cross-validation leaves, without times."""
    results = folder / name
    table = json.loads((results / "cross-validation.json").read_text())
    for entry in table["results"]:
        del entry["seconds"]
    names = ["case-metrics.csv", "case-metrics.json", "summary.json", *(f"fold-{fold}/checkpoints/last/model.safetensors" for fold in range(3))]
    return table, [(results / "seed-0" / path).read_bytes() for path in names]


def check_same(name, run, expected_code=0):
    code, output, log = run
    assert code == expected_code and output == expected_output, (code, output, log)
    assert not (folder / name / ".ranks").exists()
    assert result_of(name) == expected, name
    return log


def two():
    check_same("two", run("two", "--ranks", "2"))


def killed():
    log = check_same("killed", run("killed", "--ranks", "2", end=kill_rank))
    assert "rank 1 of 2 was ended by signal 9 (Killed); what it had not finished is left to the others" in log, log
    assert "is done, going on" in log, log


def interrupted():
    """After a signal each rank leaves a checkpoint; the next job goes on from them."""
    code, _, log = run("interrupted", "--ranks", "2", end=lambda job, _: job.send_signal(signal.SIGINT))
    assert code == 130 and log.count("interrupted after 0 of 3 folds") == 1, log
    log = check_same("interrupted", run("interrupted", "--ranks", "3", "--resume"))
    assert log.count("is done, going on") == 2, log


def on_hosts():
    """On two hosts, by mpirun."""
    check_same("on_hosts", run("on_hosts", launcher=[*hosts, "--", "mpirun", "-np", "2"]))


def killed_on_host():
    """The rank of another host goes on, as Slurm lets it, whose code is that of the one that is killed."""
    ended = run("killed_on_host", end=kill_rank, launcher=[*hosts, "--each", "--"])
    log = check_same("killed_on_host", ended, 128 + signal.SIGKILL)
    assert "is done, going on" in log, log


folder.mkdir(parents=True)
code, expected_output, text = run("one")
assert code == 0, text
expected = result_of("one")
for way in ways:
    globals()[way]()
