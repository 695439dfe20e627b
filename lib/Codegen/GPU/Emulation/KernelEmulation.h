//===- KernelEmulation.h - A GPU's kernel on the host -----------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_LIB_CODEGEN_GPU_EMULATION_KERNELEMULATION_H
#define SEGC_LIB_CODEGEN_GPU_EMULATION_KERNELEMULATION_H

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "segc/emulator.h"
#include "llvm/ADT/SmallPtrSet.h"
#include <cstddef>
#include <map>
#include <string>

#define SEGC_EMULATOR_FUNCTION(name) offsetof(segc_emulator_functions, name)

namespace segc {

/// Turns a lowered kernel of a GPU into a function of the host for one thread
/// (emulator.h).
class KernelEmulation {
public:
  /// The function is added at the builder, under this name.
  KernelEmulation(mlir::LLVM::LLVMFuncOp kernel, std::string symbol,
                  mlir::OpBuilder &builder)
      : kernel(kernel), symbol(std::move(symbol)), outer(builder),
        b(kernel.getContext()) {}

  /// Moves the body of the kernel.
  mlir::LogicalResult run();

private:
  /// The memory that an address points into.
  struct Place {
    enum { Unknown, Shared, Cluster, Operand, Table, Stack } kind = Unknown;
    unsigned operand = 0;
    mlir::Value address; ///< Of a table or of memory on the stack.
  };

  void makeFunction();
  mlir::LogicalResult rewrite(mlir::Operation *op);
  Place placeOf(mlir::Value address) const;
  void checkAccess(mlir::Value address, mlir::Type type,
                   std::optional<uint64_t> alignment,
                   segc_emulator_access access);
  mlir::Value validStarts(const Place &place, int64_t bytes);
  mlir::Value isObserved(bool changes);

  // Operations of the NVVM dialect.
  mlir::LogicalResult rewriteNVVM(mlir::Operation *op);
  mlir::Value specialRegister(mlir::Operation *op);
  mlir::Value roundedToBf16(mlir::Value value);
  mlir::Value shuffle(mlir::NVVM::ShflOp op);
  mlir::Value vote(mlir::Value lanes, mlir::Value predicate, uint32_t kind);
  void copyAsync(mlir::NVVM::CpAsyncOp op);
  mlir::LogicalResult failUnknown(mlir::Operation *op);

  // Those whose effects others wait for.
  mlir::LogicalResult rewriteAsync(mlir::Operation *op);
  mlir::Value tryMbarrier(mlir::Value mbarrier, mlir::Value phase);
  void loadTensor(mlir::NVVM::CpAsyncBulkTensorGlobalToSharedClusterOp op);
  void storeTensor(mlir::NVVM::CpAsyncBulkTensorSharedCTAToGlobalOp op);
  mlir::Value wgmma(mlir::NVVM::WgmmaMmaAsyncOp op,
                    segc_emulator_wgmma_type type);
  void readAccumulator(mlir::LLVM::ExtractValueOp op);

  // Code at `b`.
  mlir::Value i32(int64_t value);
  mlir::Value i64(int64_t value);
  mlir::Value field(size_t offset, mlir::Type type);
  mlir::Value operandValue(unsigned number) const;
  /// Memory of the thread through which calls take and return several words.
  enum class WordArray { A, B, C, Result, Coordinates, Accumulators };
  mlir::Value words(WordArray array);
  mlir::Value wordAt(mlir::Value words, unsigned i);
  mlir::Value storeWords(WordArray array, mlir::ValueRange values);
  mlir::Value loadWords(WordArray array, mlir::Type type);
  /// A call of the function at this offset of segc_emulator_functions, with the
  /// thread before the arguments and the text of the operation behind them.
  mlir::Value call(size_t functionOffset, llvm::ArrayRef<mlir::Value> arguments,
                   mlir::Type result = {});
  mlir::Value opText();

  mlir::LLVM::LLVMFuncOp kernel;
  std::string symbol;
  mlir::OpBuilder &outer;
  mlir::OpBuilder b;
  mlir::Type ptr, word, i64Type;

  mlir::LLVM::LLVMFuncOp function;
  mlir::Block *entry = nullptr; ///< Loads what the kernel uses.
  mlir::Value thread, task, functions, index, shared, operandBytes, observed;
  /// Whether the kernel has a griddepcontrol.wait, behind which `observed` is
  /// another value.
  bool waitsForLaunch = false;
  llvm::DenseMap<mlir::Value, unsigned> operands;
  std::map<std::pair<unsigned, int64_t>, mlir::Value> validStartsOf;
  std::map<WordArray, mlir::Value> wordArrays;
  llvm::SmallPtrSet<mlir::Type, 2> accumulatorTypes; ///< Of wgmma.
  std::string texts; ///< Of operations, each with a zero behind it.
  mlir::Operation *current = nullptr; ///< The operation that is rewritten,
  unsigned number = 0;                ///< and which of the kernel it is.
};

} // namespace segc

#endif // SEGC_LIB_CODEGEN_GPU_EMULATION_KERNELEMULATION_H
