"""Checks and measures, on a machine with a GPU, what prepare.py collected:

  run.py FOLDER [--device cuda] [--output DIR] [--steps 20] [--budget SECONDS] [--only NAME]

1. Steps of each network at reduced extents against the processor: five on the same random batches, twice on the device (the weights must have the same
   bytes) and once on the processor; losses and probabilities must agree within bounds of the precision.
2. Kernels alone against the reference evaluation (device.py).
3. Training and prediction at the published batch sizes, beside PyTorch and JAX where they are, in turn.

DIR (FOLDER/results/DEVICE) gets results.json, results.md and pictures, anew after each of these: what is done stays when time is short. With a budget
nothing begins, and no program goes on, after so many seconds. Needs Python, a driver, and what is in FOLDER.
Exit codes: 0 all agree, 1 something deviates or failed."""
import argparse
import json
import os
import re
import subprocess
import sys
import time

import models
import peers
import report


class Budget:
    """The seconds that are left."""

    def __init__(self, seconds):
        self.begin, self.seconds = time.monotonic(), seconds

    def spent(self):
        return time.monotonic() - self.begin

    def remaining(self):
        return None if self.seconds is None else max(1.0, self.seconds - self.spent())

    def is_over(self):
        return self.seconds is not None and self.spent() >= self.seconds


def device_name(device):
    if device.startswith("cuda"):
        try:
            command = ["nvidia-smi", "--query-gpu=name", "--format=csv,noheader"]
            return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.splitlines()[0]
        except (OSError, subprocess.CalledProcessError, IndexError):
            pass
    return device


class Run:
    def __init__(self, options, listed):
        self.options, self.budget = options, Budget(options.budget)
        name = device_name(options.device)
        self.output = options.output or os.path.join(options.folder, "results", re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-"))
        work = os.path.join(self.output, "work")
        os.makedirs(work, exist_ok=True)
        self.runner = models.Runner(options.folder, work, self.budget.remaining)
        self.models = [model for model in listed["models"] if not options.only or options.only in model["name"]]
        self.results = {"device": name, "commit": listed["commit"], "kernels": {}, "comparisons": [], "contests": []}

    def write(self):
        self.results.update(seconds=self.budget.spent(), cut=self.budget.is_over())
        with open(os.path.join(self.output, "results.json"), "w") as file:
            json.dump(self.results, file, indent=1)
        with open(os.path.join(self.output, "results.md"), "w") as file:
            file.write(report.markdown(self.results))

    def attempt(self, rows, row, work):
        """Adds `row` with what `work` finds, or why it failed."""
        try:
            row.update(work())
        except (models.Failure, OSError, KeyError, ValueError) as error:
            row["error"] = str(error) or type(error).__name__
        rows.append(row)
        self.write()
        return row

    def compare(self, model):
        row = self.attempt(self.results["comparisons"], {"name": model["name"]}, lambda: models.compare(model, self.runner, self.options.device))
        print(f"{model['name']}: {row.get('error') or ('agrees' if row['agrees'] else 'DEVIATES')}", flush=True)

    def check_kernels(self):
        """By a program of its own: it opens the driver."""
        path, kernels = os.path.join(self.runner.work, "kernels.json"), self.results["kernels"]
        command = [sys.executable, os.path.join(self.options.folder, "device.py"), os.path.join(self.options.folder, "kernels"), "--json", path]
        if not self.options.device.startswith("cuda"):
            kernels["left_out"] = "Left out: no GPU."
        else:
            try:
                done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=self.budget.remaining())
                if os.path.exists(path):
                    with open(path) as file:
                        kernels.update(json.load(file))
                else:
                    kernels["error"] = kernels["left_out"] = "Failed: " + done.stdout.strip()[-400:]
            except subprocess.TimeoutExpired:
                kernels["left_out"] = "Left out: no time."
        said = kernels.get("left_out") or f"{sum(r['passed'] for r in kernels['records'])} of {len(kernels['records'])} pass"
        print(f"kernels: {said}", flush=True)
        self.write()

    def time(self, model, batch, mode, available):
        row = {"name": model["name"], "mode": mode, "batch": batch}
        rounds = self.options.rounds
        self.attempt(self.results["contests"], row, lambda: peers.contest(self.runner, model, batch, mode, self.options.device, available, rounds,
                                                                          self.options.steps))
        print(f"{model['name']} {mode} {batch}: {row.get('error') or '%.2f ms' % min(row['ours_ms'])}", flush=True)

    def failed(self):
        rows = self.results["comparisons"] + self.results["contests"]
        return any("error" in row or row.get("agrees") is False for row in rows) or "error" in self.results["kernels"] or not all(
            record["passed"] or "skipped" in record for record in self.results["kernels"].get("records", []))

    def everything(self):
        """In order of what is worth most."""
        for model in self.models:
            if model["compare"]:
                yield lambda model=model: self.compare(model)
        yield self.check_kernels
        available = peers.available(peers.PEERS, self.options.device)
        for model in self.models:
            for batch in model["batches"]:
                for mode in ("train", "predict"):
                    yield lambda model=model, batch=batch, mode=mode: self.time(model, batch, mode, available)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder")
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--output")
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--budget", type=float)
    parser.add_argument("--only", help="models with this in their name")
    options = parser.parse_args()
    with open(os.path.join(options.folder, "models.json")) as file:
        run = Run(options, json.load(file))
    left = 0
    for work in run.everything():
        if run.budget.is_over():
            left += 1
        else:
            work()
    run.write()
    pictures = report.draw(run.results, run.output)
    if left:
        print(f"no time for {left} more")
    print("written: " + ", ".join([os.path.join(run.output, "results.json"), "results.md", *map(os.path.basename, pictures)]))
    sys.exit(1 if run.failed() else 0)


if __name__ == "__main__":
    main()
