"""Writes the kernels that segc has for GPUs, as PTX, with what it takes to launch them:  cases.py SEGC_OPT OUTDIR [--chip sm_90]

One case is a fusion: a chain of pointwise ops, or a convolution (alone, or with a normalisation before it and the statistics of its result after it).
OUTDIR/cases.json lists them: shapes, launches (kernel, blocks, threads, arguments), the PTX file. device.py runs them where a GPU is; nothing but a driver,
PyTorch and CuPy is needed there. Names of layers are those of bench/shapes."""
import argparse
import json
import os
import re
import subprocess

# name, extents, taps, strides, pad_low, pad_high, channels in, channels out, timed
ODD = [
    ("odd-2d", [9, 11], [3, 3], [1, 1], [1, 1], [1, 1], 1, 3),
    ("unpadded", [7, 13], [3, 3], [1, 1], [0, 0], [0, 0], 3, 17),
    ("strided", [12, 9], [3, 3], [2, 2], [0, 1], [1, 1], 17, 32),
    ("pointwise-filter", [5, 6], [1, 1], [1, 1], [0, 0], [0, 0], 32, 40),
    ("uneven-padding", [33, 21], [5, 3], [1, 2], [2, 1], [2, 0], 3, 1),
    ("odd-3d", [5, 6, 7], [3, 3, 3], [1, 1, 1], [1, 1, 1], [1, 1, 1], 1, 32),
    ("narrow-3d", [4, 5, 3], [3, 3, 3], [1, 1, 1], [1, 1, 1], [1, 1, 1], 17, 3),
    ("strided-3d", [6, 5, 7], [3, 3, 3], [2, 2, 2], [1, 0, 1], [1, 1, 1], 3, 17),
    ("halving", [4, 4, 6], [2, 2, 2], [2, 2, 2], [0, 0, 0], [0, 0, 0], 20, 8),
    ("flat", [3, 9, 8], [1, 3, 3], [1, 1, 1], [0, 1, 1], [0, 1, 1], 32, 4),
]
LAYERS = [
    ("unet64:enc0_conv2", [570, 570], [3, 3], [1, 1], [0, 0], [0, 0], 64, 64),
    ("unet64:enc2_conv2", [138, 138], [3, 3], [1, 1], [0, 0], [0, 0], 256, 256),
    ("unet64:bottom_conv2", [30, 30], [3, 3], [1, 1], [0, 0], [0, 0], 1024, 1024),
    ("vnet:enc1_conv", [16, 16, 16], [3, 3, 3], [1, 1, 1], [1, 1, 1], [1, 1, 1], 64, 64),
    ("nnunet04_3d:enc0_conv2", [40, 56, 40], [3, 3, 3], [1, 1, 1], [1, 1, 1], [1, 1, 1], 32, 32),
    ("nnunet04_3d:enc1_conv1", [40, 56, 40], [3, 3, 3], [2, 2, 2], [1, 1, 1], [1, 1, 1], 32, 64),
]


def tensor(*shape):
    return "tensor<" + "x".join(map(str, shape)) + "xf32>"


def fusion(types, results, body):
    """A function of one fusion; body names %a0.. and what it yields %r0.."""
    outs = ", ".join(results)
    return (f"func.func @f({', '.join(f'%x{i}: {t}' for i, t in enumerate(types))}) -> ({outs}) {{\n"
            f"  %f:{len(results)} = seg.fusion ({', '.join(f'%a{i} = %x{i} : {t}' for i, t in enumerate(types))}) -> ({outs}) {{\n"
            f"{body}\n    seg.yield {', '.join(f'%r{i}' for i in range(len(results)))} : {outs}\n  }}\n"
            f"  return {', '.join(f'%f#{i}' for i in range(len(results)))} : {outs}\n}}\n")


def conv_case(layer, batch, fused):
    name, extents, taps, strides, low, high, cin, cout = layer
    out = [(e + a + b - k) // s + 1 for e, k, s, a, b in zip(extents, taps, strides, low, high)]
    x, w, y = tensor(batch, *extents, cin), tensor(*taps, cin, cout), tensor(batch, *out, cout)
    s, g, b, t = tensor(batch, cin), tensor(cin), tensor(cout), tensor(batch, cout)
    where = f"strides {strides} pad_low {low} pad_high {high}"
    if fused:
        text = fusion([x, s, s, g, g, w, b], [y, t, t],
                      f"%n = seg.norm_apply %a0, %a1, %a2, %a3, %a4 : ({x}, {s}, {s}, {g}, {g}) -> {x}\n%l = seg.leaky_relu %n slope 0.01 : {x}\n"
                      f"%r0 = seg.conv %l, %a5 bias %a6 {where} : ({x}, {w}, {b}) -> {y}\n"
                      f"%r1, %r2 = seg.norm_stats instance %r0 epsilon 1.0e-2 : ({y}) -> ({t}, {t})")
    else:
        text = fusion([x, w], [y], f"%r0 = seg.conv %a0, %a1 {where} : ({x}, {w}) -> {y}")
    return {"name": name + ("+norm" if fused else ""), "kind": "fused" if fused else "conv", "batch": batch, "extents": extents, "taps": taps, "strides": strides,
            "pad_low": low, "pad_high": high, "in": cin, "out": cout, "result": out, "text": text}


def chain_case(extents, channels, batch):
    x, s, g = tensor(batch, *extents, channels), tensor(batch, channels), tensor(channels)
    text = fusion([x, s, s, g, g, x], [x],
                  f"%n = seg.norm_apply %a0, %a1, %a2, %a3, %a4 : ({x}, {s}, {s}, {g}, {g}) -> {x}\n%l = seg.leaky_relu %n slope 0.01 : {x}\n"
                  f"%q = seg.sigmoid %l : {x}\n%r0 = seg.add %q, %a5 : ({x}, {x}) -> {x}")
    return {"name": "chain " + "x".join(map(str, [*extents, channels])), "kind": "chain", "batch": batch, "extents": extents, "in": channels, "text": text}


def compile_case(number, case, segc_opt, folder, chip):
    source = os.path.join(folder, f"{number}.mlir")
    with open(source, "w") as f:
        f.write(case.pop("text"))
    outlined = subprocess.run([segc_opt, source, f"--segc-gpu=chip={chip}"], check=True, capture_output=True, text=True).stdout
    case["ptx"] = f"{number}.ptx"
    subprocess.run([segc_opt, source, f"--segc-gpu=chip={chip}", f"--seg-write-ptx=chip={chip} output={os.path.join(folder, case['ptx'])}", "-o", os.devnull], check=True)
    os.remove(source)
    case["launches"] = []
    for found in re.finditer(r"gpu\.func @(\w+)\((.*?)\).*?exec\.kernel = #exec\.kernel<\S+ launch \d+ tasks (\d+) \+ (\d+) \* n scratch \d+ threads (\d+)(?: shared (\d+))?>", outlined):
        sizes = [int(n) for n in re.findall(r"memref<(\d+)xf32>", found[2])]
        case["launches"].append({"kernel": found[1], "threads": int(found[5]), "shared": int(found[6] or 0), "fixed": int(found[3]), "per_sample": int(found[4])})
        case["elements"] = sizes  # inputs, results, temporary: those of all launches


def commit():
    """The commit of this repository, short; empty without git."""
    here = os.path.dirname(os.path.abspath(__file__))
    return subprocess.run(["git", "-C", here, "rev-parse", "--short", "HEAD"], capture_output=True, text=True).stdout.strip()


def write(segc_opt, folder, chip, small=False):
    os.makedirs(folder, exist_ok=True)
    cases = [conv_case(layer, 3, fused) for layer in ODD for fused in (False, True)]
    cases += [chain_case(e, c, 3) for e, c in (([5, 7], 1), ([9, 11], 3), ([3, 5, 7], 16), ([5, 7], 17), ([23, 29], 3))]
    large = [conv_case(layer, 2, fused) for layer in LAYERS for fused in (False, True)] + [chain_case([40, 56, 40], 32, 2)]
    for timed, some in ((False, cases), (True, large)):
        for case in some:
            case["timed"] = timed
    cases = cases[:2] if small else cases + large
    for number, case in enumerate(cases):
        compile_case(number, case, segc_opt, folder, chip)
    with open(os.path.join(folder, "cases.json"), "w") as f:
        json.dump({"chip": chip, "commit": commit(), "cases": cases}, f, indent=1)
    print(len(cases), "cases in", folder)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("segc_opt")
    parser.add_argument("folder")
    parser.add_argument("--chip", default="sm_90")
    options = parser.parse_args()
    write(options.segc_opt, options.folder, options.chip)


if __name__ == "__main__":
    main()
