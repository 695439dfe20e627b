"""Compares the numbered constraints of the seg dialect's verifiers, of
docs/Spec.md and of the -invalid tests. Usage: check_constraints.py SOURCE_DIR"""

import pathlib
import re
import sys


def names(files, pattern):
    return {name for file in files for name in re.findall(pattern, file.read_text())}


root = pathlib.Path(sys.argv[1])
constraint = r"\b([a-z_]+_c[0-9]+)\b"
verified = names((root / "lib/Dialect/Seg/IR").glob("*.cpp"), "// " + constraint)
specified = names([root / "docs/Spec.md"], r"\*\*" + constraint + r"\*\*")
tested = names((root / "test/Dialect/Seg").glob("*-invalid.mlir"), "// " + constraint)

errors = [
    f"{name} is {where}"
    for where, found in [
        ("verified, but not in docs/Spec.md", verified - specified),
        ("in docs/Spec.md, but no verifier cites it", specified - verified),
        ("verified, but has no case in an -invalid test", verified - tested),
        ("tested, but no verifier cites it", tested - verified),
    ]
    for name in sorted(found)
]
print("\n".join(errors))
sys.exit(bool(errors) or not verified)
