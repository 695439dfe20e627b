"""Trains a network on the processor and on an emulated GPU, from the same
weights and batches, and compares the losses of each step. With numbers of
interleavings, the GPU's threads run in each of these orders too, and weights
and optimizer must have the same bytes. The processor has no products of tf32:
there f32 is what tf32 is compared with.

compare_devices.py NETWORK PRECISION[:VERSION] TOLERANCE FOLDER [INTERLEAVING...]

The version is sm_80 unless given; sm_90a has the kernels that wait for a device.
The tolerance of losses is relative. The second batch of f16 has an infinite
value: its step is skipped, and the loss scale halved.
"""

import json
import math
import os
import random
import struct
import subprocess
import sys

OVERFLOW = math.inf


class Difference(Exception):
    pass


def run(*command):
    result = subprocess.run(command, capture_output=True, text=True)
    if result.returncode:
        raise Difference(f"{' '.join(command)}: exit code {result.returncode}\n{result.stderr}")
    return result


class Training:
    def __init__(self, network, precision, folder):
        self.folder = folder
        precision, _, version = precision.partition(":")
        self.precision = precision
        options = ["--unverified-kernels"] if version == "sm_90a" else []
        emulated = "cuda-emulated:" + (version or "sm_80")
        self.steps = 3 if precision == "f16" else 2
        self.batches = os.path.join(folder, precision + ".safetensors")
        os.makedirs(folder, exist_ok=True)
        if precision == "tf32":
            run("segc", "compile", network, "--target", "cpu:x86-64-v3", "-o", self.model("cpu"))
            run("segc", "compile", network, "--precision", precision, "--target", emulated, *options, "-o", self.model("emulated"))
        else:
            run("segc", "compile", network, "--precision", precision, "--target", "cpu:x86-64-v3," + emulated, *options, "-o", self.model("cpu"))
        self.write_batches(json.loads(run("segc", "inspect", "--json", self.model("cpu")).stdout))

    def model(self, device):
        name = self.precision
        if name == "tf32":
            name += "-" + device.partition(":")[0]
        return os.path.join(self.folder, name + ".so")

    def write_batches(self, manifest):
        """Normal images and uniform labels, by the inputs of train_step."""
        values, header, data = random.Random(1), {}, b""
        for step in range(self.steps):
            for tensor in manifest["entries"]["train_step"]["inputs"]:
                count = math.prod(tensor["shape"])
                if tensor["type"] == "f32":
                    floats = [values.gauss(0, 1) for _ in range(count)]
                    if step == 1 and self.precision == "f16":
                        floats[count // 2] = OVERFLOW
                    kind, content = "F32", struct.pack(f"<{count}f", *floats)
                else:
                    kind, content = "I32", struct.pack(f"<{count}i", *(values.randrange(manifest["classes"]) for _ in range(count)))
                header[f"{tensor['name']}_{step}"] = {"dtype": kind, "shape": tensor["shape"], "data_offsets": [len(data), len(data) + len(content)]}
                data += content
        text = json.dumps(header).encode()
        text += b" " * (-(len(text) + 8) % 64)
        with open(self.batches, "wb") as file:
            file.write(struct.pack("<Q", len(text)) + text + data)

    def on(self, device):
        """The losses, how many steps were skipped, and what was trained."""
        results = os.path.join(self.folder, f"{self.precision}-{device.replace(':', '-')}")
        run("segrun", "train", "--model", self.model(device), "--device", device, "--batches", self.batches, "--results", results,
            "--max-steps", str(self.steps), "--log-every", "1", "--seed", "1", "--threads", "2")
        losses = []
        with open(os.path.join(results, "train.jsonl")) as file:
            for line in file:
                record = json.loads(line.removeprefix("DLLL "))
                data = record.get("data")
                if isinstance(record.get("step"), int) and isinstance(data, dict) and "train_total_loss" in data:
                    losses.append(data["train_total_loss"])
        if len(losses) != self.steps:
            raise Difference(f"{device}: expected the losses of {self.steps} steps, got {losses}")
        last = os.path.join(results, "checkpoints", "last")
        with open(os.path.join(last, "state.json")) as file:
            skipped = self.steps - json.load(file)["applied_steps"]
        trained = []
        for name in ("model.safetensors", "optimizer.safetensors"):
            with open(os.path.join(last, name), "rb") as file:
                trained.append(file.read())
        return losses, skipped, trained


def compare(network, precision, tolerance, folder, interleavings):
    """Returns the losses on the GPU and on the processor."""
    training = Training(network, precision, folder)
    expected, skipped_there, _ = training.on("cpu")
    actual, skipped, trained = training.on("emulated")
    if skipped != training.steps - 2 or skipped_there != skipped:
        raise Difference(f"{skipped} steps were skipped, {skipped_there} on the processor; expected {training.steps - 2}")
    if expected[0] == expected[-1]:
        raise Difference(f"the step changed nothing: losses {expected}")
    for step, (want, got) in enumerate(zip(expected, actual)):
        finite = isinstance(want, float) and math.isfinite(want)
        if finite and not abs(got - want) <= tolerance * abs(want):
            raise Difference(f"{network}, {precision}, step {step + 1}: the loss of the emulated GPU is {got}, that of the processor {want}")
    for number in interleavings:
        losses, _, other = training.on(f"emulated:{number}")
        if other != trained or repr(losses) != repr(actual):
            raise Difference(f"{network}, {precision}: emulated:{number} trains other bytes than emulated")
    return actual, expected


if __name__ == "__main__":
    network, precision, tolerance, folder, *interleavings = sys.argv[1:]
    try:
        actual, expected = compare(network, precision, float(tolerance), folder, interleavings)
    except Difference as difference:
        sys.exit(str(difference))
    print(f"{precision}: losses {actual}, on the processor {expected}")
