//===- Strategy.cpp -------------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Target/Strategy.h"

#include "llvm/ADT/StringExtras.h"
#include <algorithm>

using namespace mlir;

namespace segc {

double ProductWork::on(const TargetVersion &version) const {
  return share / (isInt8 ? version.rate8Bit : version.rateOf(multiplyType));
}

ProductWork productWork(seg::StrategyAttr strategy) {
  ProductWork work;
  if (!strategy)
    return work;
  if (auto name = strategy.get<StringAttr>(strategyMultiplyTypeName))
    work.multiplyType =
        lookupMultiplyType(name.getValue()).value_or(MultiplyType::F32);
  work.isInt8 = strategy.getKind() == "int8" ||
                strategy.getKind().starts_with("mma_int8");
  // A tile of m outputs and 3 taps takes m + 2 products instead of 3 m. The
  // factor 2 is for the transforms.
  constexpr double withTransforms = 2;
  if (ArrayRef<int64_t> tiles = strategy.getInts(strategyTilesName);
      !tiles.empty()) {
    for (int64_t m : tiles)
      work.share *= m <= 1 ? 1 : static_cast<double>(m + 2) / (3.0 * m);
    work.share = std::min(1.0, withTransforms * work.share);
  }
  return work;
}

//===----------------------------------------------------------------------===//
// Parameters
//===----------------------------------------------------------------------===//

static constexpr int64_t maxSize = int64_t{1} << 20;

static bool isSize(int64_t value) { return value > 0 && value <= maxSize; }

bool StrategyParameter::accepts(Attribute value) const {
  switch (type) {
  case Type::Size: {
    auto number = dyn_cast<IntegerAttr>(value);
    return number && number.getType().isSignlessInteger(64) &&
           isSize(number.getInt());
  }
  case Type::Sizes: {
    auto list = dyn_cast<DenseI64ArrayAttr>(value);
    return list && list.size() == 3 && llvm::all_of(list.asArrayRef(), isSize);
  }
  case Type::Switch:
    return isa<BoolAttr>(value);
  case Type::Keyword: {
    auto word = dyn_cast<StringAttr>(value);
    return word && llvm::is_contained(keywords, word.getValue());
  }
  case Type::Kind:
    return isa<StringAttr>(value);
  case Type::Flag:
    return isa<UnitAttr>(value);
  }
  llvm_unreachable("no such type");
}

std::string StrategyParameter::expected() const {
  switch (type) {
  case Type::Size:
    return "a number from 1 to " + std::to_string(maxSize);
  case Type::Sizes:
    return "three numbers from 1 to " + std::to_string(maxSize);
  case Type::Switch:
    return "true or false";
  case Type::Keyword:
    return "one of " + llvm::join(keywords, ", ");
  case Type::Kind:
    return "the kind of a strategy";
  case Type::Flag:
    return "no value";
  }
  llvm_unreachable("no such type");
}

LogicalResult verifyStrategyParameters(seg::FusionOp fusion,
                                       ArrayRef<StrategyParameter> parameters) {
  seg::StrategyAttr strategy = fusion.getStrategyAttr();
  Operation *root = fusion.getRoot();
  auto error = [&] {
    return root ? root->emitOpError() : fusion.emitOpError();
  };
  for (const StrategyParameter &parameter : parameters) {
    Attribute value = strategy.get<Attribute>(parameter.name);
    if (value ? parameter.accepts(value) : parameter.isOptional())
      continue;
    std::string got;
    llvm::raw_string_ostream out(got);
    if (isa_and_present<UnitAttr>(value))
      out << "no value";
    else if (value)
      seg::StrategyAttr::printValue(out, value);
    else
      out << "none";
    return error() << "expects '" << parameter.name
                   << "' in a strategy of kind '" << strategy.getKind()
                   << "' to be " << parameter.expected() << ", got " << got;
  }
  auto isKnown = [&](StringRef name) {
    return llvm::any_of(parameters, [&](const StrategyParameter &parameter) {
      return parameter.name == name;
    });
  };
  for (NamedAttribute given : strategy.getParameters())
    if (!isKnown(given.getName())) {
      InFlightDiagnostic diag = error();
      diag << "has no parameter '" << given.getName().strref()
           << "' in a strategy of kind '" << strategy.getKind()
           << "': expects ";
      for (const StrategyParameter &parameter : parameters)
        diag << parameter.name << ", ";
      return diag << llvm::join(seg::StrategyAttr::getCommonNames(), ", ");
    }
  return success();
}

} // namespace segc
