"""Collects what a machine with a GPU needs to run whole models, and no compiler there:  prepare.py SEGC SEGRUN FOLDER [--small]

FOLDER gets the models (for the processor and for GPUs in one file), segrun with its libraries, run.py, and cases.json, which lists
the models and their inputs; FOLDER.tar.gz has it all. --small takes one network of a few kernels, for the processor and for an emulated GPU: what tests run."""
import argparse
import json
import os
import re
import shutil
import subprocess

BOTH, GPU = "cpu,cuda", "cuda"
# name, options of `segc model`, largest batch, precision, targets
MODELS = [
    ("vnet-f32", ["vnet"], 2, "f32", BOTH),
    ("vnet-bf16", ["vnet"], 2, "bf16", BOTH),
    ("vnet-f16", ["vnet"], 2, "f16", BOTH),
    ("nnunet_2d-bf16", ["nnunet_2d"], 2, "bf16", BOTH),
    ("nnunet_3d-f32", ["nnunet_3d"], 2, "f32", BOTH),
    ("nnunet_3d-bf16", ["nnunet_3d"], 2, "bf16", BOTH),
    ("unet2d-bf16", ["unet2d"], 1, "bf16", GPU),
]
SMALL = [("vnet-small", ["vnet", "--width", "4", "--input-shape", "16", "16", "16", "--downscale-blocks", "1", "1", "--upscale-blocks", "1"], 2, "f32",
          "cpu,cuda-emulated:sm_80")]
# Every machine has these, of its own version.
SYSTEM = re.compile(r"^(linux-vdso|ld-linux|libc\.|libm\.|libdl\.|libpthread\.|librt\.)")


def compile_model(segc, folder, name, network, batch, precision, targets):
    text, model = os.path.join(folder, name + ".mlir"), os.path.join(folder, name + ".so")
    subprocess.run([segc, "model", *network, "-o", text], check=True)
    processor = ["--cpu", "x86-64-v3"] if "cpu" in targets.split(",") else []
    subprocess.run([segc, "compile", text, "--target", targets, *processor, "--batch", str(batch), "--precision", precision, "-o", model], check=True)
    os.remove(text)
    manifest = json.loads(subprocess.run([segc, "inspect", "--json", model], check=True, stdout=subprocess.PIPE).stdout)
    return {"name": name, "model": name + ".so", "batch": batch, "precision": precision, "on_processor": bool(processor),
            "classes": manifest["classes"], "inputs": manifest["entries"]["train_step"]["inputs"]}


def copy_libraries(program, folder):
    os.makedirs(folder, exist_ok=True)
    for line in subprocess.run(["ldd", program], check=True, stdout=subprocess.PIPE, text=True).stdout.splitlines():
        match = re.match(r"\s*(\S+) => (/\S+)", line)
        if match and not SYSTEM.match(match.group(1)):
            shutil.copy(match.group(2), os.path.join(folder, match.group(1)))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("segc")
    parser.add_argument("segrun")
    parser.add_argument("folder")
    parser.add_argument("--small", action="store_true")
    options = parser.parse_args()
    os.makedirs(options.folder, exist_ok=True)
    cases = [compile_model(options.segc, options.folder, *model) for model in (SMALL if options.small else MODELS)]
    shutil.copy(options.segrun, os.path.join(options.folder, "segrun"))
    copy_libraries(options.segrun, os.path.join(options.folder, "lib"))
    shutil.copy(os.path.join(os.path.dirname(os.path.abspath(__file__)), "run.py"), options.folder)
    with open(os.path.join(options.folder, "cases.json"), "w") as file:
        json.dump(cases, file, indent=1)
    place = os.path.abspath(options.folder)
    archive = shutil.make_archive(place, "gztar", os.path.dirname(place), os.path.basename(place))
    print(f"{archive}: {len(cases)} models, {os.path.getsize(archive) / 1e6:.0f} MB")


if __name__ == "__main__":
    main()
