# Part of segc, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""How far predictions in 16 bits are from f32: ours and OpenVINO's.

  errors.py NETWORK FOLDER EXACT.so NAME=MODEL.so ... [--openvino bf16]

FOLDER is one of problem.py with --onnx; its images are predicted one by one.
Prints a JSON line for each: largest difference of a probability from what
EXACT.so (f32) gives, and root mean square of all. OpenVINO's f32, too, shows
how far two programs in f32 are apart.
"""

import argparse
import json
import pathlib

import numpy as np

import common
import safetensors_io
import segc_model


def openvino_predictor(network, folder, precision):
    import openvino

    core = openvino.Core()
    settings = {"PERFORMANCE_HINT": "LATENCY", "INFERENCE_PRECISION_HINT": precision}
    compiled = core.compile_model(core.read_model(folder / "model.onnx"), "CPU", settings)
    taken = compiled.get_property("INFERENCE_PRECISION_HINT").get_type_name()
    request = compiled.create_infer_request()

    def predict(image):
        request.infer(openvino.Tensor(common.channels_first(network, image)))
        return common.channels_last(network, request.get_output_tensor().data)

    return f"openvino {taken}", predict


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("network")
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("exact", type=pathlib.Path)
    parser.add_argument("models", nargs="*", help="NAME=MODEL.so")
    parser.add_argument("--openvino", action="append", default=[], help="precision hints beside f32")
    options = parser.parse_args()
    tensors = safetensors_io.load(options.folder / "weights.safetensors")
    images = safetensors_io.load(options.folder / "batch.safetensors")["image"]

    def ours(path):
        return lambda image: segc_model.predict(path.resolve(), tensors, image)

    predictors = []
    for model in options.models:
        name, path = model.split("=", 1)
        predictors.append((name, ours(pathlib.Path(path))))
    for precision in ["f32", *options.openvino] if options.openvino else []:
        predictors.append(openvino_predictor(options.network, options.folder, precision))
    exact = [ours(options.exact)(images[i : i + 1]) for i in range(len(images))]
    for name, predict in predictors:
        differences = [predict(images[i : i + 1]) - exact[i] for i in range(len(images))]
        largest = max(float(np.abs(d).max()) for d in differences)
        rms = float(np.sqrt(np.mean([np.mean(np.square(d, dtype=np.float64)) for d in differences])))
        line = {"network": options.network, "images": len(images), "predictor": name, "largest": largest, "rms": rms}
        print(json.dumps(line), flush=True)


if __name__ == "__main__":
    main()
