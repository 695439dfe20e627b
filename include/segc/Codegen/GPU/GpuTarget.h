//===- GpuTarget.h - Description of an NVIDIA GPU ---------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_CODEGEN_GPU_GPUTARGET_H
#define SEGC_CODEGEN_GPU_GPUTARGET_H

#include "segc/Target/TargetVersion.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include <cstdint>
#include <optional>
#include <string>

namespace segc {

/// One architecture that kernels are compiled for. The figures of TargetVersion
/// are those of a whole device, which a launch is spread over.
struct GpuTarget : TargetVersion {
  int64_t sharedBytes = 0;     ///< Largest shared memory of a block.
  int64_t blockThreads = 1024; ///< Maximum number of threads of a block.
  int64_t lanes = 4;           ///< f32 elements of the widest load of a thread.
  bool hasWarpgroups = false;  ///< wgmma and TMA.
  bool hasDependentLaunches = false; ///< griddepcontrol.

  // Of the device that the cost models have in mind.
  int64_t multiprocessors = 0;
  int64_t residentThreads = 2048; ///< Of a multiprocessor.
  int64_t registers = 64 << 10;   ///< Of a multiprocessor.
  double l2BytesPerSecond = 0;
  /// Of a thread of the kernel that is considered, where its assembler has said
  /// so; 0: estimated.
  int64_t kernelRegisters = 0;
  double loadSeconds = 0.6e-6; ///< From a load's address to its value.
  /// From a copy of boxes to its arrival while all multiprocessors copy: what
  /// filter gradients with 2 to 4 stages took for a step on an H200.
  double boxSeconds = 1.2e-6;
  double launchSeconds = 1.5e-6; ///< From one dependent kernel to the next.
  /// Of those, the ones that clusters of 4 or 8 blocks fill at a time. A
  /// cluster runs on one of the groups (GPCs) of a device, which have different
  /// numbers of multiprocessors, from card to card.
  int64_t clusterMultiprocessors = 0;
  double clusterBarrierSeconds = 0.5e-6;
  double clusterBytesPerSecond = 3e12; ///< From shared memory of other blocks.

  /// The blocks that a multiprocessor holds at a time (CUDA C++ Programming
  /// Guide, "Compute Capabilities"). Registers are of a thread.
  int64_t residentBlocks(int64_t threads, int64_t registersOfThread,
                         int64_t sharedBytesOfBlock) const;
};

/// "sm_80" (A100), "sm_90" and "sm_90a" (H100, H200, with the instructions that
/// no other architecture has); null for other names.
std::optional<GpuTarget> lookupGpuTarget(llvm::StringRef chip);
/// Names that lookupGpuTarget accepts, the newest last.
llvm::ArrayRef<llvm::StringRef> gpuTargetNames();

/// The architecture with the figures of a device, which runs its code; none if
/// the name is unknown.
std::optional<GpuTarget> gpuOnDevice(const GpuTarget &target,
                                     llvm::StringRef device);
/// Names that gpuOnDevice accepts: "h100", "h200".
llvm::ArrayRef<llvm::StringRef> gpuDeviceNames();

} // namespace segc

#endif // SEGC_CODEGEN_GPU_GPUTARGET_H
