# Part of segc, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Times inference in ONNX Runtime (CPU provider): common.py's command line.

All graph optimisations are on, inputs and outputs stay where they are.
"""

import onnxruntime

import common


def make(options, problem):
    settings = onnxruntime.SessionOptions()
    settings.intra_op_num_threads, settings.inter_op_num_threads = options.threads, 1
    settings.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
    path = str(problem.folder / "model.onnx")
    session = onnxruntime.InferenceSession(path, settings, providers=["CPUExecutionProvider"])
    image = onnxruntime.OrtValue.ortvalue_from_numpy(common.channels_first(options.network, problem.image()))
    binding = session.io_binding()
    binding.bind_ortvalue_input("image", image)
    binding.bind_output("probabilities")

    def predict():
        session.run_with_iobinding(binding)
        return binding.get_outputs()[0]

    return common.Contestant(predict, lambda result: common.channels_last(options.network, result.numpy()))


if __name__ == "__main__":
    common.main(__doc__, "onnxruntime", onnxruntime.__version__, make, onnx=True)
