"""A network of patches with its weights, a volume, and the labels that windows
give by the rules of the published example, in plain loops.

windows.py make FOLDER
windows.py check FOLDER MASK [flips]
"""

import array
import gzip
import itertools
import json
import math
import random
import struct
import sys

SHAPE, PATCH, FEATURES, CLASSES = (11, 7, 9), 6, 2, 4  # Of the test.
TAPS = list(itertools.product((-1, 0, 1), repeat=3))


def numbers(seed, count, low, high):
    rng = random.Random(seed)
    # As f32 has them.
    return [struct.unpack("<f", struct.pack("<f", rng.uniform(low, high)))[0] for _ in range(count)]


def weights(features=FEATURES, classes=CLASSES):
    return {
        "conv.weight": ([3, 3, 3, 1, features], numbers(1, 27 * features, -0.5, 0.5)),
        "conv.bias": ([features], numbers(2, features, -0.2, 0.2)),
        "head.weight": ([1, 1, 1, features, classes], numbers(3, features * classes, -1, 1)),
        "head.bias": ([classes], numbers(4, classes, -0.3, 0.3)),
    }


def image():
    # Positive everywhere, so that nothing is cropped.
    rng = random.Random(5)
    return [rng.randint(1, 2000) for _ in range(math.prod(SHAPE))]


def network(patch=PATCH, features=FEATURES, classes=CLASSES):
    def tensor(channels):
        return f"tensor<1x{patch}x{patch}x{patch}x{channels}xf32>"

    names = ", ".join(f'"class {i}"' for i in range(classes))
    return f"""seg.network @patches format 1 classes {classes} optimizer {{kind = "adam"}} pipeline {{class_names = [{names}], dim = 3 : i64, kind = "nnunet", modality = "MRI", patch = [{patch}, {patch}, {patch}], spacing = [1.0, 1.0, 1.0]}} forward {{
^bb0(%image: {tensor(1)}):
  %w0 = seg.param "conv.weight" glorot_uniform 0.0 decay : tensor<3x3x3x1x{features}xf32>
  %b0 = seg.param "conv.bias" constant 0.0 : tensor<{features}xf32>
  %w1 = seg.param "head.weight" glorot_uniform 0.0 decay : tensor<1x1x1x{features}x{classes}xf32>
  %b1 = seg.param "head.bias" constant 0.0 : tensor<{classes}xf32>
  %0 = seg.conv %image, %w0 bias %b0 strides [1, 1, 1] pad_low [1, 1, 1] pad_high [1, 1, 1] : ({tensor(1)}, tensor<3x3x3x1x{features}xf32>, tensor<{features}xf32>) -> {tensor(features)}
  %1 = seg.relu %0 : {tensor(features)}
  %2 = seg.conv %1, %w1 bias %b1 strides [1, 1, 1] pad_low [0, 0, 0] pad_high [0, 0, 0] : ({tensor(features)}, tensor<1x1x1x{features}x{classes}xf32>, tensor<{classes}xf32>) -> {tensor(classes)}
  seg.output %2 : {tensor(classes)}
}} objective ["loss"] {{
^bb0(%logits: {tensor(classes)}, %labels: tensor<1x{patch}x{patch}x{patch}xi32>):
  %loss = seg.cross_entropy %logits, %labels : ({tensor(classes)}, tensor<1x{patch}x{patch}x{patch}xi32>) -> tensor<f32>
  seg.output %loss : tensor<f32>
}}
"""


def safetensors(tensors):
    header, data = {}, b""
    for name, (shape, values) in tensors.items():
        packed = struct.pack(f"<{len(values)}f", *values)
        header[name] = {"dtype": "F32", "shape": shape, "data_offsets": [len(data), len(data) + len(packed)]}
        data += packed
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data


def nifti_header(shape):
    """Of 16-bit voxels of 1 mm."""
    depth, height, width = shape
    header = bytearray(352)
    struct.pack_into("<i", header, 0, 348)
    struct.pack_into("<8h", header, 40, 3, width, height, depth, 1, 1, 1, 1)
    struct.pack_into("<2h", header, 70, 4, 16)
    struct.pack_into("<8f", header, 76, 1, 1, 1, 1, 0, 0, 0, 0)
    struct.pack_into("<f", header, 108, 352)
    struct.pack_into("<h", header, 254, 1)
    for row in range(3):
        struct.pack_into("<4f", header, 280 + 16 * row, *[float(row == column) for column in range(4)])
    header[344:348] = b"n+1\0"
    return bytes(header)


def write_volume(path, shape):
    """16-bit noise, positive, so that nothing is cropped."""
    rng = random.Random(1)
    plane = shape[1] * shape[2]
    with open(path, "wb") as file:
        file.write(nifti_header(shape))
        for _ in range(shape[0]):
            voxels = array.array("H", rng.randbytes(2 * plane))
            file.write(array.array("h", [1 + (v & 1023) for v in voxels]).tobytes())


def logits(read):
    """The network on a patch, whose voxels `read` gives; 0 outside."""
    tensors = {name: values for name, (_, values) in weights().items()}
    result = {}
    for place in itertools.product(range(PATCH), repeat=3):
        features = list(tensors["conv.bias"])
        for tap, offset in enumerate(TAPS):
            at = tuple(p + o for p, o in zip(place, offset))
            if all(0 <= p < PATCH for p in at):
                value = read(at)
                for f in range(FEATURES):
                    features[f] += tensors["conv.weight"][tap * FEATURES + f] * value
        result[place] = [
            tensors["head.bias"][c]
            + sum(max(features[f], 0) * tensors["head.weight"][f * CLASSES + c] for f in range(FEATURES))
            for c in range(CLASSES)
        ]
    return result


def starts(size):
    step, found, start = PATCH // 2, [], 0
    while start + PATCH < size:
        found.append(start)
        start += step
    return found + [size - PATCH]


def expected(flips):
    values = image()
    mean = sum(values) / len(values)
    deviation = math.sqrt(sum((v - mean) ** 2 for v in values) / len(values))

    def voxel(place):
        return (values[(place[0] * SHAPE[1] + place[1]) * SHAPE[2] + place[2]] - mean) / deviation

    gaussian = [math.exp(-0.5 * ((i - (PATCH - 1) / 2) / (PATCH / 8)) ** 2) for i in range(PATCH)]
    sums = {place: [0.0] * CLASSES for place in itertools.product(*map(range, SHAPE))}
    for first in itertools.product(*map(starts, SHAPE)):
        for flip in itertools.product((False, True), repeat=3) if flips else [(False,) * 3]:

            def turned(place):
                return tuple(PATCH - 1 - p if f else p for p, f in zip(place, flip))

            result = logits(lambda place: voxel(tuple(a + b for a, b in zip(first, turned(place)))))
            for place, scores in result.items():
                at = tuple(a + b for a, b in zip(first, turned(place)))
                weight = math.prod(gaussian[p] for p in turned(place)) ** (1 / 3)
                sums[at] = [s + weight * v for s, v in zip(sums[at], scores)]
    return [sums[place] for place in itertools.product(*map(range, SHAPE))]


def check(mask, flips):
    stored = gzip.open(mask, "rb").read()
    labels = stored[int(struct.unpack_from("<f", stored, 108)[0]) :]
    scores = expected(flips)
    assert len(labels) == len(scores), (len(labels), len(scores))
    for i, (label, values) in enumerate(zip(labels, scores)):
        # Of two that are alike either may be taken.
        assert values[label] >= max(values) - 1e-4 * max(map(abs, values)), (i, label, values)
    assert len(set(labels)) > 2, set(labels)


def main():
    folder = sys.argv[2]
    if sys.argv[1] == "check":
        return check(sys.argv[3], sys.argv[4:] == ["flips"])
    open(f"{folder}/model.mlir", "w").write(network())
    open(f"{folder}/weights.safetensors", "wb").write(safetensors(weights()))
    values = image()
    open(f"{folder}/case.nii", "wb").write(nifti_header(SHAPE) + struct.pack(f"<{len(values)}h", *values))


if __name__ == "__main__":
    main()
