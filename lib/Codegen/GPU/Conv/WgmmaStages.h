//===- WgmmaStages.h - Copies and products of warpgroups --------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// What blocks share that multiply by wgmma: one thread copies boxes of tensor
// maps to stages of shared memory, warpgroups multiply from them.

#ifndef SEGC_LIB_CODEGEN_GPU_CONV_WGMMASTAGES_H
#define SEGC_LIB_CODEGEN_GPU_CONV_WGMMASTAGES_H

#include "ConvGemm.h"
#include "segc/Target/MultiplyType.h"

namespace segc {

/// The stages of a block, at the begin of its shared memory, and two barriers
/// of each, at its end. A stage is full when its bytes have arrived, and empty
/// when all warps have multiplied.
class WgmmaStages {
public:
  /// The first `consumers` threads multiply, the next one copies.
  WgmmaStages(GpuKernelBody &k, int64_t count, int64_t bytes, int64_t consumers)
      : k(k), b(k.builder()), count(count), bytes(bytes), consumers(consumers),
        barriers(
            4 *
            (mlir::cast<mlir::MemRefType>(k.scratch().getType()).getDimSize(0) -
             barrierFloats(count))) {}

  /// Floats of shared memory of the barriers.
  static int64_t barrierFloats(int64_t stages) { return 4 * stages; }

  /// Emits the begin of a block, for all of its threads.
  void init();
  /// Emits how the thread that copies fills stages with `copiedBytes` each, in
  /// boxes that `copies` emits for a step and a stage.
  void
  fill(mlir::Value steps, int64_t copiedBytes,
       llvm::function_ref<void(mlir::Value step, mlir::Value stage)> copies);
  /// Emits the copy of a box to a byte of shared memory, for `stage`.
  void copyBox(mlir::Value byte, unsigned map, const GemmBox &box,
               mlir::Value stage);
  /// The place of a step: a stage, and how often it was used before, modulo 2.
  struct Place {
    mlir::Value stage, parity;
  };
  Place firstPlace() { return {k.index(0), word(0)}; }
  /// Emits how the threads that multiply add the products of all steps, which
  /// `multiply` emits for a stage, to `sums`. Returns what they can read then.
  /// If these are some of the steps that are filled, `place` is that of the
  /// first, and becomes that of the next step.
  llvm::SmallVector<mlir::Value>
  multiply(mlir::Value steps, mlir::ValueRange sums,
           llvm::function_ref<llvm::SmallVector<mlir::Value>(mlir::Value stage,
                                                             mlir::ValueRange)>
               multiply,
           Place *place = nullptr);
  /// Emits how the warp that copies comes to the two barriers of a cluster at
  /// which the threads that multiply meet: before they load the sums of its
  /// blocks, and behind.
  void meetCluster();
  /// The first byte of a stage.
  mlir::Value begin(mlir::Value stage) { return k.mul(stage, bytes); }

private:
  llvm::SmallVector<mlir::Value> forSteps(
      mlir::Value steps, Place &place, mlir::ValueRange init,
      llvm::function_ref<llvm::SmallVector<mlir::Value>(mlir::Value step, Place,
                                                        mlir::ValueRange)>
          body);
  mlir::Value word(int64_t value);
  mlir::Value full(mlir::Value stage) { return barrier(stage, 0); }
  mlir::Value empty(mlir::Value stage) { return barrier(stage, 1); }
  mlir::Value barrier(mlir::Value stage, int64_t which);
  void wait(mlir::Value barrier, mlir::Value parity);

  GpuKernelBody &k;
  mlir::OpBuilder &b;
  int64_t count, bytes, consumers;
  int64_t barriers; ///< The first byte of the barriers.
};

/// Makes what the thread has stored in shared memory visible to wgmma, which
/// reads it as asynchronous copies do; a barrier must follow.
void publishStores(GpuKernelBody &k);

/// How wgmma finds a factor in shared memory (PTX ISA, "Matrix Descriptor
/// Format").
struct WgmmaLayout {
  bool isAlongDepth;     ///< "K-major" in PTX, else "MN-major".
  int64_t swizzledBytes; ///< 32, 64 or 128; 0: not swizzled.
  int64_t leadingBytes;  ///< From the columns of a box to those of the next.
  int64_t strideBytes;   ///< From 8 rows of a box to the next.

  /// Of swizzled boxes of so many rows each, one behind the other.
  static WgmmaLayout ofBoxes(bool isAlongDepth, int64_t rowBytes, int64_t rows);
  /// From one instruction's factors in such boxes to the next one's.
  int64_t instructionBytes() const;
};

/// Rows and depth of an instruction.
inline constexpr int64_t wgmmaRows = 64, wgmmaDepth = 16;

/// The descriptor of a factor that begins at a byte of shared memory.
mlir::Value wgmmaDescriptor(GpuKernelBody &k, mlir::Value byte,
                            const WgmmaLayout &layout);
/// That of a factor `bytes` behind it.
mlir::Value wgmmaDescriptorAt(GpuKernelBody &k, mlir::Value descriptor,
                              int64_t bytes);
/// Sums of 64 x `columns`, all zero. A thread has `columns` / 2 of them.
mlir::Value wgmmaZeros(GpuKernelBody &k, int64_t columns);
/// Adds the product of 64 x 16 and 16 x `columns`.
mlir::Value wgmmaProduct(GpuKernelBody &k, MultiplyType type, int64_t columns,
                         mlir::Value a, const WgmmaLayout &layoutA,
                         mlir::Value b, const WgmmaLayout &layoutB,
                         mlir::Value sums);
/// Calls `visit` for each two sums of the thread that follow each other, with
/// their row and the first of their columns.
void forWgmmaSums(GpuKernelBody &k, mlir::Value sums, int64_t columns,
                  llvm::function_ref<void(mlir::Value pair, mlir::Value row,
                                          mlir::Value column)>
                      visit);

} // namespace segc

#endif // SEGC_LIB_CODEGEN_GPU_CONV_WGMMASTAGES_H
