# Part of segc, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Times inference in OpenVINO (CPU): common.py's command line.

  openvino_bench.py NETWORK --batch N [--precision f32|f16|bf16|int8]
                    [--calibration FILE.safetensors]

One stream, tuned for latency. --precision is the inference precision hint: a
plug-in may decline f16 where the processor lacks it, and the line then says
"precision": "f32". Left alone it would take bf16 wherever it can. int8 is what
NNCF quantizes by the images of FILE (real_images.py), or else of the problem;
the rest of such a model is of bf16.
"""

import openvino

import common
import safetensors_io


def quantized(core, options, problem):
    """The model in 8 bits; it is kept beside the problem, for other rounds."""
    path = problem.folder / "int8.xml"
    if not path.exists():
        import nncf

        images = safetensors_io.load(options.calibration)["image"] if options.calibration else problem.image()
        samples = [common.channels_first(options.network, images[i : i + 1]) for i in range(len(images))]
        batches = [sample.repeat(options.batch, 0) for sample in samples]
        model = core.read_model(problem.folder / "model.onnx")
        model = nncf.quantize(model, nncf.Dataset(batches), subset_size=len(batches))
        openvino.save_model(model, path, compress_to_fp16=False)
    return core.read_model(path)


def make(options, problem):
    core = openvino.Core()
    settings = {
        "PERFORMANCE_HINT": "LATENCY",
        "NUM_STREAMS": "1",
        "INFERENCE_NUM_THREADS": options.threads,
        "INFERENCE_PRECISION_HINT": "bf16" if options.precision == "int8" else options.precision,
    }
    is_int8 = options.precision == "int8"
    model = quantized(core, options, problem) if is_int8 else core.read_model(problem.folder / "model.onnx")
    compiled = core.compile_model(model, "CPU", settings)
    request = compiled.create_infer_request()
    request.set_input_tensor(openvino.Tensor(common.channels_first(options.network, problem.image())))

    def predict():
        request.infer()
        return request.get_output_tensor()

    taken = compiled.get_property("INFERENCE_PRECISION_HINT").get_type_name()
    facts = {"precision": taken, "asked_precision": options.precision}
    return common.Contestant(predict, lambda result: common.channels_last(options.network, result.data), facts)


def add_arguments(parser):
    parser.add_argument("--precision", choices=["f32", "f16", "bf16", "int8"], default="f32")
    parser.add_argument("--calibration", help="images for int8, of real_images.py (default: the problem's)")


if __name__ == "__main__":
    version = openvino.get_version().split("-")[0]
    common.main(__doc__, "openvino", version, make, onnx=True, add_arguments=add_arguments)
