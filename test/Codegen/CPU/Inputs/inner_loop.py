"""Prints what the hottest loop of an assembly file consists of.

An innermost loop runs from a label to the jump back to it, with no such loop
within. The one with the most multiply-adds of variables (transforms multiply
by constants of memory, .LCPI) is described: how many of them on
which registers, how many accesses to the stack (no register points to frames)
and calls it has. Multiply-adds are those of f32, or what an argument matches.
"""

import re
import sys

lines = [line.split("#")[0].strip() for line in sys.stdin]
labels = {line[:-1]: i for i, line in enumerate(lines) if line.endswith(":")}
loops = []
for end, line in enumerate(lines):
    jump = re.match(r"j\w+\s+(\S+)", line)
    if jump and labels.get(jump.group(1), end) < end:
        loops.append((labels[jump.group(1)], end))
innermost = [a for a in loops if not any(a != b and a[0] <= b[0] and b[1] <= a[1] for b in loops)]


def count(pattern, loop):
    return sum(bool(re.search(pattern, line)) for line in lines[loop[0] : loop[1]])


innermost = [loop for loop in innermost if count(r"LCPI", loop) == 0]
fma = rf"^{sys.argv[1] if len(sys.argv) > 1 else 'vfn?madd.+ps'}\s.*%"
hottest = max(innermost, key=lambda loop: count(fma, loop))
print(
    f"zmm={count(fma + 'zmm', hottest)} ymm={count(fma + 'ymm', hottest)} "
    f"stack={count(r'%[er]sp', hottest)} calls={count(r'^call', hottest)}"
)
