//===- WinogradFilter.h - Winograd filter transform -------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_LIB_CODEGEN_CPU_WINOGRAD_WINOGRADFILTER_H
#define SEGC_LIB_CODEGEN_CPU_WINOGRAD_WINOGRADFILTER_H

#include "Winograd/WinogradTransform.h"
#include "segc/Codegen/CPU/MultiplyEmitter.h"
#include "segc/Codegen/CPU/WinogradStrategy.h"

namespace segc {

/// Returns the number of the point (d, h, w) of a tile.
mlir::Value winogradPoint(KernelBody &body, const WinogradTiling &tiling,
                          mlir::Value d, mlir::Value h, mlir::Value w);
/// Returns the offset of the panel of a block of output channels and a point.
mlir::Value winogradPanel(KernelBody &body, const ConvProblem &problem,
                          const WinogradTiling &tiling, mlir::Value block,
                          mlir::Value point);

/// Transforms a filter into panels
///   [channel block][point][input channel][nb x lanes]
/// in the temporary. In fixed point a panel ends with its scales.
class WinogradFilterPacker {
public:
  WinogradFilterPacker(const ConvProblem &problem, const WinogradTiling &tiling,
                       mlir::Operation *root, const CpuTarget &target)
      : problem(problem), tiling(tiling), root(root),
        multiplier(tiling.multiplyType, target) {}

  int64_t tasks() const;
  int64_t scratchFloats() const;
  /// Emits the body of a task.
  void pack(KernelBody &body);

private:
  using Store = llvm::function_ref<void(mlir::Value, mlir::Value, mlir::Value,
                                        mlir::Value)>;
  void round(KernelBody &body);
  void transform(KernelBody &body, mlir::Value block, mlir::Value first,
                 mlir::Value firstLane, mlir::Value endLane, Store store);
  void put(KernelBody &body, mlir::Value block, mlir::Value point,
           mlir::Value c, mlir::Value lane, mlir::Value values,
           mlir::Value scale);

  int64_t bufferBase() const {
    return product(problem.taps) * channels * tiling.channelBlock();
  }
  int64_t scalesBase() const {
    return bufferBase() +
           transformBufferSize(filterTransform(tiling), tiling.lanes);
  }

  /// The number of input channels that are transformed together.
  static constexpr int64_t channels = 16;

  ConvProblem problem;
  WinogradTiling tiling;
  mlir::Operation *root;
  MultiplyEmitter multiplier;
};

} // namespace segc

#endif // SEGC_LIB_CODEGEN_CPU_WINOGRAD_WINOGRADFILTER_H
