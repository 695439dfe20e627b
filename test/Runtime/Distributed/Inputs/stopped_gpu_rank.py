"""Stops a rank of a training on GPUs, and checks that the other one names the step, the bucket and the rank, and that the
checkpoint is whole. Needs bench/scaling in PYTHONPATH.

  stopped_gpu_rank.py RESULTS -- COMMAND...
"""

import os
import pathlib
import re
import signal
import sys

from kill_ranks import Job, check_resumes

command = sys.argv[3:]
job = Job(command, pathlib.Path(sys.argv[1]) / "stopped", "--collective-timeout", "10")
job.wait_for_checkpoint()
step, ranks = job.step(), job.ranks()
assert sorted(ranks) == [0, 1], ranks
os.kill(ranks[1], signal.SIGSTOP)
code, text = job.wait(120), job.text()
# NCCL does not know who is missing: messages do.
late = r"step \d+, (bucket \d+ of \d+ \(gradients\)|between buckets): NCCL has not ended it for 7.5 s .*; rank 0 of 2, after that"
silent = rf"rank 0 of 2(, step \d+, losses| \(cuda:0 .*\), {late}): rank 1 has not answered for"
assert code != 0 and re.search(silent, text), text
check_resumes(command, job, step, 2)
