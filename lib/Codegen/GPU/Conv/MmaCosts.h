//===- MmaCosts.h - What blocks of mma.sync cost ----------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_LIB_CODEGEN_GPU_CONV_MMACOSTS_H
#define SEGC_LIB_CODEGEN_GPU_CONV_MMACOSTS_H

#include "GemmWork.h"
#include "MmaBlock.h"

namespace segc {

/// Whether a block copies runs of the operand asynchronously.
bool copiesOperand(const GemmWork &work, const MmaTiling &tiling,
                   GemmOperand operand, const GemmRuns &runs);
/// How the threads of a block share an operand of a step.
GemmRuns runsOf(const GemmWork &work, const MmaTiling &tiling,
                GemmOperand operand);
/// The reason why no block can have such warps, stages or copies of filters;
/// empty if it can.
std::string warpRefusal(const GemmWork &work, const MmaTiling &tiling);
/// The same of a thread that holds so many registers for its sums and for what
/// it has loaded and not yet stored, beside addresses and factors.
std::string registerRefusal(int64_t held);
/// Registers of a thread's sums.
int64_t sumRegisters(const MmaTiling &tiling);
/// Registers of what a thread has loaded of an operand for the next step.
int64_t loadedRegisters(const GemmWork &work, const MmaTiling &tiling,
                        GemmOperand operand);
/// Instructions of a block that copies so many runs of an operand, or loads
/// them, computes its prologue, converts and stores them.
double copyInstructions(const GemmWork &work, GemmOperand operand, int64_t runs,
                        int64_t lanes, bool copies);
/// The same of an operand of a step.
double copyInstructions(const GemmWork &work, const MmaTiling &tiling,
                        GemmOperand operand);
/// Bytes of A and B that a step reads.
double stepBytes(const MmaTiling &tiling, double rows);
/// Instructions beside the products of a step: rounding of tf32.
double roundInstructions(const GemmWork &work, const MmaTiling &tiling);
/// Seconds of a multiprocessor for the products of a step.
double multiplySeconds(const GemmWork &work, const MmaTiling &tiling);
/// The same of warps that load so many factors for an element of the depth.
double multiplySeconds(const GemmWork &work, const MmaTiling &tiling,
                       double factors);
/// Seconds of the launch that copies the filter.
double copySeconds(const GemmWork &work, const MmaTiling &tiling);

/// The type in which the factors are multiplied, f32 if in none of `allowed`.
MultiplyType chooseMultiplyType(const GemmWork &work, MultiplyTypeSet allowed);
/// The values of MmaTiling::copiesFilter that are worth considering.
llvm::SmallVector<bool> filterCopies(const GemmWork &work,
                                     MultiplyType multiplyType);

/// Tiles of blocks and warps that are worth considering.
struct MmaShape {
  int64_t rows, columns, warpRows, warpColumns;
};
llvm::ArrayRef<MmaShape> mmaShapes();

} // namespace segc

#endif // SEGC_LIB_CODEGEN_GPU_CONV_MMACOSTS_H
