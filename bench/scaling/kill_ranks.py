# Part of segc, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Kills and stops ranks of trainings at random times.

  kill_ranks.py FOLDER [--kills N] [--stops N] [--early N] [--seed S] -- segrun train ... --ranks 2 --save-every 2

Each trial starts COMMAND with a results folder of its own, waits for its first
checkpoint and for a random time, and sends SIGKILL or SIGSTOP to a random rank.
Then the job must end within the deadline (--deadline, which COMMAND gets as
--collective-timeout) with an exit code that is not 0 and a message of another
rank that names this one, the step and the bucket, leave no process, and have
kept its checkpoint: a run on 1, 2 or 3 ranks goes on from it.
Every fifth killed job has --max-restarts 1, and must end well by itself.
Of --early jobs a rank is stopped at a random time from its start on, most often
before the ranks are connected or have taken a step.
"""

import argparse
import json
import os
import pathlib
import random
import re
import signal
import subprocess
import sys
import time
import uuid

MARK = "SEGC_TRIAL"
SLACK_SECONDS = 20  # of a loaded machine, beside the deadline
START_SECONDS = 120

BUCKET = r"bucket \d+ of \d+ \((?:gradients|parameters|statistics)\)|before its first bucket"
WAITING = (
    rf"step \d+(?:, part \d+ of \d+)?, (?:{BUCKET})|step \d+, losses|states of the optimizer after step \d+"
    r"|(?:comparison of the weights after|evaluation after|checkpoint of) step \d+|results|end of the job"
)
MISSING = re.compile(rf"segrun: .*rank (\d+) of \d+, ({WAITING}): rank (\d+) does not run")
SILENT = re.compile(rf"segrun: .*rank (\d+) of \d+, ({WAITING}): rank (\d+) has not answered for")
EARLY = re.compile(
    r"segrun: .*rank \d+ of \d+(?:, ([^:]+): rank (\d+) has not answered for"
    r"| \(mpirun\): .* has not connected the ranks for .*: rank (\d+) \(process \d+\) is stopped)"
)
KILLED = re.compile(r"process rank (\d+) .*exited on\s+signal 9")


class Job:
    """A training by several ranks of this machine."""

    def __init__(self, command, results, *options):
        self.results = pathlib.Path(results)
        self.results.parent.mkdir(parents=True, exist_ok=True)
        self.log = self.results.with_suffix(".log")
        self.mark = uuid.uuid4().hex
        with open(self.log, "w") as log:
            self.process = subprocess.Popen(
                [*command, "--results", self.results, *options],
                stdout=log,
                stderr=log,
                env={**os.environ, MARK: self.mark},
            )

    def processes(self):
        """All processes of the job, with their variables."""
        found = {}
        for entry in pathlib.Path("/proc").iterdir():
            try:
                variables = (entry / "environ").read_bytes().decode(errors="replace").split("\0")
                name = (entry / "comm").read_text().strip()
            except OSError:
                continue
            if f"{MARK}={self.mark}" in variables:
                found[int(entry.name)] = (name, dict(v.split("=", 1) for v in variables if "=" in v))
        return found

    def ranks(self):
        """The processes of the ranks, by their numbers."""
        variable = "OMPI_COMM_WORLD_RANK"
        return {int(v[variable]): pid for pid, (name, v) in self.processes().items() if variable in v and name == "segrun"}

    def step(self):
        """Of the last checkpoint; 0 without one, or while it is replaced."""
        try:
            return json.loads((self.results / "checkpoints" / "last" / "state.json").read_text())["step"]
        except OSError:
            return 0

    def wait_for_checkpoint(self):
        until = time.monotonic() + START_SECONDS
        while self.step() == 0:
            assert self.process.poll() is None and time.monotonic() < until, self.text()
            time.sleep(0.02)

    def wait(self, seconds):
        """The exit code, after which no process of the job may be left."""
        code = self.process.wait(timeout=seconds)
        until = time.monotonic() + SLACK_SECONDS
        while left := self.processes():
            assert time.monotonic() < until, f"{self.results}: processes are left: {left}\n{self.text()}"
            time.sleep(0.05)
        return code

    def end(self):
        """Leaves nothing of a job that did not end as it should."""
        for process in self.processes():
            os.kill(process, signal.SIGKILL)
        self.process.wait()

    def text(self):
        return self.log.read_text(errors="replace")


def without_ranks(command):
    words = list(command)
    if "--ranks" in words:
        at = words.index("--ranks")
        del words[at : at + 2]
    return words


def check_resumes(command, job, step, ranks):
    """A run of two steps goes on from the job's checkpoint."""
    words = without_ranks(command) + (["--ranks", str(ranks)] if ranks > 1 else [])
    done = job.step()
    assert done >= step, f"{job.results}: the checkpoint of step {step} is lost, there is one of {done}"
    resumed = Job(words, job.results, "--resume", "--max-steps", str(done + 2))
    code = resumed.wait(START_SECONDS)
    text = resumed.text()
    assert code == 0 and f"step {done} of {done + 2} is done, going on" in text, text
    assert resumed.step() == done + 2, text


def trial(command, folder, name, kind, draw, options):
    extra = ["--collective-timeout", str(options.deadline)]
    if kind == "restart":
        extra += ["--max-restarts", "1", "--max-steps", str(options.steps)]
    job = Job(command, folder / name, *extra)
    try:
        if kind == "early":
            return check_early(job, draw, options)
        return check_trial(command, job, kind, draw, options)
    finally:
        job.end()


def check_early(job, draw, options):
    victim = draw.choice([0, 1])
    until = time.monotonic() + START_SECONDS
    while victim not in (ranks := job.ranks()):
        assert job.process.poll() is None and time.monotonic() < until, job.text()
    time.sleep(draw.uniform(0, options.early_spread))
    begin = time.monotonic()
    os.kill(ranks[victim], signal.SIGSTOP)
    code = job.wait(options.deadline + SLACK_SECONDS)
    text = job.text()
    late = EARLY.search(text)
    assert code != 0 and late and int(late[2] or late[3]) == victim, text
    seconds = round(time.monotonic() - begin, 2)
    waited_in = re.sub(r"\d+", "N", late[1] or "start")
    return {"trial": job.results.name, "rank": victim, "exit_code": code, "seconds": seconds, "waited_in": waited_in}


def check_trial(command, job, kind, draw, options):
    restarts = kind == "restart"
    job.wait_for_checkpoint()
    time.sleep(draw.uniform(0, options.spread))
    step, ranks = job.step(), job.ranks()
    victim = draw.choice(sorted(ranks))
    begin = time.monotonic()
    os.kill(ranks[victim], signal.SIGSTOP if kind == "stop" else signal.SIGKILL)
    code = job.wait(options.deadline + SLACK_SECONDS + (START_SECONDS if restarts else 0))
    seconds, text = time.monotonic() - begin, job.text()
    record = {"trial": job.results.name, "rank": victim, "step": step, "exit_code": code, "seconds": round(seconds, 2)}
    said = (SILENT if kind == "stop" else MISSING).search(text)
    assert said and int(said[1]) != victim and int(said[3]) == victim, text
    record["waited_in"] = re.sub(r"\d+", "N", said[2])
    if restarts:
        assert code == 0 and re.search(r"restart 1 of 1, from the checkpoint of step [1-9]", text), text
        assert job.step() == options.steps, text
        return record
    assert code != 0, text
    if kind == "kill":
        killed = KILLED.search(text.replace("\n", " "))
        assert killed and int(killed.group(1)) == victim, text
    assert re.search(r"segrun: the ranks ended with exit code \d+: the last checkpoint is of step [1-9]", text), text
    check_resumes(command, job, step, draw.choice([1, 2, 3]))
    return record


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--kills", type=int, default=3)
    parser.add_argument("--stops", type=int, default=1)
    parser.add_argument("--early", type=int, default=0)
    parser.add_argument("--early-spread", type=float, default=1, help="seconds from a rank's start within which it is stopped")
    parser.add_argument("--deadline", type=float, default=5, help="seconds that ranks wait for each other")
    parser.add_argument("--spread", type=float, default=2, help="seconds within which the signal comes")
    parser.add_argument("--steps", type=int, default=40, help="of jobs that restart by themselves")
    parser.add_argument("--seed", type=int, default=0)
    if "--" not in sys.argv:
        parser.error("expected -- and a command")
    at = sys.argv.index("--")
    options, command = parser.parse_args(sys.argv[1:at]), sys.argv[at + 1 :]
    draw = random.Random(options.seed)
    kinds = ["restart" if i % 5 == 4 else "kill" for i in range(options.kills)] + ["stop"] * options.stops
    kinds += ["early"] * options.early
    slowest = {}
    for number, kind in enumerate(kinds):
        record = trial(command, options.folder, f"{kind}-{number}", kind, draw, options)
        print(json.dumps(record), flush=True)
        slowest[kind] = max(slowest.get(kind, 0), record["seconds"])
    print(f"{len(kinds)} trials passed; the slowest end took, in seconds: {json.dumps(slowest)}")


if __name__ == "__main__":
    main()
