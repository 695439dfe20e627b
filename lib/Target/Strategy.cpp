//===- Strategy.cpp -------------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Target/Strategy.h"

#include <algorithm>

using namespace mlir;

namespace segc {

double ProductWork::on(const TargetVersion &version) const {
  bool is16Bit = multiplyType != MultiplyType::F32 &&
                 version.multiplyTypes.contains(multiplyType);
  return is16Bit ? share / version.rate16Bit : share;
}

ProductWork productWork(DictionaryAttr strategy) {
  ProductWork work;
  if (!strategy)
    return work;
  if (auto name = strategy.getAs<StringAttr>(strategyMultiplyTypeName))
    work.multiplyType = lookupMultiplyType(name.getValue()).value_or(MultiplyType::F32);
  // A tile of m outputs and 3 taps: m + 2 products instead of 3 m.
  constexpr double withTransforms = 2;
  if (auto tiles = strategy.getAs<DenseI64ArrayAttr>(strategyTilesName)) {
    for (int64_t m : tiles.asArrayRef())
      work.share *= m <= 1 ? 1 : static_cast<double>(m + 2) / (3.0 * m);
    work.share = std::min(1.0, withTransforms * work.share);
  }
  return work;
}

LogicalResult verifyStrategyMemory(seg::FusionOp fusion) {
  // Temporaries are scratch of one kernel; sums of a few stay in 64 bits.
  constexpr int64_t maxBytes = int64_t{1} << 46, alignment = 64;
  DictionaryAttr strategy = fusion.getStrategyAttr();
  if (!strategy)
    return success();
  auto refuse = [&](StringRef name, const Twine &expected) {
    return fusion.emitOpError("expects '")
           << name << "' in its strategy to be " << expected << ", got "
           << strategy.get(name);
  };
  if (strategy.get(strategyKindName) &&
      !strategy.getAs<StringAttr>(strategyKindName))
    return refuse(strategyKindName, "a string");
  for (StringRef name : {strategyUnbatchedName, strategyPreparedName})
    if (strategy.get(name) && !strategy.getAs<UnitAttr>(name))
      return refuse(name, "without a value");
  for (StringRef name : {strategyTempName, strategySumsName}) {
    auto bytes = strategy.getAs<IntegerAttr>(name);
    if (strategy.get(name) &&
        !(bytes && bytes.getType().isSignlessInteger(64) &&
          bytes.getInt() >= 0 && bytes.getInt() <= maxBytes &&
          bytes.getInt() % alignment == 0))
      return refuse(name, "a multiple of " + Twine(alignment) + " up to " +
                              Twine(maxBytes) + " (i64)");
  }
  return success();
}

int64_t strategyBytes(DictionaryAttr strategy, llvm::StringRef name) {
  auto bytes = strategy ? strategy.getAs<IntegerAttr>(name) : IntegerAttr();
  return bytes ? bytes.getInt() : 0;
}

int64_t sumsOffset(DictionaryAttr strategy) {
  return strategy && strategy.get(strategyPreparedName)
             ? 0
             : strategyBytes(strategy, strategyTempName);
}

int64_t arenaTempBytes(DictionaryAttr strategy) {
  return sumsOffset(strategy) + strategyBytes(strategy, strategySumsName);
}

} // namespace segc
