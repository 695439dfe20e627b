# Part of segc, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What an all-reduce takes, by cost models with published figures.

Times are seconds, sizes bytes, rates bytes a second. A model is a function of
the size: `model.seconds(size)`.
"""

import dataclasses
import math
import statistics

MICRO = 1e-6
GIGA = 1e9


@dataclasses.dataclass(frozen=True)
class Ring:
    """`ranks` neighbours over one kind of link, by the alpha-beta model: 2(n - 1)
    messages of size / n (Patarasuk, Yuan 2009). It is segc's own (Target/Link.h),
    and that of segrun's ranks, which send as much to one another directly."""

    ranks: int
    latency: float
    rate: float

    def seconds(self, size):
        return 2 * (self.ranks - 1) * (self.latency + size / self.ranks / self.rate)

    def option(self):
        """The value of `segc compile --link`."""
        return f"{self.latency / MICRO:.6g}:{self.rate / GIGA:.6g}"


@dataclasses.dataclass(frozen=True)
class Exchanges:
    """What segrun's ranks do, by the times that exchange.py has measured for parts
    of some sizes: parts of 4 MiB, one after another."""

    measured: tuple  # (size, seconds), the smallest first.
    largest: int = 4 << 20

    @staticmethod
    def median(several):
        """Of several measurements of the same sizes."""
        points = zip(*(one.measured for one in several))
        return Exchanges(tuple((same[0][0], statistics.median(seconds for _, seconds in same)) for same in points))

    def part(self, size):
        before = (0, self.measured[0][1] / 2)  # Half of the shortest is latency.
        for point in self.measured:
            if size <= point[0] or point == self.measured[-1]:
                slope = (point[1] - before[1]) / (point[0] - before[0])
                return before[1] + slope * (size - before[0])
            before = point

    def seconds(self, size):
        whole, rest = divmod(size, self.largest)
        return whole * self.part(self.largest) + (self.part(rest) if rest else 0.0)


PROTOCOLS = ("LL", "LL128", "Simple")


@dataclasses.dataclass(frozen=True)
class Fabric:
    """Nodes of GPUs. Latencies are those of NCCL's cost model (src/graph/tuning.cc
    of version 2.27, microseconds: Tree and Ring by protocol)."""

    node: int = 8
    # NVLink of the 4th generation: 450 GB/s in one direction, of which NCCL's
    # rings reach 370 (nccl-tests issue 212).
    nvlink: float = 370 * GIGA
    # NDR, 400 Gbit/s for each GPU: 46 to 48 GB/s (nccl-tests issue 290).
    network: float = 46 * GIGA
    base = {"ring": (6.6, 14.0, 8.4), "tree": (6.8, 14.0, 8.4)}
    in_node = {"ring": (0.6, 1.9, 3.4), "tree": (0.6, 1.25, 4.0)}
    between_nodes = {"ring": (2.7, 4.0, 14.0), "tree": (5.0, 8.5, 14.0)}
    # A step of a ring between nodes costs the processor at least so much, three
    # times as much by the protocol Simple.
    network_overhead: float = 1.0
    # Of LL, GB/s on one node, two and more.
    ll_rates = (141.0, 39.0, 20.4)
    # Blocks that NCCL runs, each of which takes one of the 132 multiprocessors
    # (channels in the logs of nccl issues 1161 and 1453).
    channels = (24, 16)
    multiprocessors: int = 132

    def nodes(self, ranks):
        return max(1, math.ceil(ranks / self.node))

    def share(self, ranks):
        """Of the multiprocessors, while a collective runs."""
        return self.channels[0 if ranks <= self.node else 1] / self.multiprocessors


@dataclasses.dataclass(frozen=True)
class Nccl:
    """All-reduces of NCCL by a ring or a tree, whichever is faster. Sums in the
    switch (NVLink SHARP), which NCCL may also choose, are left out: they are
    faster for large sizes alone."""

    ranks: int
    fabric: Fabric = Fabric()

    def latency(self, algorithm, protocol):
        fabric, nodes = self.fabric, self.fabric.nodes(self.ranks)
        inside = fabric.in_node[algorithm][protocol]
        outside = fabric.between_nodes[algorithm][protocol]
        if algorithm == "tree":
            steps = 2 * ((self.ranks // nodes - 1) * inside + math.floor(math.log2(nodes)) * outside)
        else:
            if nodes > 1:
                inside = max(inside, fabric.network_overhead * (3 if protocol == 2 else 1))
            outer = 2 * (nodes - 1)
            steps = (2 * (self.ranks - 1) - outer) * inside + outer * outside
        return (fabric.base[algorithm][protocol] + steps) * MICRO

    def rate(self, algorithm, protocol):
        fabric, nodes = self.fabric, self.fabric.nodes(self.ranks)
        low_latency = fabric.ll_rates[min(nodes, 3) - 1] * GIGA
        # All GPUs of a node send to the next node at the same time.
        bus = fabric.nvlink if nodes == 1 else min(fabric.nvlink, fabric.network * fabric.node)
        if algorithm == "ring":
            bus = (min(low_latency, bus / 2), bus * 0.92, bus)[protocol]
            return bus * self.ranks / (2 * (self.ranks - 1))
        bus *= 0.92
        bus = (min(low_latency, bus / 3.8), bus * (7 / 9 if nodes == 1 else 120 / 128), bus)[protocol]
        return bus / 2

    def choices(self, size):
        """[(seconds, algorithm, protocol)], the fastest first."""
        return sorted(
            (self.latency(algorithm, number) + size / self.rate(algorithm, number), algorithm, protocol)
            for algorithm in ("ring", "tree")
            for number, protocol in enumerate(PROTOCOLS)
        )

    def seconds(self, size):
        return self.choices(size)[0][0] if self.ranks > 1 else 0.0

    def as_ring(self, small=1 << 20, large=64 << 20):
        """The alpha-beta model that takes as long for two sizes: what the compiler
        is told of this link."""
        slope = (self.seconds(large) - self.seconds(small)) / (large - small)
        start = max(0.0, self.seconds(small) - slope * small)
        return Ring(self.ranks, start / (2 * (self.ranks - 1)), 2 * (self.ranks - 1) / self.ranks / slope)
