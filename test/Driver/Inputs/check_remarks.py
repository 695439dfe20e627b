# Part of segc, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Each remark of a YAML file names its entry, as its function, too, and its
layer unless it is about the whole entry, and is there once.

  check_remarks.py FILE
"""

import re
import sys

WHOLE = {"order", "order-not-taken", "less-memory", "recomputed", "bucket", "exposed"}


def main():
    remarks = open(sys.argv[1], encoding="utf-8").read().split("--- ")[1:]
    wrong = [f"twice: {remark}" for remark in set(remarks) if remarks.count(remark) > 1]
    for remark in remarks:
        values = dict(re.findall(r"^(?:  - )?(\w+): +(.+)$", remark, re.MULTILINE))
        if values.get("Function") != values["entry"]:
            wrong.append(f"another function than its entry: {remark}")
        if ("layer" in values) == (values["Name"] in WHOLE):
            wrong.append(f"expected a layer of all but {', '.join(sorted(WHOLE))}: {remark}")
    print("\n".join(wrong) or f"{len(remarks)} remarks checked")
    return bool(wrong) or len(remarks) < 50


if __name__ == "__main__":
    sys.exit(main())
