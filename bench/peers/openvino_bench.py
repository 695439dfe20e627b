# Part of segc, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Times inference in OpenVINO (CPU): common.py's command line.

  openvino_bench.py NETWORK --batch N [--precision f32|f16|bf16]

One stream, tuned for latency. --precision is the inference precision hint: a
plug-in may decline f16 where the processor lacks it, and the line then says
"precision": "f32". Left alone it would take bf16 wherever it can.
"""

import openvino

import common


def make(options, problem):
    core = openvino.Core()
    settings = {
        "PERFORMANCE_HINT": "LATENCY",
        "NUM_STREAMS": "1",
        "INFERENCE_NUM_THREADS": options.threads,
        "INFERENCE_PRECISION_HINT": options.precision,
    }
    compiled = core.compile_model(core.read_model(problem.folder / "model.onnx"), "CPU", settings)
    request = compiled.create_infer_request()
    request.set_input_tensor(openvino.Tensor(common.channels_first(options.network, problem.image())))

    def predict():
        request.infer()
        return request.get_output_tensor()

    taken = compiled.get_property("INFERENCE_PRECISION_HINT").get_type_name()
    facts = {"precision": taken, "asked_precision": options.precision}
    return common.Contestant(predict, lambda result: common.channels_last(options.network, result.data), facts)


def add_arguments(parser):
    parser.add_argument("--precision", choices=["f32", "f16", "bf16"], default="f32")


if __name__ == "__main__":
    version = openvino.get_version().split("-")[0]
    common.main(__doc__, "openvino", version, make, onnx=True, add_arguments=add_arguments)
