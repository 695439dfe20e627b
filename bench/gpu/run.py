"""Checks and measures, on a machine with a GPU, what prepare.py collected:

  run.py FOLDER [--device cuda] [--output DIR] [--steps 20] [--budget SECONDS] [--jobs N] [--stages compare,kernels,nccl,times] [--only REGEX] [--peers REGEX]
         [--prepared N] [--modes train,predict] [--no-profiles]

1. Steps of each network at reduced extents against the processor: five on the same random batches, twice on the device (the weights must have the same
   bytes) and once on the processor; losses and probabilities must agree within bounds of the precision.
2. Kernels alone against the reference evaluation (device.py).
3. NCCL with one rank, in a recorded graph (nccl.py).
4. Training and prediction at the published batch sizes, beside PyTorch and JAX where they are, in turn, and the time of each of our kernels.

DIR (FOLDER/results/DEVICE) gets results.json, results.md and pictures, anew after each of these: what is done stays when time is short; DIR/profiles has the
times of kernels. --jobs comparisons and kernels run at a time, --prepared peers prepare at a time; times are measured alone. With a budget nothing begins,
and no program goes on, after so many seconds. Needs Python, a driver, and what is in FOLDER.
Exit codes: 0 all agree, 1 something deviates or failed."""
import argparse
import concurrent.futures
import json
import os
import re
import subprocess
import sys
import threading
import time

import models
import nccl
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
        self.profiles = os.path.join(self.output, "profiles")
        os.makedirs(self.profiles, exist_ok=True)
        self.runner = models.Runner(options.folder, work, self.budget.remaining)
        self.models = [model for model in listed["models"] if re.search(options.only, model["name"])]
        self.lock = threading.Lock()
        self.results = {"device": name, "commit": listed["commit"], "kernels": {}, "nccl": {}, "comparisons": [], "contests": []}
        self.left = 0

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
        with self.lock:
            rows.append(row)
            self.write()
        return row

    def compare(self, model):
        row = self.attempt(self.results["comparisons"], {"name": model["name"]}, lambda: models.compare(model, self.runner, self.options.device))
        print(f"{model['name']}: {row.get('error') or ('agrees' if row['agrees'] else 'DEVIATES')}", flush=True)

    def check_kernels(self):
        """By a program of its own: it opens the driver."""
        path, kernels = os.path.join(self.runner.work, "kernels.json"), self.results["kernels"]
        command = [sys.executable, os.path.join(self.options.folder, "device.py"), os.path.join(self.options.folder, "kernels"), "--json", path, "--jobs",
                   str(self.options.jobs)]
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

    def check_nccl(self):
        self.results["nccl"] = nccl.check(self.options.folder, self.budget.remaining())
        print(f"nccl: {nccl.text(self.results['nccl'])}", flush=True)
        self.write()

    def failed(self):
        rows = self.results["comparisons"] + self.results["contests"]
        return any("error" in row or row.get("agrees") is False for row in rows) or any(
            "error" in self.results[stage] for stage in ("kernels", "nccl")) or not all(
            record["passed"] or "skipped" in record for record in self.results["kernels"].get("records", []))

    def is_over(self):
        """Counts what is left out."""
        self.left += self.budget.is_over()
        return self.budget.is_over()

    def compare_all(self):
        with concurrent.futures.ThreadPoolExecutor(self.options.jobs) as pool:
            for done in [pool.submit(lambda model=model: self.is_over() or self.compare(model)) for model in self.models if model["compare"]]:
                done.result()

    def time_all(self):
        """Rows beside their peers, so many of which are prepared at a time, then rows that have none, then the times of kernels."""
        options = self.options
        available = peers.available([peer for peer in peers.PEERS if re.search(options.peers, peer[0])], options.device)
        rows = [(model, {"name": model["name"], "network": model["peer"], "precision": model["precision"], "batch": batch, "mode": mode, "ours_ms": [],
                         "peers": {}}) for mode in options.modes for model in self.models for batch in model["batches"]]

        def ours(model, row, *words):
            return self.runner.milliseconds(model, options.device, row["mode"], row["batch"], options.steps, *words)

        def attempt(row, work):
            if "error" in row or self.is_over():
                return
            if row not in self.results["contests"]:
                self.results["contests"].append(row)
            try:
                work()
            except (models.Failure, OSError, KeyError, ValueError) as error:
                row["error"] = str(error) or type(error).__name__
            self.write()

        def contest(model, row, rival):
            row["peers"][rival.name] = rival.contest(lambda: row["ours_ms"].append(ours(model, row)), options.rounds, options.steps)

        rivals = [(model, row, peers.Rival(*peer[:3], model, row["batch"], row["mode"])) for model, row in rows if model["peer"] for peer in available]
        for first in range(0, len(rivals), options.prepared):
            if self.is_over():
                break
            group = rivals[first:first + options.prepared]
            for _, _, rival in group:
                rival.start(self.runner)
            for _, _, rival in group:
                rival.wait()
            for model, row, rival in group:
                attempt(row, lambda: contest(model, row, rival))
                rival.peer.close()
        for model, row in rows:
            if not row["ours_ms"] and "error" not in row:
                attempt(row, lambda: row["ours_ms"].append(ours(model, row)))
            print(f"{row['name']} {row['mode']} {row['batch']}: {row.get('error') or row['ours_ms']}", flush=True)
        for model, row in rows:
            if row["ours_ms"] and options.profiles:
                attempt(row, lambda: ours(model, row, "--profile", os.path.join(self.profiles, f"{row['name']}-{row['mode']}-{row['batch']}.json")))

    def everything(self):
        """In order of what is worth most."""
        for stage, work in (("compare", self.compare_all), ("kernels", self.check_kernels), ("nccl", self.check_nccl), ("times", self.time_all)):
            if stage in self.options.stages and not self.budget.is_over():
                work()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder")
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--output")
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--budget", type=float)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--prepared", type=int, default=1)
    parser.add_argument("--modes", type=lambda text: text.split(","), default=["train", "predict"])
    parser.add_argument("--no-profiles", dest="profiles", action="store_false")
    parser.add_argument("--stages", type=lambda text: text.split(","), default=["compare", "kernels", "nccl", "times"])
    parser.add_argument("--only", default="", help="models whose name has this")
    parser.add_argument("--peers", default="", help="peers whose name has this; ^$ for none")
    options = parser.parse_args()
    with open(os.path.join(options.folder, "models.json")) as file:
        run = Run(options, json.load(file))
    run.everything()
    run.write()
    pictures = report.draw(run.results, run.output)
    if run.left:
        print(f"no time for {run.left} more")
    print("written: " + ", ".join([os.path.join(run.output, "results.json"), "results.md", *map(os.path.basename, pictures)]))
    sys.exit(1 if run.failed() else 0)


if __name__ == "__main__":
    main()
