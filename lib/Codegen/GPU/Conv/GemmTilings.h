//===- GemmTilings.h - Choice of the tilings of convolutions ----*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// What the model of a kind of blocks asks of its tilings.

#ifndef SEGC_LIB_CODEGEN_GPU_CONV_GEMMTILINGS_H
#define SEGC_LIB_CODEGEN_GPU_CONV_GEMMTILINGS_H

#include "CudaCoreBlock.h"
#include "FilterGradPatchBlock.h"
#include "GemmWork.h"
#include "MmaBlock.h"
#include "MmaFewChannelsBlock.h"
#include "MmaPatchBlock.h"
#include "WgmmaBlock.h"
#include "WgmmaGradBlock.h"
#include "WgmmaPatchBlock.h"

namespace segc {

/// Floats of shared memory of a block.
int64_t sharedFloats(const GemmWork &work, const CudaCoreTiling &tiling);
int64_t sharedFloats(const GemmWork &work, const MmaTiling &tiling);
int64_t sharedFloats(const GemmWork &work, const MmaPatchTiling &tiling);
int64_t sharedFloats(const GemmWork &work, const FilterGradPatchTiling &tiling);
int64_t sharedFloats(const GemmWork &work, const MmaFewChannelsTiling &tiling);
int64_t sharedFloats(const GemmWork &work,
                     const MmaFewChannelsGradTiling &tiling);
int64_t sharedFloats(const GemmWork &work, const WgmmaTiling &tiling);
int64_t sharedFloats(const GemmWork &work, const WgmmaGradTiling &tiling);
int64_t sharedFloats(const GemmWork &work, const WgmmaPatchTiling &tiling);
/// The reason why the tiling cannot be emitted; empty if it can.
std::string refusal(const GemmWork &work, const CudaCoreTiling &tiling);
std::string refusal(const GemmWork &work, const MmaTiling &tiling);
std::string refusal(const GemmWork &work, const MmaPatchTiling &tiling);
std::string refusal(const GemmWork &work, const FilterGradPatchTiling &tiling);
std::string refusal(const GemmWork &work, const MmaFewChannelsTiling &tiling);
std::string refusal(const GemmWork &work,
                    const MmaFewChannelsGradTiling &tiling);
/// The reason why no tiling of few channels can be.
std::string mmaFewChannelsRefusal(const ConvProblem &problem);
std::string refusal(const GemmWork &work, const WgmmaTiling &tiling);
std::string refusal(const GemmWork &work, const WgmmaGradTiling &tiling);
std::string refusal(const GemmWork &work, const WgmmaPatchTiling &tiling);
/// The reasons why no WgmmaTiling, WgmmaPatchTiling or WgmmaGradTiling can be.
std::string wgmmaRefusal(const GemmWork &work);
std::string wgmmaPatchRefusal(const GemmWork &work);
std::string wgmmaGradRefusal(const GemmWork &work);
/// Seconds by the roofline.
double modelledSeconds(const GemmWork &work, const CudaCoreTiling &tiling,
                       int64_t parts);
double modelledSeconds(const GemmWork &work, const MmaTiling &tiling,
                       int64_t parts);
double modelledSeconds(const GemmWork &work, const MmaPatchTiling &tiling,
                       int64_t parts);
double modelledSeconds(const GemmWork &work,
                       const FilterGradPatchTiling &tiling, int64_t parts);
double modelledSeconds(const GemmWork &work, const MmaFewChannelsTiling &tiling,
                       int64_t parts);
double modelledSeconds(const GemmWork &work,
                       const MmaFewChannelsGradTiling &tiling, int64_t parts);
double modelledSeconds(const GemmWork &work, const WgmmaTiling &tiling,
                       int64_t parts);
double modelledSeconds(const GemmWork &work, const WgmmaGradTiling &tiling,
                       int64_t parts);
double modelledSeconds(const GemmWork &work, const WgmmaPatchTiling &tiling,
                       int64_t parts);
/// Adds all that are worth considering, if values of 16 bits may be multiplied
/// in these types.
void collectChoices(const GemmWork &work, MultiplyTypeSet multiplyTypes,
                    llvm::SmallVectorImpl<GemmChoice<CudaCoreTiling>> &choices);
void collectChoices(const GemmWork &work, MultiplyTypeSet multiplyTypes,
                    llvm::SmallVectorImpl<GemmChoice<MmaTiling>> &choices);
void collectChoices(const GemmWork &work, MultiplyTypeSet multiplyTypes,
                    llvm::SmallVectorImpl<GemmChoice<Int8MmaTiling>> &choices);
void collectChoices(const GemmWork &work, MultiplyTypeSet multiplyTypes,
                    llvm::SmallVectorImpl<GemmChoice<MmaPatchTiling>> &choices);
void collectChoices(
    const GemmWork &work, MultiplyTypeSet multiplyTypes,
    llvm::SmallVectorImpl<GemmChoice<Int8PatchTiling>> &choices);
void collectChoices(
    const GemmWork &work, MultiplyTypeSet multiplyTypes,
    llvm::SmallVectorImpl<GemmChoice<FilterGradPatchTiling>> &choices);
void collectChoices(
    const GemmWork &work, MultiplyTypeSet multiplyTypes,
    llvm::SmallVectorImpl<GemmChoice<MmaFewChannelsTiling>> &choices);
void collectChoices(
    const GemmWork &work, MultiplyTypeSet multiplyTypes,
    llvm::SmallVectorImpl<GemmChoice<MmaFewChannelsGradTiling>> &choices);
void collectChoices(const GemmWork &work, MultiplyTypeSet multiplyTypes,
                    llvm::SmallVectorImpl<GemmChoice<WgmmaTiling>> &choices);
void collectChoices(
    const GemmWork &work, MultiplyTypeSet multiplyTypes,
    llvm::SmallVectorImpl<GemmChoice<WgmmaGradTiling>> &choices);
void collectChoices(
    const GemmWork &work, MultiplyTypeSet multiplyTypes,
    llvm::SmallVectorImpl<GemmChoice<WgmmaPatchTiling>> &choices);

} // namespace segc

#endif // SEGC_LIB_CODEGEN_GPU_CONV_GEMMTILINGS_H
