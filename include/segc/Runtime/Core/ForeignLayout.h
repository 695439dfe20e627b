//===- ForeignLayout.h - Parameters in the layout of PyTorch ----*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_RUNTIME_CORE_FOREIGNLAYOUT_H
#define SEGC_RUNTIME_CORE_FOREIGNLAYOUT_H

#include <cstddef>
#include <cstdint>
#include <vector>

namespace segc {

/// How ONNX and PyTorch lay out a parameter.
enum class ForeignLayout {
  Same,
  OutputFirst, ///< out x in x taps, of a filter [taps, in, out].
  InputFirst,  ///< in x out x taps, of a filter [taps, in, out].
  PerChannel,  ///< C x 1 x 1 ..., of a vector [C].
};

/// The order of dimensions: `permuted` makes the foreign form of ours with the
/// first, ours of the foreign form with the second. Filters have a rank of at
/// least 2.
std::vector<size_t> foreignOrder(ForeignLayout layout, size_t rank);
std::vector<size_t> ownOrder(ForeignLayout layout, size_t rank);

/// The shape of which dimension i is dimension order[i] of `shape`.
std::vector<int64_t> permuted(const std::vector<int64_t> &shape,
                              const std::vector<size_t> &order);
/// Row-major values of `shape`, with the dimensions in that order.
std::vector<float> permuted(const float *values,
                            const std::vector<int64_t> &shape,
                            const std::vector<size_t> &order);

} // namespace segc

#endif // SEGC_RUNTIME_CORE_FOREIGNLAYOUT_H
