//===- KernelCounts.h - What an emulated kernel has done --------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_BASE_KERNELCOUNTS_H
#define SEGC_BASE_KERNELCOUNTS_H

#include <cstdint>

namespace segc {

/// What blocks of an emulated GPU have done. Sectors are the pieces of 32 bytes
/// that memory is read and written in; those that the lanes of a warp share in
/// an access count once.
struct KernelCounts {
  uint64_t globalBytesRead = 0, globalBytesWritten = 0;
  uint64_t globalSectorsRead = 0, globalSectorsWritten = 0;
  uint64_t sharedBytesRead = 0, sharedBytesWritten = 0;
  uint64_t tensorFlops = 0; ///< Of mma and wgmma; a multiplication and a sum.
};

} // namespace segc

#endif // SEGC_BASE_KERNELCOUNTS_H
