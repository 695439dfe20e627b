//===- CudaHeaderTest.cpp - Our declarations and those of cuda.h ----------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Compiled where a CUDA toolkit is. What is compared is compared by the
// compiler.
//
//===----------------------------------------------------------------------===//

#include "../../../lib/Runtime/Device/Cuda/CudaDriver.h"
#include "SameSignature.h"

#include <cuda.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace {

// The header renames functions to those of the newest version.
#define SEGC_CUDA_FUNCTION(name, ...)                                          \
  static_assert(                                                               \
      SameSignature<segc::cuda::name##Function, decltype(name)>::value,        \
      "differs from cuda.h");
#include "../../../lib/Runtime/Device/Cuda/DriverFunctions.def"

using namespace segc;
static_assert(sizeof(cuda::MemoryHandle) == sizeof(CUdeviceptr));
static_assert(sizeof(cuda::DeviceHandle) == sizeof(CUdevice));
static_assert(int(cuda::Success) == int(CUDA_SUCCESS));
static_assert(int(cuda::ErrorInvalidValue) == int(CUDA_ERROR_INVALID_VALUE));
static_assert(int(cuda::ErrorOutOfMemory) == int(CUDA_ERROR_OUT_OF_MEMORY));
static_assert(int(cuda::ErrorStubLibrary) == int(CUDA_ERROR_STUB_LIBRARY));
static_assert(int(cuda::ErrorNoDevice) == int(CUDA_ERROR_NO_DEVICE));
static_assert(int(cuda::ErrorNotFound) == int(CUDA_ERROR_NOT_FOUND));
static_assert(int(cuda::MaxGridX) == int(CU_DEVICE_ATTRIBUTE_MAX_GRID_DIM_X));
static_assert(int(cuda::ComputeCapabilityMajor) ==
              int(CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR));
static_assert(int(cuda::ComputeCapabilityMinor) ==
              int(CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR));
static_assert(int(cuda::MaxSharedMemoryOptIn) ==
              int(CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN));
static_assert(int(cuda::MaxThreads) ==
              int(CU_FUNC_ATTRIBUTE_MAX_THREADS_PER_BLOCK));
static_assert(int(cuda::StaticSharedMemory) ==
              int(CU_FUNC_ATTRIBUTE_SHARED_SIZE_BYTES));
static_assert(int(cuda::MaxDynamicSharedMemory) ==
              int(CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES));
static_assert(int(cuda::HasVirtualMemory) ==
              int(CU_DEVICE_ATTRIBUTE_VIRTUAL_MEMORY_MANAGEMENT_SUPPORTED));
static_assert(sizeof(cuda::PhysicalHandle) ==
              sizeof(CUmemGenericAllocationHandle));
static_assert(sizeof(cuda::MemoryLocation) == sizeof(CUmemLocation) &&
              offsetof(cuda::MemoryLocation, kind) ==
                  offsetof(CUmemLocation, type) &&
              offsetof(cuda::MemoryLocation, number) ==
                  offsetof(CUmemLocation, id));
static_assert(sizeof(cuda::PhysicalMemory) == sizeof(CUmemAllocationProp) &&
              offsetof(cuda::PhysicalMemory, kind) ==
                  offsetof(CUmemAllocationProp, type) &&
              offsetof(cuda::PhysicalMemory, sharedAs) ==
                  offsetof(CUmemAllocationProp, requestedHandleTypes) &&
              offsetof(cuda::PhysicalMemory, location) ==
                  offsetof(CUmemAllocationProp, location) &&
              offsetof(cuda::PhysicalMemory, flags) ==
                  offsetof(CUmemAllocationProp, allocFlags));
static_assert(sizeof(cuda::MemoryAccess) == sizeof(CUmemAccessDesc) &&
              offsetof(cuda::MemoryAccess, flags) ==
                  offsetof(CUmemAccessDesc, flags));
static_assert(int(cuda::MemoryPinned) == int(CU_MEM_ALLOCATION_TYPE_PINNED));
static_assert(int(cuda::MemoryOfDevice) == int(CU_MEM_LOCATION_TYPE_DEVICE));
static_assert(int(cuda::MemoryReadWrite) ==
              int(CU_MEM_ACCESS_FLAGS_PROT_READWRITE));
static_assert(int(cuda::MinimumGranularity) ==
              int(CU_MEM_ALLOC_GRANULARITY_MINIMUM));
static_assert(sizeof(cuda::TensorMap) == sizeof(CUtensorMap) &&
              alignof(cuda::TensorMap) >= alignof(CUtensorMap));
static_assert(int(cuda::TensorMapF16) == int(CU_TENSOR_MAP_DATA_TYPE_FLOAT16));
static_assert(int(cuda::TensorMapF32) == int(CU_TENSOR_MAP_DATA_TYPE_FLOAT32));
static_assert(int(cuda::TensorMapBf16) ==
              int(CU_TENSOR_MAP_DATA_TYPE_BFLOAT16));
static_assert(int(cuda::TensorMapInterleaveNone) ==
              int(CU_TENSOR_MAP_INTERLEAVE_NONE));
static_assert(int(cuda::TensorMapSwizzleNone) ==
              int(CU_TENSOR_MAP_SWIZZLE_NONE));
static_assert(int(cuda::TensorMapSwizzle32) == int(CU_TENSOR_MAP_SWIZZLE_32B));
static_assert(int(cuda::TensorMapSwizzle64) == int(CU_TENSOR_MAP_SWIZZLE_64B));
static_assert(int(cuda::TensorMapSwizzle128) ==
              int(CU_TENSOR_MAP_SWIZZLE_128B));
static_assert(int(cuda::TensorMapPromotion256) ==
              int(CU_TENSOR_MAP_L2_PROMOTION_L2_256B));
static_assert(int(cuda::TensorMapFillZeros) ==
              int(CU_TENSOR_MAP_FLOAT_OOB_FILL_NONE));
static_assert(int(cuda::ProgrammaticStreamSerialization) ==
              int(CU_LAUNCH_ATTRIBUTE_PROGRAMMATIC_STREAM_SERIALIZATION));
static_assert(sizeof(cuda::LaunchAttribute) == sizeof(CUlaunchAttribute) &&
              offsetof(cuda::LaunchAttribute, kind) ==
                  offsetof(CUlaunchAttribute, id) &&
              offsetof(cuda::LaunchAttribute, value) ==
                  offsetof(CUlaunchAttribute, value));
static_assert(sizeof(cuda::LaunchConfig) == sizeof(CUlaunchConfig) &&
              offsetof(cuda::LaunchConfig, gridX) ==
                  offsetof(CUlaunchConfig, gridDimX) &&
              offsetof(cuda::LaunchConfig, blockX) ==
                  offsetof(CUlaunchConfig, blockDimX) &&
              offsetof(cuda::LaunchConfig, sharedBytes) ==
                  offsetof(CUlaunchConfig, sharedMemBytes) &&
              offsetof(cuda::LaunchConfig, stream) ==
                  offsetof(CUlaunchConfig, hStream) &&
              offsetof(cuda::LaunchConfig, attributes) ==
                  offsetof(CUlaunchConfig, attrs) &&
              offsetof(cuda::LaunchConfig, attributeCount) ==
                  offsetof(CUlaunchConfig, numAttrs));
static_assert(int(cuda::ErrorLogBuffer) == int(CU_JIT_ERROR_LOG_BUFFER));
static_assert(int(cuda::ErrorLogBytes) ==
              int(CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES));
static_assert(int(cuda::StreamNonBlocking) == int(CU_STREAM_NON_BLOCKING));
static_assert(int(cuda::EventDefault) == int(CU_EVENT_DEFAULT));
static_assert(int(cuda::CaptureThreadLocal) ==
              int(CU_STREAM_CAPTURE_MODE_THREAD_LOCAL));

// The codes that CudaDevice takes for the fault of a kernel.
static_assert(CUDA_ERROR_ILLEGAL_ADDRESS == 700);
static_assert(CUDA_ERROR_LAUNCH_TIMEOUT == 702);
static_assert(CUDA_ERROR_ASSERT == 710);
static_assert(CUDA_ERROR_HARDWARE_STACK_ERROR == 714);
static_assert(CUDA_ERROR_LAUNCH_FAILED == 719);

} // namespace

// The header's macros may rename a function to a later version of it, which is
// what cuGetProcAddress finds by the old name. Another name is another
// function: the driver's cuGraphInstantiate takes other parameters than the
// header's, which is cuGraphInstantiateWithFlags.
TEST(CudaHeader, TheDriverFindsWhatTheHeaderDeclares) {
#define SEGC_TEXT(name) #name
#define SEGC_CUDA_FUNCTION(name, ...)                                          \
  EXPECT_THAT(SEGC_TEXT(name), testing::MatchesRegex(#name "(_v[0-9]+)?"));
#include "../../../lib/Runtime/Device/Cuda/DriverFunctions.def"
#undef SEGC_TEXT
}

// The toolkit's stub is opened like a driver, and refused.
TEST(CudaHeader, TheStubIsNamed) {
  auto driver = cuda::CudaDriver::open(SEGC_CUDA_STUB);
  ASSERT_FALSE(driver.ok());
  EXPECT_NE(driver.status().message().find("is the stub of the CUDA toolkit"),
            std::string::npos)
      << driver.status().message();
}
