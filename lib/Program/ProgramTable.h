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
#include "segc/model_tables.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/Support/Error.h"

namespace segc {

/// Builds the struct of a program, command by command.
class ProgramTable {
public:
  ProgramTable(TableBuilder &t, exec::ProgramOp program,
               const ModelVersion &version)
      : t(t), program(program), version(version) {}

  llvm::Constant *build();
  /// The limit of the tables that the program exceeds; empty if it exceeds
  /// none.
  std::string problem;

private:
  /// The fields that differ between commands.
  struct Command {
    uint32_t kind = SEGC_COMMAND_LAUNCH;
    llvm::StringRef stream, name, label;
    llvm::SmallVector<llvm::Constant *> operands;
    uint32_t inputs = 0, outputs = 0; ///< Number of inputs and outputs among
                                      ///< the operands.
    llvm::Constant *function = nullptr;
    llvm::Constant *details = nullptr; ///< `options`, `maps` or `shards`.
    int64_t tasks = 0, tasksPerSample = 0;
    double flops = 0, bytes = 0;
    uint32_t event = 0;  ///< Or `launch_flags`.
    uint32_t number = 0; ///< `collective`, `map_count` or `alternatives`.
    uint32_t blob = SEGC_NO_BLOB;
    int64_t threads = 0; ///< Or `travels_as`.
    int64_t sharedBytes = 0;
  };
  void add(const Command &command);
  void addKernel(mlir::Operation *function, exec::FusionOp fusion,
                 Command command);
  void addLaunch(exec::LaunchOp launch);
  void addCallOf(exec::LaunchOp launch);
  void addPrepare(exec::PrepareOp prepare);
  void addCall(exec::CallOp call);
  void addCopy(exec::BufferAttr from, exec::BufferAttr to,
               llvm::StringRef stream);
  void addAdvance(exec::AdvanceScalarsOp advance);
  void addCollective(exec::CollectiveOp collective);
  void addGather(exec::BufferAttr partials, exec::ShardsAttr shards,
                 llvm::StringRef stream);
  llvm::Constant *shardsTable(exec::ShardsAttr shards);
  void addRecord(exec::RecordOp record);
  void addWait(uint32_t event, llvm::StringRef stream);
  void addWait(exec::WaitOp wait);

  llvm::Constant *operand(exec::BufferAttr buffer);
  llvm::Constant *operand(exec::Region region, int64_t index, int64_t offset,
                          uint64_t fixed, uint64_t perSample, uint32_t element);
  /// Operand for memory that the kernel does not access.
  llvm::Constant *unused();
  llvm::Constant *tensorMap(exec::TensorMapAttr map);
  uint32_t takeEvent() {
    return freeEvents.empty() ? eventCount++ : freeEvents.pop_back_val();
  }

  TableBuilder &t;
  exec::ProgramOp program;
  const ModelVersion &version;
  llvm::SmallVector<llvm::Constant *> commands;
  llvm::SmallVector<llvm::StringRef> streams;
  llvm::DenseMap<mlir::Value, uint32_t> events;
  llvm::SmallVector<uint32_t> freeEvents; ///< No later command waits for them.
  uint32_t eventCount = 0, regions = 0;
};

/// The segc_element of a type.
uint32_t elementOf(mlir::Type type);

/// Builds the struct of a program of the version. Fails if the program has more
/// operands or events than a runtime supports.
llvm::Expected<llvm::Constant *> buildProgramTable(TableBuilder &builder,
                                                   exec::ProgramOp program,
                                                   const ModelVersion &version);

} // namespace segc

#endif // SEGC_LIB_PROGRAM_PROGRAMTABLE_H
