"""Ends ranks of a command that share its cases, and checks that the others do what they leave, with the same bits.

  ending_cases.py FOLDER EXPECTED -- COMMAND...

EXPECTED is the output of one process. Each run writes to a folder of its own in FOLDER.
"""

import filecmp
import os
import pathlib
import signal
import subprocess
import sys
import time

folder, expected = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
command = sys.argv[4:]
cases = {path.name for path in expected.glob("*.nii.gz")}


def ranks(job):
    """The processes that a job has started, by their rank."""
    found = {}
    for entry in pathlib.Path("/proc").iterdir():
        try:
            parent = int((entry / "stat").read_text().rsplit(")", 1)[1].split()[1])
            variables = (entry / "environ").read_bytes().split(b"\0")
        except (OSError, IndexError):
            continue
        rank = [v.split(b"=")[1] for v in variables if v.startswith((b"SEGRUN_RANK=", b"OMPI_COMM_WORLD_RANK="))]
        if rank and parent == job.pid and (entry / "comm").read_text().strip() == "segrun":
            found[int(rank[0])] = int(entry.name)
    return found


def wait_for(condition, job, text):
    until = time.monotonic() + 60
    while not condition():
        assert job.poll() is None and time.monotonic() < until, text()
        time.sleep(0.002)


def masks(output):
    return {path.name for path in output.glob("*.nii.gz")}


def run(name, end, launcher=()):
    """Calls `end` when the first mask is there; returns exit code and messages."""
    output, log = folder / name, folder / f"{name}.log"
    with open(log, "w") as file:
        job = subprocess.Popen([*launcher, *command, "--output", output], stdout=file, stderr=file)
        wait_for(lambda: masks(output), job, log.read_text)
        end(job, ranks(job), output, log.read_text)
        code = job.wait(timeout=60)
    assert not ranks(job), f"{name}: an orphan"
    return code, log.read_text()


def check_same(name):
    output = folder / name
    assert masks(output) == cases, sorted(cases - masks(output))
    for case in cases:
        assert filecmp.cmp(expected / case, output / case, shallow=False), case
    assert not (output / ".ranks").exists()


def kill(*numbers):
    def end(job, processes, output, text):
        for number in numbers:
            os.kill(processes[number], signal.SIGKILL)

    return end


def stop(job, processes, output, text):
    """What a stopped rank holds is all that is left when the others wait for it."""
    os.kill(processes[1], signal.SIGSTOP)
    held = 7  # predicted, prepared, and up to five on their way to the disk
    wait_for(lambda: len(masks(output)) >= len(cases) - held, job, text)
    time.sleep(0.5)
    assert job.poll() is None and len(masks(output)) < len(cases)
    os.kill(processes[1], signal.SIGCONT)


folder.mkdir(parents=True)
here = ["--ranks", "2"]
command += here
code, text = run("killed", kill(1))
assert code == 0 and f"{len(cases)} of {len(cases)} cases predicted" in text, text
assert "rank 1 of 2 was ended by signal 9 (Killed); what it had not finished is left to the others" in text, text
check_same("killed")

code, text = run("all-killed", kill(0, 1))
assert code == 0 and "all ranks have ended; rank 0 starts again" in text, text
check_same("all-killed")

code, text = run("stopped", stop)
assert code == 0, text
check_same("stopped")

code, text = run("interrupted", lambda job, *_: job.send_signal(signal.SIGINT))
assert code == 130 and text.count("interrupted after ") == 1, text

# A launcher of MPI ends all ranks when one is killed. The next job begins anew in the same folder.
command = [word for word in command if word not in here]
launcher = ["mpirun", "-np", "2", "--oversubscribe"]
code, text = run("launched", kill(1), launcher)
assert code != 0 and (folder / "launched" / ".ranks").exists(), text
code, text = run("launched", lambda *_: None, launcher)
assert code == 0 and f"{len(cases)} of {len(cases)} cases predicted" in text, text
check_same("launched")
