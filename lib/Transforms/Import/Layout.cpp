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

static constexpr StringLiteral entryNames[] = {"predict", "evaluate_step",
                                               "grad_step", "apply_step"};
/// Of parameters, states and their regions.
static constexpr int64_t flatAlignment = 64, maxRegion = int64_t{1} << 46;

namespace {

/// Takes fields out of the layout; errors name them.
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

/// JSON has no other numbers.
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
    return error(key) << "expects '" << tensor.getAs<StringAttr>("name").getValue()
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

/// Region, name and offset of an argument or result.
struct Place {
  StringRef region, name;
  int64_t offset;
};

/// One entry against the layout.
class PlaceVerifier {
public:
  explicit PlaceVerifier(func::FuncOp entry)
      : entry(entry),
        layout(
            entry->getParentOfType<ModuleOp>()->getAttrOfType<DictionaryAttr>(
                layoutAttrName)) {
    for (auto [list, types] :
         {std::pair("parameters", &parameters), std::pair("states", &states)})
      for (auto tensor :
           layout.getAs<ArrayAttr>(list).getAsRange<DictionaryAttr>())
        (*types)[tensor.getAs<IntegerAttr>("offset").getInt()] =
            tensor.getAs<TypeAttr>("type").getValue();
  }
  LogicalResult verify();

private:
  LogicalResult verifyPlace(const Twine &what, DictionaryAttr attrs, Type type,
                            ArrayRef<StringRef> regions);
  LogicalResult verifyScalar(const Twine &what, const Place &place, Type type);
  bool isFlat(const Place &place, RankedTensorType type) const;

  func::FuncOp entry;
  DictionaryAttr layout;
  llvm::DenseMap<int64_t, Type> parameters, states; ///< By offset.
};

/// Whether the tensor is all parameters, their gradients or a slot.
bool PlaceVerifier::isFlat(const Place &place, RankedTensorType type) const {
  int64_t bytes = layout.getAs<IntegerAttr>("parameter_bytes").getInt();
  auto slots = static_cast<int64_t>(layout.getAs<ArrayAttr>("slots").size());
  bool slot = place.region == "optimizer";
  return bytes > 0 && type.getRank() == 1 && type.getElementType().isF32() &&
         type.getNumElements() * 4 == bytes && place.offset >= 0 &&
         (slot ? place.offset % bytes == 0 && place.offset / bytes < slots
               : place.offset == 0);
}

LogicalResult PlaceVerifier::verifyScalar(const Twine &what, const Place &place,
                                          Type type) {
  bool counter =
      llvm::is_contained({"step", "seed", "sample_offset"}, place.name);
  bool known = counter || llvm::is_contained({"learning_rate", "momentum",
                                              "weight_decay", "loss_scale"},
                                             place.name);
  auto tensor = cast<RankedTensorType>(type);
  if (known && tensor.getRank() == 0 &&
      (counter ? tensor.getElementType().isInteger(64)
               : tensor.getElementType().isF32()))
    return success();
  return entry.emitOpError() << what << " is no scalar of a call: '"
                             << place.name << "' of " << type;
}

LogicalResult PlaceVerifier::verifyPlace(const Twine &what,
                                         DictionaryAttr attrs, Type type,
                                         ArrayRef<StringRef> regions) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  auto region = attrs ? attrs.getAs<StringAttr>(regionAttrName) : StringAttr();
  auto name = attrs ? attrs.getAs<StringAttr>(nameAttrName) : StringAttr();
  auto offset =
      attrs ? attrs.getAs<IntegerAttr>(offsetAttrName) : IntegerAttr();
  if (!tensor || !seg::hasBoundedShape(tensor) || !region || !name || !offset)
    return entry.emitOpError()
           << what << " expects a static tensor with " << regionAttrName << ", "
           << nameAttrName << " and " << offsetAttrName;
  if (!llvm::is_contained(regions, region.getValue()))
    return entry.emitOpError() << what << " expects " << regionAttrName
                               << " to be one of " << llvm::join(regions, ", ")
                               << ", got '" << region.getValue() << "'";
  Place place{region, name, offset.getInt()};
  if (region == "scalars")
    return verifyScalar(what, place, type);
  if (region == "inputs" || region == "outputs") {
    if (!tensor.getElementType().isF32() &&
        !tensor.getElementType().isInteger(32))
      return entry.emitOpError() << what << " expects f32 or i32, got " << type;
    if (place.offset != 0) // the host gives each its own buffer
      return entry.emitOpError() << what << " expects " << offsetAttrName
                                 << " 0, got " << place.offset;
    return success();
  }
  if (region == "states"
          ? states.lookup(place.offset) == type
          : isFlat(place, tensor) || (region != "optimizer" &&
                                      parameters.lookup(place.offset) == type))
    return success();
  return entry.emitOpError()
         << what << " ('" << place.name << "', " << type << ") at byte "
         << place.offset << " of the region '" << place.region
         << "' is not what " << layoutAttrName << " has there";
}

LogicalResult PlaceVerifier::verify() {
  for (auto [i, type] : llvm::enumerate(entry.getArgumentTypes()))
    if (failed(verifyPlace("argument #" + Twine(i), entry.getArgAttrDict(i),
                           type,
                           {"inputs", "parameters", "states", "gradients",
                            "optimizer", "scalars"})))
      return failure();
  for (auto [i, type] : llvm::enumerate(entry.getResultTypes()))
    if (failed(verifyPlace(
            "result #" + Twine(i), entry.getResultAttrDict(i), type,
            {"outputs", "parameters", "states", "gradients", "optimizer"})))
      return failure();
  return success();
}

} // namespace

LogicalResult verifyLayoutAttr(ModuleOp module) {
  return LayoutReader(module).read();
}

LogicalResult verifyLayout(ModuleOp module) {
  if (failed(verifyLayoutAttr(module)))
    return failure();
  for (auto function : module.getOps<func::FuncOp>())
    if (function.isDeclaration() ||
        !llvm::is_contained(entryNames, function.getSymName()))
      return function.emitOpError("is no entry of a model: expects functions "
                                  "with a body, named ")
             << llvm::join(ArrayRef(entryNames), ", ");
  auto has = [&](StringRef name) {
    return static_cast<bool>(module.lookupSymbol<func::FuncOp>(name));
  };
  if (!has("predict"))
    return module.emitError("expects an entry 'predict'");
  if (has("grad_step") != has("apply_step"))
    return module.emitError(
        "expects 'grad_step' and 'apply_step', or neither of them");
  if (auto step = module.lookupSymbol<func::FuncOp>("grad_step");
      step && !yieldsGradients(
                  module->getAttrOfType<DictionaryAttr>(layoutAttrName),
                  step.getAllResultAttrs() ? step.getAllResultAttrs().getValue()
                                           : ArrayRef<Attribute>()))
    return step.emitOpError("expects the gradient of every parameter among its "
                            "results; run seg-autodiff first");
  auto predict = module.lookupSymbol<func::FuncOp>("predict");
  auto image = predict.getNumArguments()
                   ? dyn_cast<RankedTensorType>(predict.getArgumentTypes()[0])
                   : RankedTensorType();
  if (!image || image.getRank() < 3)
    return predict.emitOpError("expects the image as its first argument");
  return success();
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

LogicalResult verifyPlaces(func::FuncOp entry) {
  return PlaceVerifier(entry).verify();
}

} // namespace segc
