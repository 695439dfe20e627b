//===- Entries.h - Entries of an imported network ---------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_LIB_TRANSFORMS_IMPORT_ENTRIES_H
#define SEGC_LIB_TRANSFORMS_IMPORT_ENTRIES_H

#include "segc/Transforms/Passes.h"

namespace segc {

/// Offsets of parameters and states in their flat regions.
struct Layout {
  llvm::SmallVector<std::pair<seg::ParamOp, int64_t>> params;
  llvm::SmallVector<std::pair<seg::StateOp, int64_t>> states;
  int64_t paramBytes = 0, decayBytes = 0, stateBytes = 0;

  explicit Layout(seg::NetworkOp network);
};

/// One entry function under construction.
class EntryBuilder {
public:
  EntryBuilder(mlir::ModuleOp module, llvm::StringRef name, mlir::Location loc);

  mlir::Value argument(mlir::Type type, llvm::StringRef region,
                       llvm::StringRef name, int64_t offset = 0);
  mlir::Value scalar(llvm::StringRef name);
  void result(mlir::Value value, llvm::StringRef region, llvm::StringRef name,
              int64_t offset = 0);
  mlir::func::FuncOp finish();

  mlir::OpBuilder builder;
  mlir::Location loc;

private:
  mlir::DictionaryAttr attributes(llvm::StringRef region, llvm::StringRef name,
                                  int64_t offset);

  mlir::func::FuncOp function;
  mlir::Block *block;
  llvm::SmallVector<mlir::Value> results;
  llvm::SmallVector<mlir::DictionaryAttr> resultAttrs;
};

/// The optimizer's slots: their names and initial values.
using Slots = llvm::SmallVector<std::pair<llvm::StringRef, double>>;

/// Builds apply_step from the optimizer dictionary; returns its slots.
llvm::FailureOr<Slots> importApply(mlir::ModuleOp module,
                                   seg::NetworkOp network,
                                   const Layout &layout);

} // namespace segc

#endif // SEGC_LIB_TRANSFORMS_IMPORT_ENTRIES_H
