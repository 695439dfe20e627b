"""change_model.py IN OUT OLD NEW [ANCHOR]: replaces text in a model's bytes by text of the same length (with escapes), the first after ANCHOR;
change_model.py IN OUT --truncate N: the first N percent."""
import sys

source, target, old, new = sys.argv[1:5]
data = open(source, "rb").read()
if old == "--truncate":
    data = data[: len(data) * int(new) // 100]
else:
    old, new = (text.encode().decode("unicode_escape").encode("latin-1") for text in (old, new))
    assert len(old) == len(new)
    at = data.index(old, data.index(sys.argv[5].encode()) if len(sys.argv) > 5 else 0)
    data = data[:at] + new + data[at + len(old) :]
open(target, "wb").write(data)
