"""The lists of edits in docs/AddingAnOp.md and docs/AddingAnOptimizer.md are
complete: no other source file names an optimizer, a pointwise op or a loss."""

import pathlib
import re
import sys

root = pathlib.Path(sys.argv[1])
# Comments may name an op: nobody has to edit them.
comment = re.compile(r"//.*")
problems = []


def sources():
    for folder in ("include", "lib", "tools"):
        for path in sorted((root / folder).rglob("*")):
            if path.suffix in (".h", ".cpp", ".td", ".def", ".c"):
                yield path


texts = {
    str(path.relative_to(root)): comment.sub("", path.read_text())
    for path in sources()
}


def naming(pattern):
    """The files in which the pattern is found."""
    regex = re.compile(pattern)
    return {path for path, text in texts.items() if regex.search(text)}


def edits(document):
    """The files that a document's first table lists."""
    text = (root / "docs" / document).read_text()
    rows = re.findall(r"^\| \d \| `([^`]+\.\w+)` \|", text, re.MULTILINE)
    if not rows:
        problems.append(f"{document}: has no table of edits")
    for row in rows:
        if row not in texts:
            problems.append(f"{document}: lists {row}, which does not exist")
    return set(rows)


def expect(what, found, allowed, needed):
    for path in sorted(found - allowed):
        problems.append(f"{path} names {what}, and is not among the edits")
    for path in sorted(needed - found):
        problems.append(f"{path} does not name {what}, but is among the edits")


# Optimizers: exactly the files of the table.
listed = edits("AddingAnOptimizer.md")
if len(listed) > 5:
    problems.append(f"AddingAnOptimizer.md: {len(listed)} edits, at most 5")
optimizers = re.findall(
    r'^def Seg_(\w+Op) : Seg_OptimizerOp<"(\w+)"',
    texts["include/segc/Dialect/Seg/IR/SegOptimizerOps.td"],
    re.MULTILINE,
)
assert len(optimizers) >= 3, optimizers
# Networks choose one: by default, and in their recipes.
choices = {"include/segc/Plan/Optimizers.h", "lib/Plan/NetworkOptions.cpp"}
for op, kind in optimizers:
    found = naming(rf'\b(Seg_)?{op}\b|"{kind}"')
    expect(kind, found - choices, listed, listed)

# Ops: those of the family, and the users of the ops that networks, passes and
# tools make or look for.
listed = edits("AddingAnOp.md")
if len(listed) + 1 > 5:
    problems.append(f"AddingAnOp.md: {len(listed) + 1} edits, at most 5")
users = re.compile(
    r"lib/(Exchange|Networks|Reduce|Transforms/(Autodiff|Collectives|Import|Precision|Fusion))/"
    r"|lib/Driver/Verify/|lib/Driver/Report/Collect\.cpp"
    # Casts are where memory holds 16 bits: kernels, and what chooses them, know them.
    r"|lib/Codegen/(Common/(FusionChecks|KernelBuilder|Strategy/NarrowFilters)|CPU/Conv/TileSource|GPU/Conv/Cudnn(Convolution|Model))\.cpp"
    r"|lib/Dialect/Seg/(IR/FusionOp|Gradients/\w+Gradients)\.cpp"
    r"|lib/Pipelines/"
)


def ops_of(family, trait=""):
    """The family's ops, if given those that have the trait, by their class."""
    td = texts[f"include/segc/Dialect/Seg/IR/Seg{family}Ops.td"]
    having, ops = {trait}, []
    for kind, name, head in re.findall(
        r"^(class|def) Seg_(\w+)(.*?)[{;]", td, re.MULTILINE | re.DOTALL
    ):
        if not any(one in head for one in having):
            continue
        if kind == "class":
            having.add(f"Seg_{name}<")
        elif name.endswith("Op"):
            ops.append(name)
    return ops


def check_ops(family, ops, own):
    assert ops, family
    files = {path.replace("Elementwise", family) for path in listed}
    for op in ops:
        # The LLVM dialect has an AddOp as well.
        found = naming(rf"(?<!LLVM::)\b(Seg_)?{op}\b")
        expect(op, {p for p in found if not users.match(p)}, files | own, set())


for name in ("Elementwise", "Norm"):
    check_ops(name, ops_of(name, "Seg_Pointwise"), set())
check_ops(
    "Loss",
    ops_of("Loss"),
    {f"lib/Codegen/Common/{loss}.cpp" for loss in ("BinaryCrossEntropy", "Dice", "CrossEntropy")},
)

print("\n".join(problems))
sys.exit(1 if problems else 0)
