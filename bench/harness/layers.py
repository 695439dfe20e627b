# Part of segc, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Each convolution of a network alone: segc-conv-bench and PyTorch in turns."""

import dataclasses
import json
import pathlib
import re
import statistics

from harness import contest
from harness.commands import Failure

BENCH = pathlib.Path(__file__).resolve().parents[1]
OPERATIONS = ("forward", "input_grad", "filter_grad")
# Of the convolution whose gradient a transposed convolution is.
TRANSPOSED = {"forward": "input_grad", "input_grad": "forward", "filter_grad": "filter_grad"}


@dataclasses.dataclass(frozen=True)
class Shape:
    """A convolution from the large to the small side; `transposed` goes back."""

    transposed: bool
    large: tuple
    small: tuple
    kernel: tuple
    stride: tuple
    channels: tuple  # of the large and of the small side

    def padding(self):
        """The least symmetric padding that gives the small side. nnU-Net pads
        one side more on stride 2: as many multiply-adds."""
        return tuple(self.axis_padding(axis) for axis in range(len(self.large)))

    def axis_padding(self, axis):
        large, small, k, s = self.large[axis], self.small[axis], self.kernel[axis], self.stride[axis]
        for pad in range(k):
            if (large + 2 * pad - k) // s + 1 == small:
                return pad
        raise ValueError(f"no symmetric padding takes {large} to {small} (kernel {k}, stride {s})")

    def conv_bench_line(self, batch):
        lists = (self.large, self.kernel, self.stride, self.padding())
        return " ".join(["all", *("x".join(map(str, values)) for values in lists), *map(str, self.channels), str(batch)])


def parse_line(text):
    """(tag, shape, GMAC of one sample) of a line of bench/shapes."""
    tag, op, *pairs = text.split()
    fields = dict(pair.split("=", 1) for pair in pairs)
    sides = [tuple(map(int, fields[key].split("x"))) for key in ("in", "out")]
    transposed = op == "conv_transpose"
    large, small = reversed(sides) if transposed else sides
    kernel, stride = (tuple(map(int, fields[key].split("x"))) for key in ("kernel", "stride"))
    shape = Shape(transposed, large[:-1], small[:-1], kernel, stride, (large[-1], small[-1]))
    return tag, shape, float(fields["gmac"])


def read_shapes(network):
    lines = (BENCH / "shapes" / f"{network}.txt").read_text().splitlines()
    return [parse_line(line) for line in lines if line and not line.startswith("#")]


RESULT = re.compile(r"(\w+) .*?([\d.]+) ms \(.*?\) +([\d.]+) GFLOP/s, +(\d+)% of peak")


def parse_conv_bench(text, shapes):
    """{(shape, operation of the layer): figures}, from three lines a shape."""
    found = [match.groups() for match in map(RESULT.match, text.splitlines()) if match]
    expected = [(shape, operation) for shape in shapes for operation in OPERATIONS]
    if [name for name, *_ in found] != [operation for _, operation in expected]:
        raise Failure(f"segc-conv-bench: {len(found)} results where {len(expected)} were asked for")
    results = {}
    for (shape, operation), (_, ms, gflops, share) in zip(expected, found):
        key = (shape, TRANSPOSED[operation] if shape.transposed else operation)
        results[key] = {"ms": float(ms), "gflops": float(gflops), "peak_share": float(share) / 100}
    return results


def measure_ours(shapes, batch, options, runner):
    program = options.bin / "segc-conv-bench"
    if not program.exists():
        raise Failure(f"{program}: not built; configure with -DSEGC_BUILD_BENCHMARKS=ON")
    command = [program, "--threads", len(options.cpus), "--seconds", 0.5 * options.scale]
    lines = "".join(shape.conv_bench_line(batch) + "\n" for shape in shapes)
    return parse_conv_bench(runner(command, given=lines), shapes)


def measure_torch(shapes, batch, options, runner):
    command = [options.python, BENCH / "peers" / "torch_layers.py", "--batch", batch]
    command += ["--threads", len(options.cpus), "--seconds", 0.5 * options.scale]
    asked = [json.dumps({**dataclasses.asdict(shape), "padding": shape.padding()}) + "\n" for shape in shapes]
    lines = runner.json_lines(command, given="".join(asked))
    return {(shapes[line["index"]], line["operation"]): line for line in lines}


def median_of(rounds, key, name):
    values = [results[key][name] for results in rounds if key in results]
    return statistics.median(values) if values else None


def layer_record(tag, shape, gmac, rounds):
    operations = {}
    for operation in OPERATIONS:
        key = (shape, operation)
        entry = {f"segc_{n}": median_of(rounds["segc"], key, n) for n in ("ms", "gflops", "peak_share")}
        entry["torch_ms"] = median_of(rounds["torch"], key, "ms")
        entry["torch_layout"] = next((r[key]["layout"] for r in rounds["torch"] if key in r), None)
        entry["ratio"] = contest.ratio(entry["torch_ms"], entry["segc_ms"])
        operations[operation] = entry
    return {"tag": tag, "gmac": gmac, "operations": operations}


def run_network(config, options, runner, idle):
    layers = read_shapes(config["network"])
    shapes = list(dict.fromkeys(shape for _, shape, _ in layers))  # each once
    measures = {"segc": measure_ours} if options.ours else {}
    measures |= {"torch": measure_torch} if options.peers else {}
    rounds, failed = {"segc": [], "torch": []}, {}
    for number in range(options.rounds):
        for name in contest.order(list(measures), number):
            if name in failed:
                continue
            idle()
            try:
                rounds[name].append(measures[name](shapes, config["batch"], options, runner))
            except (Failure, LookupError, ValueError) as error:
                failed[name] = str(error)
    record = {**config, "layers": [layer_record(*layer, rounds) for layer in layers], "failed": failed}
    record["versions"] = {line["peer"]: line["version"] for found in rounds["torch"] for line in found.values()}
    return record
