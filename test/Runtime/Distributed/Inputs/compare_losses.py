"""Compares the losses of the steps of trainings with those of the first one.

  compare_losses.py RESULTS RESULTS...
"""

import json
import pathlib
import sys


def losses(folder):
    found = []
    for line in (pathlib.Path(folder) / "train.jsonl").read_text().splitlines():
        data = json.loads(line[5:]).get("data", {})
        if "train_total_loss" in data:
            found.append(data["train_total_loss"])
    return found


expected = losses(sys.argv[1])
assert len(expected) == 20, len(expected)
for folder in sys.argv[2:]:
    actual = losses(folder)
    assert len(actual) == len(expected), f"{folder}: {len(actual)} steps, expected {len(expected)}"
    deviations = [abs(a - e) / e for a, e in zip(actual, expected)]
    assert deviations[0] <= 1e-6, f"{folder}: the first loss is off by {deviations[0]}"
    assert max(deviations) <= 1e-4, f"{folder}: a loss is off by {max(deviations)}"
