//===- Normalization.h - Normalisation of a channel -------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_LIB_RUNTIME_DATA_NORMALIZATION_H
#define SEGC_LIB_RUNTIME_DATA_NORMALIZATION_H

#include "segc/Plan/Plan.h"

#include <string>

namespace segc {

class ThreadPool;

/// A channel of a cropped case and how it is normalised.
struct ChannelNormalization {
  PlanRules rules = PlanRules::V2;
  std::string scheme; ///< As in PlanConfiguration::normalization.
  bool useMask = false;
  ForegroundIntensities intensities; ///< For "ct".
  /// v2: values with a label below 0 lie outside of the mask.
  const int16_t *labels = nullptr;
};

/// Normalises in place. With a mask the published example takes values that
/// are not 0, v2 those with a label of at least 0; the others stay as they are.
/// Sums are made in double precision over blocks of a fixed length, so that
/// the bits do not depend on the number of threads. Fails for values that the
/// scheme does not take.
Status normalizeChannel(const ChannelNormalization &how, float *values,
                        int64_t count, ThreadPool &pool);

} // namespace segc

#endif // SEGC_LIB_RUNTIME_DATA_NORMALIZATION_H
