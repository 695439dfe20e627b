//===- ProgramTable.h - A program as a segc_program -------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_LIB_PROGRAM_PROGRAMTABLE_H
#define SEGC_LIB_PROGRAM_PROGRAMTABLE_H

#include "TableBuilder.h"
#include "segc/Dialect/Exec/IR/ExecDialect.h"
#include "llvm/Support/Error.h"

namespace segc {

/// The struct of a program, whose kernels are found as
/// `<symbolPrefix><kernel>.task`. An error if it has more operands or events
/// than a runtime has room for.
llvm::Expected<llvm::Constant *>
buildProgramTable(TableBuilder &builder, exec::ProgramOp program,
                  llvm::StringRef symbolPrefix);

} // namespace segc

#endif // SEGC_LIB_PROGRAM_PROGRAMTABLE_H
