"""Ends ranks of a command that share its cases, and checks that the others do what they leave, with the same bits; the
same of ranks on several hosts.

  ending_cases.py FOLDER PATTERNS WAYS -- COMMAND...

Each run is in a folder of its own in FOLDER, where the command writes to `out`. PATTERNS find there what is written of
each case: a rank ends when the first one is there. WAYS are functions of this script. Both are joined by commas.
"""

import filecmp
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import time

folder, patterns, ways = pathlib.Path(sys.argv[1]), sys.argv[2].split(","), sys.argv[3].split(",")
command = sys.argv[5:]


rank_variables = (b"SEGRUN_RANK=", b"OMPI_COMM_WORLD_RANK=", b"SLURM_PROCID=")
hosts = [sys.executable, pathlib.Path(__file__).resolve().parents[4] / "bench" / "scaling" / "hosts.py", "--hosts", "2"]


def ranks(name):
    """The processes of a run, by their rank."""
    found = {}
    for entry in pathlib.Path("/proc").iterdir():
        try:
            variables = (entry / "environ").read_bytes().split(b"\0")
            is_of_run = (entry / "cwd").readlink() == (folder / name).resolve()
            is_of_run = is_of_run and (entry / "comm").read_text().strip() == "segrun"
        except OSError:
            continue
        rank = [v.split(b"=")[1] for v in variables if v.startswith(rank_variables)]
        if rank and is_of_run:
            found[int(rank[0])] = int(entry.name)
    return found


def wait_for(condition, job, text):
    until = time.monotonic() + 60
    while not condition():
        assert job.poll() is None and time.monotonic() < until, text()
        time.sleep(0.002)


def written(name):
    """The cases of which something is written."""
    return {path.name for pattern in patterns for path in (folder / name).glob(pattern)}


def files(name):
    """All that a run leaves, but what an earlier one left, locks of folders, and temporary files of killed processes."""
    root = folder / name
    found = {path.relative_to(root) for path in root.rglob("*") if path.is_file()}
    return {path for path in found if "earlier" not in path.parts and path.name not in {"log", ".lock"} and not path.name.startswith(".segc-")}


def run(name, end, launcher=()):
    """Calls `end` when the first case is there; returns exit code, output and messages."""
    (folder / name).mkdir(parents=True, exist_ok=True)
    log = folder / name / "log"
    here = [] if launcher or name == "one" else ["--ranks", "2"]
    with open(log, "w") as file:
        job = subprocess.Popen([*launcher, *command, *here], stdout=subprocess.PIPE, stderr=file, text=True, cwd=folder / name)
        if end:
            wait_for(lambda: written(name), job, log.read_text)
            end(job, ranks(name), name)
        output, _ = job.communicate(timeout=120)
    assert not ranks(name), f"{name}: an orphan"
    return job.returncode, output, log.read_text()


def check_same(name):
    expected = files("one")
    assert files(name) == expected, files(name) ^ expected
    for path in expected:
        assert filecmp.cmp(folder / "one" / path, folder / name / path, shallow=False), path


def check_done(name, result, expected_code=None):
    code, output, text = result
    expected_code = code_of_one if expected_code is None else expected_code
    assert code == expected_code and output == expected_output, (code, output, text)
    check_same(name)
    return text


def kill(*numbers):
    def end(job, processes, name):
        for number in numbers:
            os.kill(processes[number], signal.SIGKILL)

    return end


def killed():
    text = check_done("killed", run("killed", kill(1)))
    assert "rank 1 of 2 was ended by signal 9 (Killed); what it had not finished is left to the others" in text, text


def all_killed():
    text = check_done("all_killed", run("all_killed", kill(0, 1)))
    assert "all ranks have ended; rank 0 starts again" in text, text


def stopped():
    """What a stopped rank holds is all that is left when the others wait for it."""
    cases = written("one")
    left = []

    def stop(job, processes, name):
        os.kill(processes[1], signal.SIGSTOP)
        held = 7  # predicted, prepared, and up to five on their way to the disk
        wait_for(lambda: len(written(name)) >= len(cases) - held, job, lambda: sorted(written(name)))
        time.sleep(0.5)
        assert job.poll() is None
        left.append(len(cases) - len(written(name)))
        os.kill(processes[1], signal.SIGCONT)

    # A rank may be stopped when it has just written what it held.
    while not any(left):
        assert len(left) < 10, left
        name = f"stopped-{len(left)}"
        check_done(name, run(name, stop))


def interrupted():
    code, _, text = run("interrupted", lambda job, *_: job.send_signal(signal.SIGINT))
    assert code == 130 and text.count("interrupted after ") == 1, text


def nothing_left():
    """An interrupted command leaves nothing."""
    interrupted()
    assert not files("interrupted"), files("interrupted")


def launched():
    """A launcher of MPI ends all ranks when one is killed. The next job begins anew in the same folder."""
    launcher = ["mpirun", "-np", "2", "--oversubscribe"]
    code, _, text = run("launched", kill(1), launcher)
    assert code != 0, text
    if files("launched") >= files("one"):  # The other rank was quicker than the launcher.
        shutil.rmtree(folder / "launched" / "out")
    check_done("launched", run("launched", None, launcher))


def on_hosts():
    """On two hosts, by mpirun."""
    check_done("on_hosts", run("on_hosts", None, [*hosts, "--", "mpirun", "-np", "2"]))


def killed_on_host():
    """The rank of another host goes on, as Slurm lets it, whose code is that of the one that is killed."""
    check_done("killed_on_host", run("killed_on_host", kill(1), [*hosts, "--each", "--"]), 128 + signal.SIGKILL)


folder.mkdir(parents=True)
code_of_one, expected_output, text = run("one", None)
assert code_of_one in (0, 3), text  # Some cases have failed, if that is what is tested.
for way in ways:
    globals()[way]()
