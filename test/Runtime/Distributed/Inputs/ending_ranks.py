"""Asks ranks of a training to stop, in the ways that they are asked in clusters, and checks that the job ends with a
message, and that its checkpoint is whole. Needs bench/scaling in PYTHONPATH.

  ending_ranks.py RESULTS -- COMMAND...
"""

import os
import pathlib
import signal
import subprocess
import sys

from kill_ranks import Job, check_resumes

folder = pathlib.Path(sys.argv[1])
command = sys.argv[3:]


def run(name, end, said):
    job = Job(command, folder / name)
    job.wait_for_checkpoint()
    step, ranks = job.step(), job.ranks()
    assert sorted(ranks) == [0, 1], ranks
    end(job, ranks)
    code, text = job.wait(120), job.text()
    assert code != 0 and f"segrun: {said} after step" in text and "go on with --resume" in text, text
    check_resumes(command, job, step, 2)


run("signalled", lambda job, ranks: os.kill(ranks[1], signal.SIGTERM), "a signal to another rank")
run("interrupted", lambda job, ranks: job.process.send_signal(signal.SIGINT), "a signal to the job")

# A reader that goes away: the ranks end after a step, and the command as one process does.
reader = subprocess.Popen(["head", "-1"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
unread = subprocess.run([*command, "--results", folder / "unread"], stdout=reader.stdin, stderr=reader.stdin, check=False)
assert unread.returncode == 128 + signal.SIGPIPE, unread.returncode
assert (folder / "unread" / "checkpoints" / "last" / "state.json").exists()
