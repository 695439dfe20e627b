//===- Layout.cpp ---------------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Transforms/Layout.h"

#include "segc/Dialect/Seg/IR/ShapeFunctions.h"
#include "segc/Transforms/Passes.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;

namespace segc {

int64_t undecayedOffset(ModuleOp module) {
  int64_t offset = std::numeric_limits<int64_t>::max();
  auto layout = module->getAttrOfType<DictionaryAttr>(layoutAttrName);
  auto parameters = layout ? layout.getAs<ArrayAttr>("parameters") : nullptr;
  if (!parameters)
    return offset;
  for (auto parameter : parameters.getAsRange<DictionaryAttr>()) {
    auto decay = parameter.getAs<BoolAttr>("decay");
    auto place = parameter.getAs<IntegerAttr>("offset");
    if (decay && place && !decay.getValue())
      offset = std::min(offset, place.getInt());
  }
  return offset;
}

/// Alignment of parameters and states, and limit on the size of their regions.
static constexpr int64_t flatAlignment = 64, maxRegion = int64_t{1} << 46;

namespace {

/// Reads fields of the layout. Errors name them.
class LayoutReader {
public:
  explicit LayoutReader(ModuleOp module) : module(module) {}
  LogicalResult read();

private:
  InFlightDiagnostic error(StringRef where) {
    return module.emitError() << layoutAttrName << ": '" << where << "' ";
  }
  template <typename Attr>
  Attr field(DictionaryAttr from, StringRef where, StringRef key,
             StringRef expected) {
    auto attr = from.getAs<Attr>(key);
    if (!attr)
      error(where.empty() ? key : (where + "." + key).str())
          << "expects " << expected;
    return attr;
  }
  LogicalResult readRegion(DictionaryAttr layout, StringRef key,
                           StringRef bytesKey);
  LogicalResult readTensor(StringRef key, Attribute entry, int64_t bytes,
                           int64_t &end);

  ModuleOp module;
};

/// JSON has no infinity and no NaN.
static bool isFinite(FloatAttr number) {
  return number && number.getValue().isFinite();
}

/// Whether the manifest can hold all numbers of a dictionary.
static bool hasFiniteNumbers(Attribute value) {
  WalkResult found = value.walk([](FloatAttr number) {
    return isFinite(number) ? WalkResult::advance() : WalkResult::interrupt();
  });
  return !found.wasInterrupted();
}

LogicalResult LayoutReader::readTensor(StringRef key, Attribute entry,
                                       int64_t bytes, int64_t &end) {
  auto tensor = dyn_cast<DictionaryAttr>(entry);
  if (!tensor)
    return error(key) << "expects dictionaries";
  auto type = tensor.getAs<TypeAttr>("type");
  auto shaped =
      type ? dyn_cast<RankedTensorType>(type.getValue()) : RankedTensorType();
  if (!shaped || !shaped.getElementType().isF32() ||
      !seg::hasBoundedShape(shaped))
    return error(key) << "expects the 'type' of a static tensor of f32";
  auto offset = tensor.getAs<IntegerAttr>("offset");
  if (!tensor.getAs<StringAttr>("name") || !offset ||
      !isFinite(tensor.getAs<FloatAttr>("value")))
    return error(key)
           << "expects 'name', 'offset' and a finite 'value' for each";
  auto init = tensor.getAs<StringAttr>("init");
  if (key == "parameters" && !(init && seg::symbolizeInitKind(init) &&
                               tensor.getAs<BoolAttr>("decay")))
    return error(key) << "expects 'init' and 'decay' for each";
  int64_t size = shaped.getNumElements() * 4;
  if (offset.getInt() < end || offset.getInt() % flatAlignment ||
      offset.getInt() > bytes - size)
    return error(key) << "expects '"
                      << tensor.getAs<StringAttr>("name").getValue()
                      << "' at a multiple of " << flatAlignment
                      << " bytes from " << end << " to " << bytes - size
                      << ", got " << offset.getInt();
  end = offset.getInt() + size;
  return success();
}

LogicalResult LayoutReader::readRegion(DictionaryAttr layout, StringRef key,
                                       StringRef bytesKey) {
  auto list = field<ArrayAttr>(layout, "", key, "a list");
  auto bytes = field<IntegerAttr>(layout, "", bytesKey, "an integer");
  if (!list || !bytes)
    return failure();
  if (bytes.getInt() < 0 || bytes.getInt() > maxRegion ||
      bytes.getInt() % flatAlignment)
    return error(bytesKey) << "expects a multiple of " << flatAlignment
                           << " up to " << maxRegion << ", got "
                           << bytes.getInt();
  int64_t end = 0;
  for (Attribute entry : list)
    if (failed(readTensor(key, entry, bytes.getInt(), end)))
      return failure();
  return success();
}

LogicalResult LayoutReader::read() {
  auto layout = module->getAttrOfType<DictionaryAttr>(layoutAttrName);
  if (!layout)
    return module.emitError("expects the attribute ")
           << layoutAttrName
           << " of the module, as --emit prints it: the manifest is written "
              "from it";
  if (!field<StringAttr>(layout, "", "network", "a string") ||
      !field<IntegerAttr>(layout, "", "classes", "an integer") ||
      !field<DictionaryAttr>(layout, "", "optimizer", "a dictionary") ||
      !field<DictionaryAttr>(layout, "", "pipeline", "a dictionary") ||
      failed(readRegion(layout, "parameters", "parameter_bytes")) ||
      failed(readRegion(layout, "states", "state_bytes")))
    return failure();
  for (StringRef key : {"optimizer", "pipeline"})
    if (!hasFiniteNumbers(layout.get(key)))
      return error(key) << "expects finite numbers";
  auto slots = field<ArrayAttr>(layout, "", "slots", "a list");
  if (!slots)
    return failure();
  for (Attribute entry : slots) {
    auto slot = dyn_cast<DictionaryAttr>(entry);
    if (!slot || !slot.getAs<StringAttr>("name") ||
        !isFinite(slot.getAs<FloatAttr>("init")))
      return error("slots") << "expects 'name' and a finite 'init' for each";
  }
  return success();
}

} // namespace

LogicalResult verifyLayoutAttr(ModuleOp module) {
  return LayoutReader(module).read();
}

bool yieldsGradients(DictionaryAttr layout, ArrayRef<Attribute> results) {
  llvm::DenseSet<Attribute> offsets;
  for (Attribute result : results)
    if (auto place = dyn_cast<DictionaryAttr>(result))
      if (auto region = place.getAs<StringAttr>(regionAttrName);
          region && region == "gradients")
        offsets.insert(place.get(offsetAttrName));
  auto parameters = layout.getAs<ArrayAttr>("parameters");
  return !parameters || llvm::all_of(parameters, [&](Attribute parameter) {
    auto dictionary = dyn_cast<DictionaryAttr>(parameter);
    return dictionary && offsets.contains(dictionary.get("offset"));
  });
}

} // namespace segc
