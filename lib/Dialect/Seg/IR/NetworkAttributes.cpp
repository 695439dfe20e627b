//===- NetworkAttributes.cpp ----------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// Constraints are numbered as in docs/Spec.md, "Networks". The attributes
// checked here are written to the manifest, whose readers rely on these
// constraints.

#include "NetworkAttributes.h"

#include "KernelNumbers.h"
#include "segc/Plan/DataPipeline.h"

#include "llvm/ADT/StringSet.h"
#include "llvm/Support/JSON.h"
#include <cmath>

using namespace mlir;

namespace segc::seg {

//===----------------------------------------------------------------------===//
// Names
//===----------------------------------------------------------------------===//

/// Returns the reason why a text is no valid name; null if it is one.
static const char *nameRefusal(StringRef name) {
  if (name.empty())
    return "it is empty";
  if (!llvm::json::isUTF8(name))
    return "it is not valid UTF-8";
  if (llvm::any_of(name, [](unsigned char c) { return c < 0x20 || c == 0x7f; }))
    return "it has control characters";
  return nullptr;
}

/// Escapes characters that cannot be printed.
static std::string printable(StringRef text) {
  std::string result;
  llvm::raw_string_ostream stream(result);
  llvm::printEscapedString(text, stream);
  return result;
}

LogicalResult verifyName(Operation *op, StringRef name) {
  const char *refusal = nameRefusal(name);
  // This key of a safetensors header is no tensor.
  if (name == "__metadata__")
    refusal = "files of weights use it for their own data";
  if (refusal) // network_c11
    return op->emitOpError("cannot be named \"")
           << printable(name) << "\": " << refusal;
  return success();
}

LogicalResult verifyInitialValue(Operation *op, const APFloat &value) {
  double number = value.convertToDouble();
  if (!isFiniteF32(number)) // network_c12
    return op->emitOpError("expects a finite initial value, got ")
           << number << beyondF32(number);
  return success();
}

static LogicalResult verifyResultNames(NetworkOp network) {
  // apply_step adds the result `finite` to those of a training step.
  llvm::StringSet<> seen;
  seen.insert("finite");
  for (StringRef name :
       network.getResultNames().getAsValueRange<StringAttr>()) {
    const char *refusal = nameRefusal(name);
    if (!seen.insert(name).second)
      refusal = name == "finite" ? "a training step has a result of that name"
                                 : "another result has that name";
    if (refusal) // network_c11
      return network.emitOpError("cannot name a result \"")
             << printable(name) << "\": " << refusal;
  }
  if (const char *refusal = nameRefusal(network.getSymName())) // network_c11
    return network.emitOpError("cannot be named \"")
           << printable(network.getSymName()) << "\": " << refusal;
  return success();
}

LogicalResult verifyClasses(NetworkOp network) {
  constexpr int64_t maxClasses = 1 << 16, maxBatch = 1 << 20;
  auto classes = static_cast<int64_t>(network.getClasses());
  if (classes < 1 || classes > maxClasses) // network_c13
    return network.emitOpError("expects 1 to ")
           << maxClasses << " classes, got " << classes;
  Block &forward = network.getForward().front();
  auto image =
      forward.getNumArguments() == 1
          ? dyn_cast<RankedTensorType>(forward.getArgument(0).getType())
          : RankedTensorType();
  if (image && image.getRank() && image.getDimSize(0) > maxBatch) // network_c13
    return network.emitOpError("expects a batch of at most ")
           << maxBatch << ", got " << image.getDimSize(0);
  return success();
}

//===----------------------------------------------------------------------===//
// Values of dictionaries
//===----------------------------------------------------------------------===//

namespace {

/// The largest rate, as in segrun. Larger rates overflow in the first step.
constexpr double maxRate = 1e6;
constexpr DictionaryKey optimizerKeys[] = {
    {"kind", ValueKind::Text},
    {"beta1", ValueKind::Number, 0, 1, 0, true},
    {"beta2", ValueKind::Number, 0, 1, 0, true},
    {"clip_norm", ValueKind::Number, 0, maxRate, 0, false, true},
    {"decay", ValueKind::Number, 0, 1, 0, true},
    {"epsilon", ValueKind::Number, 0, 1},
    {"learning_rate", ValueKind::Number, 0, maxRate},
    {"lookahead_alpha", ValueKind::Number, 0, 1},
    {"lookahead_sync", ValueKind::Integer, 1, 1 << 30},
    {"momentum", ValueKind::Number, 0, 1},
    {"nesterov", ValueKind::Flag},
    {"weight_decay", ValueKind::Number, 0, maxRate}};

template <typename Keys>
const DictionaryKey *findKey(const Keys &keys, StringRef name) {
  for (const DictionaryKey &key : keys)
    if (key.name == name)
      return &key;
  return nullptr;
}

/// Returns whether the attribute is an integer that JSON can represent.
bool isInteger(Attribute value) {
  auto integer = dyn_cast<IntegerAttr>(value);
  return integer && !isa<BoolAttr>(value) &&
         integer.getType().isSignlessInteger() &&
         integer.getValue().getBitWidth() <= 64;
}

StringRef describe(Attribute value) {
  if (isa<StringAttr>(value))
    return "a string";
  if (isa<BoolAttr>(value))
    return "true or false";
  if (isInteger(value))
    return "an integer";
  if (isa<FloatAttr>(value))
    return "a number";
  if (isa<ArrayAttr, DenseI64ArrayAttr, DenseF64ArrayAttr>(value))
    return "a list";
  if (isa<DictionaryAttr>(value))
    return "a dictionary";
  return isa<UnitAttr>(value) ? "nothing" : "a value that JSON has no type for";
}

/// Returns the elements of a list, or the value itself.
SmallVector<Attribute> elements(Attribute value) {
  Builder b(value.getContext());
  SmallVector<Attribute> result;
  if (auto list = dyn_cast<ArrayAttr>(value))
    llvm::append_range(result, list);
  else if (auto integers = dyn_cast<DenseI64ArrayAttr>(value))
    for (int64_t integer : integers.asArrayRef())
      result.push_back(b.getI64IntegerAttr(integer));
  else if (auto numbers = dyn_cast<DenseF64ArrayAttr>(value))
    for (double number : numbers.asArrayRef())
      result.push_back(b.getF64FloatAttr(number));
  else
    result.push_back(value);
  return result;
}

bool isList(ValueKind kind) { return kind >= ValueKind::Texts; }

bool holds(ValueKind kind, Attribute value) {
  switch (kind) {
  case ValueKind::Text:
  case ValueKind::Texts:
    return isa<StringAttr>(value);
  case ValueKind::Flag:
    return isa<BoolAttr>(value);
  case ValueKind::Integer:
  case ValueKind::Integers:
    return isInteger(value);
  case ValueKind::Number:
    return isa<FloatAttr>(value);
  case ValueKind::Numbers:
    return isa<FloatAttr>(value) || isInteger(value);
  }
  llvm_unreachable("all kinds are read");
}

/// A dictionary of a network. Errors contain its name.
struct Dictionary {
  NetworkOp network;
  StringRef name;

  InFlightDiagnostic error(StringRef key) {
    return network.emitOpError() << name << ": '" << printable(key) << "' ";
  }
  LogicalResult verifyKey(const DictionaryKey &key, Attribute value);
  LogicalResult verifyJson(StringRef key, Attribute value, int depth = 0);
  template <typename Keys>
  LogicalResult verify(DictionaryAttr values, const Keys &keys);
};

LogicalResult Dictionary::verifyKey(const DictionaryKey &key, Attribute value) {
  bool list = isa<ArrayAttr, DenseI64ArrayAttr, DenseF64ArrayAttr>(value);
  SmallVector<Attribute> all = elements(value);
  for (Attribute element : all)
    if (list != isList(key.kind) || !holds(key.kind, element))
      return error(key.name)
             << "expects " << valueKindText(key.kind) << ", got "
             << (list == isList(key.kind) ? describe(element) : describe(value))
             << (list && isList(key.kind) ? " in the list" : "");
  if (key.count && all.size() != key.count)
    return error(key.name) << "expects " << key.count << " values, got "
                           << all.size();
  for (Attribute element : all) {
    auto number = dyn_cast<FloatAttr>(element);
    if (!number && !isInteger(element))
      continue;
    double found =
        number ? number.getValueAsDouble()
               : static_cast<double>(cast<IntegerAttr>(element).getInt());
    std::string expected = key.refusal(found);
    if (!expected.empty())
      return error(key.name)
             << "expects " << expected << ", got " << numberText(found);
  }
  return success();
}

/// Verifies that the value can be written as JSON.
LogicalResult Dictionary::verifyJson(StringRef key, Attribute value,
                                     int depth) {
  // Readers of JSON refuse deeper nesting.
  constexpr int maxDepth = 32;
  if (depth > maxDepth)
    return error(key) << "is nested deeper than " << maxDepth << " levels";
  if (auto text = dyn_cast<StringAttr>(value);
      text && !llvm::json::isUTF8(text))
    return error(key) << "expects text in UTF-8, got \"" << printable(text)
                      << "\"";
  if (auto number = dyn_cast<FloatAttr>(value);
      number && !number.getValue().isFinite())
    return error(key) << "expects a finite number, got "
                      << number.getValueAsDouble();
  if (auto numbers = dyn_cast<DenseF64ArrayAttr>(value);
      numbers && !llvm::all_of(numbers.asArrayRef(),
                               [](double n) { return std::isfinite(n); }))
    return error(key) << "expects finite numbers";
  if (isa<StringAttr, BoolAttr, FloatAttr, DenseI64ArrayAttr,
          DenseF64ArrayAttr>(value) ||
      isInteger(value))
    return success();
  if (auto list = dyn_cast<ArrayAttr>(value)) {
    for (Attribute element : list)
      if (failed(verifyJson(key, element, depth + 1)))
        return failure();
    return success();
  }
  if (auto dictionary = dyn_cast<DictionaryAttr>(value)) {
    for (NamedAttribute entry : dictionary)
      if (failed(verifyJson(entry.getName(), entry.getValue(), depth + 1)))
        return failure();
    return success();
  }
  return error(key) << "expects a string, number, boolean, list or "
                       "dictionary, got "
                    << describe(value);
}

template <typename Keys>
LogicalResult Dictionary::verify(DictionaryAttr values, const Keys &keys) {
  for (NamedAttribute entry : values) {
    if (const char *refusal = nameRefusal(entry.getName()))
      return error(entry.getName()) << "is no name of a key: " << refusal;
    if (failed(verifyJson(entry.getName(), entry.getValue())))
      return failure();
    if (const DictionaryKey *key = findKey(keys, entry.getName());
        key && failed(verifyKey(*key, entry.getValue())))
      return failure();
  }
  return success();
}

/// Returns all keys of the pipeline's kind.
const std::vector<PipelineKey> &keysOf(DictionaryAttr pipeline) {
  auto kind = pipeline.getAs<StringAttr>("kind");
  return pipelineKeys(kind ? kind.getValue() : StringRef());
}

} // namespace

LogicalResult verifyAttributes(NetworkOp network) {
  if (failed(verifyResultNames(network)))
    return failure();
  // network_c14
  if (failed(Dictionary{network, "optimizer"}.verify(network.getOptimizer(),
                                                     optimizerKeys)))
    return failure();
  // network_c15
  DictionaryAttr pipeline = network.getPipeline();
  if (failed(
          Dictionary{network, "pipeline"}.verify(pipeline, keysOf(pipeline))))
    return failure();
  if (auto names = pipeline.getAs<ArrayAttr>("class_names");
      names && names.size() != network.getClasses()) // network_c15
    return network.emitOpError("pipeline: 'class_names' expects a name for "
                               "each of the ")
           << network.getClasses() << " classes, got " << names.size();
  return success();
}

SmallVector<std::string> unknownKeys(NetworkOp network) {
  SmallVector<std::string> unknown;
  auto add = [&](StringRef name, DictionaryAttr values, const auto &keys) {
    for (NamedAttribute entry : values)
      if (!findKey(keys, entry.getName()))
        unknown.push_back(
            (name + " key '" + entry.getName().strref() + "'").str());
  };
  add("optimizer", network.getOptimizer(), optimizerKeys);
  auto kind = network.getPipeline().getAs<StringAttr>("kind");
  // Keys of unknown kinds are for other hosts.
  if (kind && isKnownPipeline(kind.getValue()))
    add("pipeline", network.getPipeline(), keysOf(network.getPipeline()));
  return unknown;
}

} // namespace segc::seg
