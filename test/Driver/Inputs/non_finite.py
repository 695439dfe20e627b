"""Writes networks of two convolutions, batches, weights and a data set of
slices into a directory: with usual numbers and with such that overflow."""

import json
import pathlib
import struct
import sys

folder = pathlib.Path(sys.argv[1])
size = 8
image, hidden, logits = (f"tensor<1x{size}x{size}x{channels}xf32>" for channels in (1, 16, 2))
w, v, labels = "tensor<3x3x1x16xf32>", "tensor<3x3x16x2xf32>", f"tensor<1x{size}x{size}xi32>"
extents = ", ".join(f"{key} = [{size}, {size}]" for key in ("output", "pad_to", "resize"))
infinity, nan = float("inf"), float("nan")


def floats(*values):
    return struct.pack(f"<{len(values)}f", *values)


def tensors(name, **values):
    header, body = {}, b""
    for key, (kind, shape, data) in values.items():
        header[key] = {"dtype": kind, "shape": shape, "data_offsets": [len(body), len(body) + len(data)]}
        body += data
    text = json.dumps(header).encode()
    (folder / name).write_bytes(struct.pack("<Q", len(text)) + text + body)


def weights(name, value):
    tensors(name, w=("F32", [3, 3, 1, 16], floats(*[value] * 144)), v=("F32", [3, 3, 16, 2], floats(*[1e-3] * 144, *[-1e-3] * 144)))


def tiff(name, pages):
    """Uncompressed slices of 8 bits."""
    data, position = b"II*\0", 4
    for pixels in pages:
        directory = len(data) + 4 + size * size
        data += struct.pack("<I", directory) + pixels
        tags = {256: size, 257: size, 258: 8, 259: 1, 262: 1, 273: directory - size * size, 277: 1, 278: size, 279: size * size}
        data += struct.pack("<H", len(tags)) + b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags.items())
    (folder / "set" / name).write_bytes(data + struct.pack("<I", 0))


for kind in ("adam", "radam", "rmsprop", "sgd"):
    (folder / f"{kind}.mlir").write_text(
        f"""seg.network @n format 1 classes 2 optimizer {{kind = "{kind}"}} pipeline {{kind = "isbi", {extents}}} forward {{
^bb0(%image: {image}):
  %w = seg.param "w" constant 1.0 decay : {w}
  %v = seg.param "v" glorot_uniform 0.0 decay : {v}
  %0 = seg.conv %image, %w strides [1, 1] pad_low [1, 1] pad_high [1, 1] : ({image}, {w}) -> {hidden}
  %1 = seg.relu %0 : {hidden}
  %2 = seg.conv %1, %v strides [1, 1] pad_low [1, 1] pad_high [1, 1] : ({hidden}, {v}) -> {logits}
  seg.output %2 : {logits}
}} objective ["loss", "dice"] {{
^bb0(%z: {logits}, %t: {labels}):
  %loss, %d0, %d1 = seg.dice %z, %t squared smooth 1.0e-6 : ({logits}, {labels}) -> (tensor<f32>, tensor<2xf32>, tensor<1x3x2xf32>)
  %sum = seg.cross_entropy %z, %t : ({logits}, {labels}) -> tensor<f32>
  seg.output %sum, %d0 : tensor<f32>, tensor<2xf32>
}}
"""
    )
for name, value in (("usual", 1.0), ("large", 1e21), ("infinite", infinity)):
    tensors(
        f"{name}.safetensors",
        image_0=("F32", [1, size, size, 1], floats(*[value] * size * size)),
        label_0=("I32", [1, size, size], struct.pack(f"<{size * size}i", *[0] * size * size)),
    )
weights("nan-weights.safetensors", nan)
weights("large-weights.safetensors", 3e5)
(folder / "set").mkdir()
planes = [bytes((7 * i + 31 * k) % 256 for i in range(size * size)) for k in range(5)]
tiff("train-volume.tif", planes)
tiff("train-labels.tif", [bytes(255 * (value > 127) for value in plane) for plane in planes])
tiff("test-volume.tif", planes[:2])
