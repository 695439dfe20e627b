"""Compares `segrun evaluate --predictions --labels` with SciPy on random masks.

    python metrics_scipy.py PATH/TO/segrun
"""
import json
import math
import pathlib
import struct
import subprocess
import sys
import tempfile

import numpy as np
from scipy import ndimage

TOLERANCE_MM = 1.3


def write_nifti(path, labels, spacing):
    """Writes an 8-bit NIfTI-1 file with an sform; labels are [x, y, z]."""
    header = bytearray(352)
    struct.pack_into("<i", header, 0, 348)
    struct.pack_into("<8h", header, 40, 3, *labels.shape, 1, 1, 1, 1)
    struct.pack_into("<hh", header, 70, 2, 8)
    struct.pack_into("<8f", header, 76, 1, *spacing, 0, 0, 0, 0)
    struct.pack_into("<3f", header, 108, 352, 1, 0)
    header[123] = 2
    struct.pack_into("<hh", header, 252, 0, 1)
    for axis in range(3):
        row = [0.0] * 4
        row[axis] = spacing[axis]
        struct.pack_into("<4f", header, 280 + 16 * axis, *row)
    header[344:348] = b"n+1\0"
    path.write_bytes(bytes(header) + labels.astype(np.uint8).tobytes(order="F"))


def ratio(a, b):
    return a / b if b else math.nan


def expected_metrics(p, t, spacing):
    """The definitions of docs/Metrics.md in NumPy and SciPy."""
    both, n_p, n_t = (p & t).sum(), p.sum(), t.sum()
    volume = float(np.prod(spacing))
    values = {
        "dice": ratio(2 * both, n_p + n_t),
        "iou": ratio(both, (p | t).sum()),
        "sensitivity": ratio(both, n_t),
        "precision": ratio(both, n_p),
        "volume_prediction_mm3": n_p * volume,
        "volume_label_mm3": n_t * volume,
        "volume_difference_ml": (float(n_p) - float(n_t)) * volume / 1000,
    }
    if not n_p and not n_t:
        values.update(hd=math.nan, hd95=math.nan, assd=math.nan, surface_dice=math.nan)
    elif not n_p or not n_t:
        values.update(hd=math.inf, hd95=math.inf, assd=math.inf, surface_dice=0)
    else:
        surface = [m & ~ndimage.binary_erosion(m) for m in (p, t)]
        apart = [
            ndimage.distance_transform_edt(~surface[1 - i], sampling=spacing)[surface[i]]
            for i in (0, 1)
        ]
        every = np.concatenate(apart)
        values.update(
            hd=every.max(),
            hd95=max(np.percentile(a, 95) for a in apart),
            assd=every.mean(),
            surface_dice=(every <= TOLERANCE_MM).mean(),
        )
    corners = np.ones((3, 3, 3))
    (l_p, c_p), (l_t, c_t) = (ndimage.label(m, corners) for m in (p, t))
    detected = len(set(l_t[p]) - {0})
    false = c_p - len(set(l_p[t]) - {0})
    recall, exact = ratio(detected, c_t), ratio(c_p - false, c_p)
    r, e = (0 if math.isnan(v) else v for v in (recall, exact))
    values.update(
        lesions_label=c_t,
        lesions_prediction=c_p,
        lesions_detected=detected,
        lesions_false_positive=false,
        lesion_sensitivity=recall,
        lesion_precision=exact,
        lesion_f1=math.nan if not c_p + c_t else ratio(2 * r * e, r + e) if r + e else 0,
    )
    return values


def blobs(random, shape, share):
    """Smoothed noise: label 1 and 2 where it is largest and smallest."""
    noise = ndimage.gaussian_filter(random.standard_normal(shape), 1.5)
    low, high = np.quantile(noise, [share, 1 - share])
    return (noise > high) * 1 + (noise < low) * 2


def cases(random):
    for i in range(12):
        shape = tuple(random.integers(5, 40, 3))
        spacing = tuple(float(np.float32(s)) for s in random.uniform(0.4, 5, 3))
        t = blobs(random, shape, 0.15)
        p = np.roll(t, random.integers(-2, 3, 3), (0, 1, 2)) if i % 2 else blobs(random, shape, 0.1)
        yield f"blobs{i}", p, t, spacing
    empty = np.zeros((9, 7, 5), int)
    one, far, plane = (empty.copy() for _ in range(3))
    one[2, 3, 1] = 1
    far[8, 0, 4] = 1
    plane[2:7, 1:6, 2] = 1
    spacing = (0.5, 1.0, 3.0)
    for name, p, t in [
        ("voxels", one, far), ("voxel", one, one), ("missed", empty, one),
        ("invented", one, empty), ("empty", empty, empty), ("plane", plane, one),
        ("full", empty + 1, plane),
    ]:
        yield name, p, t, spacing


def number(value):
    return math.nan if value is None else math.inf if value == "inf" else value


def main(segrun):
    random = np.random.default_rng(14)
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        for part in ("p", "t"):
            (folder / part).mkdir()
        made = {c[0]: c[1:] for c in cases(random)}
        for case, (p, t, spacing) in made.items():
            write_nifti(folder / "p" / f"{case}.nii", p, spacing)
            write_nifti(folder / "t" / f"{case}.nii", t, spacing)
        subprocess.run(
            [segrun, "evaluate", "--predictions", folder / "p", "--labels", folder / "t",
             "--results", folder / "r", "--surface-tolerance", str(TOLERANCE_MM)],
            check=True)
        result = json.loads((folder / "r" / "case-metrics.json").read_text())
        json.loads((folder / "r" / "summary.json").read_text())
    compared, worst = 0, 0.0
    for entry in result["cases"]:
        p, t, spacing = made[entry["name"]]
        for label, values in entry["classes"].items():
            for metric, want in expected_metrics(p == int(label), t == int(label), spacing).items():
                got = number(values[metric])
                compared += 1
                if math.isnan(want) or math.isinf(want):
                    same = repr(float(got)) == repr(float(want))
                else:
                    worst = max(worst, abs(got - want) / max(1, abs(want)))
                    same = abs(got - want) <= 1e-9 * max(1, abs(want))
                if not same:
                    sys.exit(f"{entry['name']} class {label} {metric}: expected {want}, got {got}")
    print(f"{compared} values of {len(made)} cases equal SciPy's, largest difference {worst:.2g}")


if __name__ == "__main__":
    main(sys.argv[1])
