"""Plans chains of layers, the second four times as long as the first, and
compares the processor time that segc takes for them."""

import os
import pathlib
import resource
import subprocess
import sys

folder = pathlib.Path(sys.argv[1])
image, labels = "tensor<1x4x4x8xf32>", "tensor<1x4x4xi32>"


def conv(i, x):
    return (
        f'  %w{i} = seg.param "w{i}" glorot_uniform 0.0 : tensor<1x1x8x8xf32>\n'
        f"  %v{i} = seg.conv {x}, %w{i} strides [1, 1] pad_low [0, 0] pad_high [0, 0] : ({image}, tensor<1x1x8x8xf32>) -> {image}\n"
    )


def sigmoid(i, x):
    return f"  %v{i} = seg.sigmoid {x} : {image}\n"


def seconds(layer, count):
    body, x = "", "%image"
    for i in range(count):
        body, x = body + layer(i, x), f"%v{i}"
    network = folder / f"{layer.__name__}.mlir"
    network.write_text(
        f'seg.network @chain format 1 classes 8 optimizer {{kind = "sgd"}} pipeline {{}} forward {{\n^bb0(%image: {image}):\n{body}'
        f'  seg.output {x} : {image}\n}} objective ["loss"] {{\n^bb0(%z: {image}, %t: {labels}):\n'
        f"  %loss = seg.cross_entropy %z, %t : ({image}, {labels}) -> tensor<f32>\n  seg.output %loss : tensor<f32>\n}}\n"
    )
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    subprocess.run(["segc", "compile", network, "--cpu", "x86-64-v4", "--emit", "kernels", "-o", os.devnull], check=True)
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before


def takes_the_square(layer, count):
    short, long = seconds(layer, count), seconds(layer, 4 * count)
    print(f"{layer.__name__}: {short:.2f} s for {count}, {long:.2f} s for {4 * count}")
    # Twice the ratio of the lengths: the square would be four times as much.
    return long >= 8 * short + 0.5


# What else runs on the machine slows one of two runs down, but not each time.
for layer, count in (conv, 300), (sigmoid, 1000):
    assert not all(takes_the_square(layer, count) for _ in range(3)), layer.__name__
