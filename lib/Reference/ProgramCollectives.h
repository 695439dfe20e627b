//===- ProgramCollectives.h - Commands that ranks share ---------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_LIB_REFERENCE_PROGRAMCOLLECTIVES_H
#define SEGC_LIB_REFERENCE_PROGRAMCOLLECTIVES_H

#include "segc/Dialect/Exec/IR/ExecDialect.h"
#include "segc/Reference/HostTensor.h"

namespace segc::reference {

/// The operands or results of a command on one rank.
using Tensors = std::vector<HostTensor>;

/// Evaluates a collective, of the operands of each rank.
std::vector<Tensors> evaluateCollective(exec::CollectiveOp op,
                                        llvm::ArrayRef<Tensors> operands);

/// Evaluates a launch whose tasks ranks share: once, on what the owners have.
llvm::FailureOr<std::vector<Tensors>>
evaluateShared(exec::LaunchOp launch, llvm::ArrayRef<Tensors> operands);

} // namespace segc::reference

#endif // SEGC_LIB_REFERENCE_PROGRAMCOLLECTIVES_H
