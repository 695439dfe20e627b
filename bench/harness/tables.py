# Part of segc, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The Markdown that bench/run prints and writes."""

from harness import contest


def cell(value, form):
    return "-" if value is None else form.format(value)


def table(header, rows):
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def mebibytes(value):
    return cell(None if value is None else value / 2**20, "{:.0f}")


def largest(result, key):
    return max((line[key] for line in result["rounds"] if line.get(key) is not None), default=None)


def preparation(result):
    """Ours: the compiler. A peer: all before its second step, in the first
    round, whose caches are empty."""
    if "compile_seconds" in result:
        return result["compile_seconds"]
    return next((line["prepare_seconds"] + line["first_step_seconds"] for line in result["rounds"][:1]), None)


def memory(name, result):
    if name != contest.OURS:
        return mebibytes(largest(result, "peak_rss_growth_bytes"))
    return f"{mebibytes(largest(result, 'peak_rss_bytes'))} (arena {mebibytes(largest(result, 'arena_bytes'))})"


def note(result):
    last = result["rounds"][-1] if result["rounds"] else {}
    asked, taken = last.get("asked_precision"), last.get("precision")
    return f"computes in {taken}" if asked and taken != asked else ""


def case_rows(record):
    for name, result in record["contestants"].items():
        if name not in record["failed"]:
            numbers = [cell(result["median_ms"], "{:.2f}"), cell(result["spread"], "{:.0%}")]
            numbers += [cell(result.get("ratio"), "{:.2f}"), cell(preparation(result), "{:.1f}")]
            numbers += [memory(name, result), cell(largest(result, "difference"), "{:.0e}"), note(result)]
            yield [record["case"], name, *numbers]
    for name, reason in record["failed"].items():
        yield [record["case"], name, *["-"] * 6, reason.replace("|", "\\|")]


CASE_HEADER = ["case", "program", "median ms", "spread", "segc is times faster", "preparation s", "memory MiB"]
CASE_HEADER += ["difference from segc", "note"]
CASE_LEGEND = """\
Medians of the rounds' medians; spread is largest over least round less 1. Preparation: `segc compile` in wall seconds
(training cases with training); a peer's build, compilation and first step with empty caches. Memory: segc's peak resident
set, the whole process; a peer's growth of it over its import."""


def case_table(records):
    return table(CASE_HEADER, [row for record in records for row in case_rows(record)]) + "\n\n" + CASE_LEGEND


LAYER_HEADER = ["layer", "operation", "GMAC", "segc ms", "segc GFLOP/s", "of FMA peak", "torch ms", "layout"]
LAYER_HEADER += ["segc is times faster"]


def layer_table(records):
    rows = []
    for record in records:
        for layer in record["layers"]:
            # `in forward` of the network, all samples of the batch.
            for operation, times in layer["operations"].items():
                row = [layer["tag"], operation, f"{layer['gmac'] * record['batch']:.3g}"]
                row += [cell(times["segc_ms"], "{:.3f}"), cell(times["segc_gflops"], "{:.0f}")]
                row += [cell(times["segc_peak_share"], "{:.0%}"), cell(times["torch_ms"], "{:.3f}")]
                rows.append([*row, times["torch_layout"] or "-", cell(times["ratio"], "{:.2f}")])
    return table(LAYER_HEADER, rows)


def heading(result):
    machine = result["machine"]
    lines = [f"{machine['cpu']}, {len(machine['cores'])} cores ({' '.join(machine['flags'])}), kernel {result['kernel']}"]
    lines += [f"commit {result['commit']}, {result['date']}"]
    lines += [", ".join(f"{name} {version}" for name, version in sorted(result["versions"].items()))]
    if result["allow_busy"]:
        lines += ["Measured with --allow-busy: these times say nothing of an idle machine."]
    return "  \n".join(line for line in lines if line)


def document(result):
    parts = [heading(result)]
    parts += [case_table(result["cases"])] if result["cases"] else []
    for record in result["layers"]:
        failed = "".join(f"\n\n{name}: {reason}" for name, reason in record["failed"].items())
        parts.append(f"{record['network']}, batch {record['batch']}\n\n{layer_table([record])}{failed}")
    return "\n\n".join(parts) + "\n"
