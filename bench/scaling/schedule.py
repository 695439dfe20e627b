# Part of segc, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The collectives that the compiler has scheduled in a training step, and what a
step takes with them. Times are seconds, sizes bytes."""

import dataclasses
import re
import statistics
import subprocess

import allreduce

BUCKET = re.compile(r"^Name: +bucket$.*?^\.\.\.$", re.MULTILINE | re.DOTALL)
EXPOSED = re.compile(r"^Name: +exposed$.*?^\.\.\.$", re.MULTILINE | re.DOTALL)


@dataclasses.dataclass(frozen=True)
class Bucket:
    size: int
    ready: float  # Of the kernels' time, when its gradients are there.


@dataclasses.dataclass(frozen=True)
class Schedule:
    buckets: tuple
    backward: float  # Kernels in front of the wait for all buckets.
    update: float  # Kernels behind it.

    @property
    def compute(self):
        return self.backward + self.update

    def scaled(self, seconds):
        """The same for kernels that take so long together."""
        factor = seconds / self.compute
        buckets = tuple(Bucket(bucket.size, bucket.ready * factor) for bucket in self.buckets)
        return Schedule(buckets, self.backward * factor, self.update * factor)

    def in_one(self):
        """All gradients at once, behind the last kernel: what overlap gains."""
        return Schedule((Bucket(sum(b.size for b in self.buckets), self.backward),), self.backward, self.update)


@dataclasses.dataclass(frozen=True)
class Step:
    seconds: float
    exposed: float  # Of these, what kernels wait for collectives.
    slowed: float  # And what collectives beside them take from them.


def simulate(schedule, seconds_of, busy_of=lambda size: 0.0):
    """A step whose collective of a size takes `seconds_of(size)`, and of these
    `busy_of(size)` seconds of the processor from the kernels beside it.
    Collectives run one after another."""
    now = done = progress = 0.0
    running = []  # When each ends, and how fast kernels are beside it.
    for bucket in (*schedule.buckets, None):
        target = bucket.ready if bucket else schedule.backward
        work, progress = target - progress, target
        while running and work > 0:
            end, speed = running[0]
            room = (end - now) * speed
            if work < room:
                now, work = now + work / speed, 0.0
            else:
                now, work = max(now, end), work - room
                running.pop(0)
        now += work
        if bucket:
            seconds = seconds_of(bucket.size)
            done = max(now, done) + seconds
            running.append((done, 1 - min(1.0, busy_of(bucket.size) / seconds) if seconds else 1.0))
    exposed = max(0.0, done - now)
    return Step(now + exposed + schedule.update, exposed, now - schedule.backward)


def slowest(ranks, spread):
    """How much longer than the mean the slowest of so many ranks takes, if the
    times of a step are normal with this standard deviation (Blom 1958)."""
    if ranks == 1:
        return 1.0
    return 1 + spread * statistics.NormalDist().inv_cdf((ranks - 0.375) / (ranks + 0.25))


def metric(remark, name):
    match = re.search(rf"^  - {name}: +'([^']+)'$", remark, re.MULTILINE)
    if not match:
        raise ValueError(f"a remark of collectives has no {name}: {remark}")
    return float(match[1])


def parse(remarks):
    """The schedule of a YAML file of `segc compile --remarks`."""
    buckets = [(metric(text, "bytes"), metric(text, "ready_ms"), metric(text, "done_ms")) for text in BUCKET.findall(remarks)]
    found = EXPOSED.search(remarks)
    if not buckets or not found:
        raise ValueError("the remarks have no collectives: expected those of a network that trains")
    step, exposed = metric(found[0], "step_ms"), metric(found[0], "exposed_ms")
    # The last gradients come with the last kernels: there is always a wait.
    backward = max(done for _, _, done in buckets) - exposed
    return Schedule(
        tuple(Bucket(int(size), ready * 1e-3) for size, ready, _ in buckets),
        backward * 1e-3,
        (step - exposed - backward) * 1e-3,
    )


def compiled(segc, network, link, options, folder):
    """The schedule of a network for the ranks of a link (allreduce.Ring)."""
    remarks = folder / "remarks.yaml"
    words = [segc, "compile", network, "--emit", "program", "-o", folder / "program.mlir", "--remarks", remarks]
    words += ["--ranks", link.ranks, "--link", link.option(), *options]
    done = subprocess.run([str(word) for word in words], capture_output=True, text=True, check=False)
    if done.returncode:
        raise OSError(f"segc compile {network}: {done.stderr.strip()}")
    return parse(remarks.read_text())


def nccl_schedule(segc, network, ranks, options, folder):
    return compiled(segc, network, allreduce.Nccl(ranks).as_ring(), options, folder)
