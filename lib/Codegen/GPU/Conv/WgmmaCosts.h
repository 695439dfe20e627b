//===- WgmmaCosts.h - What blocks of wgmma need -----------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_LIB_CODEGEN_GPU_CONV_WGMMACOSTS_H
#define SEGC_LIB_CODEGEN_GPU_CONV_WGMMACOSTS_H

#include "GemmWork.h"
#include "segc/Target/MultiplyType.h"

namespace segc {

/// The type of 16 bits in which an operand lies in memory, where copies of
/// boxes can read it; null if it is f32 or a prologue computes it.
mlir::Type copiedType(mlir::Value operand);
/// The reason why no block of wgmma computes it; empty if there is none that
/// all have.
std::string warpgroupRefusal(const GemmWork &work);
/// That in which wgmma multiplies such values.
MultiplyType wgmmaType(const GemmWork &work);
/// Whether the operands have two spatial dimensions; boxes have one position of
/// the third then.
bool isFlat(const GemmWork &work);
/// The reason why blocks with such a tile are no cluster; empty if they are.
std::string clusterRefusal(const GemmWork &work, const GemmTile &tile);
/// Seconds of a multiprocessor for so many products of 64 x 16 and 16 x
/// `columns`.
double wgmmaSeconds(const GpuTarget &target, double count, int64_t columns);

} // namespace segc

#endif // SEGC_LIB_CODEGEN_GPU_CONV_WGMMACOSTS_H
