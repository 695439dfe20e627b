//===- InputScales.h - Scales of the inputs of convolutions -----*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_LIB_DRIVER_CALIBRATE_INPUTSCALES_H
#define SEGC_LIB_DRIVER_CALIBRATE_INPUTSCALES_H

#include "mlir/IR/BuiltinOps.h"
#include "segc/Base/Json.h"
#include "llvm/Support/Error.h"

namespace segc {

/// Writes seg.input_scale and seg.quantized_error on the convolutions of a
/// network that was parsed from the text that a model without fusion was
/// compiled from. `ranges` is what `segrun predict --value-ranges` wrote about
/// that model; kernels and ops belong together by their line. Returns the
/// number of these convolutions.
llvm::Expected<int64_t> annotateInputScales(mlir::ModuleOp network,
                                            const Json &ranges,
                                            const std::string &weights);

} // namespace segc

#endif // SEGC_LIB_DRIVER_CALIBRATE_INPUTSCALES_H
