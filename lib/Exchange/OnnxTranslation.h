//===- OnnxTranslation.h - Ops as nodes of ONNX -----------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_LIB_EXCHANGE_ONNXTRANSLATION_H
#define SEGC_LIB_EXCHANGE_ONNXTRANSLATION_H

#include "OnnxWriter.h"
#include "segc/Dialect/Seg/IR/SegDialect.h"

namespace segc {

/// Adds to the graph of a model what ops compute, each after those that it
/// depends on.
class OnnxTranslation {
public:
  OnnxTranslation(onnx::ModelProto &model, OnnxWriter &writer)
      : model(model), writer(writer) {}

  /// Whether the op has a counterpart in ONNX.
  static bool covers(mlir::Operation *op);
  /// Returns an error if an operand has no counterpart.
  llvm::Error translate(mlir::Operation *op);

private:
  llvm::Error translateConv(seg::ConvOp op);
  llvm::Error translateConvTranspose(seg::ConvTransposeOp op);
  llvm::Error translateBatchNorm(seg::BatchNormOp op);
  llvm::Error translateNorm(seg::NormOp op);
  llvm::Error translatePool(seg::AvgPoolOp op);
  llvm::Error translateBroadcast(mlir::Operation *op, llvm::StringRef type);
  llvm::Error translateSlice(mlir::Operation *op,
                             llvm::ArrayRef<int64_t> starts,
                             llvm::ArrayRef<int64_t> sizes, int64_t firstAxis);
  llvm::Error translatePad(seg::PadOp op);
  llvm::Error translateResize(seg::ResizeOp op);
  /// A node whose operands are the op's.
  llvm::Expected<OnnxNode> node(mlir::Operation *op, llvm::StringRef type);
  template <typename Op>
  llvm::Expected<OnnxNode> convolution(Op op, llvm::StringRef type,
                                       ForeignLayout filter);

  onnx::ModelProto &model;
  OnnxWriter &writer;
};

} // namespace segc

#endif // SEGC_LIB_EXCHANGE_ONNXTRANSLATION_H
