//===- KernelInputs.h - What kernels are checked with -----------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_LIB_DRIVER_VERIFY_KERNELINPUTS_H
#define SEGC_LIB_DRIVER_VERIFY_KERNELINPUTS_H

#include "mlir/IR/Value.h"
#include "segc/Reference/HostTensor.h"

namespace segc {

/// Random values that suit the ops which read the argument of a seg.fusion.
reference::HostTensor makeInput(mlir::BlockArgument argument, int64_t classes);

/// Elements of a root's result that are compared: all of them (an empty list)
/// if so many products suffice, else borders and others by chance, in rising
/// order. Neighbours are taken together, as tiles are.
std::vector<int64_t> sampledElements(mlir::Operation *root, double products);

} // namespace segc

#endif // SEGC_LIB_DRIVER_VERIFY_KERNELINPUTS_H
