//===- NcclHeaderTest.cpp - Our declarations and those of nccl.h ----------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Compiled where NCCL's header is: the compiler compares.
//
//===----------------------------------------------------------------------===//

#include "../../../lib/Runtime/Device/Cuda/Nccl/NcclLibrary.h"
#include "../Device/SameSignature.h"

#include <cstddef>
#include <nccl.h>

namespace {

using namespace segc;
#define SEGC_NCCL_FUNCTION(name, ...)                                          \
  static_assert(SameSignature<nccl::name##Function, decltype(::name)>::value,  \
                "differs from nccl.h");
#include "../../../lib/Runtime/Device/Cuda/Nccl/NcclFunctions.def"

#define SAME(ours, theirs) static_assert(int(nccl::ours) == int(theirs))
SAME(Success, ncclSuccess);
SAME(RemoteError, ncclRemoteError);
SAME(InProgress, ncclInProgress);
SAME(Uint8, ncclUint8);
SAME(Float16, ncclFloat16);
SAME(Float32, ncclFloat32);
SAME(Bfloat16, ncclBfloat16);
SAME(Sum, ncclSum);
SAME(Max, ncclMax);
SAME(Avg, ncclAvg);
constexpr ncclConfig_t initial = NCCL_CONFIG_INITIALIZER;
static_assert(nccl::configMagic == initial.magic);
static_assert(nccl::configVersion == NCCL_VERSION(2, 14, 0));
static_assert(offsetof(nccl::Config, magic) == offsetof(ncclConfig_t, magic));
static_assert(offsetof(nccl::Config, version) ==
              offsetof(ncclConfig_t, version));
static_assert(offsetof(nccl::Config, blocking) ==
              offsetof(ncclConfig_t, blocking));
static_assert(sizeof(nccl::UniqueId) == sizeof(ncclUniqueId));

} // namespace
