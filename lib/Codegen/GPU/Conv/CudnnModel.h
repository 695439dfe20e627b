//===- CudnnModel.h - Convolutions that cuDNN computes ----------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_LIB_CODEGEN_GPU_CONV_CUDNNMODEL_H
#define SEGC_LIB_CODEGEN_GPU_CONV_CUDNNMODEL_H

#include "segc/Target/KernelModel.h"

namespace segc {

/// Adds the model of calls of cuDNN. The models so far are those of
/// convolutions; their kernels stand beside each call.
void addCudnnModel(KernelModels &models);

} // namespace segc

#endif // SEGC_LIB_CODEGEN_GPU_CONV_CUDNNMODEL_H
