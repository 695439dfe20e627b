//===- Initialize.h - Initial values of parameters --------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_RUNTIME_CORE_INITIALIZE_H
#define SEGC_RUNTIME_CORE_INITIALIZE_H

#include "segc/Runtime/Core/Manifest.h"
#include "segc/Runtime/Core/ThreadPool.h"

#include <cstddef>

namespace segc {

/// Writes the initial values of `tensors` into their region. The random numbers
/// of a tensor are keyed by the seed and its name, so that another layer does
/// not change the values of the others.
void initializeRegion(const std::vector<RegionTensor> &tensors, uint64_t seed,
                      std::byte *region, ThreadPool &pool);

/// Fans of a filter [k..., in, out]: taps * in and taps * out. A vector's are
/// its length.
struct Fans {
  double in, out;
};
Fans fansOf(const std::vector<int64_t> &shape);

} // namespace segc

#endif // SEGC_RUNTIME_CORE_INITIALIZE_H
