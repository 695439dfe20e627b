//===- StrategyAttr.cpp - Strategies of fusions ---------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mlir/IR/Builders.h"
#include "segc/Dialect/Seg/IR/SegDialect.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace segc::seg;

//===----------------------------------------------------------------------===//
// Syntax
//===----------------------------------------------------------------------===//

/// Parses the value after `name =`.
static FailureOr<Attribute> parseValue(AsmParser &parser) {
  Builder &b = parser.getBuilder();
  StringRef word;
  if (succeeded(parser.parseOptionalKeyword(&word))) {
    if (word == "true" || word == "false")
      return Attribute(b.getBoolAttr(word == "true"));
    return Attribute(b.getStringAttr(word));
  }
  if (succeeded(parser.parseOptionalLSquare())) {
    SmallVector<int64_t> numbers;
    auto parseNumber = [&] {
      return parser.parseInteger(numbers.emplace_back());
    };
    if (failed(parser.parseOptionalRSquare()) &&
        (parser.parseCommaSeparatedList(parseNumber) || parser.parseRSquare()))
      return failure();
    return Attribute(b.getDenseI64ArrayAttr(numbers));
  }
  int64_t number = 0;
  OptionalParseResult integer = parser.parseOptionalInteger(number);
  if (!integer.has_value())
    return parser.emitError(parser.getCurrentLocation(),
                            "expected a number, a list of numbers, true, false "
                            "or a keyword");
  if (failed(*integer))
    return failure();
  return Attribute(b.getI64IntegerAttr(number));
}

// <kind, name = value, name, ...>
Attribute StrategyAttr::parse(AsmParser &parser, Type) {
  SMLoc start = parser.getCurrentLocation();
  StringRef kind;
  NamedAttrList parameters;
  int64_t tempBytes = 0, sumsBytes = 0;
  bool prepared = false;
  llvm::SmallDenseSet<StringRef> given;
  auto parseParameter = [&]() -> ParseResult {
    SMLoc at = parser.getCurrentLocation();
    StringRef name;
    if (parser.parseKeyword(&name))
      return failure();
    if (!given.insert(name).second)
      return parser.emitError(at, "has '") << name << "' twice";
    Attribute value;
    if (succeeded(parser.parseOptionalEqual())) {
      FailureOr<Attribute> parsed = parseValue(parser);
      if (failed(parsed))
        return failure();
      value = *parsed;
    } else {
      value = parser.getBuilder().getUnitAttr();
    }
    if (name == tempBytesName || name == sumsBytesName) {
      auto bytes = dyn_cast<IntegerAttr>(value);
      if (!bytes || !bytes.getType().isSignlessInteger(64))
        return parser.emitError(at, "expects a number of bytes for '")
               << name << "'";
      (name == tempBytesName ? tempBytes : sumsBytes) = bytes.getInt();
    } else if (name == preparedName) {
      if (!isa<UnitAttr>(value))
        return parser.emitError(at, "expects '") << name << "' without a value";
      prepared = true;
    } else {
      parameters.append(name, value);
    }
    return success();
  };
  if (parser.parseLess() || parser.parseKeyword(&kind))
    return {};
  while (succeeded(parser.parseOptionalComma()))
    if (parseParameter())
      return {};
  if (parser.parseGreater())
    return {};
  return StrategyAttr::getChecked([&] { return parser.emitError(start); },
                                  parser.getContext(), kind,
                                  parameters.getDictionary(parser.getContext()),
                                  tempBytes, sumsBytes, prepared);
}

void StrategyAttr::printValue(llvm::raw_ostream &out, Attribute value) {
  llvm::TypeSwitch<Attribute>(value)
      .Case(
          [&](BoolAttr value) { out << (value.getValue() ? "true" : "false"); })
      .Case([&](IntegerAttr value) { out << value.getInt(); })
      .Case([&](StringAttr value) { out << value.getValue(); })
      .Case([&](DenseI64ArrayAttr value) {
        out << '[';
        llvm::interleaveComma(value.asArrayRef(), out);
        out << ']';
      });
}

void StrategyAttr::print(AsmPrinter &printer) const {
  printer << '<' << getKind();
  for (NamedAttribute parameter : getParameters()) {
    printer << ", " << parameter.getName().strref();
    if (isa<UnitAttr>(parameter.getValue()))
      continue;
    printer << " = ";
    printValue(printer.getStream(), parameter.getValue());
  }
  if (getTempBytes())
    printer << ", " << tempBytesName << " = " << getTempBytes();
  if (getSumsBytes())
    printer << ", " << sumsBytesName << " = " << getSumsBytes();
  if (getPrepared())
    printer << ", " << preparedName;
  printer << '>';
}

//===----------------------------------------------------------------------===//
// Verifier
//===----------------------------------------------------------------------===//

/// Returns whether the text is a keyword of the syntax.
static bool isKeyword(StringRef text) {
  return !text.empty() &&
         (llvm::isAlpha(text.front()) || text.front() == '_') &&
         llvm::all_of(text,
                      [](char c) { return llvm::isAlnum(c) || c == '_'; });
}

LogicalResult
StrategyAttr::verify(llvm::function_ref<InFlightDiagnostic()> emitError,
                     StringRef kind, DictionaryAttr parameters,
                     int64_t tempBytes, int64_t sumsBytes, bool) {
  // The limit is so low that sums of a few temporaries do not overflow 64 bits.
  constexpr int64_t maxBytes = int64_t{1} << 46, alignment = 64;
  if (!isKeyword(kind)) // strategy_c1
    return emitError() << "expects a word as kind of a strategy, got '" << kind
                       << "'";
  std::pair<StringRef, int64_t> memory[] = {{tempBytesName, tempBytes},
                                            {sumsBytesName, sumsBytes}};
  for (auto [name, bytes] : memory) // strategy_c2
    if (bytes < 0 || bytes > maxBytes || bytes % alignment != 0)
      return emitError() << "expects '" << name
                         << "' of a strategy to be a multiple of " << alignment
                         << " up to " << maxBytes << ", got " << bytes;
  for (NamedAttribute parameter : parameters) { // strategy_c3
    StringRef name = parameter.getName();
    if (!isKeyword(name) || llvm::is_contained(getCommonNames(), name))
      return emitError() << "expects a word that no strategy has otherwise as "
                            "name of a parameter, got '"
                         << name << "'";
    Attribute value = parameter.getValue();
    auto number = dyn_cast<IntegerAttr>(value);
    auto word = dyn_cast<StringAttr>(value);
    bool known = isa<UnitAttr, BoolAttr, DenseI64ArrayAttr>(value) ||
                 (number && number.getType().isSignlessInteger(64)) ||
                 (word && isKeyword(word.getValue()) && word != "true" &&
                  word != "false");
    if (!known)
      return emitError() << "expects a number (i64), a list of numbers, a "
                            "switch, a keyword or nothing for '"
                         << name << "' of a strategy, got " << value;
  }
  return success();
}

//===----------------------------------------------------------------------===//
// Access
//===----------------------------------------------------------------------===//

ArrayRef<StringRef> StrategyAttr::getCommonNames() {
  static const StringRef names[] = {tempBytesName, sumsBytesName, preparedName};
  return names;
}

ArrayRef<int64_t> StrategyAttr::getInts(StringRef name) const {
  auto list = get<DenseI64ArrayAttr>(name);
  return list ? list.asArrayRef() : ArrayRef<int64_t>();
}

StrategyAttr StrategyAttr::withPrepared(bool prepared) const {
  return get(getContext(), getKind(), getParameters(), getTempBytes(),
             getSumsBytes(), prepared);
}
