# Part of segc, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Trains with the files of examples/cluster, on two hosts that are network
namespaces, and ends the jobs as clusters do.

  MODEL=FILE DATA=FOLDER check_cluster_files.py SOURCE OUTPUT hostfile|slurm
"""

import os
import pathlib
import signal
import subprocess
import sys
import time

source, output = map(pathlib.Path, sys.argv[1:3])
sys.path.insert(0, str(source / "bench" / "scaling"))

import hosts
import slurm

examples = source / "examples" / "cluster"
# Long enough to be ended before it is done.
options = ["--train-split", "0.8", "--scheduler", "none", "--threads", "1", "--batch-size", "1", "--save-every", "1"]
endless = [*options, "--max-steps", "1000000"]


def wait_for(log, expected, seconds=60):
    """Until the expected texts are in the log, in their order."""
    until = time.monotonic() + seconds
    while True:
        text, place = log.read_text() if log.exists() else "", 0
        for part in expected:
            place = text.find(part, place) if place >= 0 else -1
        if place >= 0:
            return
        assert time.monotonic() < until, f"{log}: expected {expected}, found {text}"
        time.sleep(0.05)


def wait_for_step(results):
    wait_for(results / "checkpoints" / "last" / "state.json", ["step"])


def check_hostfile():
    results, log = output / "hostfile", output / "hostfile.log"
    os.environ["RESULTS"] = str(results)
    with hosts.Hosts(2) as two, open(log, "w") as file:
        job = two.start([examples / "train.sh", *endless], stdout=file, stderr=file)
        wait_for_step(results)
        # A rank that is killed: the job goes on from the checkpoint.
        two.hosts[1].run("pkill", "-KILL", "-f", results)
        wait_for(log, ["going on from the last checkpoint", "is done, going on", "samples/s"])
        # What a user's Ctrl-C and a machine's shutdown are.
        job.send_signal(signal.SIGTERM)
        assert job.wait(60) != 0, log.read_text()
        wait_for(log, ["after step", "go on with --resume"])
        wrong = two.start([examples / "train.sh", "--no-such-option"], stderr=subprocess.PIPE, text=True)
        message = wrong.communicate(timeout=60)[1]
        assert wrong.returncode == 2 and "going on" not in message, message


def wait_for_state(cluster, expected, seconds=60):
    until = time.monotonic() + seconds
    while (state := cluster.run("squeue", "--noheader", "--format", "%T").stdout.strip()) != expected:
        assert time.monotonic() < until, f"the job is {state}, expected {expected}"
        time.sleep(0.1)


def check_slurm():
    results = output / "slurm"
    os.environ["RESULTS"] = str(results)
    with slurm.Slurm(2) as cluster:
        log = output / "segrun-1.log"
        size = ["--nodes", 2, "--ntasks-per-node", 1, "--cpus-per-task", 1, "--chdir", output]
        said = cluster.run("sbatch", *size, examples / "train.sbatch", *endless).stdout
        assert said == "Submitted batch job 1\n", said
        wait_for_step(results)
        # Which ranks get when their time is up, too.
        cluster.run("scancel", "--signal", "TERM", "1")
        wait_for(log, ["after step", "queuing again", "is done, going on", "samples/s"])
        # The user ends the job: with a checkpoint, and for good.
        cluster.run("scancel", "1")
        wait_for(log, ["queuing again", "samples/s", "after step", "go on with --resume"])
        wait_for_state(cluster, "")


{"hostfile": check_hostfile, "slurm": check_slurm}[sys.argv[3]]()
