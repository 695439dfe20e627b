//===- ConvKinds.h - Kinds of blocks of convolutions ------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// One entry for each kind of block: its name, the parameters of its strategies
// beside the tile, what it can do, and the function that emits it.

#ifndef SEGC_LIB_CODEGEN_GPU_CONV_CONVKINDS_H
#define SEGC_LIB_CODEGEN_GPU_CONV_CONVKINDS_H

#include "GemmTilings.h"
#include "QuantizedFilter.h"

namespace segc {

/// A parameter of one number that a tiling has beside its tile.
template <typename Tiling>
struct SizeParameter {
  llvm::StringRef name;
  int64_t Tiling::*member;
};

/// Kind and parameters of the strategies with such a tiling, and its block.
template <typename Tiling>
struct Kind;

template <>
struct Kind<CudaCoreTiling> {
  static constexpr llvm::StringLiteral name = "implicit_gemm";
  static constexpr SizeParameter<CudaCoreTiling> sizes[] = {
      {"thread_rows", &CudaCoreTiling::threadRows},
      {"thread_columns", &CudaCoreTiling::threadColumns}};
  static constexpr bool hasMultiplyType = false, hasBox = false,
                        multipliesTf32 = false, isUnverified = false,
                        copiesFilters = false, copiesBoxes = false;
  static std::string noTiling(const GemmWork &) { return "no tiling"; }
  static constexpr auto emit = emitCudaCoreBlock;
};

template <>
struct Kind<MmaTiling> {
  static constexpr llvm::StringLiteral name = "mma_sync";
  static constexpr SizeParameter<MmaTiling> sizes[] = {
      {"warp_rows", &MmaTiling::warpRows},
      {"warp_columns", &MmaTiling::warpColumns},
      {"stages", &MmaTiling::stages}};
  static constexpr bool hasMultiplyType = true, hasBox = false,
                        multipliesTf32 = true, isUnverified = false,
                        copiesFilters = true, copiesBoxes = false;
  static std::string noTiling(const GemmWork &) {
    return "multiplies values of bf16 or f16 in memory, and in tf32";
  }
  static constexpr auto emit = emitMmaBlock;
};

template <>
struct Kind<MmaPatchTiling> {
  static constexpr llvm::StringLiteral name = "mma_patch";
  static constexpr SizeParameter<MmaPatchTiling> sizes[] = {
      {"warp_rows", &MmaPatchTiling::warpRows},
      {"warp_columns", &MmaPatchTiling::warpColumns},
      {"stages", &MmaPatchTiling::stages}};
  static constexpr bool hasMultiplyType = true, hasBox = true,
                        multipliesTf32 = true, isUnverified = false,
                        copiesFilters = true, copiesBoxes = false;
  static std::string noTiling(const GemmWork &) {
    return "reads patches of 16 channels or more, at stride 1, of values that "
           "mma_sync multiplies";
  }
  static constexpr auto emit = emitMmaPatchBlock;
};

/// What both kinds of quantized factors share.
struct MmaInt8Kind {
  static constexpr bool hasMultiplyType = false, multipliesTf32 = false,
                        isUnverified = true, copiesFilters = true,
                        copiesBoxes = false;
};

template <>
struct Kind<Int8MmaTiling> : MmaInt8Kind {
  static constexpr llvm::StringLiteral name = "mma_int8";
  static constexpr SizeParameter<Int8MmaTiling> sizes[] = {
      {"warp_rows", &Int8MmaTiling::warpRows},
      {"warp_columns", &Int8MmaTiling::warpColumns},
      {"stages", &Int8MmaTiling::stages}};
  static constexpr bool hasBox = false;
  static std::string noTiling(const GemmWork &work) {
    std::string reason = quantizedRefusal(work.fusion);
    return reason.empty() ? "no tiling" : reason;
  }
  static constexpr auto emit = emitMmaBlock;
};

template <>
struct Kind<Int8PatchTiling> : MmaInt8Kind {
  static constexpr llvm::StringLiteral name = "mma_int8_patch";
  static constexpr SizeParameter<Int8PatchTiling> sizes[] = {
      {"warp_rows", &Int8PatchTiling::warpRows},
      {"warp_columns", &Int8PatchTiling::warpColumns},
      {"stages", &Int8PatchTiling::stages}};
  static constexpr bool hasBox = true;
  static std::string noTiling(const GemmWork &work) {
    std::string reason = quantizedRefusal(work.fusion);
    return reason.empty()
               ? "reads patches of 32 channels or multiples, at stride 1"
               : reason;
  }
  static constexpr auto emit = emitMmaPatchBlock;
};

/// The patches of filter gradients.
template <>
struct Kind<FilterGradPatchTiling> {
  static constexpr llvm::StringLiteral name = Kind<MmaPatchTiling>::name;
  static constexpr SizeParameter<FilterGradPatchTiling> sizes[] = {
      {"taps", &FilterGradPatchTiling::taps},
      {"warp_rows", &FilterGradPatchTiling::warpRows},
      {"warp_columns", &FilterGradPatchTiling::warpColumns},
      {"stages", &FilterGradPatchTiling::stages}};
  static constexpr bool hasMultiplyType = true, hasBox = true,
                        multipliesTf32 = true, isUnverified = false,
                        copiesFilters = false, copiesBoxes = false;
  static std::string noTiling(const GemmWork &) {
    return "reads patches of 16 channels or more, for several taps without "
           "dilations, of values that mma_sync multiplies";
  }
  static constexpr auto emit = emitFilterGradPatchBlock;
};

/// What both roles of few channels share.
struct MmaFewChannelsKind {
  static constexpr llvm::StringLiteral name = "mma_few_channels";
  static constexpr bool hasMultiplyType = true, hasBox = true,
                        multipliesTf32 = true, isUnverified = false,
                        copiesFilters = false, copiesBoxes = false;
  static std::string noTiling(const GemmWork &work) {
    std::string reason = mmaFewChannelsRefusal(work.problem);
    return reason.empty() ? "multiplies in tf32" : reason;
  }
};

template <>
struct Kind<MmaFewChannelsTiling> : MmaFewChannelsKind {
  static constexpr SizeParameter<MmaFewChannelsTiling> sizes[] = {
      {"warp_rows", &MmaFewChannelsTiling::warpRows},
      {"warp_columns", &MmaFewChannelsTiling::warpColumns}};
  static constexpr auto emit = emitMmaFewChannelsBlock;
};

template <>
struct Kind<MmaFewChannelsGradTiling> : MmaFewChannelsKind {
  static constexpr SizeParameter<MmaFewChannelsGradTiling> sizes[] = {
      {"warp_rows", &MmaFewChannelsGradTiling::warpRows},
      {"warp_columns", &MmaFewChannelsGradTiling::warpColumns},
      {"stages", &MmaFewChannelsGradTiling::stages}};
  static constexpr auto emit = emitMmaFewChannelsGradBlock;
};

template <>
struct Kind<WgmmaTiling> {
  static constexpr llvm::StringLiteral name = "wgmma";
  static constexpr SizeParameter<WgmmaTiling> sizes[] = {
      {"stages", &WgmmaTiling::stages}};
  static constexpr bool hasMultiplyType = true, hasBox = true,
                        multipliesTf32 = false, isUnverified = false,
                        copiesFilters = true, copiesBoxes = true;
  static std::string noTiling(const GemmWork &work) {
    std::string reason = wgmmaRefusal(work);
    return reason.empty() ? "multiplies values of bf16 or f16 in memory"
                          : reason;
  }
  static constexpr auto emit = emitWgmmaBlock;
};

template <>
struct Kind<WgmmaGradTiling> {
  static constexpr llvm::StringLiteral name = "wgmma_patch";
  static constexpr SizeParameter<WgmmaGradTiling> sizes[] = {
      {"taps", &WgmmaGradTiling::taps},
      {"warpgroups", &WgmmaGradTiling::warpgroups},
      {"stages", &WgmmaGradTiling::stages}};
  static constexpr bool hasMultiplyType = true, hasBox = true,
                        multipliesTf32 = false, isUnverified = false,
                        copiesFilters = false, copiesBoxes = true;
  static std::string noTiling(const GemmWork &work) {
    std::string reason = wgmmaGradRefusal(work);
    return reason.empty() ? "multiplies values of bf16 or f16 in memory"
                          : reason;
  }
  static constexpr auto emit = emitWgmmaGradBlock;
};

template <>
struct Kind<WgmmaPatchTiling> {
  static constexpr llvm::StringLiteral name = "wgmma_patch";
  static constexpr SizeParameter<WgmmaPatchTiling> sizes[] = {
      {"stages", &WgmmaPatchTiling::stages}};
  static constexpr bool hasMultiplyType = true, hasBox = true,
                        multipliesTf32 = false, isUnverified = false,
                        copiesFilters = true, copiesBoxes = false;
  static std::string noTiling(const GemmWork &work) {
    std::string reason = wgmmaPatchRefusal(work);
    return reason.empty() ? "multiplies values of bf16 or f16 in memory"
                          : reason;
  }
  static constexpr auto emit = emitWgmmaPatchBlock;
};

/// Whether a block copies boxes of B, as of both operands where it
/// `copiesBoxes`.
template <typename Tiling>
inline constexpr bool copiesFilterBoxes = Kind<Tiling>::copiesBoxes;
template <>
inline constexpr bool copiesFilterBoxes<WgmmaPatchTiling> = true;

/// Whether a step may multiply several taps, and a tile have several samples
/// (GemmTile::taps, samples).
template <typename Tiling>
inline constexpr bool sharesTaps = std::is_same_v<Tiling, WgmmaTiling>;

/// Whether blocks of a cluster may share the depth (GemmTile::cluster).
template <typename Tiling>
inline constexpr bool hasClusters =
    sharesTaps<Tiling> || std::is_same_v<Tiling, WgmmaGradTiling>;

/// Whether the block multiplies quantized factors as integers of 8 bits, and
/// others none.
template <typename Tiling>
inline constexpr bool multipliesIntegers =
    std::is_same_v<Tiling, Int8MmaTiling> ||
    std::is_same_v<Tiling, Int8PatchTiling>;

/// Whether strategies say that the filter is copied; that of quantized factors
/// always is.
template <typename Tiling>
inline constexpr bool mayCopyFilters =
    Kind<Tiling>::copiesFilters && !multipliesIntegers<Tiling>;

/// Whether the columns may be of several phases (GemmTile::phases).
template <typename Tiling>
inline constexpr bool sharesPhases =
    std::is_base_of_v<MmaTiling, Tiling> && !Kind<Tiling>::hasBox;

} // namespace segc

#endif // SEGC_LIB_CODEGEN_GPU_CONV_CONVKINDS_H
