//===- FactorCopies.h - Factors in shared memory ----------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_LIB_CODEGEN_GPU_CONV_FACTORCOPIES_H
#define SEGC_LIB_CODEGEN_GPU_CONV_FACTORCOPIES_H

#include "ConvGemm.h"
#include "segc/Target/MultiplyType.h"

namespace segc {

/// How the threads of a block bring runs of factors for tensor cores to shared
/// memory: by asynchronous copies, or through registers what has another type
/// in memory or comes from a prologue.
class FactorCopies {
public:
  /// Shared memory has so many elements; `isInt8` if factors are whole numbers
  /// of 8 bits, not of the multiply type.
  FactorCopies(GpuKernelBody &k, MultiplyType multiplyType, int64_t elements,
               bool isInt8 = false);

  /// Whether `copy` can take the run.
  bool mayCopy(const GemmRun &run, int64_t lanes) const;
  /// Copies a run to an element of shared memory asynchronously; zeros if it is
  /// not inside.
  void copy(const GemmRun &run, int64_t lanes, mlir::Value to);
  /// Loads a run as it is stored, zeros if it is not inside. Numbers of 8 bits
  /// are four in an f32.
  mlir::Value load(const GemmRun &run, int64_t lanes);
  /// Begins to bring the i-th run of a thread to an element of shared memory:
  /// copies it, or else returns its value for `store`.
  mlir::Value begin(GemmRun run, const GemmRuns &runs, int64_t i,
                    llvm::function_ref<mlir::Value()> place);
  void store(mlir::Value value, const GemmRuns &runs, int64_t i,
             mlir::Value to);
  /// Brings runs of `lanes` elements, which the threads share one after the
  /// other, to shared memory. What needs registers is loaded a few runs at a
  /// time, and stored when this ends.
  void bring(int64_t runs, int64_t lanes,
             llvm::function_ref<std::pair<GemmRun, mlir::Value>(mlir::Value)>
                 runAndTo);
  /// Brings channels of each position of a box to shared memory, in runs of at
  /// most `maxLanes`. Warps take rows along the width in turn, so that threads
  /// divide no positions. What needs registers is loaded a few runs at a time.
  /// Returns whether some are copied asynchronously.
  bool bringBox(const Dims &box, int64_t channels, int64_t maxLanes,
                llvm::function_ref<std::pair<GemmRun, mlir::Value>(
                    const std::array<mlir::Value, 3> &, mlir::Value)>
                    runAndTo);
  /// Waits until all but the last `groups` groups of copies are there, of all
  /// threads.
  void waitForCopies(int64_t groups);

  const int64_t piece; ///< Elements of 16 bytes.
  mlir::Value memory;  ///< Of factors.

private:
  /// Stores what `load` returned.
  void storeRun(mlir::Value value, mlir::Value to);
  /// A run that a thread brings to an element of shared memory, if it exists.
  struct FactorRun {
    mlir::Value exists; ///< Null if it always does.
    GemmRun run;
    mlir::Value to;
  };
  /// Returns whether some are copied asynchronously.
  bool bringRuns(llvm::ArrayRef<FactorRun> runs, int64_t lanes);

protected:
  GpuKernelBody &k;
  MultiplyType multiplyType;
  bool isInt8;
};

/// Rounds a vector of f32 to bf16, two elements at a time, in the integers that
/// hold them in memory.
mlir::Value roundToBf16(GpuKernelBody &k, mlir::Value value, mlir::Type stored);

} // namespace segc

#endif // SEGC_LIB_CODEGEN_GPU_CONV_FACTORCOPIES_H
