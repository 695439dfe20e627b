"""Counts by Nsight Compute what each kernel of a step takes, on a machine with a GPU:

  counters.py FOLDER MODEL --mode train|predict --batch N --output FILE [--device cuda]

FILE gets a line of CSV for each launch of one step: name, blocks, threads, and the metrics below. Needs ncu; clocks stay as they are."""
import argparse
import csv
import io
import json
import os
import subprocess
import sys
import tempfile

import models

METRICS = {
    "ns": "gpu__time_duration.sum",
    "memory_bytes": "dram__bytes.sum",
    "l2_bytes": "lts__t_bytes.sum",
    "l1_to_l2_bytes": "l1tex__m_xbar2l1tex_read_bytes.sum",
    "tensor_active": "sm__inst_executed_pipe_tensor.sum",
    "warps_active": "sm__warps_active.avg.pct_of_peak_sustained_active",
    "registers": "launch__registers_per_thread",
    "issue_active": "sm__issue_active.avg.pct_of_peak_sustained_elapsed",
}


def launches(text):
    """Rows of ncu's raw page: names, then units, then a row for each launch."""
    lines = text[text.index('"ID"'):]
    rows = list(csv.DictReader(io.StringIO(lines)))[1:]
    for row in rows:
        yield {"kernel": row["Kernel Name"], "grid": row["Grid Size"], "block": row["Block Size"],
               **{name: row.get(metric, "").replace(",", "") for name, metric in METRICS.items()}}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder")
    parser.add_argument("model")
    parser.add_argument("--mode", choices=("train", "predict"), required=True)
    parser.add_argument("--batch", type=int, required=True)
    parser.add_argument("--output", required=True)
    parser.add_argument("--device", default="cuda")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as work:
        runner = models.Runner(options.folder, work)
        profile = os.path.join(work, "profile.json")
        words = [os.path.join(runner.folder, "segrun"), "benchmark", "--model", os.path.join(runner.folder, options.model + ".so"), "--device", options.device,
                 "--mode", options.mode, "--batch-size", str(options.batch), "--warmup-steps", "0", "--steps", "1", "--profile", profile]
        command = ["ncu", "--clock-control", "none", "--csv", "--page", "raw", "--print-units", "base", "--metrics", ",".join(METRICS.values()), *words]
        done = subprocess.run(command, env=runner.environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if '"ID"' not in done.stdout:
            sys.exit("ncu: " + done.stdout.strip()[-1000:])
        with open(profile) as file:
            kernels = json.load(file)["kernels"]
    with open(options.output, "w", newline="") as file:
        rows = list(launches(done.stdout))
        writer = csv.DictWriter(file, rows[0].keys())
        writer.writeheader()
        writer.writerows(rows)
    print(f"{len(rows)} launches of {len(kernels)} kernels: {options.output}")


if __name__ == "__main__":
    main()
