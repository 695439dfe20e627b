//===- Strategies.h - Strategies of a network -------------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_UNITTESTS_RANDOMNETWORKS_STRATEGIES_H
#define SEGC_UNITTESTS_RANDOMNETWORKS_STRATEGIES_H

#include "Configuration.h"

#include "segc/Dialect/Seg/IR/SegDialect.h"

#include <set>

namespace segc::random_networks {

/// Returns the root and the strategy, without sizes, of each distinct kernel of
/// the planned entries: "seg.conv kind=winograd m=1x2x2 products=bf16".
std::vector<std::string> strategiesOf(mlir::ModuleOp planned);

/// Returns the distinct kernels whose description is `strategy`.
std::vector<seg::FusionOp> kernelsOf(mlir::ModuleOp planned,
                                     llvm::StringRef strategy);

/// Returns options for the published networks: every precision with every
/// instruction set that this processor supports.
std::vector<CompileOptions> usualOptions();

} // namespace segc::random_networks

#endif // SEGC_UNITTESTS_RANDOMNETWORKS_STRATEGIES_H
