"""Memory of predictions at a time: check_memory.py THREADS=FILE...

FILE is what SegcLibraryHost printed of as many predictions at a time. The
weights are there once and each prediction has an arena; what comes to that is
bounded: the code of model and library, and for each prediction scratch memory of
its threads, image, probabilities and labels.
"""

import json
import sys

MiB = 1 << 20
BASE, EACH = 8 * MiB, 4 * MiB

for argument in sys.argv[1:]:
    threads, file = argument.split("=")
    said = json.load(open(file))
    weights, arena = (said["model"][key] for key in ("weight_bytes", "arena_bytes"))
    # Otherwise a second copy of the weights would hide in what is allowed.
    assert weights > BASE + 4 * EACH, weights
    allowed = weights + int(threads) * (arena + EACH) + BASE
    assert 1024 * (said["peak"] - said["before"]) > weights, "the weights were not used"
    for key in ("peak", "rss", "pss"):
        taken = 1024 * (said[key] - said["before"])
        print(f"{threads} at a time, {key}: {taken / MiB:.1f} MiB, of {allowed / MiB:.1f} allowed,"
              f" weights {weights / MiB:.1f}, arena {arena / MiB:.1f}")
        assert taken <= allowed, "the memory is not that of one copy of the weights and an arena for each"
