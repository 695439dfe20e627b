//===- GemmStrategy.h - Strategies of convolutions --------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// A choice of tiling as the attribute of its fusion says it, and back.

#ifndef SEGC_LIB_CODEGEN_GPU_CONV_GEMMSTRATEGY_H
#define SEGC_LIB_CODEGEN_GPU_CONV_GEMMSTRATEGY_H

#include "ConvKinds.h"
#include "FilterCopy.h"

namespace segc {

inline constexpr llvm::StringLiteral tileName = "tile", boxName = "box",
                                     partsName = "parts", tapsName = "taps",
                                     clusterName = "cluster",
                                     phasesName = "phases",
                                     samplesName = "samples";

/// The parameters that strategies with such a tiling declare; `hasParts` for
/// filter gradients.
template <typename Tiling>
llvm::SmallVector<StrategyParameter> parametersOf(bool hasParts) {
  llvm::SmallVector<StrategyParameter> declared{
      {tileName, StrategyParameter::Type::Sizes}};
  if (Kind<Tiling>::hasBox)
    declared.push_back({boxName, StrategyParameter::Type::Sizes});
  for (const auto &size : Kind<Tiling>::sizes)
    declared.push_back({size.name, StrategyParameter::Type::Size});
  if (sharesTaps<Tiling> && !hasParts)
    for (llvm::StringRef name : {tapsName, samplesName})
      declared.push_back(
          {name, StrategyParameter::Type::Size, /*optional=*/true});
  if (hasClusters<Tiling>)
    declared.push_back(
        {clusterName, StrategyParameter::Type::Size, /*optional=*/true});
  if (sharesPhases<Tiling> && !hasParts)
    declared.push_back(
        {phasesName, StrategyParameter::Type::Size, /*optional=*/true});
  if (Kind<Tiling>::hasMultiplyType) {
    llvm::SmallVector<llvm::StringRef> types{
        multiplyTypeName(MultiplyType::Bf16),
        multiplyTypeName(MultiplyType::F16)};
    if (Kind<Tiling>::multipliesTf32)
      types.push_back(multiplyTypeName(MultiplyType::Tf32));
    declared.push_back({strategyMultiplyTypeName,
                        StrategyParameter::Type::Keyword,
                        /*optional=*/false, types});
  }
  if (hasParts)
    declared.push_back({partsName, StrategyParameter::Type::Size});
  else if (mayCopyFilters<Tiling>)
    declared.push_back({filterCopyName, StrategyParameter::Type::Flag});
  return declared;
}

/// Floats of the memory that the launches share. The temporary of a convolution
/// is its copy of the filter alone; reductions have theirs behind it.
struct Workspace {
  int64_t temp, sums;
};
template <typename Tiling>
Workspace workspaceOf(const GemmWork &work, const GemmChoice<Tiling> &choice) {
  int64_t floats = work.tempFloats(choice.tiling.tile, choice.parts), copy = 0;
  if (work.isFilterGrad)
    return {floats, 0};
  if constexpr (Kind<Tiling>::copiesFilters)
    copy = choice.tiling.copiesFilter ? filterCopyFloats(work.fusion) : 0;
  return {copy, floats};
}

/// The strategy that says the choice.
template <typename Tiling>
seg::StrategyAttr writeStrategy(const GemmWork &work,
                                const GemmChoice<Tiling> &choice) {
  mlir::Builder b(work.fusion->getContext());
  const GemmTile &tile = choice.tiling.tile;
  llvm::SmallVector<mlir::NamedAttribute> parameters{b.getNamedAttr(
      tileName, b.getDenseI64ArrayAttr({tile.rows, tile.columns, tile.depth}))};
  if (tile.box)
    parameters.push_back(
        b.getNamedAttr(boxName, b.getDenseI64ArrayAttr(*tile.box)));
  for (const auto &size : Kind<Tiling>::sizes)
    parameters.push_back(b.getNamedAttr(
        size.name, b.getI64IntegerAttr(choice.tiling.*size.member)));
  if (sharesTaps<Tiling> && tile.taps > 1)
    parameters.push_back(
        b.getNamedAttr(tapsName, b.getI64IntegerAttr(tile.taps)));
  if (tile.cluster > 1)
    parameters.push_back(
        b.getNamedAttr(clusterName, b.getI64IntegerAttr(tile.cluster)));
  if (tile.samples > 1)
    parameters.push_back(
        b.getNamedAttr(samplesName, b.getI64IntegerAttr(tile.samples)));
  if (sharesPhases<Tiling> && tile.phases > 1)
    parameters.push_back(
        b.getNamedAttr(phasesName, b.getI64IntegerAttr(tile.phases)));
  if constexpr (Kind<Tiling>::hasMultiplyType)
    parameters.push_back(b.getNamedAttr(
        strategyMultiplyTypeName,
        b.getStringAttr(multiplyTypeName(choice.tiling.multiplyType))));
  if (work.isFilterGrad)
    parameters.push_back(
        b.getNamedAttr(partsName, b.getI64IntegerAttr(choice.parts)));
  if constexpr (mayCopyFilters<Tiling>)
    if (choice.tiling.copiesFilter)
      parameters.push_back(b.getNamedAttr(filterCopyName, b.getUnitAttr()));
  Workspace workspace = workspaceOf(work, choice);
  return seg::StrategyAttr::get(b.getContext(), Kind<Tiling>::name, parameters,
                                roundUp(4 * workspace.temp, 64),
                                roundUp(4 * workspace.sums, 64));
}

/// What the fusion's strategy says, which may be written by hand.
template <typename Tiling>
GemmChoice<Tiling> readStrategy(seg::FusionOp fusion) {
  seg::StrategyAttr strategy = fusion.getStrategyAttr();
  llvm::ArrayRef<int64_t> tile = strategy.getInts(tileName);
  GemmChoice<Tiling> choice;
  choice.tiling.tile = {tile[0], tile[1], tile[2]};
  if constexpr (Kind<Tiling>::hasBox) {
    llvm::ArrayRef<int64_t> box = strategy.getInts(boxName);
    choice.tiling.tile.box = Dims{box[0], box[1], box[2]};
  }
  for (const auto &size : Kind<Tiling>::sizes)
    choice.tiling.*size.member =
        strategy.get<mlir::IntegerAttr>(size.name).getInt();
  if constexpr (sharesTaps<Tiling>) {
    if (auto taps = strategy.get<mlir::IntegerAttr>(tapsName))
      choice.tiling.tile.taps = taps.getInt();
    if (auto samples = strategy.get<mlir::IntegerAttr>(samplesName))
      choice.tiling.tile.samples = samples.getInt();
    choice.tiling.ofFilterGrad =
        mlir::isa<seg::ConvFilterGradOp>(fusion.getRoot());
  }
  if constexpr (hasClusters<Tiling>)
    if (auto cluster = strategy.get<mlir::IntegerAttr>(clusterName))
      choice.tiling.tile.cluster = cluster.getInt();
  if constexpr (sharesPhases<Tiling>)
    if (auto phases = strategy.get<mlir::IntegerAttr>(phasesName))
      choice.tiling.tile.phases = phases.getInt();
  if constexpr (Kind<Tiling>::hasMultiplyType)
    choice.tiling.multiplyType = productWork(strategy).multiplyType;
  if constexpr (mayCopyFilters<Tiling>)
    choice.tiling.copiesFilter = copiesFilter(fusion);
  if (auto parts = strategy.get<mlir::IntegerAttr>(partsName))
    choice.parts = parts.getInt();
  return choice;
}

} // namespace segc

#endif // SEGC_LIB_CODEGEN_GPU_CONV_GEMMSTRATEGY_H
