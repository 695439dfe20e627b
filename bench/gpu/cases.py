"""Kernels to check on a device: those of the published networks, and fusions of odd sizes, which are written here: convolutions, alone and with a
normalisation before them, with the statistics of their result and with dropout after them, with quantized factors, their gradients, transposed ones, chains of pointwise ops, and
what is one kernel for all tensors: independent pointwise ops and the update of parameters."""
import os
import subprocess
import tempfile

BATCH = 3
# name, extents, taps, strides, pad_low, pad_high, channels in, channels out
ODD = [
    ("odd_2d", [9, 11], [3, 3], [1, 1], [1, 1], [1, 1], 1, 3),
    ("unpadded", [7, 13], [3, 3], [1, 1], [0, 0], [0, 0], 3, 17),
    ("strided", [12, 9], [3, 3], [2, 2], [0, 1], [1, 1], 17, 32),
    ("pointwise_filter", [5, 6], [1, 1], [1, 1], [0, 0], [0, 0], 32, 40),
    ("uneven_padding", [33, 21], [5, 3], [1, 2], [2, 1], [2, 0], 3, 1),
    ("odd_3d", [5, 6, 7], [3, 3, 3], [1, 1, 1], [1, 1, 1], [1, 1, 1], 1, 32),
    ("narrow_3d", [4, 5, 3], [3, 3, 3], [1, 1, 1], [1, 1, 1], [1, 1, 1], 17, 3),
    ("strided_3d", [6, 5, 7], [3, 3, 3], [2, 2, 2], [1, 0, 1], [1, 1, 1], 3, 17),
    ("halving", [4, 4, 6], [2, 2, 2], [2, 2, 2], [0, 0, 0], [0, 0, 0], 24, 8),
    ("flat", [3, 9, 8], [1, 3, 3], [1, 1, 1], [0, 1, 1], [0, 1, 1], 32, 4),
    # What tensor maps and patches take: channels in eights, extents that no tile divides.
    ("eights_2d", [13, 19], [3, 3], [1, 1], [1, 1], [1, 1], 24, 40),
    ("eights_3d", [5, 9, 11], [3, 3, 3], [1, 1, 1], [1, 1, 1], [1, 1, 1], 32, 16),
    ("strided_eights", [10, 7, 9], [3, 3, 3], [2, 2, 2], [1, 1, 1], [1, 1, 1], 16, 24),
]
# Those with dropout behind them, too.
DROPPED = ("odd_2d", "eights_2d", "eights_3d")
CHAINS = [("chain_1", [5, 7], 1), ("chain_3", [9, 11], 3), ("chain_16", [3, 5, 7], 16), ("chain_17", [5, 7], 17)]
# The version of the fusions of a type.
ODD_VERSIONS = {"f32": "sm_80", "f16": "sm_80", "bf16": "sm_90a"}
PRECISIONS = ("bf16", "f32", "tf32", "f16")


def tensor(kind, *shape):
    return "tensor<" + "".join(f"{extent}x" for extent in shape) + f"{kind}>"


def fusion(name, types, results, body, attributes="", yielded="%r{}"):
    """A function of one fusion; body names %a0.. and what it yields %r0.. or, of one op, %r#0.."""
    outs = ", ".join(results)
    return (f"func.func @{name}({', '.join(f'%x{i}: {t}' for i, t in enumerate(types))}) -> ({outs}) {{\n"
            f"  %f:{len(results)} = seg.fusion ({', '.join(f'%a{i} = %x{i} : {t}' for i, t in enumerate(types))}) -> ({outs}){attributes} {{\n"
            f"{body}\n    seg.yield {', '.join(map(yielded.format, range(len(results))))} : {outs}\n  }}\n"
            f"  return {', '.join(f'%f#{i}' for i in range(len(results)))} : {outs}\n}}\n")


def convolutions(layer, kind):
    name, extents, taps, strides, low, high, cin, cout = layer
    out = [(e + a + b - k) // s + 1 for e, k, s, a, b in zip(extents, taps, strides, low, high)]
    image, pixels, taps_in_out = [BATCH, *extents, cin], [BATCH, *out, cout], [*taps, cin, cout]
    x, w, y = tensor("f32", *image), tensor("f32", *taps_in_out), tensor("f32", *pixels)
    xs, ys = tensor(kind, *image), tensor(kind, *pixels)
    s, g, b, t = tensor("f32", BATCH, cin), tensor("f32", cin), tensor("f32", cout), tensor("f32", BATCH, cout)
    where = f"strides {strides} pad_low {low} pad_high {high}"

    def wide(argument, stored, used):
        return f"%w{argument} = seg.cast %a{argument} : {stored} -> {used}\n" if stored != used else "", f"%w{argument}" if stored != used else f"%a{argument}"

    def narrow(stored, used):
        return ("%c", f"%r0 = seg.cast %c : {used} -> {stored}\n") if stored != used else ("%r0", "")

    def alone(suffix, op, operands, result):
        """A fusion of one op. Operands and result: type in memory, type of the op."""
        casts, values = zip(*(wide(i, *operand) for i, operand in enumerate(operands)))
        to, cast = narrow(*result)
        types = f"({', '.join(used for _, used in operands)}) -> {result[1]}"
        return fusion(name + suffix, [stored for stored, _ in operands], [result[0]],
                      f"{''.join(casts)}{to} = seg.{op} {', '.join(values)} {where} : {types}\n{cast}")

    yield alone("", "conv", [(xs, x), (w, w)], (ys, y))
    cast, value = wide(0, xs, x)
    to, back = narrow(ys, y)
    # Statistics are those of the values in memory.
    again, read = (f"%s = seg.cast %r0 : {ys} -> {y}\n", "%s") if ys != y else ("", "%r0")
    yield fusion(name + "_norm", [xs, s, s, g, g, w, b], [ys, t, t],
                 f"{cast}%n = seg.norm_apply {value}, %a1, %a2, %a3, %a4 : ({x}, {s}, {s}, {g}, {g}) -> {x}\n%l = seg.leaky_relu %n slope 0.01 : {x}\n"
                 f"{to} = seg.conv %l, %a5 bias %a6 {where} : ({x}, {w}, {b}) -> {y}\n{back}{again}"
                 f"%r1, %r2 = seg.norm_stats instance {read} epsilon 1.0e-2 : ({y}) -> ({t}, {t})")
    if name in DROPPED:
        i = tensor("i64")
        yield fusion(name + "_dropout", [xs, w, b, i, i, i], [ys],
                     f"{cast}%d = seg.conv {value}, %a1 bias %a2 {where} : ({x}, {w}, {b}) -> {y}\n"
                     f"{to} = seg.dropout %d key(%a3, %a4, %a5) rate 0.5 id 7 : ({y}, {i}, {i}, {i}) -> {y}\n{back}")
    if kind == "bf16" and cin % 4 == 0:
        xi, wi = tensor("i8", *image), tensor("i8", *taps_in_out)
        yield fusion(name + "_int8", [xs, w, b], [ys],
                     f"{cast}%q = seg.quantize {value} scale 0.0078125 : {x} -> {xi}\n%d = seg.dequantize %q scale 0.0078125 : ({xi}) -> {x}\n"
                     f"%v, %u = seg.quantize_filter %a1 : ({w}) -> ({wi}, {b})\n%e = seg.dequantize %v scales %u : ({wi}, {b}) -> {w}\n"
                     f"{to} = seg.conv %d, %e bias %a2 {where} : ({x}, {w}, {b}) -> {y}\n{back}")
    yield alone("_input_grad", "conv_input_grad", [(ys, y), (w, w)], (xs, x))
    yield alone("_filter_grad", "conv_filter_grad", [(xs, x), (ys, y)], (w, w))
    if taps == strides:
        v = tensor("f32", *taps, cout, cin)
        yield alone("_transpose", "conv_transpose", [(ys, y), (v, v)], (xs, x))


def chain(name, extents, channels, kind):
    x, s, g = tensor("f32", BATCH, *extents, channels), tensor("f32", BATCH, channels), tensor("f32", channels)
    xs = tensor(kind, BATCH, *extents, channels)
    casts = "" if xs == x else f"%w0 = seg.cast %a0 : {xs} -> {x}\n%w5 = seg.cast %a5 : {xs} -> {x}\n"
    value, other, to = ("%a0", "%a5", "%r0") if xs == x else ("%w0", "%w5", "%c")
    back = "" if xs == x else f"\n%r0 = seg.cast %c : {x} -> {xs}"
    return fusion(name, [xs, s, s, g, g, xs], [xs],
                  f"{casts}%n = seg.norm_apply {value}, %a1, %a2, %a3, %a4 : ({x}, {s}, {s}, {g}, {g}) -> {x}\n%l = seg.leaky_relu %n slope 0.01 : {x}\n"
                  f"%q = seg.sigmoid %l : {x}\n{to} = seg.add %q, {other} : ({x}, {x}) -> {x}{back}")


def independent(kind):
    """Pointwise ops of several shapes, which are one kernel."""
    shapes = ([13], [5, 7, 3], [2, 9, 16])
    wide, stored = [tensor("f32", *shape) for shape in shapes], [tensor(kind, *shape) for shape in shapes]
    casts = "".join(f"{'%c' if t != u else '%r'}{i} = seg.add %a{i}, %a{i} : ({t}, {t}) -> {t}\n" + (f"%r{i} = seg.cast %c{i} : {t} -> {u}\n" if t != u else "")
                    for i, (t, u) in enumerate(zip(wide, stored)))
    return fusion("independent", wide, stored, casts, " attributes {strategy = #seg.strategy<horizontal>}")


def updates():
    """What changes all parameters at once."""
    w, f, i = tensor("f32", 9001), tensor("f32"), tensor("i64")
    decay = "decay_elements = 7001"
    optimizers = [("adam", [w, w, w, w, f, f, f, f, i], [w, w, w], f"{{beta1 = 0.9, beta2 = 0.999, epsilon = 1.0e-7, {decay}}}"),
                  ("sgd", [w, w, w, f, f, f, f, f], [w, w], f"{{nesterov, {decay}}}"),
                  ("rmsprop", [w, w, w, w, w, f, f, f, f, f], [w, w, w, w], f"{{decay = 0.9, epsilon = 1.0e-3, {decay}}}")]
    text = fusion("all_finite", [w], [f], f"%r0 = seg.all_finite %a0 : {w} -> {f}")
    for name, operands, results, attributes in optimizers:
        values, types = ", ".join(f"%a{i}" for i in range(len(operands))), f"({', '.join(operands)}) -> ({', '.join(results)})"
        text += fusion(name, operands, results, f"%r:{len(results)} = seg.{name} {values} {attributes} : {types}", yielded="%r#{}")
    return text


def text(kind, layers, chains):
    """A module of fusions of a type."""
    return "".join([fusion for layer in layers for fusion in convolutions(layer, kind)] + [chain(*case, kind) for case in chains] +
                   [independent(kind), updates() if kind == "f32" else ""])


def write(device_cases, folder, small=False):
    """Runs SegcDeviceCases. `small` takes two layers of one type."""
    layers, chains, versions = (ODD[:1] + ODD[10:11], CHAINS[:1], {"bf16": "sm_90a"}) if small else (ODD, CHAINS, ODD_VERSIONS)
    with tempfile.TemporaryDirectory() as texts:
        words = [] if small else [word for precision in PRECISIONS for word in ("--precision", precision)]
        for kind, version in versions.items():
            path = os.path.join(texts, kind + ".mlir")
            with open(path, "w") as file:
                file.write(text(kind, layers, chains))
            words += ["--fusions", f"{version}={path}"]
        subprocess.run([device_cases, folder, *words], check=True, stdout=subprocess.DEVNULL)
