"""Has a rank of a training diverge by one bit, and checks that the job ends with a message, with a code that is not 0 on
all ranks, and that its checkpoint is that of a training without the fault. Needs bench/scaling in PYTHONPATH.

  diverging_rank.py FOLDER PLUGIN -- COMMAND...

PLUGIN is made of flipping_messages.c; COMMAND saves a checkpoint every other step.
"""

import filecmp
import os
import pathlib
import re
import shutil
import subprocess
import sys

from kill_ranks import Job, check_resumes, without_ranks

folder, plugin = map(pathlib.Path, sys.argv[1:3])
command = sys.argv[4:]
folder.mkdir(parents=True)
switch = folder / "flipped"
os.environ["FLIPPED_WHILE"] = str(switch)
os.environ["FLIPPED_PLUGIN"] = str(pathlib.Path(shutil.which("segrun")).resolve().with_name("segc-mpi.so"))

# A rank's code is written by a shell that outlives the launcher's SIGTERM, but not its SIGKILL.
codes = 'trap "" TERM; "$@"; echo $? > "$0"-$OMPI_COMM_WORLD_RANK'
launcher = ["mpirun", "--oversubscribe", "-np", "2", "bash", "-c", codes, folder / "code"]
options = ["--shared-memory", "off", "--messages", plugin, "--collective-timeout", "20"]
job = Job([*launcher, *without_ranks(command), *options], folder / "results")
job.wait_for_checkpoint()
step = job.step()
switch.touch()
code, text = job.wait(60), job.text()
differs = re.search(r"segrun: step (\d+): the SHA-256 of the weights of rank 1 is (\w+), of rank 0 (\w+): all ranks", text)
assert code != 0 and differs and differs[2] != differs[3], text
assert " is saved" not in text, text
ended = [int(path.read_text()) for path in folder.glob("code-*")]
assert 0 not in ended, ended

kept = job.step()
assert step <= kept < int(differs[1]), (step, kept, text)
clean = folder / "clean"
subprocess.run([*command, "--max-steps", str(kept), "--results", clean], check=True)
weights = pathlib.Path("checkpoints", "last", "model.safetensors")
assert filecmp.cmp(job.results / weights, clean / weights, shallow=False), f"the checkpoint of step {kept} is not whole"
check_resumes(command, job, kept, 2)
