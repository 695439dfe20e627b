# Part of segc, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Models, and predictions of files and of NumPy arrays."""

import ctypes
import json
import math
import os
import warnings

from . import _library as c

TYPES = {"uint8": 0, "int16": 1, "uint16": 2, "int32": 3, "float32": 4, "float64": 5}


class _Call:
    """Options of one prediction, and what its callbacks raise."""

    def __init__(self, progress, values):
        self.options = c.initialized(c.PredictOptions(), "segc_predict_options")
        self.given = set(values)
        known = {name for name, _ in c.PredictOptions._fields_} - {
            "struct_size", "cancellation", "progress", "warning", "context"}
        for name, value in values.items():
            if name not in known:
                raise TypeError(f"{name}: no option of a prediction, expected one of {', '.join(sorted(known))}")
            setattr(self.options, name, c.text(value) if name == "postprocess" else value)
        self.raised = None
        self.said = []
        self.progress = progress
        # Without a function, too: it is where a main thread notices Ctrl-C.
        self.options.progress = c.PROGRESS(self._advance)
        self.options.warning = c.WARNING(lambda _, text: self.said.append(text.decode(errors="replace")))

    def _advance(self, _, share):
        # What is raised cannot pass through C, so that it ends the prediction
        # and is raised behind it.
        try:
            return int(self.progress is not None and self.progress(share) is False)
        except BaseException as error:  # pylint: disable=broad-except
            self.raised = error
            return 1

    def run(self, name, *arguments):
        try:
            c.call(name, *arguments, ctypes.byref(self.options))
        except c.Error:
            if self.raised is None:
                raise
        if self.raised is not None:
            raise self.raised
        for said in self.said:
            warnings.warn(said, stacklevel=4)


def _numbers(name, value, count, meaning):
    try:
        numbers = [float(number) for row in value
                   for number in (row if hasattr(row, "__iter__") else [row])]
    except (TypeError, ValueError):
        numbers = []
    if len(numbers) != count or not all(map(math.isfinite, numbers)):
        raise ValueError(f"{name} {value!r}: expected {meaning}")
    return numbers


def _spacing(value):
    meaning = "the distance of voxels along x, y and z, in mm, as image.GetSpacing() of SimpleITK"
    numbers = _numbers("spacing", value, 3, meaning)
    if min(numbers) <= 0:
        raise ValueError(f"spacing {value!r}: expected {meaning}, above 0")
    return numbers


class Model:
    """A network with its weights. Any number of threads may predict with it at a
    time: they share the weights."""

    def __init__(self, path, device="cpu", threads=0, checkpoint=None):
        self._handle = ctypes.c_void_p()
        options = c.initialized(c.OpenOptions(), "segc_open_options")
        options.threads = threads
        options.device = c.text(device)
        options.checkpoint = c.text(checkpoint)
        c.call("segc_open", c.text(path), ctypes.byref(options), ctypes.byref(self._handle))
        #: What docs/Library.md lists: channels, classes, label_names, spacing, ...
        self.description = json.loads(c.library().segc_describe(self._handle))

    def close(self):
        """Gives the weights back. An error while a thread predicts."""
        if self._handle:
            c.call("segc_close", self._handle)
            self._handle = ctypes.c_void_p()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def __del__(self):
        if getattr(self, "_handle", None):
            c.library().segc_close(self._handle, None)

    def _open_handle(self):
        if not self._handle:
            raise ValueError("the model is closed; open it again with segc.open")
        return self._handle

    def predict(self, image, spacing=None, origin=None, direction=None, probabilities=False,
                progress=None, **options):
        """Returns the labels of a scan, uint8 [z, y, x] on its own grid.

        image: a file (or DICOM folder, or a list of files of one channel each),
        which says where it lies; or an array [z, y, x] or [channel, z, y, x]
        with the `spacing` of x, y and z in mm, and `origin` and `direction`
        (nine numbers), as ITK has them; to a network of slices an array [y, x]
        or [slice, y, x] of grey values, wherever they lie.

        probabilities: of an array also float32 [class, z, y, x], as a pair.
        progress: gets the share that is done, from 0 to 1; False cancels.
        options: flips, overlap, postprocess, max_memory, max_image_bytes,
        channel, as segc_predict_options of segc.h.
        """
        if isinstance(image, (str, os.PathLike)) or (
                isinstance(image, (list, tuple)) and image
                and all(isinstance(each, (str, os.PathLike)) for each in image)):
            if probabilities or not (spacing is origin is direction is None):
                raise ValueError("spacing, origin, direction and probabilities are of arrays, and "
                                 f"{image!r} is a file; read it with SimpleITK or nibabel, or leave them out")
            return self._predict_files(image, _Call(progress, options))
        return self._predict_array(image, spacing, origin, direction, probabilities, _Call(progress, options))

    def predict_file(self, images, output, progress=None, **options):
        """Predicts a file, or files of one channel each, to a file of labels, as
        `segrun predict` does."""
        names, count = _paths(images)
        _Call(progress, options).run("segc_predict_file", self._open_handle(), names, count, c.text(output))

    def _predict_files(self, images, call):
        import numpy  # predict_file does without

        names, count = _paths(images)
        labels = ctypes.c_void_p()
        call.run("segc_predict_labels", self._open_handle(), names, count, ctypes.byref(labels))
        try:
            made = c.library().segc_labels_image(labels).contents
            voxels = (ctypes.c_uint8 * made.data_bytes).from_address(made.data)
            return numpy.array(voxels, dtype=numpy.uint8).reshape(tuple(made.size)[::-1])
        finally:
            c.library().segc_labels_free(labels)

    def _predict_array(self, image, spacing, origin, direction, probabilities, call):
        import numpy

        handle = self._open_handle()
        array = numpy.asarray(image)
        voxels = numpy.ascontiguousarray(array, dtype=array.dtype.newbyteorder("="))
        if voxels.dtype.name not in TYPES:
            raise TypeError(f"array of {array.dtype}: expected {', '.join(TYPES)}; "
                            "array.astype(numpy.float32) converts it")
        channels = self.description["channels"]
        slices = self.description["pipeline"] == "isbi"
        expected = ("[y, x] or [slice, y, x]" if slices else
                    "[z, y, x]" if channels == 1 else f"[channel, z, y, x] with {channels} channels")
        shape = (1,) * (4 - array.ndim) + array.shape if array.ndim == 3 or (slices and array.ndim == 2) else array.shape
        if len(shape) != 4 or 0 in shape or (shape[0] != channels and "channel" not in call.given):
            raise ValueError(f"array of shape {array.shape}: expected {expected}")
        if spacing is None and not slices:
            raise ValueError("spacing: missing, expected the distance of voxels along x, y and z in mm; "
                             "a wrong one gives wrong labels")
        scan = c.initialized(c.Image(), "segc_image")
        scan.type = TYPES[voxels.dtype.name]
        scan.data = voxels.ctypes.data
        scan.data_bytes = voxels.nbytes
        scan.channels = shape[0]
        scan.size[:] = shape[:0:-1]
        if spacing is not None:
            scan.spacing[:] = _spacing(spacing)
        if origin is not None:
            scan.origin[:] = _numbers("origin", origin, 3, "the centre of the first voxel, three numbers in mm")
        if direction is not None:
            scan.direction[:] = _numbers("direction", direction, 9,
                                         "nine numbers, the rows of the matrix of directions")
        labels = numpy.empty(shape[1:], numpy.uint8)
        scores = numpy.empty((c.library().segc_classes(handle) if probabilities else 0, *shape[1:]), numpy.float32)
        call.run("segc_predict_array", handle, ctypes.byref(scan), ctypes.c_void_p(labels.ctypes.data),
                 ctypes.c_uint64(labels.size), ctypes.c_void_p(scores.ctypes.data if probabilities else None),
                 ctypes.c_uint64(scores.size))
        if array.ndim == 2:
            labels, scores = labels[0], scores[:, 0]
        return (labels, scores) if probabilities else labels


def _paths(images):
    """An array of char *, and its length."""
    paths = [images] if isinstance(images, (str, os.PathLike)) else list(images)
    return (ctypes.c_char_p * len(paths))(*map(c.text, paths)), ctypes.c_uint32(len(paths))
