//===- ReferenceModel.h - A network's entries in f64 ------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_UNITTESTS_RANDOMNETWORKS_REFERENCEMODEL_H
#define SEGC_UNITTESTS_RANDOMNETWORKS_REFERENCEMODEL_H

#include "Configuration.h"

#include "segc/Reference/Reference.h"
#include "segc/model.h"

#include <map>

namespace segc::random_networks {

/// The memory of a model's call, by region.
struct CallMemory {
  std::vector<float> parameters, states, gradients, optimizer;
  std::vector<float> image;
  std::vector<int32_t> label;
  segc_scalars scalars = {};
};

/// One result of an entry.
struct ReferenceResult {
  std::string region, name;
  int64_t offset = 0; ///< Offset in elements of the region.
  /// The result computed in doubles, and with rounding where the model rounds.
  reference::HostTensor exact, stored;
};

/// Evaluates the entries of a network after the phase `fusion`, op by op.
class ReferenceModel {
public:
  static llvm::Expected<std::unique_ptr<ReferenceModel>>
  create(const std::string &file, const Configuration &options);

  llvm::Expected<std::vector<ReferenceResult>>
  evaluate(llvm::StringRef entry, const CallMemory &memory);

private:
  ReferenceModel() : context(mlir::MLIRContext::Threading::DISABLED) {}

  CompilerContext context;
  mlir::OwningOpRef<mlir::ModuleOp> module;
};

} // namespace segc::random_networks

#endif // SEGC_UNITTESTS_RANDOMNETWORKS_REFERENCEMODEL_H
