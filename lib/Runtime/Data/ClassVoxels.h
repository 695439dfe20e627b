//===- ClassVoxels.h - Voxels of classes for oversampling -------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_LIB_RUNTIME_DATA_CLASSVOXELS_H
#define SEGC_LIB_RUNTIME_DATA_CLASSVOXELS_H

#include "segc/Runtime/Data/PreparedCase.h"

namespace segc {

/// Fills classVoxels and labelledVoxels from the labels.
void drawClassVoxels(const DatasetDescription &data, PreparedCase &prepared);

} // namespace segc

#endif // SEGC_LIB_RUNTIME_DATA_CLASSVOXELS_H
