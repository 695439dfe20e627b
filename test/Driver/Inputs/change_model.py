"""change_model.py IN OUT OLD NEW [ANCHOR]: replaces text in a model's bytes by text of the same length (with escapes), the first after ANCHOR;
change_model.py IN OUT --truncate N: the first N percent;
change_model.py IN OUT --flip SECTION: other bits in the middle of a section;
change_model.py IN OUT --no-checksum: without the checksum at its end."""
import struct
import sys

source, target, old = sys.argv[1:4]
data = bytearray(open(source, "rb").read())


def section(name):
    """Offset and size of an ELF section."""
    headers, = struct.unpack_from("<Q", data, 40)
    count, names = struct.unpack_from("<HH", data, 60)
    fields = [struct.unpack_from("<II4Q", data, headers + 64 * i) for i in range(count)]
    for field in fields:
        if data[fields[names][4] + field[0] :].split(b"\0", 1)[0] == name.encode():
            return field[4], field[5]


if old == "--truncate":
    data = data[: len(data) * int(sys.argv[4]) // 100]
elif old == "--flip":
    offset, size = section(sys.argv[4])
    for i in range(offset + size // 2, offset + min(size, size // 2 + 8)):
        data[i] ^= 0x55
elif old == "--no-checksum":
    assert data[-16:-8] == b"segc sum"
    data = data[:-16]
else:
    old, new = (text.encode().decode("unicode_escape").encode("latin-1") for text in sys.argv[3:5])
    assert len(old) == len(new)
    at = data.index(old, data.index(sys.argv[5].encode()) if len(sys.argv) > 5 else 0)
    data = data[:at] + new + data[at + len(old) :]
open(target, "wb").write(data)
