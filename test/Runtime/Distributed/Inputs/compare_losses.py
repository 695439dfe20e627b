"""Compares the losses of the steps of trainings with those of the first one.

  compare_losses.py [--steps N] [--first DEVIATION] [--all DEVIATION]
                    RESULTS RESULTS...
"""

import argparse
import json
import pathlib


def losses(folder):
    found = []
    for line in (pathlib.Path(folder) / "train.jsonl").read_text().splitlines():
        data = json.loads(line[5:]).get("data", {})
        if "train_total_loss" in data:
            found.append(data["train_total_loss"])
    return found


parser = argparse.ArgumentParser()
parser.add_argument("--steps", type=int, default=20)
parser.add_argument("--first", type=float, default=1e-6)
parser.add_argument("--all", type=float, default=1e-4)
parser.add_argument("results", nargs="+")
options = parser.parse_args()
expected = losses(options.results[0])
assert len(expected) == options.steps, len(expected)
for folder in options.results[1:]:
    actual = losses(folder)
    assert len(actual) == len(expected), f"{folder}: {len(actual)} steps, expected {len(expected)}"
    deviations = [abs(a - e) / e for a, e in zip(actual, expected)]
    assert deviations[0] <= options.first, f"{folder}: the first loss is off by {deviations[0]}"
    assert max(deviations) <= options.all, f"{folder}: a loss is off by {max(deviations)}"
