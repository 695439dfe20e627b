//===- CudnnConvolution.h - What cuDNN computes of a fusion -----*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_LIB_CODEGEN_GPU_CONV_CUDNNCONVOLUTION_H
#define SEGC_LIB_CODEGEN_GPU_CONV_CUDNNCONVOLUTION_H

#include "segc/Codegen/GPU/GpuTarget.h"
#include "segc/Dialect/Seg/IR/SegDialect.h"

namespace segc {

/// A convolution as cuDNN sees it: an image, a filter and a result, one of
/// which is computed from the two others. Gradients are of the convolution that
/// they belong to; a transposed convolution is the gradient of an image.
struct CudnnConvolution {
  /// Reads a fusion of a convolution that nothing but casts is fused with. If
  /// cuDNN has no such convolution, `refusal` says why.
  explicit CudnnConvolution(seg::FusionOp fusion);

  std::string refusal;  ///< Empty if cuDNN has it.
  llvm::StringRef role; ///< "forward", "input_gradient", "filter_gradient".
  mlir::Type type;      ///< Of image and result in memory.
  mlir::RankedTensorType image, result, filter;
  /// Whether the filter is [taps, result's channels, image's channels], not
  /// [taps, image's, result's].
  bool resultMajor = false;
  llvm::ArrayRef<int64_t> strides, padding;
  /// The inputs of the fusion in the order of the library's operands.
  std::array<int64_t, 2> inputs = {0, 1};

  /// Modelled seconds; f32 is multiplied on tensor cores or not.
  double seconds(const GpuTarget &target, bool tensorCores) const;
  /// The options of the call (docs/RuntimeABI.md).
  mlir::DictionaryAttr options(bool tensorCores, bool required) const;

private:
  void readOp(mlir::Operation *root);
  template <typename ConvOp>
  void readSizes(ConvOp op, mlir::RankedTensorType image,
                 mlir::RankedTensorType result, mlir::RankedTensorType filter);
  void readMemory(seg::FusionOp fusion, mlir::Operation *root);
};

} // namespace segc

#endif // SEGC_LIB_CODEGEN_GPU_CONV_CUDNNCONVOLUTION_H
