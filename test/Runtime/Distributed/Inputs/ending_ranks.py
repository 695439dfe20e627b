"""Ends ranks of a training in the ways that they end in clusters, and checks that the job ends with a message, and that
its checkpoint is whole.

  ending_ranks.py RESULTS -- COMMAND...
"""

import os
import pathlib
import re
import signal
import subprocess
import sys
import time

folder = pathlib.Path(sys.argv[1])
command = sys.argv[3:]


def parent_of(process):
    return int((process / "stat").read_text().rsplit(")", 1)[1].split()[1])


def ranks(launcher):
    """The processes of the mpirun that `launcher` has started, by their rank."""
    found = {}
    for entry in pathlib.Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            variables = (entry / "environ").read_bytes().split(b"\0")
            name = (entry / "comm").read_text().strip()
            mpirun = parent_of(entry)
            parent = parent_of(pathlib.Path(f"/proc/{mpirun}"))
        except OSError:
            continue
        rank = [v.split(b"=")[1] for v in variables if v.startswith(b"OMPI_COMM_WORLD_RANK=")]
        if rank and parent == launcher and name == "segrun":
            found[int(rank[0])] = int(entry.name)
    return found


def run(name, end, *options):
    results = folder / name
    with open(folder / f"{name}.log", "w") as log:
        job = subprocess.Popen([*command, "--results", results, *options], stdout=log, stderr=log)
        state = results / "checkpoints" / "last" / "state.json"
        until = time.monotonic() + 120
        while not state.exists():
            assert job.poll() is None and time.monotonic() < until, (folder / f"{name}.log").read_text()
            time.sleep(0.02)
        processes = ranks(job.pid)
        assert sorted(processes) == [0, 1], processes
        end(job, processes)
        code = job.wait(timeout=120)
    for process in processes.values():
        until = time.monotonic() + 20
        while os.path.exists(f"/proc/{process}") and time.monotonic() < until:
            time.sleep(0.05)
        assert not os.path.exists(f"/proc/{process}"), f"{name}: an orphan"
    text = (folder / f"{name}.log").read_text()
    assert code != 0, text
    # The checkpoint is whole: the run goes on from it.
    resumed = subprocess.run(
        [*command, "--results", results, "--resume", "--max-time", "0.001"], capture_output=True, text=True
    )
    assert resumed.returncode == 0 and " is done; " in resumed.stderr, resumed.stderr
    return text


folder.mkdir(parents=True)
run("killed", lambda job, processes: os.kill(processes[1], signal.SIGKILL))
text = run("stopped", lambda job, processes: os.kill(processes[1], signal.SIGSTOP), "--collective-timeout", "10")
silent = r"rank 0 of 2, step \d+, (bucket \d+ of \d+ \(gradients\)|losses): rank 1 has not answered for 10 s"
assert re.search(silent, text), text
text = run("signalled", lambda job, processes: os.kill(processes[1], signal.SIGTERM))
assert "after step" in text and "go on with --resume" in text, text
text = run("interrupted", lambda job, processes: job.send_signal(signal.SIGINT))
assert "after step" in text and "go on with --resume" in text, text
