# Part of segc, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Trainings of several processes on some cores of this machine, and of peers.

Times are seconds. Each process computes with one thread on one core, where its
thread for messages runs as well.
"""

import dataclasses
import json
import os
import pathlib
import re
import shutil
import statistics
import subprocess
import sys

import allreduce
import hosts
from harness import commands, trainings

EXCHANGE = pathlib.Path(__file__).with_name("exchange.py")


@dataclasses.dataclass(frozen=True)
class Measured:
    """Steps of processes that run side by side."""

    step: float  # Mean of a process.
    samples: float  # A second, of all processes together.
    waited: float = 0.0  # Of a step, for the other ranks.
    worked: float = 0.0  # Of the processor, by the thread for messages.

    @property
    def exposed(self):
        """What communication takes of a step: what is waited for, and the
        processor's time beside the kernels."""
        return (self.waited + self.worked) / self.step


def on_core(variable, cores, times):
    """Shell words that run a command on the core that the number in an environment
    variable chooses. The processor's time is written to `times`-NUMBER."""
    choices = " ".join(f"{number}) core={core} ;;" for number, core in enumerate(cores))
    script = f'case $(({variable} % {len(cores)})) in {choices} esac; taskset -c $core "$@"; code=$?; '
    return ["sh", "-c", f"{script} times >{times}-${variable}; exit $code", "sh"]


def processor_seconds(text):
    """Of the children, from what `times` of a shell has written."""
    parts = re.findall(r"(\d+)m([\d.]+)s", text.splitlines()[1])
    return sum(60 * int(minutes) + float(seconds) for minutes, seconds in parts)


def wait(processes):
    """What the first one prints."""
    outputs = [process.communicate() for process in processes]
    for process, (_, said) in zip(processes, outputs):
        if process.returncode:
            raise commands.Failure(f"{commands.last_line(said)} (exit code {process.returncode})")
    return outputs[0][0]


def json_line(text):
    return next(line for line in text.splitlines() if line.startswith("{"))


class Trainings:
    def __init__(self, segrun, cores, work, steps):
        self.segrun, self.cores, self.work, self.steps = segrun, sorted(cores), work, steps
        # Of processes on hosts, which nobody here waits for.
        self.seconds_on_hosts = 0.0

    def command(self, model, results):
        shutil.rmtree(results, ignore_errors=True)
        words = [self.segrun, "train", "--model", model.library, "--batches", model.batches, "--results", results]
        words += ["--max-steps", self.steps, "--log-every", max(1, self.steps // 4), "--threads", 1]
        return [str(word) for word in (*words, "--batch-size", model.batch, "--ckpt-strategy", "none")]

    def result(self, model, folders):
        """Of the logs of `folders`: the first one of ranks, or of all processes."""
        steps = [trainings.logged_steps(trainings.read_log(folder / "train.jsonl")) for folder in folders]
        times = [trainings.seconds_of_step(logged) for logged in steps]
        count = steps[0][-1]["step"] - steps[0][0]["step"]

        def spent(key):
            return sum(record["data"].get(f"communication_{key}", 0.0) for record in steps[0][1:]) / count

        samples = sum(model.batch / seconds for seconds in times)
        return Measured(statistics.mean(times), samples, spent("waited"), spent("worked"))

    def alone(self, model, count):
        """`count` trainings that know nothing of each other."""
        folders = [self.work / f"alone-{number}" for number in range(count)]
        processes = []
        for number, folder in enumerate(folders):
            core = str(self.cores[number % len(self.cores)])
            words = ["taskset", "-c", core, *self.command(model, folder)]
            processes.append(subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True))
        wait(processes)
        return self.result(model, folders)

    def mpirun(self, count, command):
        return ["mpirun", "-np", str(count), *on_core("OMPI_COMM_WORLD_RANK", self.cores, self.work / "times"), *command]

    def here(self, count, command):
        """What a command prints as ranks of this machine."""
        options = {"rmaps_base_oversubscribe": "1", "hwloc_base_binding_policy": "none"}
        environment = {**os.environ, **{f"OMPI_MCA_{name}": value for name, value in options.items()}}
        environment |= {"OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1"}
        words = self.mpirun(count, command)
        return wait([subprocess.Popen(words, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)])

    def on_hosts(self, count, rate, command):
        """The same on hosts with one rank each, joined by a switch."""
        with hosts.Hosts(count, rate=rate) as several:
            words = self.mpirun(count, command)
            text = wait([several.start(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)])
        for rank in range(count):
            self.seconds_on_hosts += processor_seconds((self.work / f"times-{rank}").read_text())
        return text

    def at(self, place, count, command):
        """`place`: here, hosts, or the rate of hosts."""
        if place == "here":
            return self.here(count, command)
        return self.on_hosts(count, None if place == "hosts" else place, command)

    def ranks(self, model, count, place="here", shared_memory="off"):
        """The training as ranks, which share memory or send messages."""
        folder = self.work / "ranks"
        self.at(place, count, [*self.command(model, folder), "--shared-memory", shared_memory])
        one = self.result(model, [folder])
        return dataclasses.replace(one, samples=count * one.samples)

    def exchanges(self, count, place):
        """The cost model of what connects the ranks there."""
        plugin = self.segrun.parent / "segc-mpi.so"
        text = self.at(place, count, [sys.executable, str(EXCHANGE), str(plugin)])
        measured = json.loads(json_line(text))["seconds"]
        return allreduce.Exchanges(tuple((int(size), seconds) for size, seconds in measured.items()))


def torch_ddp(python, script, model, cores, port=29541):
    """The JSON line of torch_ddp.py with a process on each core."""
    processes = []
    for rank, core in enumerate(cores):
        environment = {"RANK": rank, "WORLD_SIZE": len(cores), "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port}
        environment = {**os.environ, **{name: str(value) for name, value in environment.items()}}
        words = ["taskset", "-c", core, python, script, model.peer, "--batch", model.batch, "--threads", 1]
        words += ["--problem", model.problem, "--layout", "channels_last", "--steps", 15, "--warmup", 2, "--seconds", 40]
        processes.append(
            subprocess.Popen(
                [str(word) for word in words], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
            )
        )
    return json.loads(json_line(wait(processes)))
