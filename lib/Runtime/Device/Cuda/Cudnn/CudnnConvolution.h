//===- CudnnConvolution.h - Convolutions as graphs of cuDNN -----*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_LIB_RUNTIME_DEVICE_CUDA_CUDNN_CUDNNCONVOLUTION_H
#define SEGC_LIB_RUNTIME_DEVICE_CUDA_CUDNN_CUDNNCONVOLUTION_H

#include "CudnnLibrary.h"
#include "FilterPermutation.h"
#include "segc/model.h"

#include <array>
#include <optional>

namespace segc::cudnn {

/// The convolution of a call's options, which are a JSON object:
///   {"convolution": "forward", "type": "bf16", "image": [32, 32, 32, 16],
///    "filter": [32, 3, 3, 3, 16], "strides": [1, 1, 1],
///    "padding_before": [1, 1, 1], "padding_after": [1, 1, 1],
///    "tensor_cores": true}
/// All tensors are channels-last; `image` has no batch, the filter is
/// [out, space..., in]. Operands: forward image, filter -> result;
/// input_gradient result's gradient, filter -> image's; filter_gradient
/// result's gradient, image -> filter's. Other members, with their defaults:
///   "filter_layout": "ktc"; "tck" is [space..., in, out], "tkc"
///     [space..., out, in] in memory;
///   "filter_type": that of the others; may be f32;
///   "required": true; else the kernels beside the call may run instead.
struct Convolution {
  enum Role { Forward, InputGradient, FilterGradient };
  enum FilterLayout { Ktc, Tck, Tkc };

  Role role = Forward;
  DataType type = Float;
  int64_t batch = 1;
  std::vector<int64_t> image, filter, result; ///< without the batch
  std::vector<int64_t> strides, paddingBefore, paddingAfter;
  /// Whether f32 may be rounded to tf32.
  bool tensorCores = true;
  FilterLayout filterLayout = Ktc;
  DataType filterType = Float;
  bool required = true;

  static StatusOr<Convolution> parse(const std::string &options, int64_t batch);
  /// Elements of the operands, in their order.
  std::array<int64_t, 3> operandElements() const;
  /// Checks that operands have the elements of the tensors. An operand that is
  /// an input of the model has those of the largest batch.
  Status checkOperands(const segc_command &command) const;
  /// The number of the filter among the operands.
  size_t filterOperand() const { return role == FilterGradient ? 2 : 1; }
  /// How the filter becomes what cuDNN takes, or what it computes the filter's
  /// gradient; nothing if they are the same.
  std::optional<segc_filter_permutation> permutation() const;
  /// Bytes of the filter that cuDNN takes or computes.
  uint64_t filterBytes() const;
  /// How many products are added for an element of what is computed.
  int64_t depth() const;
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
