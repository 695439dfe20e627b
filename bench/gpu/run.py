"""Runs the models of prepare.py on a GPU:  run.py FOLDER [--device cuda] [--output DIR] [--steps 30]

Each model trains for five steps on the same random batches, twice on the device: the weights must have the same bytes. Where the model has kernels
for the processor, it trains and predicts there too: losses and probabilities must agree within bounds of the precision (kernels alone are held to
tighter ones by `segc verify`). Then steps are timed. DIR gets models.json and models.md. Needs Python, a driver, and what is in FOLDER.
Exit codes: 0 all agree, 1 a model failed."""
import argparse
import array
import json
import os
import random
import struct
import subprocess
import sys
import time

# Largest relative deviation of a loss, and largest absolute one of a probability.
BOUNDS = {"f32": (1e-3, 1e-3), "tf32": (1e-2, 1e-2), "bf16": (5e-2, 5e-2), "f16": (3e-2, 3e-2)}
BATCHES = 3


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


class Runner:
    def __init__(self, folder, work):
        self.folder, self.work = os.path.abspath(folder), work
        libraries = [os.path.join(self.folder, "lib"), os.environ.get("LD_LIBRARY_PATH", "")]
        self.environment = dict(os.environ, LD_LIBRARY_PATH=os.pathsep.join(filter(None, libraries)))

    def segrun(self, *words):
        done = subprocess.run([os.path.join(self.folder, "segrun"), *map(str, words)], env=self.environment, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True)
        if done.returncode:
            raise RuntimeError(f"segrun {' '.join(map(str, words))}: exit code {done.returncode}: {done.stdout.strip()[-600:]}")
        return done.stdout

    def train(self, case, device, name):
        """The losses of five steps, and the bytes of the weights."""
        results = os.path.join(self.work, f"{case['name']}-{name}")
        self.segrun("train", "--model", os.path.join(self.folder, case["model"]), "--batches", os.path.join(self.work, case["name"] + ".safetensors"),
                    "--results", results, "--device", device, "--max-steps", 5, "--log-every", 1)
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

    def measure(self, case, device, mode, steps):
        return json.loads(self.segrun("benchmark", "--model", os.path.join(self.folder, case["model"]), "--device", device, "--mode", mode,
                                      "--warmup-steps", min(5, steps), "--steps", steps))


def compare(case, runner, device):
    """What deviates from the processor, and whether two runs are equal."""
    write_batches(case, os.path.join(runner.work, case["name"] + ".safetensors"))
    losses, weights = runner.train(case, device, "first")
    _, again = runner.train(case, device, "second")
    found = {"losses": losses, "equal_bytes": weights == again}
    agrees = found["equal_bytes"] and len(losses) == 5
    if case["on_processor"]:
        loss_bound, probability_bound = BOUNDS[case["precision"]]
        reference, _ = runner.train(case, "cpu", "cpu")
        found["losses_on_processor"] = reference
        ours, theirs = runner.predict(case, device), runner.predict(case, "cpu")
        of_losses = [abs(a - b) / max(abs(b), 1e-6) for a, b in zip(losses, reference)]
        of_probabilities = [abs(a - b) for a, b in zip(ours, theirs)]
        found["loss_deviation"], found["probability_deviation"] = max(of_losses), max(of_probabilities)
        # A NaN is in no bound.
        agrees = agrees and len(losses) == len(reference) and len(ours) == len(theirs) and all(x <= loss_bound for x in of_losses) and \
            all(x <= probability_bound for x in of_probabilities)
    found["agrees"] = agrees
    return found


def markdown(rows, device):
    lines = [f"Models on {device}; a step is of the batch given, medians.", "",
             "| model | batch | agrees | same bytes twice | loss off by | probability off by | train, ms | samples/s | predict, ms | samples/s |",
             "|---|---|---|---|---|---|---|---|---|---|"]
    for row in rows:
        if "error" in row:
            lines.append(f"| {row['name']} | {row['batch']} | failed: {row['error'].splitlines()[0][:120]} | | | | | | | |")
            continue
        off = ["%.1e" % row[key] if key in row else "" for key in ("loss_deviation", "probability_deviation")]
        times = []
        for mode in ("train", "predict"):
            seconds = row[mode]["latency_ms"]["p50"] / 1e3
            times += ["%.2f" % (1e3 * seconds), "%.1f" % (row["batch"] / seconds)]
        lines.append("| " + " | ".join([row["name"], str(row["batch"]), "yes" if row["agrees"] else "NO", "yes" if row["equal_bytes"] else "NO"] + off +
                                       times) + " |")
    return "\n".join(lines) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder")
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--output", help="default: FOLDER/results")
    parser.add_argument("--steps", type=int, default=30)
    options = parser.parse_args()
    output = options.output or os.path.join(options.folder, "results")
    work = os.path.join(output, "work-%d" % time.time())
    os.makedirs(work)
    runner, rows, failed = Runner(options.folder, work), [], False
    with open(os.path.join(options.folder, "cases.json")) as file:
        cases = json.load(file)
    for case in cases:
        row = {key: case[key] for key in ("name", "batch", "precision")}
        try:
            row.update(compare(case, runner, options.device))
            for mode in ("train", "predict"):
                row[mode] = runner.measure(case, options.device, mode, options.steps)
        except (RuntimeError, OSError, KeyError, ValueError) as error:
            row["error"] = str(error)
        rows.append(row)
        failed = failed or not row.get("agrees")
        print(f"{case['name']}: {row.get('error') or ('agrees' if row['agrees'] else 'DEVIATES')}", flush=True)
    with open(os.path.join(output, "models.json"), "w") as file:
        json.dump(rows, file, indent=1)
    with open(os.path.join(output, "models.md"), "w") as file:
        file.write(markdown(rows, options.device))
    print(f"written: {output}/models.json, models.md")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
