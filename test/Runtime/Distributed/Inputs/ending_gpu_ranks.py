"""Stops and kills a rank of trainings on GPUs, and checks that the other one names the step, the bucket and the rank, and
that the checkpoint is whole. Needs bench/scaling in PYTHONPATH.

  ending_gpu_ranks.py RESULTS -- COMMAND...
"""

import os
import pathlib
import re
import signal
import sys

from kill_ranks import Job, check_resumes

command = sys.argv[3:]


def end(name, number, expected):
    job = Job(command, pathlib.Path(sys.argv[1]) / name, "--collective-timeout", "10")
    job.wait_for_checkpoint()
    step, ranks = job.step(), job.ranks()
    assert sorted(ranks) == [0, 1], ranks
    os.kill(ranks[1], number)
    code, text = job.wait(120), job.text()
    assert code != 0 and re.search(expected, text), text
    check_resumes(command, job, step, 2)


place = r"(?:bucket \d+ of \d+ \(gradients\)|between buckets)"
# NCCL does not know who is missing: messages do.
late = rf"step \d+, {place}: NCCL has not ended it for 7.5 s .*; rank 0 of 2, step \d+, {place}"
end("stopped", signal.SIGSTOP, rf"rank 0 of 2(, step \d+, losses| \(cuda:0 .*\), {late}): rank 1 has not answered for")
work = r"(?:comparison of the weights after|checkpoint of) step \d+"
end("killed", signal.SIGKILL, rf"rank 0 of 2, (step \d+, (losses|before its first bucket|{place})|{work}): rank 1 does not run")
