//===- ReductionKernels.cpp -----------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Reductions/TileReductions.h"

using namespace mlir;
using namespace segc;

void segc::addReductionModels(KernelModels &models) {
  models.push_back(
      std::make_unique<CpuReductionModel<ChannelReductionOpInterface>>());
}
