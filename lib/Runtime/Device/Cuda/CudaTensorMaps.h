//===- CudaTensorMaps.h - Tensor maps of launches ---------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_LIB_RUNTIME_DEVICE_CUDA_CUDATENSORMAPS_H
#define SEGC_LIB_RUNTIME_DEVICE_CUDA_CUDATENSORMAPS_H

#include "CudaDriver.h"
#include "segc/model.h"

#include <array>

namespace segc::cuda {

using TensorMaps = std::array<TensorMap, SEGC_MAX_TENSOR_MAPS>;

/// Encodes the tensor maps of a launch of `batch` samples, whose operands have
/// these addresses.
Status encodeTensorMaps(const CudaDriver &driver, const segc_command &command,
                        const uint64_t *addresses, int64_t batch,
                        TensorMaps &maps);

} // namespace segc::cuda

#endif // SEGC_LIB_RUNTIME_DEVICE_CUDA_CUDATENSORMAPS_H
