//===- CudaDriver.h - The CUDA driver, opened at run time -------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The runtime neither includes cuda.h nor links libcuda: it declares what it
// uses of the driver API, and opens the library of the driver that a machine
// has. Values and layouts are those of version 12.0 and later.
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_LIB_RUNTIME_DEVICE_CUDA_CUDADRIVER_H
#define SEGC_LIB_RUNTIME_DEVICE_CUDA_CUDADRIVER_H

#include "segc/Base/Status.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

namespace segc::cuda {

using Result = int;                        ///< CUresult
using DeviceHandle = int;                  ///< CUdevice
using MemoryHandle = uint64_t;             ///< CUdeviceptr
using PhysicalHandle = unsigned long long; ///< CUmemGenericAllocationHandle
using ContextHandle = struct ContextOfDriver *;     ///< CUcontext
using StreamHandle = struct StreamOfDriver *;       ///< CUstream
using EventHandle = struct EventOfDriver *;         ///< CUevent
using GraphHandle = struct GraphOfDriver *;         ///< CUgraph
using GraphExecHandle = struct GraphExecOfDriver *; ///< CUgraphExec
using ModuleHandle = struct ModuleOfDriver *;       ///< CUmodule
using FunctionHandle = struct FunctionOfDriver *;   ///< CUfunction

enum : Result {
  Success = 0,
  ErrorInvalidValue = 1,
  ErrorOutOfMemory = 2,
  ErrorStubLibrary = 34,
  ErrorNoDevice = 100,
  ErrorNotFound = 500,
  ErrorNotReady = 600,
};

/// CUdevice_attribute.
enum DeviceAttribute {
  MaxGridX = 5,
  ComputeCapabilityMajor = 75,
  ComputeCapabilityMinor = 76,
  MaxSharedMemoryOptIn = 97, ///< of a block, after the opt-in
  HasVirtualMemory = 102,    ///< addresses without memory
};

/// CUfunction_attribute.
enum FunctionAttribute {
  MaxThreads = 0, ///< of a block
  StaticSharedMemory = 1,
  MaxDynamicSharedMemory = 8,
};

/// CUtensorMap, which CUDA 12 aligns to 64 bytes.
struct MemoryLocation {
  int kind, number;
};
/// Memory that addresses are mapped to.
struct PhysicalMemory {
  int kind;
  int sharedAs; ///< 0: it belongs to this process alone
  MemoryLocation location;
  void *unused;
  unsigned char flags[8];
};
struct MemoryAccess {
  MemoryLocation location;
  int flags;
};
enum { MemoryPinned = 1, MemoryOfDevice = 1, MemoryReadWrite = 3 };
enum { MinimumGranularity = 0 };

struct alignas(128) TensorMap {
  uint64_t opaque[16];
};
enum TensorMapType {
  TensorMapF16 = 6,
  TensorMapF32 = 7,
  TensorMapBf16 = 9
}; ///< CUtensorMapDataType
enum TensorMapInterleave { TensorMapInterleaveNone = 0 };
enum TensorMapSwizzle {
  TensorMapSwizzleNone = 0,
  TensorMapSwizzle32 = 1,
  TensorMapSwizzle64 = 2,
  TensorMapSwizzle128 = 3
};
enum TensorMapPromotion { TensorMapPromotion256 = 3 }; ///< Of L2, bytes.
enum TensorMapFill { TensorMapFillZeros = 0 };         ///< What is outside.

/// CUlaunchAttributeID.
enum LaunchAttributeKind { ProgrammaticStreamSerialization = 6 };
/// CUlaunchAttribute, with the value of that kind.
struct LaunchAttribute {
  int kind;
  char padding[4];
  int value; ///< 1: the launch may begin before the kernel in front has ended
  char unused[60];
};
/// CUlaunchConfig.
struct LaunchConfig {
  unsigned gridX, gridY, gridZ, blockX, blockY, blockZ;
  unsigned sharedBytes;
  StreamHandle stream;
  LaunchAttribute *attributes;
  unsigned attributeCount;
};

/// CUjit_option.
enum JitOption { ErrorLogBuffer = 5, ErrorLogBytes = 6 };

/// Flags.
enum : unsigned {
  StreamNonBlocking = 1, ///< CU_STREAM_NON_BLOCKING
  EventDefault = 0,      ///< CU_EVENT_DEFAULT: with a time
};
enum CaptureMode { CaptureThreadLocal = 1 }; ///< CUstreamCaptureMode

#define SEGC_CUDA_FUNCTION(name, ...)                                          \
  using name##Function = Result(__VA_ARGS__);
#include "DriverFunctions.def"

/// The functions of the driver, and its errors as Status.
class CudaDriver {
public:
  /// Opens and initialises the driver. The error says whether it is missing,
  /// is the toolkit's stub, is too old, or finds no GPU, and what to do
  /// instead.
  static StatusOr<std::shared_ptr<const CudaDriver>>
  open(const std::string &library = "libcuda.so.1",
       const std::string &alternative =
           "run on the processor with --device cpu");

#define SEGC_CUDA_FUNCTION(name, ...) name##Function *name = nullptr;
#include "DriverFunctions.def"

  /// Whether a kernel may be launched before the one in front of it on the
  /// stream has ended, in graphs as well: since CUDA 12.3.
  bool hasDependentLaunches() const {
    return cuLaunchKernelEx && version_ >= 12030;
  }
  /// Whether addresses can be reserved apart from memory.
  bool hasVirtualMemory() const {
    return cuMemGetAllocationGranularity && cuMemAddressReserve &&
           cuMemAddressFree && cuMemCreate && cuMemRelease && cuMemMap &&
           cuMemUnmap && cuMemSetAccess;
  }
  /// Returns the newest CUDA version of the driver: 1000 * major + 10 * minor.
  int version() const { return version_; }
  int deviceCount() const { return count; }

  /// Returns success, or an error that says what the driver was asked to do and
  /// what it answered.
  Status check(Result result, const std::string &what) const;
  /// "an illegal memory access was encountered (CUDA_ERROR_ILLEGAL_ADDRESS,
  /// 700)".
  std::string text(Result result) const;

private:
  CudaDriver() = default;
  Status resolve(void *library, const std::string &name,
                 const std::string &alternative);

  int version_ = 0, count = 0;
};

/// "12.4" of 12040.
std::string versionText(int version);

} // namespace segc::cuda

#endif // SEGC_LIB_RUNTIME_DEVICE_CUDA_CUDADRIVER_H
