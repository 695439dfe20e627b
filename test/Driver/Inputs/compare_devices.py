"""Trains a network on the processor and on an emulated GPU, from the same
weights and batches, and compares the losses of each step. The processor has no
products of tf32: there f32 is what tf32 is compared with.

compare_devices.py NETWORK PRECISION TOLERANCE FOLDER    (relative)
"""

import json
import os
import random
import re
import struct
import subprocess
import sys

STEPS = 2
network, precision, tolerance, folder = sys.argv[1], sys.argv[2], float(sys.argv[3]), sys.argv[4]
batches = os.path.join(folder, precision + ".safetensors")


def model(device):
    return os.path.join(folder, f"{precision}-{device}.so" if precision == "tf32" else precision + ".so")


def run(*command):
    result = subprocess.run(command, capture_output=True, text=True)
    if result.returncode:
        sys.exit(f"{' '.join(command)}: exit code {result.returncode}\n{result.stderr}")
    return result


def write_batches(manifest):
    """Normal images and uniform labels, by the inputs of train_step."""
    values, header, data = random.Random(1), {}, b""
    for step in range(STEPS):
        for tensor in manifest["entries"]["train_step"]["inputs"]:
            count = 1
            for extent in tensor["shape"]:
                count *= extent
            if tensor["type"] == "f32":
                kind, content = "F32", struct.pack(f"<{count}f", *(values.gauss(0, 1) for _ in range(count)))
            else:
                kind, content = "I32", struct.pack(f"<{count}i", *(values.randrange(manifest["classes"]) for _ in range(count)))
            header[f"{tensor['name']}_{step}"] = {"dtype": kind, "shape": tensor["shape"], "data_offsets": [len(data), len(data) + len(content)]}
            data += content
    text = json.dumps(header).encode()
    text += b" " * (-(len(text) + 8) % 64)
    with open(batches, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + data)


def losses(device):
    results = os.path.join(folder, precision + "-" + device)
    log = run("segrun", "train", "--model", model(device), "--device", device, "--batches", batches, "--results", results,
              "--max-steps", str(STEPS), "--log-every", "1", "--seed", "1", "--threads", "2").stderr
    found = [float(loss) for loss in re.findall(r"loss (\d+\.\d+)", log)]
    if len(found) != STEPS:
        sys.exit(f"{device}: expected the losses of {STEPS} steps, got {found}\n{log}")
    return found


os.makedirs(folder, exist_ok=True)
if precision == "tf32":
    run("segc", "compile", network, "--target", "cpu:x86-64-v3", "-o", model("cpu"))
    run("segc", "compile", network, "--precision", precision, "--target", "cuda-emulated:sm_80", "-o", model("emulated"))
else:
    run("segc", "compile", network, "--precision", precision, "--target", "cpu:x86-64-v3,cuda-emulated:sm_80", "-o", model("cpu"))
write_batches(json.loads(run("segc", "inspect", "--json", model("cpu")).stdout))
expected, actual = losses("cpu"), losses("emulated")
if expected[0] == expected[1]:
    sys.exit(f"the step changed nothing: losses {expected}")
for step, (want, got) in enumerate(zip(expected, actual)):
    if not abs(got - want) <= tolerance * abs(want):
        sys.exit(f"{network}, {precision}, step {step + 1}: the loss of the emulated GPU is {got}, that of the processor {want}")
print(f"{precision}: losses {actual}, on the processor {expected}")
