"""What run.py does with each model: training and prediction on the device, compared with the processor's."""
import array
import json
import math
import os
import random
import struct
import subprocess

# Largest relative deviation of a loss, and largest absolute one of a probability.
BOUNDS = {"f32": (1e-3, 1e-3), "tf32": (1e-2, 1e-2), "bf16": (5e-2, 5e-2), "f16": (3e-2, 3e-2)}
BATCHES, STEPS = 3, 5


def elements(shape):
    count = 1
    for extent in shape:
        count *= extent
    return count


def write_batches(case, path):
    """Images whose intensities tell the class, so that a network can learn."""
    source, tensors = random.Random(7), []
    image, label = case["inputs"][0]["shape"], case["inputs"][1]["shape"]
    channels = elements(image) // elements(image[:-1])
    for number in range(BATCHES):
        values = array.array("f", (source.gauss(0, 1) for _ in range(elements(image))))
        classes = array.array("i", [0]) * elements(label)
        if elements(image[:-1]) == len(classes):
            for i in range(len(classes)):
                classes[i] = min(case["classes"] - 1, int(abs(values[i * channels])))
        tensors += [(f"image_{number}", "F32", image, values.tobytes()), (f"label_{number}", "I32", label, classes.tobytes())]
    header, offset = {}, 0
    for name, kind, shape, data in tensors:
        header[name] = {"dtype": kind, "shape": shape, "data_offsets": [offset, offset + len(data)]}
        offset += len(data)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for _, _, _, data in tensors:
            file.write(data)


def read_floats(path):
    with open(path, "rb") as file:
        header = json.loads(file.read(struct.unpack("<Q", file.read(8))[0]))
        data = file.read()
    return {name: array.array("f", data[slice(*entry["data_offsets"])]) for name, entry in header.items()
            if name != "__metadata__" and entry["dtype"] == "F32"}


class Failure(Exception):
    """A program that failed, or took longer than it may."""


class Runner:
    """segrun on the models of a folder. `remaining()` are the seconds that are left, None for any; a program takes at most LIMIT."""

    LIMIT = 120

    def __init__(self, folder, work, remaining=lambda: None):
        self.folder, self.work, self.remaining = os.path.abspath(folder), work, remaining
        libraries = [os.path.join(self.folder, "lib"), os.environ.get("LD_LIBRARY_PATH", "")]
        self.environment = dict(os.environ, LD_LIBRARY_PATH=os.pathsep.join(filter(None, libraries)))

    def segrun(self, *words):
        command = [os.path.join(self.folder, "segrun"), *map(str, words)]
        seconds = min(self.LIMIT, self.remaining() or self.LIMIT)
        try:
            done = subprocess.run(command, env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=seconds)
        except subprocess.TimeoutExpired:
            raise Failure(f"segrun {words[0]}: not done after {seconds:.0f} s") from None
        if done.returncode:
            raise Failure(f"segrun {' '.join(map(str, words))}: exit code {done.returncode}: {done.stderr.strip()[-600:]}")
        return done.stdout

    def train(self, case, device, name):
        """The losses of the steps, and the bytes of the weights."""
        results = os.path.join(self.work, f"{case['name']}-{name}")
        self.segrun("train", "--model", os.path.join(self.folder, case["model"]), "--batches", os.path.join(self.work, case["name"] + ".safetensors"),
                    "--results", results, "--device", device, "--max-steps", STEPS, "--log-every", 1)
        losses = []
        with open(os.path.join(results, "train.jsonl")) as file:
            for line in file:
                record = json.loads(line.removeprefix("DLLL "))
                data = record.get("data")
                if isinstance(record.get("step"), int) and isinstance(data, dict) and "train_total_loss" in data:
                    losses.append(data["train_total_loss"])
        with open(os.path.join(results, "checkpoints", "last", "model.safetensors"), "rb") as file:
            return losses, file.read()

    def predict(self, case, device):
        path = os.path.join(self.work, f"{case['name']}-outputs.safetensors")
        self.segrun("benchmark", "--model", os.path.join(self.folder, case["model"]), "--device", device, "--mode", "predict", "--warmup-steps", 0,
                    "--steps", 1, "--dump-outputs", path)
        return read_floats(path)["probabilities"]

    def milliseconds(self, case, device, mode, batch, steps, *words):
        """Of a step, median."""
        measured = self.segrun("benchmark", "--model", os.path.join(self.folder, case["model"]), "--device", device, "--mode", mode,
                               "--batch-size", batch, "--warmup-steps", min(5, steps), "--steps", steps, *words)
        return json.loads(measured)["latency_ms"]["p50"]


def compare(case, runner, device):
    """What deviates from the processor, and whether two runs are equal."""
    write_batches(case, os.path.join(runner.work, case["name"] + ".safetensors"))
    losses, weights = runner.train(case, device, "first")
    _, again = runner.train(case, device, "second")
    reference, _ = runner.train(case, "cpu", "cpu")
    ours, theirs = runner.predict(case, device), runner.predict(case, "cpu")
    loss_bound, probability_bound = BOUNDS[case["precision"]]
    of_losses = [abs(a - b) / max(abs(b), 1e-6) for a, b in zip(losses, reference)]
    of_probabilities = [abs(a - b) for a, b in zip(ours, theirs)]
    # A NaN is in no bound.
    agrees = weights == again and len(losses) == len(reference) == STEPS and len(ours) == len(theirs) and all(x <= loss_bound for x in of_losses) and \
        all(x <= probability_bound for x in of_probabilities)
    return {"losses": losses, "losses_on_processor": reference, "equal_bytes": weights == again, "loss_deviation": max(of_losses, default=math.inf),
            "probability_deviation": max(of_probabilities, default=math.inf), "agrees": agrees}
