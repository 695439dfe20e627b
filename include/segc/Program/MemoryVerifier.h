//===- MemoryVerifier.h - Verifier of program memory ------------*- C++ -*-===//
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

/// The partial order of a program's commands. A command runs after the earlier
/// ones on its stream, and after those on other streams that it or one of these
/// waits for.
class StreamOrder {
public:
  explicit StreamOrder(exec::ProgramOp program);

  int size() const { return static_cast<int>(list.size()); }
  exec::CommandOpInterface command(int index) const { return list[index]; }
  /// The position of a command in the program; -1 for other ops.
  int indexOf(mlir::Operation *op) const;
  /// Whether command a has finished when command b begins.
  bool isBefore(int a, int b) const;

private:
  using Clock = llvm::SmallVector<int, 2>; ///< Number of finished commands, by
                                           ///< stream.
  unsigned streamOf(llvm::StringRef name);

  llvm::SmallVector<exec::CommandOpInterface> list;
  llvm::DenseMap<mlir::Operation *, int> indices;
  llvm::StringMap<unsigned> streams;
  std::vector<Clock> clocks; ///< The clock of each stream while
                             ///< commands are read.
  std::vector<Clock> begins; ///< The clock at the beginning of each
                             ///< command.
  std::vector<std::pair<unsigned, int>> positions; ///< Stream of each command
                                                   ///< and its position there.
};

/// Verifies the buffers of a program's values, from the planner or edited by
/// hand. It shares no code with the planner: a value must be intact until its
/// last read.
class MemoryVerifier {
public:
  explicit MemoryVerifier(exec::ProgramOp program)
      : program(program), order(program) {}

  /// Emits errors that name both values, their bytes and the commands that
  /// access them.
  llvm::LogicalResult verify();

  /// For a program on one stream: the largest number of arena bytes that are
  /// live at one time, and the number of results in the buffer of an operand.
  int64_t bound = 0, inPlace = 0;

private:
  /// A value or temporary in memory.
  struct Occupant {
    exec::BufferAttr buffer;
    mlir::Value value; ///< Null for a temporary.
    int writer;        ///< Command that writes it; -1: it exists when the
                       ///< program begins.
    llvm::SmallVector<int, 4> readers;
    int last = -1; ///< Last command that accesses it.
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
  /// Occupants of each region and indexed buffer, by first byte.
  std::map<Place, std::map<int64_t, Occupant>> memory;
  std::map<Place, std::vector<Occupant>> arguments;
  /// Change of the live arena bytes at each command.
  std::map<int, int64_t> change;
};

} // namespace segc

#endif // SEGC_PROGRAM_MEMORYVERIFIER_H
