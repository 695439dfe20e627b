//===- MemoryVerifier.h - A second opinion on the memory of programs *- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_PROGRAM_MEMORYVERIFIER_H
#define SEGC_PROGRAM_MEMORYVERIFIER_H

#include "segc/Dialect/Exec/IR/ExecDialect.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/StringMap.h"
#include <map>

namespace segc {

/// Which commands of a program run before which: those before it on its own
/// stream, and on others those that it, or one of these, waits for.
class StreamOrder {
public:
  explicit StreamOrder(exec::ProgramOp program);

  int size() const { return static_cast<int>(list.size()); }
  exec::CommandOpInterface command(int index) const { return list[index]; }
  /// The position of a command in the program; -1 for other ops.
  int indexOf(mlir::Operation *op) const;
  /// Whether command a is done when command b begins.
  bool isBefore(int a, int b) const;

private:
  using Clock = llvm::SmallVector<int, 2>; ///< Commands done, by stream.
  unsigned streamOf(llvm::StringRef name);

  llvm::SmallVector<exec::CommandOpInterface> list;
  llvm::DenseMap<mlir::Operation *, int> indices;
  llvm::StringMap<unsigned> streams;
  std::vector<Clock> clocks;           ///< By stream, as far as it was read.
  std::vector<Clock> begins;           ///< By command.
  std::vector<std::pair<unsigned, int>> positions; ///< Stream and place there.
};

/// Checks the places of one program's values, whoever wrote them. It shares no
/// rule with the planner: value by value, what a later command reads is
/// needed.
class MemoryVerifier {
public:
  explicit MemoryVerifier(exec::ProgramOp program)
      : program(program), order(program) {}

  /// Errors name both values, their bytes and the commands that need them.
  llvm::LogicalResult verify();

  /// The most bytes of the arena that hold a value at one time, and the number
  /// of results in the place of an operand. Of a program on one stream.
  int64_t bound = 0, inPlace = 0;

private:
  /// What lies somewhere: a value or a temporary.
  struct Occupant {
    exec::BufferAttr buffer;
    mlir::Value value; ///< Null for a temporary.
    int writer;        ///< -1: it is there when the program begins.
    llvm::SmallVector<int, 4> readers;
    int last = -1; ///< Command that needs it last.
  };
  using Place = std::pair<int, int64_t>; ///< Region and index.

  Occupant occupant(exec::BufferAttr buffer, mlir::Value value, int writer);
  llvm::LogicalResult verifyReads(int command);
  llvm::LogicalResult verifyBytes(int command, const Occupant &written);
  llvm::LogicalResult write(int command, Occupant written);
  llvm::LogicalResult replace(int command, const Occupant &written,
                              const Occupant &old);
  mlir::InFlightDiagnostic conflict(int command, const Occupant &written,
                                    const Occupant &old);
  void findBound();

  exec::ProgramOp program;
  StreamOrder order;
  /// What lies in each region and listed buffer, by first byte.
  std::map<Place, std::map<int64_t, Occupant>> memory;
  std::map<Place, std::vector<Occupant>> arguments;
  /// Arena bytes that begin to be needed at a command, less those that end.
  std::map<int, int64_t> change;
};

} // namespace segc

#endif // SEGC_PROGRAM_MEMORYVERIFIER_H
