"""Prints "grows" if the files' numbers of lines grow faster than the given numbers, in order of size.

Arguments: pairs of a number and a file.
"""

import sys

sizes = [(int(n), sum(1 for _ in open(name))) for n, name in zip(sys.argv[1::2], sys.argv[2::2])]
faster = any(b * m > 1.1 * a * n for (m, a), (n, b) in zip(sizes, sizes[1:]))
print("grows" if faster else "linear", sizes)
