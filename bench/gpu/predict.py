"""Predicted times of the networks of the published benchmarks, without a GPU.

Prints a table in Markdown: what a training step and a prediction take by the
performance model (docs/Gpu.md), with verified kernels and with all, and the
bound. The folder of --tables gets the table of each row, kernel by kernel.
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile

ROWS = {
    "U-Net bs 1": "unet2d --batch-size 1",
    "U-Net bs 8": "unet2d --batch-size 8",
    "V-Net bs 2": "vnet --batch-size 2",
    "V-Net bs 8": "vnet --batch-size 8",
    "V-Net bs 16": "vnet --batch-size 16",
    "V-Net bs 32": "vnet --batch-size 32",
    "nnU-Net 2D bs 64": "nnunet --task 01 --dim 2 --batch-size 64",
    "nnU-Net 2D bs 128": "nnunet --task 01 --dim 2 --batch-size 128",
    "nnU-Net 3D bs 2": "nnunet --task 01 --dim 3 --batch-size 2",
    "nnU-Net 3D bs 4": "nnunet --task 01 --dim 3 --batch-size 4",
    "MLPerf 3D U-Net bs 7": "unet3d --batch-size 7",
}

HEADLINE = re.compile(
    r"^(train_step|predict) of (\d+) samples on (\w+), \S+: bound (.*), verified "
    r"kernels (.*) \(([\d.]+) times the bound\), all kernels (.*) "
    r"\(([\d.]+) times the bound\)$", re.M)


def predict(options, name, folder):
    """Returns the tables of `segc explain` for a row, or with --cubin those of
    `segc compile`, which runs ptxas."""
    network = os.path.join(folder, "network.mlir")
    report = os.path.join(folder, "report.txt")
    subprocess.run([options.segc, "model", *ROWS[name].split(), "-o", network],
                   check=True)
    words = [network, "--target", "cuda:" + options.version, "--precision",
             options.precision, "--unverified-kernels", "--performance-model",
             options.devices]
    if options.count_bytes:
        words.append("--count-bytes")
    if options.cubin:
        command = ["compile", *words, "--report", report, "-o",
                   os.path.join(folder, "model.so")]
    else:
        command = ["explain", *words]
    done = subprocess.run([options.segc, *command], stdout=subprocess.PIPE,
                          text=True)
    if done.returncode:
        sys.exit(f"{name}: segc {command[0]} failed")
    text = done.stdout
    if options.cubin:
        with open(report) as file:
            text = file.read()
    return text[re.search(r"^predict of ", text, re.M).start():]


def main():
    parser = argparse.ArgumentParser(
        description=__doc__.split("\n")[0])
    parser.add_argument("segc")
    parser.add_argument("names", nargs="*", metavar="NAME",
                        help="rows, such as 'V-Net bs 2' (default: all)")
    parser.add_argument("--precision", default="bf16")
    parser.add_argument("--devices", default="h100,h200")
    parser.add_argument("--version", default="sm_90a")
    parser.add_argument("--cubin", action="store_true",
                        help="compile and assemble, for the registers and the "
                        "occupancy that ptxas gives")
    parser.add_argument("--count-bytes", action="store_true",
                        help="count what blocks ask L2 for, on the emulator")
    parser.add_argument("--tables")
    options = parser.parse_intermixed_args()
    for name in options.names:
        if name not in ROWS:
            parser.error(f"no row {name!r}, expected some of "
                         f"{', '.join(ROWS)}")
    print("| network | what | device | bound | verified kernels | / bound | "
          "all kernels | / bound |")
    print("|---|---|---|---|---|---|---|---|")
    for name in options.names or ROWS:
        with tempfile.TemporaryDirectory() as folder:
            text = predict(options, name, folder)
        if options.tables:
            os.makedirs(options.tables, exist_ok=True)
            path = os.path.join(options.tables,
                                re.sub(r"\W+", "-", name).lower() + ".txt")
            with open(path, "w") as file:
                file.write(text)
        for match in HEADLINE.finditer(text):
            what, _, device, *figures = match.groups()
            what = "training" if what == "train_step" else "prediction"
            print(f"| {name} | {what} | {device} | {' | '.join(figures)} |",
                  flush=True)


if __name__ == "__main__":
    main()
