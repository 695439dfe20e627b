//===- ImportedNetwork.h - A network of other origin ------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_EXCHANGE_IMPORTEDNETWORK_H
#define SEGC_EXCHANGE_IMPORTEDNETWORK_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"

#include <string>
#include <vector>

namespace segc {

/// A parameter or state of f32, in the layout of seg.param.
struct NamedTensor {
  std::string name;
  std::vector<int64_t> shape;
  std::vector<float> values;
};

struct ImportedNetwork {
  mlir::OwningOpRef<mlir::ModuleOp> module; ///< With one seg.network.
  std::vector<NamedTensor> weights;
};

} // namespace segc

#endif // SEGC_EXCHANGE_IMPORTEDNETWORK_H
