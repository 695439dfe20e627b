//===- AugmentKernels.h - Kernel models of augmentation ---------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_LIB_CODEGEN_GPU_POINTWISE_AUGMENTKERNELS_H
#define SEGC_LIB_CODEGEN_GPU_POINTWISE_AUGMENTKERNELS_H

#include "segc/Target/KernelModel.h"

namespace segc {

/// Adds the models of augmentation.
void addAugmentGpuModels(KernelModels &models);

} // namespace segc

#endif // SEGC_LIB_CODEGEN_GPU_POINTWISE_AUGMENTKERNELS_H
