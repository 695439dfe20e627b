//===- Splits.h - Training and validation cases -----------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_LIB_RUNTIME_DATA_SPLITS_H
#define SEGC_LIB_RUNTIME_DATA_SPLITS_H

#include "segc/Runtime/Data/DataSet.h"
#include "segc/Runtime/Data/NumpyRandom.h"

namespace segc {

/// The first int(count * share) cases train, the others validate.
FoldSplit shareSplit(int64_t count, double share);

/// Refuses more folds than cases, but for the five that nobody asked for, and a
/// fold or train split that leaves none of `count` cases to validate; `cases`
/// says what they are.
Status checkSplit(const FoldSplit &split, int64_t count,
                  const DatasetOptions &options, const std::string &where,
                  const char *cases);

} // namespace segc

#endif // SEGC_LIB_RUNTIME_DATA_SPLITS_H
