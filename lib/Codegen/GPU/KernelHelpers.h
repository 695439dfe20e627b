//===- KernelHelpers.h - Helpers of GPU kernel emitters ---------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_LIB_CODEGEN_GPU_KERNELHELPERS_H
#define SEGC_LIB_CODEGEN_GPU_KERNELHELPERS_H

#include "segc/Codegen/GPU/GpuKernels.h"

namespace segc {

/// The widest vectors of a thread that divide all of these numbers of channels.
int64_t vectorLanes(const GpuTarget &target, llvm::ArrayRef<int64_t> channels);

/// Floats of shared memory that a block may take so that several blocks share a
/// multiprocessor.
int64_t sharedFloatsOf(const GpuTarget &target);

/// The largest number of threads up to `limit`, a power of two, that have
/// `floats` each among them; 0 if one has not.
int64_t threadsWithShared(const GpuTarget &target, int64_t floats,
                          int64_t limit);

/// Where a thread's vector of channels sits in an activation.
struct ActivationVector {
  mlir::Value sample;
  llvm::SmallVector<mlir::Value> position; ///< In the spatial dimensions.
  mlir::Value channel;                     ///< Of the first lane.
  mlir::Value element;                     ///< Linear index of the first lane.
};

/// Adds a launch with a thread for each vector of `lanes` channels of the
/// call's samples of an activation.
void launchVectors(
    GpuFusionEmitter &emitter, mlir::RankedTensorType activation, int64_t lanes,
    llvm::function_ref<void(GpuKernelBody &, const ActivationVector &)> body);

/// Adds a launch with a thread for each of [0, size), once or for each sample.
void launchThreads(GpuFusionEmitter &emitter, int64_t size, bool eachSample,
                   llvm::function_ref<void(GpuKernelBody &, mlir::Value sample,
                                           mlir::Value number)>
                       body);

/// Adds up [rows][width] floats at the beginning of shared memory to the first
/// row, in a fixed tree. It begins and ends with a barrier.
void sumRows(GpuKernelBody &k, int64_t rows, int64_t width);

} // namespace segc

#endif // SEGC_LIB_CODEGEN_GPU_KERNELHELPERS_H
