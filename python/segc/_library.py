# Part of segc, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The functions of segc.h, by ctypes."""

import ctypes
import ctypes.util
import functools
import os
import pathlib

PROGRESS = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_double)
WARNING = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_char_p)
PACKAGE = pathlib.Path(__file__).parent


class Error(Exception):
    """What libsegc says; `status` is the name of its segc_status."""

    def __init__(self, status, text):
        super().__init__(text)
        self.status = status


class ErrorText(ctypes.Structure):
    _fields_ = [("text", ctypes.c_char * 1024)]


class OpenOptions(ctypes.Structure):
    _fields_ = [
        ("struct_size", ctypes.c_uint32),
        ("threads", ctypes.c_uint32),
        ("device", ctypes.c_char_p),
        ("checkpoint", ctypes.c_char_p),
        ("plan", ctypes.c_char_p),
        ("configuration", ctypes.c_char_p),
    ]


class PredictOptions(ctypes.Structure):
    _fields_ = [
        ("struct_size", ctypes.c_uint32),
        ("flips", ctypes.c_int32),
        ("overlap", ctypes.c_double),
        ("postprocess", ctypes.c_char_p),
        ("max_memory", ctypes.c_uint64),
        ("max_image_bytes", ctypes.c_uint64),
        ("channel", ctypes.c_int32),
        ("save_probabilities", ctypes.c_int32),
        ("cancellation", ctypes.c_void_p),
        ("progress", PROGRESS),
        ("warning", WARNING),
        ("context", ctypes.c_void_p),
    ]


class Image(ctypes.Structure):
    _fields_ = [
        ("struct_size", ctypes.c_uint32),
        ("type", ctypes.c_uint32),
        ("data", ctypes.c_void_p),
        ("data_bytes", ctypes.c_uint64),
        ("channels", ctypes.c_uint64),
        ("size", ctypes.c_uint64 * 3),
        ("spacing", ctypes.c_double * 3),
        ("origin", ctypes.c_double * 3),
        ("direction", ctypes.c_double * 9),
        ("slope", ctypes.c_double),
        ("intercept", ctypes.c_double),
    ]


def find_library():
    """The libsegc that SEGC_LIBRARY names, else that of this package, else that
    of the system."""
    named = os.environ.get("SEGC_LIBRARY")
    if named:
        return named
    own = PACKAGE / "lib" / "libsegc.so.1"
    return str(own) if own.exists() else ctypes.util.find_library("segc") or "libsegc.so.1"


def use_own_dictionary():
    """DCMTK reads the names of DICOM's elements from a file of the system, which
    the package brings along."""
    dictionary = PACKAGE / "share" / "dicom.dic"
    if dictionary.exists():
        os.environ.setdefault("DCMDICTPATH", str(dictionary))


@functools.cache
def library():
    use_own_dictionary()
    path = find_library()
    try:
        loaded = ctypes.CDLL(path)
    except OSError as error:
        raise ImportError(
            f"{path}: cannot be loaded ({error}); install the package segc by pip or libsegc1 "
            "by apt, or set SEGC_LIBRARY to a libsegc.so.1") from error
    pointer, result = ctypes.c_void_p, ctypes.c_char_p
    loaded.segc_describe.restype = result
    loaded.segc_status_name.restype = result
    loaded.segc_labels_image.restype = ctypes.POINTER(Image)
    for function in (loaded.segc_describe, loaded.segc_classes, loaded.segc_labels_image,
                     loaded.segc_labels_free):
        function.argtypes = [pointer]
    loaded.segc_close.argtypes = [pointer, pointer]
    return loaded


def call(name, *arguments):
    """Calls a function that takes a segc_error behind `arguments`."""
    error = ErrorText()
    status = getattr(library(), name)(*arguments, ctypes.byref(error))
    if status:
        raise Error(library().segc_status_name(status).decode(), error.text.decode(errors="replace"))


def initialized(structure, name):
    """A struct with its defaults."""
    getattr(library(), name + "_init")(ctypes.byref(structure))
    return structure


def text(value):
    return None if value is None else os.fsencode(value)
