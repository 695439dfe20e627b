//===- CpuStrategyContext.h - What a strategy may depend on -----*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_CODEGEN_CPU_CPUSTRATEGYCONTEXT_H
#define SEGC_CODEGEN_CPU_CPUSTRATEGYCONTEXT_H

#include "segc/Codegen/CPU/CpuTarget.h"
#include "segc/Target/KernelModel.h"

namespace segc {

/// Errors that products of 16 bits may cause in a convolution's result: in a
/// prediction, whose error is there to stay, that of products of bf16 without
/// tiles; in the forward pass of a training step more, and still more in a
/// gradient, which is noisy by the choice of a batch.
inline constexpr double predictionProductError = 2.5e-3,
                        trainingProductError = 2.5e-2,
                        gradientProductError = 5e-2;

/// What the choice of a kernel's strategy may depend on, beside the fusion.
struct CpuStrategyContext {
  CpuTarget target;
  WinogradTiles winograd = WinogradTiles::F4;
  /// What may multiply values of 16 bits.
  MultiplyTypeSet allowedMultiplyTypes{};
  /// What a plan is to multiply by.
  MultiplyType multiplyType = MultiplyType::F32;
  /// Of products of 16 bits: the largest root mean square error of a result,
  /// of the result's.
  double productError = predictionProductError;
  /// The entry computes gradients or changes parameters.
  bool training = false;
  /// Threads that tasks are cut for; 0: a few numbers alike. Kernels run with
  /// any number, and their results do not depend on it.
  int64_t threads = 0;
  /// Filters are laid out once, not in every step.
  bool constantFilter = false;
  /// The first operand is computed by a prologue: it lies nowhere as it is.
  bool computedInput = false;
  /// Cycles that a prologue adds to loading a vector.
  double loadCycles = 0;

  // For second choices: what the search may not use.
  bool onlyLargestTiles = false; ///< No Winograd tiles below `winograd`.
  /// Not this many vectors in a register block; 0: any number. There may be no
  /// plan then: its cycles are infinite.
  int64_t avoidedVectors = 0;

  /// Whether Winograd tiles of `size` outputs, 2 or 4, may be used.
  bool allowsTiles(int64_t size) const {
    return size == 4 ? winograd == WinogradTiles::F4
                     : !(onlyLargestTiles && winograd == WinogradTiles::F4);
  }
};

/// What a pass asks, of a CPU.
CpuStrategyContext cpuContext(const StrategyContext &context);

} // namespace segc

#endif // SEGC_CODEGEN_CPU_CPUSTRATEGYCONTEXT_H
