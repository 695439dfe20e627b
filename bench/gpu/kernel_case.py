"""A kernel case: its inputs, as the reference evaluation drew them, and what it must compute."""
import array
import math
import os
import struct
import zlib

BYTES = {"f32": 4, "f16": 2, "bf16": 2, "i32": 4, "i64": 8}
MASK = 0xFFFFFFFF


def elements(shape):
    return math.prod(shape)


def philox(counter, key):
    """Philox-4x32-10, as include/segc/Base/Random.h."""
    c0, c1, c2, c3 = counter, 0, 0, 0
    k0, k1 = key & MASK, key >> 32
    for _ in range(10):
        p0, p1 = 0xD2511F53 * c0, 0xCD9E8D57 * c2
        c0, c1, c2, c3 = (p1 >> 32) ^ c1 ^ k0, p1 & MASK, (p0 >> 32) ^ c3 ^ k1, p0 & MASK
        k0, k1 = (k0 + 0x9E3779B9) & MASK, (k1 + 0xBB67AE85) & MASK
    return c0, c1, c2, c3


def to_bf16(value):
    """The bits of a value that is a multiple of 2^-24 below 2, which f32 nearly holds: to nearest, ties to even."""
    bits = struct.unpack("<Q", struct.pack("<d", value))[0]
    kept, rest = bits >> 45, bits & (1 << 45) - 1
    kept += rest > 1 << 44 or (rest == 1 << 44 and kept & 1)
    rounded = struct.unpack("<d", struct.pack("<Q", kept << 45))[0]
    return struct.unpack("<I", struct.pack("<f", rounded))[0] >> 16


def from_bf16(bits):
    return struct.unpack("<f", struct.pack("<I", bits << 16))[0]


def rounded(value, kind):
    if kind == "bf16":
        return from_bf16(to_bf16(value))
    code = {"f16": "<e", "f32": "<f"}[kind]
    return struct.unpack(code, struct.pack(code, value))[0]


def draw(described):
    """The bytes of an input."""
    count, kind = elements(described["shape"]), described["type"]
    low, high, step = described["low"], described["high"], described["step"]
    words = (word for block in range((count + 3) // 4) for word in philox(block, described["seed"]))
    drawn = [low + (high - low) * ((word >> 8) * 2.0**-24) for word, _ in zip(words, range(count))]
    if kind in ("i32", "i64"):
        data = array.array({"i32": "i", "i64": "q"}[kind], map(math.floor, drawn)).tobytes()
    else:
        if step:
            drawn = [math.copysign(math.floor(abs(rounded(value, kind)) / step + 0.5), value) * step for value in drawn]
        data = array.array("H", map(to_bf16, drawn)).tobytes() if kind == "bf16" else struct.pack(f"<{count}{'e' if kind == 'f16' else 'f'}", *drawn)
    if zlib.crc32(data) != described["crc32"]:
        raise ValueError("an input is not the one that the reference was given")
    return data


def decode(data, kind):
    if kind == "bf16":
        return list(map(from_bf16, struct.unpack(f"<{len(data) // 2}H", data)))
    return struct.unpack(f"<{len(data) // BYTES[kind]}{ {'f16': 'e', 'f32': 'f', 'i32': 'i', 'i64': 'q'}[kind] }".replace(" ", ""), data)


class Expected:
    """Intervals of elements of a result."""

    def __init__(self, file, count):
        self.places = struct.unpack(f"<{count}I", file.read(4 * count))
        self.low = struct.unpack(f"<{count}f", file.read(4 * count))
        self.high = struct.unpack(f"<{count}f", file.read(4 * count))

    def fault(self, values):
        """What is wrong with a result, and how much of its bound an element takes at most."""
        worst = 0.0
        for place, low, high in zip(self.places, self.low, self.high):
            value = values[place]
            if math.isnan(low) and math.isnan(value):
                continue
            if not low <= value <= high:
                return f"element {place} is {value}, expected {low} to {high}", math.inf
            if high > low:
                worst = max(worst, abs(2 * value - low - high) / (high - low))
        # Where the reference has no NaN, a place that is not compared has none.
        if not any(map(math.isnan, self.low)):
            for place, value in enumerate(values):
                if value != value:
                    return f"element {place} is not a number", math.inf
        return "", worst


def read_expected(folder, case):
    with open(os.path.join(folder, case["name"] + ".expected"), "rb") as file:
        return [Expected(file, result["compared"]) for result in case["results"]]
