# Part of segc, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Times what segrun's ranks do for the average of gradients, without a network.

  mpirun -np N python3 exchange.py PLUGIN [SIZE...]

Each rank sends a slice of SIZE bytes to all others and gets one from each, twice,
through the plugin that connects ranks (segc/messages.h), and looks for them as
segrun does while somebody waits. Rank 0 prints the median seconds for each size.
"""

import ctypes
import json
import statistics
import sys
import time

VERSION = 1
SIZES = (1 << 16, 1 << 18, 1 << 20, 1 << 22)
REPETITIONS = 9


class Messages(ctypes.Structure):
    _fields_ = [
        ("struct_size", ctypes.c_uint32),
        ("rank", ctypes.c_uint32),
        ("size", ctypes.c_uint32),
        ("context", ctypes.c_void_p),
        ("library", ctypes.c_char_p),
        *(
            (name, ctypes.CFUNCTYPE(ctypes.c_int, *parameters))
            for name, parameters in {
                "send": [ctypes.c_void_p, ctypes.c_uint32, ctypes.c_void_p, ctypes.c_uint64, ctypes.c_void_p],
                "receive": [ctypes.c_void_p, ctypes.c_uint32, ctypes.c_void_p, ctypes.c_uint64, ctypes.c_void_p],
                "test": [ctypes.c_void_p, ctypes.c_uint64, ctypes.c_void_p],
            }.items()
        ),
        ("last_error", ctypes.CFUNCTYPE(ctypes.c_char_p, ctypes.c_void_p)),
        ("abort", ctypes.c_void_p),
        ("close", ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p)),
    ]

    def check(self, code):
        if code:
            sys.exit(f"exchange.py: {self.last_error(self.context).decode()}")


def connect(plugin):
    messages, text = Messages(), ctypes.create_string_buffer(4096)
    if ctypes.CDLL(plugin, mode=ctypes.RTLD_GLOBAL).segc_messages_open(VERSION, ctypes.byref(messages), text):
        sys.exit(f"exchange.py: {plugin}: {text.value.decode()}")
    return messages


def finish(messages, requests):
    begin, done = time.perf_counter(), ctypes.c_int()
    while requests:
        open_ones = []
        for request in requests:
            messages.check(messages.test(messages.context, request, ctypes.byref(done)))
            if not done.value:
                open_ones.append(request)
        requests = open_ones
        waited = time.perf_counter() - begin
        if requests:
            time.sleep(0 if waited < 1e-3 else min(1e-3, max(5e-5, waited / 16)))


def exchange(messages, size, own, received):
    slice_bytes = size // messages.size
    for _ in range(2):
        requests = []
        for other in range(messages.size):
            if other == messages.rank:
                continue
            for function, memory in ((messages.receive, received), (messages.send, own)):
                request, place = ctypes.c_uint64(), ctypes.addressof(memory) + other * slice_bytes
                messages.check(function(messages.context, other, place, slice_bytes, ctypes.byref(request)))
                requests.append(request.value)
        finish(messages, requests)


def main():
    messages = connect(sys.argv[1])
    sizes = [int(word) for word in sys.argv[2:]] or SIZES
    own, received = (ctypes.create_string_buffer(max(sizes)) for _ in range(2))
    seconds = {}
    for size in sizes:
        times = []
        for _ in range(REPETITIONS):
            begin = time.perf_counter()
            exchange(messages, size, own, received)
            times.append(time.perf_counter() - begin)
        seconds[size] = statistics.median(times[1:])
    messages.check(messages.close(messages.context))
    if messages.rank == 0:
        print(json.dumps({"library": messages.library.decode(), "seconds": seconds}), flush=True)


if __name__ == "__main__":
    main()
