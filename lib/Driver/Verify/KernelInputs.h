//===- KernelInputs.h - Inputs of kernel checks -----------------*- C++ -*-===//
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

/// How an input is drawn: reference::randomTensor, then rounded to its type,
/// then to multiples of `step`, unless that is 0.
struct InputDraws {
  uint64_t seed;
  reference::Distribution distribution;
  double step;
};
InputDraws inputDraws(mlir::BlockArgument argument, int64_t classes);

/// Draws random values in the domain of the ops that read the argument of a
/// seg.fusion.
reference::HostTensor makeInput(mlir::BlockArgument argument, int64_t classes);

/// Selects the elements of a root's result that are compared, in ascending
/// order: all (an empty list) if their products are at most `products`,
/// otherwise borders and random elements. Neighbours are selected together, as
/// a tile computes them together.
std::vector<int64_t> sampledElements(mlir::Operation *root, double products);

} // namespace segc

#endif // SEGC_LIB_DRIVER_VERIFY_KERNELINPUTS_H
