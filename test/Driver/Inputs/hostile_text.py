"""Writes hostile networks into a directory."""

import os
import pathlib
import sys

folder = pathlib.Path(sys.argv[1])
deep = 100000
image = "tensor<1x4x4x2xf32>"


def network(name, body="", result="%image", optimizer='kind = "adam"', pipeline="", classes=2, head="", tail="", t=image):
    label = "tensor<1x4x4xi32>"
    (folder / name).write_text(
        f"{head}seg.network @n format 1 classes {classes} optimizer {{{optimizer}}} pipeline {{{pipeline}}} forward {{\n"
        f"^bb0(%image: {t}):\n{body}  seg.output {result} : {t}\n}} objective [\"loss\"] {{\n"
        f"^bb0(%z: {t}, %t: {label}):\n"
        f"  %0 = seg.cross_entropy %z, %t : ({t}, {label}) -> {t.replace('1x4x4x2x', '')}\n"
        f"  seg.output %0 : {t.replace('1x4x4x2x', '')}\n}}{tail}\n"
    )


network("plain.mlir")
network("lists.mlir", pipeline="a = " + "[" * deep + "]" * deep)
network("dictionaries.mlir", pipeline="a = " + "{a = " * deep + "1" + "}" * deep)
network("types.mlir", pipeline="a = " + "tuple<" * deep + "f32" + ">" * deep)
network("regions.mlir", head='"builtin.module"() ({\n' * deep, tail="}) : () -> ()\n" * deep)
network("locations.mlir", tail=" loc(" + "fused[" * deep + '"a"' + "]" * deep + ")")
network("aliases.mlir", head="#a0 = [1]\n" + "".join(f"#a{i + 1} = [#a{i}]\n" for i in range(deep)), pipeline=f"a = #a{deep}")
network("operators.mlir", pipeline="a = affine_map<(d0) -> (" + "d0 + " * deep + "d0)>")
network("hundred.mlir", pipeline="a = " + "[" * 20 + "]" * 20, head="module {\n" * 100, tail="\n}" * 100)
network("f64.mlir", t="tensor<1x4x4x2xf64>")
network("classes.mlir", classes=1 << 40)
network(
    "unused.mlir",
    f'  %d = seg.param "dead" constant 0.0 : tensor<2xf32>\n  %r = seg.relu %image {{stride = 2 : i64}} : {image}\n',
    "%r",
    'kind = "adam", learnin_rate = 1.0e-3 : f64',
    'kind = "isbi", resise = [4, 4]',
)
body = f"  %v0 = seg.max_pool %image window [1, 1] strides [1, 1] : {image} -> {image}\n"
body += "".join(f"  %v{i + 1} = seg.add %v{i}, %v{i} : ({image}, {image}) -> {image}\n" for i in range(60))
network("doubled.mlir", body, "%v60")
(folder / "nested.json").write_text('{"allow": ' + "[" * deep + "]" * deep + "}")
for name, value in (("large", "1.0e+300"), ("tiny", "1.0e-300"), ("nan", "0x7FF8000000000000")):
    network(f"slope-{name}.mlir", f"  %r = seg.leaky_relu %image slope {value} : {image}\n", "%r")
network("rate.mlir", optimizer='kind = "adam", learning_rate = 1.0e+30 : f64')
os.mkfifo(folder / "pipe.mlir")
