//===- ConvCosts.cpp ------------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Strategy/ConvCosts.h"
#include "segc/Codegen/CPU/ConvStrategy.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/bit.h"
#include <algorithm>

using namespace mlir;

namespace segc {

double occupiedTasks(int64_t tasks, const CpuStrategyContext &context) {
  // More tasks than threads balance the load of threads that others slow down.
  SmallVector<int64_t> numbers{2, 4, 8, 16};
  if (context.threads > 0)
    numbers = {context.threads, 2 * context.threads};
  double sum = 0;
  for (int64_t workers : numbers)
    sum += static_cast<double>(roundUp(tasks, workers));
  return sum / static_cast<double>(numbers.size());
}

int64_t lanesFor(int64_t channels, const CpuTarget &target) {
  return std::clamp<int64_t>(llvm::bit_ceil(static_cast<uint64_t>(channels)), 4,
                             target.lanes);
}

SmallVector<int64_t> pieces(int64_t size, int64_t unit) {
  SmallVector<int64_t> result;
  for (int64_t parts :
       {1,  2,  3,  4,  5,  6,  7,  8,  10, 12,  14,  16,  20,
        24, 28, 32, 40, 48, 56, 64, 72, 96, 128, 192, 284, 568}) {
    int64_t piece = parts == 1
                        ? size
                        : std::min(roundUp(divideUp(size, parts), unit), size);
    if (!llvm::is_contained(result, piece))
      result.push_back(piece);
  }
  return result;
}

double multiplyCycles(MultiplyType multiplyType, const CpuTarget &target) {
  // Measured on Sapphire Rapids (which has f16 arithmetic) and on Zen 4 (which
  // has not).
  constexpr double twoUnits = 0.5, slowBf16 = 2;
  bool slow = multiplyType == MultiplyType::Bf16 &&
              target.multiplyTypes.contains(MultiplyType::F16);
  return slow ? slowBf16 : twoUnits;
}

double registerBlockCycles(double values, double weights, double multiplyAdd) {
  return std::max(
             {values * weights * multiplyAdd, (values + weights) / 2, 4.0}) +
         0.25;
}

double widenCycles(MultiplyType multiplyType, double sums, int64_t steps,
                   int64_t additions) {
  // Cycles at the end of a chain: for f16 seven operations, two per cycle (see
  // MultiplyEmitter); for integers a conversion, a multiply-add, a load and a
  // store.
  constexpr double oneF16 = 3.5, oneFixed = 1.5;
  if (multiplyType == MultiplyType::F16)
    return oneF16 * sums * double(divideUp(steps, maxChained / additions));
  if (multiplyType == MultiplyType::Fixed)
    return oneFixed * sums * double(divideUp(steps, maxChainedFixed));
  return 0;
}

} // namespace segc
