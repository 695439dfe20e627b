"""Runs what cases.py wrote, on a GPU:  device.py FOLDER [--small] [--json FILE]

Every case: results against PyTorch in f64, three runs of equal bits, and a call of fewer samples than the largest batch, which must leave the rest alone.
Timed cases: the median of 30 runs, and PyTorch's (cuDNN) convolution of the same shape in f32 without and with tf32. --small leaves out the timed cases (for
compute-sanitizer, which runs this program as any other)."""
import argparse
import json
import os
import statistics
import subprocess

import cupy
import numpy as np
import torch
import torch.nn.functional as F


def reference(case, v):
    """Results in f64; `v` are the arguments, channels last."""
    v = [a.double() for a in v]
    spatial = len(case["extents"])
    first = [0, spatial + 1, *range(1, spatial + 1)]
    last = [0, *range(2, spatial + 2), 1]

    def per_channel(a):
        return a.reshape(*a.shape[:-1], *[1] * spatial, a.shape[-1]) if a.dim() > 1 else a

    def normalised(x, mean, rstd, gamma, beta):
        return F.leaky_relu((x - per_channel(mean)) * per_channel(rstd) * gamma + beta, 0.01)

    if case["kind"] == "chain":
        return [torch.sigmoid(normalised(*v[:5])) + v[5]]
    fused = case["kind"] == "fused"
    x, w = (normalised(*v[:5]), v[5]) if fused else v
    pads = [p for pair in zip(reversed(case["pad_low"]), reversed(case["pad_high"])) for p in pair]
    conv = F.conv3d if spatial == 3 else F.conv2d
    y = conv(F.pad(x.permute(first), pads), w.permute(spatial + 1, spatial, *range(spatial)), v[6] if fused else None, case["strides"]).permute(last)
    if not fused:
        return [y]
    over = tuple(range(1, spatial + 1))
    return [y, y.mean(over), (y.var(over, unbiased=False) + 1e-2).rsqrt()]


def arguments(case):
    n, c = case["batch"], case["in"]
    x = [n, *case["extents"], c]
    norm = [[n, c], [n, c], [c], [c]]
    if case["kind"] == "chain":
        shapes, results = [x, *norm, x], [x]
    else:
        o, w = case["out"], [*case["taps"], c, case["out"]]
        y = [n, *case["result"], o]
        shapes, results = ([x, *norm, w, [o]], [y, [n, o], [n, o]]) if case["kind"] == "fused" else ([x, w], [y])
    generator = torch.Generator(device="cuda").manual_seed(17)
    made = [torch.rand(s, device="cuda", generator=generator) * 2 - 1 for s in shapes]
    return made, results


class Kernels:
    """One case's launches on buffers of its own."""

    def __init__(self, folder, case):
        module = cupy.RawModule(path=os.path.join(folder, case["ptx"]))
        self.launches = [(module.get_function(l["kernel"]), l) for l in case["launches"]]
        self.inputs, results = arguments(case)
        self.outputs = [torch.full(s, float("nan"), device="cuda") for s in results]
        temporary = torch.full([max(1, case["elements"][-1])], float("nan"), device="cuda")
        self.buffers = [cupy.from_dlpack(t) for t in (*self.inputs, *self.outputs, temporary)]
        assert [b.size for b in self.buffers[:-1]] == case["elements"][:-1], case["name"]

    def run(self, n):
        for function, launch in self.launches:
            function((launch["fixed"] + n * launch["per_sample"],), (launch["threads"],), (*self.buffers, np.int64(n)), shared_mem=launch["shared"])

    def fresh(self, n):
        for out in self.outputs:
            out.fill_(float("nan"))
        torch.cuda.synchronize()
        self.run(n)
        cupy.cuda.Device().synchronize()
        return [o.clone() for o in self.outputs]


def milliseconds(work, repeats=30):
    for _ in range(5):
        work()
    times = []
    for _ in range(repeats):
        start, end = cupy.cuda.Event(), cupy.cuda.Event()
        start.record()
        work()
        end.record()
        end.synchronize()
        times.append(cupy.cuda.get_elapsed_time(start, end))
    return statistics.median(times)


def peer(case, tf32):
    """PyTorch's convolution alone, channels last."""
    torch.backends.cudnn.allow_tf32 = tf32
    torch.backends.cudnn.benchmark = True
    spatial = len(case["extents"])
    layout = torch.channels_last_3d if spatial == 3 else torch.channels_last
    x = torch.rand([case["batch"], case["in"], *case["extents"]], device="cuda").to(memory_format=layout)
    w = torch.rand([case["out"], case["in"], *case["taps"]], device="cuda").to(memory_format=layout)
    conv = F.conv3d if spatial == 3 else F.conv2d
    assert case["pad_low"] == case["pad_high"]
    return milliseconds(lambda: conv(x, w, None, case["strides"], case["pad_low"]))


def run_case(folder, case):
    kernels = Kernels(folder, case)
    n = case["batch"]
    results = kernels.fresh(n)
    same = all(torch.equal(a, b) for _ in range(2) for a, b in zip(results, kernels.fresh(n)))
    error = 0.0
    for actual, expected in zip(results, reference(case, kernels.inputs)):
        error = max(error, ((actual.double() - expected).abs() / (1 + expected.abs())).max().item())
    fewer = kernels.fresh(n - 1)
    untouched = all(torch.equal(f[:n - 1], r[:n - 1]) and f[n - 1:].isnan().all().item() for f, r in zip(fewer, results))
    products = case["in"] * int(np.prod(case.get("taps", [1])))
    bound = 1e-6 * max(10, products / 10)
    record = {"name": case["name"], "largest_error": error, "bound": bound, "same_bits": same, "absent_samples_untouched": untouched,
              "passed": bool(error <= bound and same and untouched)}
    if case["timed"]:
        record["milliseconds"] = milliseconds(lambda: kernels.run(n))
        if case["kind"] != "chain":
            flops = 2 * n * int(np.prod(case["result"])) * case["out"] * products
            record["tflops"] = flops / record["milliseconds"] * 1e-9
            if case["kind"] == "conv":
                record["cudnn_f32_milliseconds"] = peer(case, False)
                record["cudnn_tf32_milliseconds"] = peer(case, True)
        else:
            record["gigabytes_per_second"] = 3 * kernels.inputs[0].nbytes / record["milliseconds"] * 1e-6
    return record


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder")
    parser.add_argument("--small", action="store_true")
    parser.add_argument("--json")
    options = parser.parse_args()
    with open(os.path.join(options.folder, "cases.json")) as f:
        listed = json.load(f)
    records = [run_case(options.folder, case) for case in listed["cases"] if not (options.small and case["timed"])]
    device = torch.cuda.get_device_properties(0)
    query = subprocess.run(["nvidia-smi", "--query-gpu=driver_version", "--format=csv,noheader"], check=True, capture_output=True, text=True)
    driver = query.stdout.splitlines()[0]
    for record in records:
        print(json.dumps(record))
    failed = sum(not r["passed"] for r in records)
    print(f"{len(records) - failed} passed, {failed} failed")
    if options.json:
        with open(options.json, "w") as f:
            json.dump({"device": device.name, "multiprocessors": device.multi_processor_count, "driver": driver, "torch": torch.__version__,
                       "cudnn": torch.backends.cudnn.version(), "chip": listed["chip"], "commit": listed["commit"], "records": records}, f, indent=1)
    raise SystemExit(1 if failed else 0)


if __name__ == "__main__":
    main()
