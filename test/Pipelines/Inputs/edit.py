"""edit.py IN OUT PATTERN REPLACEMENT: replaces the first match of a regular
expression, which must be there. Newlines are \\n, as in re.sub."""

import re
import sys

source, target, pattern, replacement = sys.argv[1:]
text, count = re.subn(pattern, replacement, open(source).read(), count=1)
assert count == 1, f"{source}: nothing matches {pattern}"
open(target, "w").write(text)
