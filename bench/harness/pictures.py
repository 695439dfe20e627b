# Part of segc, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Pictures of a result of bench/run (needs Matplotlib).

  pictures.py RESULT.json      ratios and a roofline for each case, beside it
"""

import argparse
import collections
import json
import pathlib

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
from matplotlib.ticker import LogLocator, NullLocator, StrMethodFormatter

FAMILIES = ("conv_input_grad", "conv_filter_grad", "conv", "other")


def subtitle(result):
    machine = result["machine"]
    busy = ", measured on a BUSY machine" if result["allow_busy"] else ""
    return f"{machine['cpu']}, {len(machine['cores'])} cores, commit {result['commit']}{busy}"


def plain(axis):
    """A logarithmic axis with ticks that can be read."""
    axis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axis.set_major_formatter(StrMethodFormatter("{x:g}"))
    axis.set_minor_locator(NullLocator())


def label(name, cases):
    """The peer's name, and what it computed in where it was asked for other."""
    lines = [line for case in cases for line in case["contestants"].get(name, {"rounds": []})["rounds"]]
    taken = {line["precision"] for line in lines if line.get("precision") != line.get("asked_precision")}
    return f"{name} (in {', '.join(sorted(taken))})" if taken else name


def ratios(result, path):
    """A bar for each case and peer: how many times faster segc is."""
    cases = [c for c in result["cases"] if any(r.get("ratio") for r in c["contestants"].values())]
    names = list(dict.fromkeys(n for c in cases for n, r in c["contestants"].items() if r.get("ratio")))
    colors = dict(zip(names, plt.get_cmap("tab10").colors))
    rows, ticks, labels = [], [], []
    position = 0.0
    for case in cases:
        here = [(n, case["contestants"][n]["ratio"]) for n in names if case["contestants"].get(n, {}).get("ratio")]
        ticks.append(position + (len(here) - 1) / 2)
        labels.append(case["case"])
        rows += [(position + i, name, ratio) for i, (name, ratio) in enumerate(here)]
        position += len(here) + 1
    figure, axes = plt.subplots(figsize=(9, 1.6 + 0.2 * position), layout="constrained")
    for y, name, ratio in rows:
        axes.barh(y, ratio - 1, left=1, color=colors[name], height=0.9)
        inside = {"va": "center", "fontsize": 7, "ha": "left" if ratio >= 1 else "right"}
        axes.annotate(f"{ratio:.2f}", (ratio, y), (3 if ratio >= 1 else -3, 0), textcoords="offset points", **inside)
    axes.axvline(1, color="black", linewidth=1)
    axes.set_xscale("log")
    smallest, greatest = min(r for *_, r in rows), max(r for *_, r in rows)
    axes.set_xlim(min(smallest / 1.3, 0.8), max(greatest * 1.3, 1.25))
    plain(axes.xaxis)
    axes.set_yticks(ticks, labels)
    axes.set_ylim(position - 1, -1)
    axes.set_xlabel("times faster than the peer (its median / segc's; above 1 segc is faster)")
    handles = [plt.Rectangle((0, 0), 1, 1, color=colors[name]) for name in names]
    figure.legend(handles, [label(name, cases) for name in names], loc="outside lower center", ncols=4, fontsize=8)
    axes.set_title(subtitle(result), fontsize=9)
    figure.savefig(path, dpi=150)
    plt.close(figure)


def fused_kernels(kernels):
    """[(first op, ms, GFLOP, GB)]: a fused kernel may be several launches (a
    filter laid out first), of which one counts the arithmetic and traffic."""
    merged = {}
    for kernel in kernels:
        entry = merged.setdefault(kernel["op"], [0.0, 0.0, 0.0])
        entry[0] += kernel["ms"]
        entry[1] += kernel["gflops"] * kernel["ms"] * 1e-3
        entry[2] += kernel["gbytes_per_second"] * kernel["ms"] * 1e-3
    return [(op, *entry) for op, entry in merged.items()]


def family(op):
    name = op.split()[0].removeprefix("seg.").replace("conv_transpose", "conv")
    return next((f for f in FAMILIES if name.startswith(f)), "other")


def unplaced(kernels, total):
    """What has no place in the picture, with the largest of it."""
    shares = collections.Counter()
    for op, ms, gflop, gb in kernels:
        if not (gflop > 0 and gb > 0):
            shares[op.split()[0].removeprefix("seg.")] += ms / total
    largest = ", ".join(f"{name} {share:.0%}" for name, share in shares.most_common(3))
    return f"without arithmetic, not shown: {sum(shares.values()):.0%}" + (f" ({largest})" if largest else "")


def draw_roof(axes, roof, left, right):
    ridge = roof["gflops"] / roof["gbytes_per_second"]
    xs = sorted({left, min(max(ridge, left), right), right})
    axes.plot(xs, [min(roof["gflops"], roof["gbytes_per_second"] * x) for x in xs], color="black", linewidth=1)
    text = f"matrix product {roof['gflops']:.0f} GFLOP/s\ncopy {roof['gbytes_per_second']:.0f} GB/s (PyTorch's)"
    axes.annotate(text, (right, roof["gflops"]), (-4, 4), textcoords="offset points", ha="right", fontsize=7)


def roofline(result, case, path):
    """Achieved rate against arithmetic per byte of least traffic."""
    kernels = fused_kernels(case["kernels"])
    total = sum(ms for _, ms, _, _ in kernels)
    placed = [(op, ms, gflop / gb, gflop / ms * 1e3) for op, ms, gflop, gb in kernels if gflop > 0 and gb > 0]
    figure, axes = plt.subplots(figsize=(8, 5.2), layout="constrained")
    for color, name in zip(plt.get_cmap("tab10").colors, FAMILIES):
        points = [p for p in placed if family(p[0]) == name]
        if points:
            _, ms, intensity, rate = zip(*points)
            areas = [12 + 1500 * m / total for m in ms]
            share = sum(ms) / total
            axes.scatter(intensity, rate, areas, color=color, alpha=0.6, label=f"{name}: {share:.0%} of the time")
    axes.set_xscale("log")
    axes.set_yscale("log")
    left, right = axes.get_xlim()
    if result.get("roof"):
        draw_roof(axes, result["roof"], left, right)
        axes.set_xlim(left, right)
        axes.set_ylim(top=max(axes.get_ylim()[1], 2.5 * result["roof"]["gflops"]))
    axes.plot([], [], " ", label=unplaced(kernels, total))
    legend = axes.legend(fontsize=7, loc="lower right")
    for handle in legend.legend_handles:
        if hasattr(handle, "set_sizes"):
            handle.set_sizes([30])
    plain(axes.xaxis)
    plain(axes.yaxis)
    axes.grid(alpha=0.3)
    axes.set_xlabel("FLOP for each byte of least traffic (inputs read and outputs written once)")
    axes.set_ylabel("GFLOP/s")
    axes.set_title(f"{case['case']}: {total:.2f} ms in kernels; areas are shares of it\n{subtitle(result)}", fontsize=9)
    figure.savefig(path, dpi=150)
    plt.close(figure)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("result", type=pathlib.Path)
    options = parser.parse_args()
    result = json.loads(options.result.read_text())

    def picture(name):
        path = options.result.with_name(f"{options.result.stem}-{name}.png")
        print(path)
        return path

    if any(r.get("ratio") for c in result["cases"] for r in c["contestants"].values()):
        ratios(result, picture("ratios"))
    for case in result["cases"]:
        if case.get("kernels"):
            roofline(result, case, picture(f"roofline-{case['case']}"))


if __name__ == "__main__":
    main()
