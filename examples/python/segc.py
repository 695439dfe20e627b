# Part of segc, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Labels of scans with libsegc, by ctypes: nothing to build or to install.

    import segc
    with segc.Predictor("frozen.so") as predictor:
        predictor.predict_file("scan.nii.gz", "labels.nii.gz")
        labels = predictor.predict(array, spacing=(1, 1, 3))

Arrays are anything with Python's buffer protocol, such as those of NumPy.
"""

import ctypes
import ctypes.util
import json
import os

TYPES = {"B": 0, "h": 1, "H": 2, "i": 3, "f": 4, "d": 5}  # of memoryview
PROGRESS = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_double)
WARNING = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_char_p)


class Error(Exception):
    """What libsegc says; `status` is its segc_status."""

    def __init__(self, status, text):
        super().__init__(text)
        self.status = status


class _Error(ctypes.Structure):
    _fields_ = [("text", ctypes.c_char * 1024)]


class _OpenOptions(ctypes.Structure):
    _fields_ = [
        ("struct_size", ctypes.c_uint32),
        ("threads", ctypes.c_uint32),
        ("device", ctypes.c_char_p),
        ("checkpoint", ctypes.c_char_p),
        ("plan", ctypes.c_char_p),
        ("configuration", ctypes.c_char_p),
    ]


class _PredictOptions(ctypes.Structure):
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


class _Image(ctypes.Structure):
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


def _load():
    """The library that SEGC_LIBRARY names, else that of the system."""
    path = os.environ.get("SEGC_LIBRARY") or ctypes.util.find_library("segc")
    library = ctypes.CDLL(path or "libsegc.so.1")
    library.segc_describe.restype = ctypes.c_char_p
    library.segc_describe.argtypes = [ctypes.c_void_p]
    library.segc_classes.argtypes = [ctypes.c_void_p]
    library.segc_cancel.argtypes = [ctypes.c_void_p]
    library.segc_close.argtypes = [ctypes.c_void_p, ctypes.c_void_p]
    return library


_library = _load()


def _call(function, *arguments):
    error = _Error()
    status = function(*arguments, ctypes.byref(error))
    if status:
        raise Error(status, error.text.decode(errors="replace"))


def _text(value):
    return None if value is None else os.fsencode(value)


class Predictor:
    """A model, for predictions of any number of threads at a time."""

    def __init__(self, model, device=None, threads=0, checkpoint=None):
        self._handle = ctypes.c_void_p()
        options = _OpenOptions()
        _library.segc_open_options_init(ctypes.byref(options))
        options.threads = threads
        options.device = _text(device)
        options.checkpoint = _text(checkpoint)
        _call(_library.segc_open, _text(model), ctypes.byref(options), ctypes.byref(self._handle))
        self.description = json.loads(_library.segc_describe(self._handle))

    def close(self):
        if self._handle:
            _call(_library.segc_close, self._handle)
            self._handle = ctypes.c_void_p()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def _options(self, progress=None, warning=None, **values):
        """`progress` gets the share that is done, and cancels with False."""
        options = _PredictOptions()
        _library.segc_predict_options_init(ctypes.byref(options))
        for name, value in values.items():
            setattr(options, name, _text(value) if name == "postprocess" else value)
        if progress:
            options.progress = PROGRESS(lambda _, share: int(progress(share) is False))
        if warning:
            options.warning = WARNING(lambda _, text: warning(text.decode(errors="replace")))
        return options

    def predict_file(self, images, output, **options):
        """Predicts a file, or files of one channel each, to a file of labels."""
        paths = [images] if isinstance(images, (str, os.PathLike)) else list(images)
        names = (ctypes.c_char_p * len(paths))(*map(_text, paths))
        filled = self._options(**options)
        _call(_library.segc_predict_file, self._handle, names, ctypes.c_uint32(len(paths)),
              _text(output), ctypes.byref(filled))

    def predict(self, array, spacing=(1, 1, 1), origin=None, direction=None,
                probabilities=False, **options):
        """Predicts [z, y, x] or [channel, z, y, x] to labels [z, y, x], and if
        asked for to (labels, probabilities [class, z, y, x]), as memoryviews;
        numpy.asarray makes arrays of them. `spacing` is that of x, y and z in
        mm, `origin` and `direction` (nine numbers) are those of ITK."""
        view = memoryview(array)
        if not view.c_contiguous or view.format not in TYPES or view.ndim not in (3, 4):
            raise TypeError("expected a contiguous array of 3 or 4 axes, of " + ", ".join(TYPES))
        shape = view.shape if view.ndim == 4 else (1, *view.shape)
        voxels = shape[1] * shape[2] * shape[3]
        raw = view if not view.readonly else memoryview(bytearray(view.cast("B")))
        image = _Image()
        _library.segc_image_init(ctypes.byref(image))
        image.type = TYPES[view.format]
        image.data = ctypes.addressof(ctypes.c_char.from_buffer(raw))
        image.data_bytes = view.nbytes
        image.channels = shape[0]
        image.size[:] = shape[:0:-1]
        image.spacing[:] = spacing
        if origin is not None:
            image.origin[:] = origin
        if direction is not None:
            image.direction[:] = direction
        labels = (ctypes.c_uint8 * voxels)()
        count = voxels * _library.segc_classes(self._handle) if probabilities else 0
        scores = (ctypes.c_float * count)() if probabilities else None
        filled = self._options(**options)
        _call(_library.segc_predict_array, self._handle, ctypes.byref(image), labels,
              ctypes.c_uint64(voxels), scores, ctypes.c_uint64(count), ctypes.byref(filled))
        result = memoryview(labels).cast("B").cast("B", shape[1:])
        if not probabilities:
            return result
        return result, memoryview(scores).cast("B").cast("f", (count // voxels, *shape[1:]))
