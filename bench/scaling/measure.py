# Part of segc, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Measures trainings of several ranks on this machine, in turns.

  measure.py [--parts pairs,links] [--only NAME] [--rounds N] [--python PYTHON]

pairs: two ranks with one core each; two trainings with one core each that know
nothing of each other; the ranks without shared memory (with --messages);
PyTorch's DistributedDataParallel over gloo on the same cores (with --python).
links: two and four ranks here that send messages, and on hosts that are network
namespaces limited to 1 and 10 Gbit/s (root), beside what simulate.py's model
predicts for them. Writes ranks.json and ranks.md.
"""

import argparse
import dataclasses
import datetime
import json
import os
import pathlib
import statistics
import subprocess
import sys

BENCH = pathlib.Path(__file__).resolve().parents[1]
ROOT = BENCH.parent
sys.path.insert(0, str(BENCH))

import allreduce
import calm
import hosts
import ranks
import schedule
from harness import commands, machine, trainings

# What the compiler schedules for: ethernet-1g and ethernet-10g of Target/Link.cpp.
LINKS = {"1gbit": allreduce.Ring(2, 50e-6, 0.117e9), "10gbit": allreduce.Ring(2, 30e-6, 1.17e9)}


@dataclasses.dataclass(frozen=True)
class Network:
    name: str
    model: str  # Of `segc model`.
    peer: str  # Of bench/peers/networks.py.
    extents: tuple
    classes: int
    steps: int
    batch: int = 2


NETWORKS = (
    Network("nnU-Net 04 3D", "nnunet --task 04 --dim 3", "nnunet04_3d", (40, 56, 40), 3, 40),
    Network("V-Net", "vnet", "vnet", (32, 32, 32), 3, 120),
)


@dataclasses.dataclass(frozen=True)
class Prepared:
    library: pathlib.Path
    batches: pathlib.Path
    problem: pathlib.Path
    peer: str
    batch: int
    plan: schedule.Schedule


def run(*words):
    done = subprocess.run([str(word) for word in words], capture_output=True, text=True, check=False)
    if done.returncode:
        raise commands.Failure(f"{words[0]}: {commands.last_line(done.stderr)} (exit code {done.returncode})")


def prepare(network, link, options):
    """A model whose collectives are scheduled for the link."""
    folder = options.work / network.peer
    folder.mkdir(parents=True, exist_ok=True)
    text, segc = folder / "network.mlir", options.bin / "segc"
    run(segc, "model", *network.model.split(), "-o", text)
    compiled = ["--cpu", "native", "--threads", 1, "--batch", network.batch]
    plan = schedule.compiled(segc, text, link, compiled, folder)
    library = folder / f"{link.option().replace(':', '-')}.so"
    run(segc, "compile", text, *compiled, "--ranks", link.ranks, "--link", link.option(), "-o", library)
    batches = folder / "batches.safetensors"
    if not batches.exists():
        trainings.write_batches(batches, network.extents, 1, network.classes, network.batch)
    problem = folder / "problem"
    if options.python and not problem.exists():
        run(options.python, BENCH / "peers" / "problem.py", network.peer, problem, "--batch", network.batch)
    return Prepared(library, batches, problem, network.peer, network.batch, plan)


def as_record(measured):
    return dataclasses.asdict(measured) | {"exposed": measured.exposed}


def pairs(network, options, started, quiet):
    model = prepare(network, LINKS["10gbit"], options)
    contestants = {"alone": lambda: started.alone(model, 2), "ranks": lambda: started.ranks(model, 2, shared_memory="on")}
    if options.messages:
        contestants["messages"] = lambda: started.ranks(model, 2)
    if options.python:
        script = BENCH / "peers" / "torch_ddp.py"
        contestants["torch-ddp"] = lambda: ranks.torch_ddp(options.python, script, model, started.cores)
    results = calm.in_turns(contestants, options.rounds, quiet)
    rates = {name: [getattr(r, "samples", None) or r["samples_per_second"] for r in runs] for name, runs in results.items()}
    record = {
        "network": network.name,
        "batch": network.batch,
        "of_alone": [together / alone for together, alone in zip(rates["ranks"], rates["alone"])],
        "runs": {name: [r if isinstance(r, dict) else as_record(r) for r in runs] for name, runs in results.items()},
    }
    if options.messages:
        record["messages_of_alone"] = [together / alone for together, alone in zip(rates["messages"], rates["alone"])]
    if options.python:
        record["of_torch"] = [ours / theirs for ours, theirs in zip(rates["ranks"], rates["torch-ddp"])]
    return record


def predict(plan, step, link, busy):
    """Seconds of a step of ranks where one alone takes `step`, a byte of gradients
    `busy` seconds of the processor, and `link` says what an exchange takes."""
    return schedule.simulate(plan.scaled(step), link.seconds, lambda size: busy * size).seconds


def links(network, options, started, quiet):
    """Rows of measured and predicted steps. What a byte takes of the processor is
    that of two ranks in the same kind of place, without a limit."""
    models = {rate: prepare(network, LINKS[rate], options) for rate in LINKS}
    models["here"] = models["hosts"] = models["10gbit"]
    places = [(count, place) for count in (2, 4) for place in ("here", *LINKS)] + [(2, "hosts")]
    contestants = {(count, "alone"): lambda count=count: started.alone(models["here"], count) for count in (2, 4)}
    for key in places:
        contestants[key] = lambda key=key: started.ranks(models[key[1]], *key)
        contestants[(*key, "exchanges")] = lambda key=key: started.exchanges(*key)
    results = calm.in_turns(contestants, options.rounds, quiet)

    def median(key, value):
        return statistics.median(value(measured) for measured in results[key])

    size = sum(bucket.size for bucket in models["here"].plan.buckets)
    cost = {place: median((2, place), lambda m: m.worked) / size for place in ("here", "hosts")}
    rows = []
    for count, place in places[:-1]:
        link = allreduce.Exchanges.median(results[(count, place, "exchanges")])
        step = median((count, "alone"), lambda m: m.step)
        # A rank sends and adds 2 (n - 1) / n of its gradients.
        busy = cost["here" if place == "here" else "hosts"] * 2 * (count - 1) / len(started.cores)
        predicted = predict(models[place].plan, step, link, busy)
        steps = [m.step for m in results[(count, place)]]
        measured = statistics.median(steps)
        rows.append(
            {
                "network": network.name,
                "ranks": count,
                "link": place,
                "part_ms": 1e3 * link.part(link.largest),
                "exchanges_ms": {size: [1e3 * one.part(size) for one in results[(count, place, "exchanges")]] for size, _ in link.measured},
                "alone_ms": 1e3 * step,
                "measured_ms": 1e3 * measured,
                "spread": max(steps) / min(steps) - 1,
                "predicted_ms": 1e3 * predicted,
                "error": predicted / measured - 1,
            }
        )
    return {"nanoseconds_a_byte": {place: 1e9 * value for place, value in cost.items()}, "rows": rows}


def percent(values):
    return ", ".join(f"{value:.1%}" for value in values)


def pair_lines(records):
    yield "| network | two alone, samples/s | two ranks | of them, each round | median | waited | worked | PyTorch DDP, samples/s | times faster | its exposed share |"
    yield "|---|---|---|---|---|---|---|---|---|---|"
    for record in records:
        runs = record["runs"]

        def median(name, key):
            return statistics.median(run[key] for run in runs[name])

        def row(network, name, ratios):
            cells = [network, f"{median('alone', 'samples'):.2f}", f"{median(name, 'samples'):.2f}"]
            cells += [percent(ratios), f"{statistics.median(ratios):.1%}"]
            return cells + [f"{statistics.median(run[key] / run['step'] for run in runs[name]):.1%}" for key in ("waited", "worked")]

        cells = row(record["network"], "ranks", record["of_alone"])
        if "torch-ddp" in runs:
            cells += [f"{median('torch-ddp', 'samples_per_second'):.2f}", f"{statistics.median(record['of_torch']):.2f}"]
            cells += [f"{median('torch-ddp', 'exposed'):.1%}"]
        else:
            cells += [""] * 3
        yield "| " + " | ".join(cells) + " |"
        if "messages" in runs:
            cells = row(f"{record['network']}, messages", "messages", record["messages_of_alone"])
            yield "| " + " | ".join(cells + [""] * 3) + " |"


def link_lines(records):
    yield "| network | ranks | link | 4 MiB, ms | a step alone, ms | measured, ms | spread of the rounds | predicted, ms | error |"
    yield "|---|---|---|---|---|---|---|---|---|"
    for row in (row for record in records for row in record["rows"]):
        yield (
            f"| {row['network']} | {row['ranks']} | {row['link']} | {row['part_ms']:.1f} | {row['alone_ms']:.1f} | {row['measured_ms']:.1f} "
            f"| {row['spread']:.1%} | {row['predicted_ms']:.1f} | {row['error']:+.1%} |"
        )


def document(result):
    lines = ["# Several ranks on one machine", "", f"{result['machine']}, cores {result['cores']}, commit {result['commit']}, {result['date']}; `{result['command']}`."]
    seen = result["use_by_others"]["of_runs"] or [1.0]
    lines += ["", f"Use of the cores by others during a run: {statistics.median(seen):.1%} (median), {max(seen):.1%} (most).", ""]
    if result["pairs"]:
        lines += ["One core and one thread a process, batch 2, fixed batches. Waited and worked: of a step, for other ranks, and by the thread for messages on the same core.", "", *pair_lines(result["pairs"]), ""]
    if result["links"]:
        lines += ["Four ranks share two cores. Predicted from the compiler's schedule, a step alone in the same company, what an exchange of 4 MiB takes there without a network, and the processor's time for a byte of two ranks.", "", *link_lines(result["links"]), ""]
    return "\n".join(lines)


def parse():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--parts", default="pairs,links", help="pairs, links or both")
    parser.add_argument("--only", default="", help="networks whose name contains this")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--scale", type=float, default=1.0, help="factor on the number of steps")
    parser.add_argument("--busy-limit", type=float, default=0.03, help="share of the cores in use by others")
    parser.add_argument("--wait", type=float, default=60, help="seconds to wait for an idle machine before each run")
    parser.add_argument("--promptly", action="store_true", help="before others that use the machine (root, x86-64)")
    parser.add_argument("--tries", type=int, default=3, help="runs, of which the least disturbed one counts")
    parser.add_argument("--bin", type=pathlib.Path, default=ROOT / "build" / "bin")
    parser.add_argument("--messages", action="store_true", help="pairs: also ranks with --shared-memory off")
    parser.add_argument("--python", default=os.environ.get("SEGC_PEERS_PYTHON"), help="interpreter with PyTorch")
    parser.add_argument("--work", type=pathlib.Path, default=ROOT / "build" / "bench" / "ranks")
    parser.add_argument("--output", type=pathlib.Path, help="folder; default: that of the machine in bench/results")
    options = parser.parse_args()
    options.parts = options.parts.split(",")
    if not set(options.parts) <= {"pairs", "links"}:
        parser.error("--parts: expected pairs, links or both")
    reason = "links" in options.parts and hosts.reason_against()
    if reason:
        parser.error(f"--parts links: {reason}")
    return options


def command_of(options):
    """Without what is a path of this machine."""
    words = ["python3 bench/scaling/measure.py", "--parts", ",".join(options.parts)]
    for name in ("only", "rounds", "scale", "busy_limit", "wait", "tries"):
        words += [f"--{name.replace('_', '-')}", f"{getattr(options, name)}"] if getattr(options, name) != "" else []
    return " ".join(words + ["--promptly"] * options.promptly + ["--messages"] * options.messages + ["--python PYTHON"] * bool(options.python))


def main():
    options = parse()
    if options.promptly:
        calm.run_promptly()
    cores = sorted(os.sched_getaffinity(0))[:2]
    if len(cores) < 2:
        sys.exit("measure.py: expected two cores, this process may use one")
    name, _ = machine.processor()
    options.output = options.output or BENCH / "results" / machine.folder_name(name, len(cores))
    result = {
        "format": 1,
        "date": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
        "commit": commands.commit(ROOT),
        "command": command_of(options),
        "machine": name,
        "cores": cores,
        "pairs": [],
        "links": [],
    }
    seen, failed = [], False
    for network in (network for network in NETWORKS if options.only in network.name):
        steps = max(8, round(network.steps * options.scale))
        started = ranks.Trainings(options.bin / "segrun", cores, options.work, steps)
        quiet = calm.Calm(set(cores), options, lambda started=started: started.seconds_on_hosts)
        for part, measure in (("pairs", pairs), ("links", links)):
            if part not in options.parts:
                continue
            try:
                result[part].append(measure(network, options, started, quiet))
            except commands.Failure as failure:
                print(f"measure.py: {network.name}, {part}: {failure}", file=sys.stderr)
                failed = True
        seen += quiet.seen
    result["use_by_others"] = {"limit": options.busy_limit, "of_runs": seen}
    options.output.mkdir(parents=True, exist_ok=True)
    path = options.output / "ranks.json"
    path.write_text(json.dumps(result, indent=1) + "\n")
    path.with_suffix(".md").write_text(document(result))
    print(document(result))
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
