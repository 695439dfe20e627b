"""Collects what a machine with a GPU needs to check and to measure, and no compiler there:

  prepare.py SEGC DEVICE_CASES NCCL_TESTS SEGRUN FOLDER [--small]

FOLDER gets the kernel cases (cases.py; DEVICE_CASES is build/unittests/SegcDeviceCases), models to compare with the processor, which are for both in one file, the published networks for GPUs alone,
segrun with its libraries, the test of NCCL (NCCL_TESTS is build/unittests/SegcRealNcclTests), PyTorch's and JAX's renderings of the networks, run.py, and models.json, which lists the models; FOLDER.tar.xz has it all.
--small takes one network of a few kernels, for the processor and for an emulated GPU, and some kernel cases: what tests run."""
import argparse
import json
import os
import re
import shutil
import subprocess

import cases

NNUNET_2D, NNUNET_3D = ["nnunet", "--task", "04", "--dim", "2"], ["nnunet", "--task", "04"]
SMALL_VNET = ["vnet", "--width", "4", "--input-shape", "16", "16", "16", "--downscale-blocks", "1", "1", "--upscale-blocks", "1"]
# Those that the processor has, too.
PRECISIONS = ("bf16", "f16", "f32")
# The published networks at the published batch sizes, which are timed: a model for each, since kernels are chosen for a batch. Precisions other than bf16
# have the largest alone.
# name, options of `segc model`, network of bench/peers, batch sizes
PUBLISHED = [
    ("unet3d", ["unet3d"], "unet3d", [7]),
    ("unet2d", ["unet2d"], "unet64", [8, 1]),
    ("nnunet_3d", NNUNET_3D, "nnunet04_3d", [4, 2]),
    ("nnunet_2d", NNUNET_2D, "nnunet04_2d", [128, 64]),
    ("vnet", ["vnet"], "vnet", [32, 8, 2]),
]
# Extents that a processor trains in seconds, at the full width.
COMPARED = [
    ("vnet-16", ["vnet", "--input-shape", "16", "16", "16"], 2),
    ("nnunet_3d-16", [*NNUNET_3D, "--patch", "16", "24", "16"], 2),
    ("nnunet_2d-24", [*NNUNET_2D, "--patch", "24", "16"], 4),
    ("unet2d-188", ["unet2d", "--size", "188", "--width", "32"], 1),
    ("unet3d-32", ["unet3d", "--patch", "32", "32", "32"], 1),
]
# Every machine has these, of its own version.
SYSTEM = re.compile(r"^(linux-vdso|ld-linux|libc\.|libm\.|libdl\.|libpthread\.|librt\.)")
CARRIED = ["cluster_limits.py", "counters.py", "cuda_driver.py", "device.py", "jax_peer.py", "kernel_case.py", "models.py", "nccl.py", "peers.py", "report.py", "run.py", "torch_peer.py"]


def wanted_models(small):
    """What compile_model takes, in the order in which run.py should take them."""
    if small:
        return [{"name": "vnet-small-f32", "options": SMALL_VNET, "batch": 2, "precision": "f32", "targets": "cpu,cuda-emulated:sm_80", "compare": True,
                 "batches": [2, 1], "peer": "vnet"}]
    compared = [{"name": f"{name}-{precision}", "options": options, "batch": batch, "precision": precision, "targets": "cpu,cuda", "compare": True,
                 "batches": [], "peer": None} for precision in PRECISIONS for name, options, batch in COMPARED]
    published = [{"name": f"{name}-{batch}-{precision}", "options": options, "batch": batch, "precision": precision, "targets": "cuda", "compare": False,
                  "batches": [batch], "peer": peer} for precision in (*PRECISIONS, "tf32") for name, options, peer, batches in PUBLISHED
                 for batch in batches if precision == "bf16" or batch == max(batches)]
    # Beside them, cuDNN where it is faster. The runtime holds its plans against the generated kernels.
    called = [{**model, "name": model["name"] + "-conv-auto", "conv": "auto", "peer": None} for model in published if model["precision"] == "bf16"]
    # The kernels of GPUs without warpgroups, which any GPU runs.
    older = [{**model, "name": model["name"] + "-sm_80", "targets": model["targets"] + ":sm_80"} for model in compared if model["precision"] != "f32"]
    return compared + older + published + called


def compile_model(segc, folder, wanted):
    name = wanted["name"]
    text, model = os.path.join(folder, name + ".mlir"), os.path.join(folder, name + ".so")
    subprocess.run([segc, "model", *wanted.pop("options"), "-o", text], check=True)
    targets = wanted.pop("targets")
    processor = ["--cpu", "x86-64-v3"] if "cpu" in targets.split(",") else []
    subprocess.run([segc, "compile", text, "--target", targets, *processor, "--batch", str(wanted["batch"]), "--precision", wanted["precision"],
                    "--conv", wanted.pop("conv", "generated"), "--no-cubin", "-o", model],
                   check=True)
    os.remove(text)
    manifest = json.loads(subprocess.run([segc, "inspect", "--json", model], check=True, stdout=subprocess.PIPE).stdout)
    return {**wanted, "model": name + ".so", "classes": manifest["classes"], "inputs": manifest["entries"]["train_step"]["inputs"],
            "parameters": {p["name"]: p["shape"] for p in manifest["parameters"] + manifest["states"]}}


def commit():
    """The commit of this repository, short; empty without git."""
    here = os.path.dirname(os.path.abspath(__file__))
    return subprocess.run(["git", "-C", here, "rev-parse", "--short", "HEAD"], capture_output=True, text=True).stdout.strip()


def copy_libraries(program, folder):
    os.makedirs(folder, exist_ok=True)
    for line in subprocess.run(["ldd", program], check=True, stdout=subprocess.PIPE, text=True).stdout.splitlines():
        match = re.match(r"\s*(\S+) => (/\S+)", line)
        if match and not SYSTEM.match(match.group(1)):
            shutil.copy(match.group(2), os.path.join(folder, match.group(1)))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("segc")
    parser.add_argument("device_cases")
    parser.add_argument("nccl_tests")
    parser.add_argument("segrun")
    parser.add_argument("folder")
    parser.add_argument("--small", action="store_true")
    options = parser.parse_args()
    os.makedirs(options.folder, exist_ok=True)
    here = os.path.dirname(os.path.abspath(__file__))
    cases.write(options.device_cases, os.path.join(options.folder, "kernels"), small=options.small)
    models = [compile_model(options.segc, options.folder, wanted) for wanted in wanted_models(options.small)]
    for program, name in ((options.segrun, "segrun"), (options.nccl_tests, "nccl-tests")):
        shutil.copy(program, os.path.join(options.folder, name))
        copy_libraries(program, os.path.join(options.folder, "lib"))
    for name in CARRIED:
        shutil.copy(os.path.join(here, name), options.folder)
    shutil.copytree(os.path.join(os.path.dirname(here), "peers"), os.path.join(options.folder, "networks"), dirs_exist_ok=True,
                    ignore=shutil.ignore_patterns("__pycache__", "test_*"))
    with open(os.path.join(options.folder, "models.json"), "w") as file:
        json.dump({"commit": commit(), "models": models}, file, indent=1)
    place = os.path.abspath(options.folder)
    archive = shutil.make_archive(place, "xztar", os.path.dirname(place), os.path.basename(place))
    print(f"{archive}: {len(models)} models, {os.path.getsize(archive) / 1e6:.0f} MB")


if __name__ == "__main__":
    main()
