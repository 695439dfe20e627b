//===- Programs.h - Execution of programs without kernels -------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_REFERENCE_PROGRAMS_H
#define SEGC_REFERENCE_PROGRAMS_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "segc/Dialect/Exec/IR/ExecDialect.h"
#include "segc/Reference/HostTensor.h"
#include <map>

namespace segc::reference {

/// Memory of one rank: what a call brings, and the arena. It holds the bytes
/// that a runtime would have, so that values which share bytes share them here.
class ProgramMemory {
public:
  /// Regions as large as the module's programs access. Arena and outputs are
  /// poisoned, others zero.
  explicit ProgramMemory(mlir::ModuleOp module);

  /// Whether the buffer lies within its region.
  bool holds(exec::BufferAttr buffer) const;
  HostTensor read(exec::BufferAttr buffer) const;
  void write(exec::BufferAttr buffer, const HostTensor &tensor);
  /// Leaves NaN in floats of every type.
  void poison(exec::BufferAttr buffer);
  /// Poisons a flat region.
  void poison(exec::Region region);

  /// What the region `prepared` holds at an offset: an operand of a fusion as
  /// it was when it was laid out.
  struct Prepared {
    mlir::Attribute fusion;
    unsigned position = 0;
    std::string version; ///< A digest of the operand's bytes.
  };
  /// A digest of what lies there.
  std::string version(exec::BufferAttr buffer) const;
  std::map<int64_t, Prepared> prepared;

private:
  using Place = std::pair<exec::Region, int64_t>; ///< Region and index.
  static Place placeOf(exec::BufferAttr buffer) {
    return {buffer.getRegion(), buffer.getIndex()};
  }
  llvm::MutableArrayRef<uint8_t> bytes(exec::BufferAttr buffer);
  llvm::ArrayRef<uint8_t> bytes(exec::BufferAttr buffer) const;

  std::map<Place, std::vector<uint8_t>> regions;
};

/// Runs a program on the memory of several ranks side by side, in its order.
/// A command reads and writes what lies in its buffers; the op of its
/// exec.fusion is evaluated once, with results rounded to their types. Bytes of
/// the arena are poisoned at the beginning, when what lay there is read no
/// more, and, of results that a kernel may write before it has read all
/// operands, before these are read. An error for what leaves its region, and
/// for prepared operands that are not what was prepared.
llvm::LogicalResult runProgram(exec::ProgramOp program,
                               llvm::MutableArrayRef<ProgramMemory> ranks);

/// The values that a program returns for its arguments if no two values share
/// memory. A collective has one rank.
llvm::FailureOr<std::vector<HostTensor>>
evaluateProgram(exec::ProgramOp program, llvm::ArrayRef<HostTensor> arguments);

/// Runs a program, and `prepare` before it where it needs that, on drawn
/// arguments, and compares what it returns to the bit with what the entry
/// computes, a function of the ops that the program came from; if that is null,
/// with evaluateProgram. What differs, or an empty text; an error where either
/// cannot be evaluated.
llvm::FailureOr<std::string> checkProgram(exec::ProgramOp program,
                                          mlir::func::FuncOp entry,
                                          int64_t classes = 2);

} // namespace segc::reference

#endif // SEGC_REFERENCE_PROGRAMS_H
