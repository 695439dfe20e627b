# Part of segc, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Who takes part, in which order, and what a list of times comes to."""

import dataclasses
import statistics

OURS = "segc"


@dataclasses.dataclass(frozen=True)
class Peer:
    name: str
    script: str
    arguments: tuple = ()
    modes: tuple = ("predict",)
    # Largest difference of a probability from ours.
    limit: float = 1e-4

    @property
    def needs_onnx(self):
        return self.script in ("onnxruntime_bench.py", "openvino_bench.py")


# For a hint that may end in bf16: twice as far as PyTorch under bf16 autocast is
# from f32 on the same weights (nnU-Net 04 2D: 5.6e-2, the farthest network).
LIMIT_16_BITS = 0.12
# Single probabilities may differ by anything: Dice judges predictions in 8 bits.
LIMIT_8_BITS = 1.0

BOTH = ("train", "predict")
CHANNELS_LAST = ("--layout", "channels_last")
PEERS = (
    Peer("torch", "torch_bench.py", (), BOTH),
    Peer("torch-channels-last", "torch_bench.py", CHANNELS_LAST, BOTH),
    Peer("torch-compile", "torch_bench.py", ("--compile",), BOTH),
    Peer("torch-compile-channels-last", "torch_bench.py", ("--compile", *CHANNELS_LAST), BOTH),
    Peer("onnxruntime", "onnxruntime_bench.py"),
    Peer("openvino", "openvino_bench.py"),
    Peer("openvino-f16", "openvino_bench.py", ("--precision", "f16"), limit=LIMIT_16_BITS),
    Peer("openvino-bf16", "openvino_bench.py", ("--precision", "bf16"), limit=LIMIT_16_BITS),
    Peer("openvino-int8", "openvino_bench.py", ("--precision", "int8"), limit=LIMIT_8_BITS),
    Peer("jax", "jax_bench.py"),
)


def select(names):
    """The peers of a comma-separated list; a name stands for those that start
    with it, too: `torch` are all four. None: every peer."""
    if names is None:
        return PEERS
    wanted = names.split(",")
    for name in wanted:
        if not any(peer.name.startswith(name) for peer in PEERS):
            raise ValueError(f"no peer {name!r}; there are {', '.join(peer.name for peer in PEERS)}")
    return tuple(peer for peer in PEERS if peer.name.startswith(tuple(wanted)))


def order(names, number):
    """The turns of a round: there and back, so that drift hits all alike."""
    return list(names) if number % 2 == 0 else list(reversed(names))


def summary(times):
    """Median of the rounds' medians, and their spread."""
    if not times:
        return {"median_ms": None, "spread": None}
    return {"median_ms": statistics.median(times), "spread": (max(times) - min(times)) / min(times)}


def ratio(theirs, ours):
    """How many times faster ours is."""
    return theirs / ours if theirs and ours else None
