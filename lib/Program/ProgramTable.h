//===- ProgramTable.h - Emission of a segc_program --------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_LIB_PROGRAM_PROGRAMTABLE_H
#define SEGC_LIB_PROGRAM_PROGRAMTABLE_H

#include "TableBuilder.h"
#include "segc/Dialect/Exec/IR/ExecDialect.h"
#include "segc/Program/ModelTables.h"
#include "llvm/Support/Error.h"

namespace segc {

/// Builds the struct of a program of the version. Fails if the program has more
/// operands or events than a runtime supports.
llvm::Expected<llvm::Constant *> buildProgramTable(TableBuilder &builder,
                                                   exec::ProgramOp program,
                                                   const ModelVersion &version);

} // namespace segc

#endif // SEGC_LIB_PROGRAM_PROGRAMTABLE_H
