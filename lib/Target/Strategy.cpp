//===- Strategy.cpp -------------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Target/Strategy.h"

using namespace mlir;

namespace segc {

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
