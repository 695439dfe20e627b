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
#include <string>
#include <vector>

namespace segc {

/// A convolution that has a scale.
struct CalibratedLayer {
  std::string name; ///< "down1.conv" of the filter "down1.conv.weight".
  double error;     ///< What seg.quantized_error says.
};

/// Writes seg.input_scale and seg.quantized_error on the convolutions of a
/// network that was parsed from the text that a model without fusion was
/// compiled from. `ranges` is what `segrun predict --value-ranges` wrote about
/// that model; kernels and ops belong together by their line. Returns these
/// convolutions in the order of the network.
llvm::Expected<std::vector<CalibratedLayer>>
annotateInputScales(mlir::ModuleOp network, const Json &ranges,
                    const std::string &weights);

/// Lines for the terminal: the convolutions that seg-quantize-products keeps in
/// 16 bits for their error, with it and the largest that is allowed.
std::string describeSensitive(llvm::ArrayRef<CalibratedLayer> layers);

} // namespace segc

#endif // SEGC_LIB_DRIVER_CALIBRATE_INPUTSCALES_H
