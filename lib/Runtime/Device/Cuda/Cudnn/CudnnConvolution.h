//===- CudnnConvolution.h - Convolutions as graphs of cuDNN -----*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_LIB_RUNTIME_DEVICE_CUDA_CUDNN_CUDNNCONVOLUTION_H
#define SEGC_LIB_RUNTIME_DEVICE_CUDA_CUDNN_CUDNNCONVOLUTION_H

#include "CudnnLibrary.h"
#include "segc/model.h"

#include <array>

namespace segc::cudnn {

/// The convolution of a call's options, which are a JSON object:
///   {"convolution": "forward", "type": "bf16", "image": [32, 32, 32, 16],
///    "filter": [32, 3, 3, 3, 16], "strides": [1, 1, 1],
///    "padding_before": [1, 1, 1], "padding_after": [1, 1, 1],
///    "tensor_cores": true}
/// All tensors are channels-last; `image` has no batch, the filter is
/// [out, space..., in]. Operands: forward image, filter -> result;
/// input_gradient result's gradient, filter -> image's; filter_gradient
/// result's gradient, image -> filter's.
struct Convolution {
  enum Role { Forward, InputGradient, FilterGradient };

  Role role = Forward;
  DataType type = Float;
  int64_t batch = 1;
  std::vector<int64_t> image, filter, result; ///< without the batch
  std::vector<int64_t> strides, paddingBefore, paddingAfter;
  /// Whether f32 may be rounded to tf32.
  bool tensorCores = true;

  static StatusOr<Convolution> parse(const std::string &options, int64_t batch);
  /// Checks that operands have the elements of the tensors.
  Status checkOperands(const segc_command &command) const;
  /// What identifies the convolution in a cache.
  std::string key() const;
  size_t rank() const { return strides.size(); }
};

/// The operation graph of a convolution, and the ids of its tensors in the
/// order of the operands.
struct ConvolutionGraph {
  static StatusOr<ConvolutionGraph>
  build(const std::shared_ptr<const CudnnLibrary> &library,
        const Convolution &convolution);

  static constexpr std::array<int64_t, 3> ids = {1, 2, 3};
  Descriptor graph;

private:
  std::vector<Descriptor> parts; ///< which the graph refers to
};

} // namespace segc::cudnn

#endif // SEGC_LIB_RUNTIME_DEVICE_CUDA_CUDNN_CUDNNCONVOLUTION_H
