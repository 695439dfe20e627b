//===- ProgramBuilder.h - Programs from planned entries ---------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_LIB_PROGRAM_PROGRAMBUILDER_H
#define SEGC_LIB_PROGRAM_PROGRAMBUILDER_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/IRMapping.h"
#include "segc/Dialect/Exec/IR/ExecDialect.h"
#include "segc/Dialect/Seg/IR/SegDialect.h"
#include "segc/Target/TargetBackend.h"
#include "segc/Transforms/LayerNames.h"
#include "llvm/ADT/StringMap.h"
#include <map>

namespace segc {

/// The distinct fusions of a module and the declarations of their kernels.
class KernelTable {
public:
  struct Entry {
    exec::FusionOp fusion;
    llvm::SmallVector<mlir::Operation *> kernels;
    exec::LibraryCallAttr call; ///< Computes the same; null if there is none.
  };

  KernelTable(mlir::ModuleOp module, const Target &target)
      : module(module), target(target) {}

  /// Adds the kernels of an entry at the end of the module. The fusions of the
  /// entry must stay until all entries are added.
  llvm::LogicalResult addKernels(mlir::func::FuncOp entry);
  const Entry &find(seg::FusionOp fusion) const;
  /// The operand that the first kernel of the fusion packs without reading
  /// others; nothing if there is no such kernel.
  std::optional<unsigned> preparedOperand(seg::FusionOp fusion) const;

  bool dependent = false; ///< KernelEmission::dependent, of all kernels.
  int64_t kernelCount = 0, sharedCount = 0;

private:
  llvm::FailureOr<Entry> declare(seg::FusionOp fusion);

  mlir::ModuleOp module;
  const Target &target;
  llvm::StringMap<Entry> known; ///< Entries by kernelKey.
  /// Entries by fusion.
  llvm::DenseMap<mlir::Operation *, const Entry *> entries;
};

/// Builds the program `prepare`, which packs parameters for launches of other
/// programs.
class PrepareBuilder {
public:
  PrepareBuilder(mlir::ModuleOp module, const KernelTable &table)
      : module(module), table(table) {}

  /// Returns the buffer of the fusion's prepared temporary, and adds the
  /// command that fills it unless another fusion has done so. `filter` and
  /// `name` are the parameter, which is operand `position` of the fusion.
  exec::BufferAttr prepared(seg::FusionOp fusion, unsigned position,
                            exec::BufferAttr filter, mlir::StringAttr name,
                            mlir::StringAttr label);
  /// Adds the program to the module if it has commands.
  void build();

private:
  struct Item {
    mlir::Location location;
    mlir::SymbolRefAttr kernel;
    unsigned position;
    exec::BufferAttr source, result;
    mlir::StringAttr name, label;
  };

  mlir::ModuleOp module;
  const KernelTable &table;
  std::map<std::pair<std::string, int64_t>, exec::BufferAttr> known;
  std::vector<Item> items;
  int64_t bytes = 0;
};

/// Builds one program.
class ProgramBuilder {
public:
  ProgramBuilder(mlir::func::FuncOp entry, const KernelTable &table,
                 PrepareBuilder &prepare);
  llvm::LogicalResult build();

private:
  exec::BufferAttr placeOf(mlir::DictionaryAttr attrs, mlir::Type type,
                           exec::Region otherwise, int64_t &index);
  llvm::LogicalResult
  placeResults(seg::ScheduledOpInterface step,
               llvm::SmallVectorImpl<mlir::Attribute> &buffers);
  llvm::LogicalResult addStep(seg::ScheduledOpInterface step);
  llvm::LogicalResult addLaunch(seg::FusionOp fusion);
  llvm::LogicalResult addAllReduce(seg::AllReduceOp op);
  llvm::FailureOr<mlir::ArrayAttr> temporaries(seg::FusionOp fusion,
                                               mlir::StringAttr label);
  bool changesParameters() const;
  void addReturn();

  mlir::func::FuncOp entry;
  const KernelTable &table;
  PrepareBuilder &prepare;
  mlir::OpBuilder b;
  LayerNames layers;
  exec::ProgramOp program;
  mlir::IRMapping values;
  llvm::DenseMap<mlir::Value, exec::BufferAttr> returned;
};

/// Adds the program `train_step`: the commands of `grad_step`, then those of
/// `apply_step`, if there are both.
void buildTrainStep(mlir::ModuleOp module);

} // namespace segc

#endif // SEGC_LIB_PROGRAM_PROGRAMBUILDER_H
