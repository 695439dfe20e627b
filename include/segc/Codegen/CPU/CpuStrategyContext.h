//===- CpuStrategyContext.h - Inputs of the choice of a strategy *- C++ -*-===//
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

/// Relative errors that 16-bit products may cause in the result of a
/// convolution. For a prediction, the limit is the error of direct bf16
/// convolutions. The forward pass of a training step tolerates more; gradients
/// tolerate the most, because the choice of a batch makes them noisy already.
inline constexpr double predictionProductError = 2.5e-3,
                        trainingProductError = 2.5e-2,
                        gradientProductError = 5e-2;

/// With an input of 8 bits, products may cause as much as its quantization
/// does.
inline constexpr double quantizedProductError = 1e-2;

/// The inputs of the choice of a strategy, in addition to the fusion.
struct CpuStrategyContext {
  CpuTarget target;
  WinogradTiles winograd = WinogradTiles::F6;
  /// The types that 16-bit values may be multiplied in.
  MultiplyTypeSet allowedMultiplyTypes{};
  /// The multiply type of the tiling that is searched.
  MultiplyType multiplyType = MultiplyType::F32;
  /// The largest relative root mean square error that 16-bit products may cause
  /// in a result.
  double productError = predictionProductError;
  /// The entry computes gradients or changes parameters.
  bool training = false;
  /// Number of threads that the tasks are cut for; 0: the average over a few
  /// numbers. Kernels run with any number of threads, and their results do not
  /// depend on it.
  int64_t threads = 0;
  /// Filters are packed once, not in every step.
  bool constantFilter = false;
  /// A prologue computes the first operand, which is not in memory.
  bool computedInput = false;
  /// The input is quantized to 8 bits, and the filter is not.
  bool int8Input = false;
  /// Cycles that a prologue adds to loading a vector.
  double loadCycles = 0;
  /// Bytes of a value of the result in memory.
  int64_t resultBytes = 4;

  // Restrictions of the search, for alternative candidates.
  bool onlyLargestTiles = false; ///< No Winograd tiles below `winograd`.
  /// A number of vectors of a register block that is excluded; 0: none. If no
  /// tiling remains, its cycles are infinite.
  int64_t avoidedVectors = 0;

  /// Whether Winograd tiles of which the largest side has `size` outputs, 2, 4
  /// or 6, may be used.
  bool allowsTiles(int64_t size) const {
    int64_t largest = winograd == WinogradTiles::F6   ? 6
                      : winograd == WinogradTiles::F4 ? 4
                                                      : 2;
    return onlyLargestTiles ? size == largest : size <= largest;
  }
};

/// Converts the context of a pass, whose target must be a CPU.
CpuStrategyContext cpuContext(const StrategyContext &context);

} // namespace segc

#endif // SEGC_CODEGEN_CPU_CPUSTRATEGYCONTEXT_H
