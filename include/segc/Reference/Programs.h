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

/// The memory of one rank: the buffers of a call and the arena. It holds bytes
/// as a runtime does, so that values that share bytes share them here too.
class ProgramMemory {
public:
  /// Creates regions of the size that the module's programs access. Arena and
  /// outputs are poisoned, the others are zero.
  explicit ProgramMemory(mlir::ModuleOp module);

  /// Whether the buffer is within its region.
  bool holds(exec::BufferAttr buffer) const;
  HostTensor read(exec::BufferAttr buffer) const;
  void write(exec::BufferAttr buffer, const HostTensor &tensor);
  /// Fills the buffer with bytes that are NaN in every float type.
  void poison(exec::BufferAttr buffer);
  /// Poisons a flat region.
  void poison(exec::Region region);

  /// An entry of the region `prepared`: a packed operand of a fusion and the
  /// version of its source.
  struct Prepared {
    mlir::Attribute fusion;
    unsigned position = 0;
    std::string version; ///< A digest of the operand's bytes.
  };
  /// A digest of the buffer's bytes.
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

/// Runs a program on the memory of one or more ranks, in program order. A
/// command reads and writes its buffers; the op of its exec.fusion is evaluated
/// once, with results rounded to their types. Bytes of the arena are poisoned
/// at the beginning, after the last read of a value, and, for results that a
/// kernel may write before it has read all operands, before the operands are
/// read. Fails for a buffer outside its region, and for prepared operands whose
/// source has changed.
llvm::LogicalResult runProgram(exec::ProgramOp program,
                               llvm::MutableArrayRef<ProgramMemory> ranks);

/// Evaluates a program on values instead of memory, for one rank.
llvm::FailureOr<std::vector<HostTensor>>
evaluateProgram(exec::ProgramOp program, llvm::ArrayRef<HostTensor> arguments);

/// Runs a program, after `prepare` if it needs that, on random arguments, and
/// compares its results bit by bit with those of `entry`, the function that the
/// program was compiled from, or with evaluateProgram if `entry` is null.
/// Returns a description of the difference, empty if there is none; fails if
/// either cannot be evaluated.
llvm::FailureOr<std::string> checkProgram(exec::ProgramOp program,
                                          mlir::func::FuncOp entry,
                                          int64_t classes = 2);

} // namespace segc::reference

#endif // SEGC_REFERENCE_PROGRAMS_H
