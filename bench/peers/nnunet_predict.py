# Part of segc, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""nnU-Net v2 itself against `segrun predict`: same weights, same volumes, same cores.

  nnunet_predict.py --plan PLAN.json --checkpoint MODEL.safetensors --data FOLDER
      --segrun build/bin/segrun --models f32=n-f32.so,f16=n-f16.so --work FOLDER
      [--settings workers-3,sequential,...] [--reference sequential] [--rounds N] [--threads N]

Both read NAME.nii.gz of one channel and write masks: from file to file, without test-time augmentation, with Gaussian
weights and an overlap of 0.5. Time is that of nnU-Net without its imports (in its workers, which import it again, they
cannot be left out), and of segrun's whole process; processor seconds, of all threads and processes of the same, suffer
less from other work on the machine. Memory is the peak of resident memory; of nnU-Net with workers of the proportional
set sizes of all processes, sampled. Runs are in turns.

Settings of nnU-Net:
  workers-N   predict_from_files with N processes that prepare and N that write: 8 by default, 3 in nnUNetv2_predict
  sequential  predict_from_files_sequential
  compile     the same with nnUNet_compile=1, whose caches a run before has filled
  bf16        sequential under torch.autocast, which nnU-Net itself does not offer on CPUs
  f32-sums    sequential, with sums of windows in 32 bits; nnU-Net's are in 16

Dice is that between the masks of each run and those of the setting --reference. A line of JSON for each run, then the
medians.
"""

import argparse
import contextlib
import functools
import json
import os
import pathlib
import statistics
import subprocess
import sys
import threading
import time

import numpy as np

from nifti import read_nifti


def processor_seconds():
    """Of this process and of the children that have ended."""
    return sum(os.times()[:4])


def predict(setting, folder, images, output, threads):
    """Of the process that runs nnU-Net: prints a line of JSON."""
    import torch
    from nnunetv2.inference import predict_from_raw_data as peer

    status = pathlib.Path("/proc/self/status").read_text()
    imported = int(status.split("VmRSS:")[1].split()[0]) * 1024
    torch.set_num_threads(threads)
    os.makedirs(output, exist_ok=True)
    if setting == "f32-sums":
        torch.half = torch.float
        peer.compute_gaussian = functools.lru_cache(functools.partial(peer.compute_gaussian, dtype=torch.float))
    begin, before = time.perf_counter(), processor_seconds()
    predictor = peer.nnUNetPredictor(use_mirroring=False, device=torch.device("cpu"), allow_tqdm=False)
    predictor.initialize_from_trained_model_folder(folder, (0,))
    narrow = torch.autocast("cpu", dtype=torch.bfloat16) if setting == "bf16" else contextlib.nullcontext()
    with narrow:
        if setting.startswith("workers-"):
            count = int(setting.removeprefix("workers-"))
            predictor.predict_from_files(images, output, num_processes_preprocessing=count, num_processes_segmentation_export=count)
        else:
            predictor.predict_from_files_sequential(images, output)
    seconds, worked = time.perf_counter() - begin, processor_seconds() - before
    print(json.dumps({"seconds": seconds, "processor_seconds": worked, "import_bytes": imported}))


def proportional_bytes(pid):
    """Of a process and its descendants; pages that several share count once."""
    total = 0
    with contextlib.suppress(OSError):
        for line in pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            total += int(line.split()[1]) * 1024 if line.startswith("Pss:") else 0
        for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
            total += sum(proportional_bytes(child) for child in (task / "children").read_text().split())
    return total


def measure(command, environment, sample_tree):
    """Seconds and peak bytes of a process, and its standard output."""
    begin, before, peaks = time.perf_counter(), processor_seconds(), [0]
    pipe, variables = subprocess.PIPE, {**os.environ, **environment}
    child = subprocess.Popen([str(part) for part in command], env=variables, stdout=pipe, stderr=pipe, text=True)

    def sample():
        while child.poll() is None:
            peaks.append(proportional_bytes(child.pid))
            time.sleep(1)  # Each look at gigabytes of pages takes milliseconds and stops the process.

    if sample_tree:
        sampler = threading.Thread(target=sample)
        sampler.start()
        output, errors = child.communicate()
        sampler.join()
        code = child.returncode
    else:
        reader = threading.Thread(target=lambda: peaks.append(child.stderr.read()))
        reader.start()
        output = child.stdout.read()
        reader.join()
        errors = peaks.pop()
        _, status, usage = os.wait4(child.pid, 0)
        code = child.returncode = os.waitstatus_to_exitcode(status)
        peaks.append(usage.ru_maxrss * 1024)
    seconds = time.perf_counter() - begin
    if code:
        raise RuntimeError(f"{command}: exit code {code}\n{output[-2000:]}\n{errors[-4000:]}")
    worked = processor_seconds() - before
    return {"seconds": seconds, "processor_seconds": worked, "peak_bytes": max(peaks)}, output


def run_peer(options, setting, output):
    environment = {"nnUNet_compile": "1" if setting == "compile" else "0", "OMP_NUM_THREADS": str(options.threads)}
    environment |= {f"nnUNet_{name}": str(options.work) for name in ("raw", "preprocessed", "results")}
    arguments = [sys.executable, pathlib.Path(__file__), "--child", setting]
    for name, value in (("work", options.work), ("output", output), ("threads", options.threads)):
        arguments += [f"--{name}", value]
    line, text = measure(arguments, environment, setting.startswith("workers-"))
    return {"program": f"nnunetv2 {setting}", **line, **json.loads(text.splitlines()[-1])}


def run_ours(options, name, model, output):
    command = [options.segrun.resolve(), "predict", "--model", model, "--checkpoint", options.checkpoint, "--plan", options.plan]
    command += ["--configuration", options.configuration, "--output", output, "--no-overlays", "--threads", options.threads]
    line, _ = measure(command + options.segrun_options.split() + ["--data", *options.volumes], {}, False)
    return {"program": f"segc {name}", **line}


def dice(reference, found, classes):
    """Mean over cases and classes that either has, the least of them, and of all voxels by class."""
    counts = []
    for path in sorted(reference.glob("*.nii.gz")):
        first, second = read_nifti(path), read_nifti(found / path.name)
        pairs = [(first == label, second == label) for label in range(1, classes)]
        counts.append([(int((a & b).sum()), int(a.sum() + b.sum())) for a, b in pairs])
    counts = np.array(counts)
    both, sizes = counts[..., 0], counts[..., 1]
    cases = 2 * both[sizes > 0] / sizes[sizes > 0]
    pooled = 2 * both.sum(0)[sizes.sum(0) > 0] / sizes.sum(0)[sizes.sum(0) > 0]
    return {"dice": cases.mean(), "dice_least_case": cases.min(), "dice_least_class": pooled.min(), "classes": len(pooled), "cases": len(counts)}


def parse():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name in ("plan", "checkpoint", "data", "segrun", "work", "output"):
        parser.add_argument(f"--{name}", type=pathlib.Path)
    parser.add_argument("--models", default="", help="name=file, separated by commas")
    parser.add_argument("--settings", default="sequential", help="of nnU-Net, separated by commas")
    parser.add_argument("--reference", default="sequential", help="setting whose masks Dice is with")
    parser.add_argument("--segrun-options", default="", help="more options of segrun predict")
    parser.add_argument("--configuration", default="3d_fullres")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--child", help=argparse.SUPPRESS)
    return parser.parse_args()


def run(options):
    plan = json.loads(options.plan.read_text())
    # A process of its own: what is resident here when a child starts would count as its peak.
    writer = [sys.executable, pathlib.Path(__file__).with_name("nnunet_folder.py"), options.plan, options.checkpoint]
    subprocess.run(writer + [options.work / "model", "--configuration", options.configuration], check=True)
    options.volumes = sorted(path for path in options.data.glob("*.nii.gz") if not path.name.startswith("."))
    images = options.work / "images"
    images.mkdir(parents=True, exist_ok=True)
    for path in options.volumes:
        link = images / path.name.replace(".nii.gz", "_0000.nii.gz")
        if not link.is_symlink():
            link.symlink_to(path.resolve())
    settings = options.settings.split(",")
    models = [entry.split("=", 1) for entry in options.models.split(",") if entry]
    runs = [(f"nnunetv2 {setting}", lambda output, setting=setting: run_peer(options, setting, output)) for setting in settings]
    runs += [(f"segc {name}", lambda output, name=name, model=model: run_ours(options, name, model, output)) for name, model in models]
    if "compile" in settings:
        run_peer(options, "compile", options.work / "masks-warm-up")
    folder_of = lambda program: options.work / program.replace(" ", "-")  # noqa: E731
    lines = []
    for round_number in range(options.rounds):
        for program, measured in runs if round_number % 2 == 0 else runs[::-1]:
            line = measured(folder_of(program)) | {"load": os.getloadavg()[0]}
            print(json.dumps(line), flush=True)
            lines.append(line)
    for program, _ in runs:
        mine = [line for line in lines if line["program"] == program]
        median = {key: statistics.median(line[key] for line in mine) for key in ("seconds", "processor_seconds", "peak_bytes")}
        compared = dice(folder_of(f"nnunetv2 {options.reference}"), folder_of(program), len(plan["class_names"]))
        print(json.dumps({"median": program, **median, **compared}), flush=True)


def main():
    options = parse()
    if options.child:
        predict(options.child, str(options.work / "model"), str(options.work / "images"), str(options.output), options.threads)
    else:
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: options.threads])
        run(options)


if __name__ == "__main__":
    main()
