//===- Manifest.cpp
//-----------------------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Driver/Manifest.h"

#include "mlir/IR/BuiltinAttributes.h"
#include "segc/Codegen/CPU/Passes.h"
#include "segc/Transforms/Passes.h"
#include "llvm/Support/JSON.h"

using namespace mlir;
namespace json = llvm::json;

namespace segc {

static json::Array shapeJson(RankedTensorType type) {
  json::Array shape;
  for (int64_t size : type.getShape())
    shape.push_back(size);
  return shape;
}

static json::Value attrJson(Attribute attr) {
  if (auto text = dyn_cast<StringAttr>(attr))
    return text.getValue();
  if (auto flag = dyn_cast<BoolAttr>(attr))
    return flag.getValue();
  if (auto number = dyn_cast<IntegerAttr>(attr))
    return number.getInt();
  if (auto number = dyn_cast<FloatAttr>(attr))
    return number.getValueAsDouble();
  json::Array list;
  if (auto numbers = dyn_cast<DenseI64ArrayAttr>(attr)) {
    for (int64_t n : numbers.asArrayRef())
      list.push_back(n);
    return list;
  }
  if (auto numbers = dyn_cast<DenseF64ArrayAttr>(attr)) {
    for (double n : numbers.asArrayRef())
      list.push_back(n);
    return list;
  }
  if (auto values = dyn_cast<ArrayAttr>(attr)) {
    for (Attribute value : values)
      list.push_back(attrJson(value));
    return list;
  }
  if (auto dict = dyn_cast<DictionaryAttr>(attr)) {
    json::Object object;
    for (NamedAttribute entry : dict)
      object[entry.getName().strref()] = attrJson(entry.getValue());
    return object;
  }
  return nullptr;
}

static json::Object parameterJson(DictionaryAttr parameter,
                                  StringRef initKind) {
  auto type =
      cast<RankedTensorType>(parameter.getAs<TypeAttr>("type").getValue());
  json::Object result{
      {"name", parameter.getAs<StringAttr>("name").getValue()},
      {"shape", shapeJson(type)},
      {"offset", parameter.getAs<IntegerAttr>("offset").getInt()},
      {"elements", type.getNumElements()},
      {"init",
       json::Object{
           {"kind", initKind},
           {"value", parameter.getAs<FloatAttr>("value").getValueAsDouble()}}}};
  if (auto decay = parameter.getAs<BoolAttr>("decay"))
    result["decay"] = decay.getValue();
  return result;
}

/// Signatures of one region's arguments or results.
static json::Array signatures(ArrayAttr attrs, ArrayRef<Type> types,
                              StringRef region) {
  json::Array list;
  for (auto [attr, type] :
       llvm::zip_equal(attrs.getAsRange<DictionaryAttr>(), types)) {
    auto where = attr.template getAs<StringAttr>(regionAttrName);
    if (!where || where.getValue() != region)
      continue;
    auto tensor = cast<RankedTensorType>(type);
    std::string element;
    llvm::raw_string_ostream(element) << tensor.getElementType();
    list.push_back(json::Object{
        {"name", attr.template getAs<StringAttr>(nameAttrName).getValue()},
        {"type", element},
        {"shape", shapeJson(tensor)}});
  }
  return list;
}

static json::Object entryJson(DictionaryAttr entry) {
  auto type = cast<FunctionType>(entry.getAs<TypeAttr>("type").getValue());
  double flops = 0;
  auto launches = entry.getAs<ArrayAttr>("launches");
  for (auto launch : launches.getAsRange<DictionaryAttr>())
    flops += launch.getAs<FloatAttr>("flops").getValueAsDouble();
  return json::Object{{"inputs", signatures(entry.getAs<ArrayAttr>("arguments"),
                                            type.getInputs(), "inputs")},
                      {"outputs", signatures(entry.getAs<ArrayAttr>("results"),
                                             type.getResults(), "outputs")},
                      {"kernels", static_cast<int64_t>(launches.size())},
                      {"flops_per_sample", flops}};
}

static json::Object entriesJson(DictionaryAttr entries) {
  json::Object result;
  for (NamedAttribute entry : entries)
    result[entry.getName().strref()] =
        entryJson(cast<DictionaryAttr>(entry.getValue()));
  json::Object *grad = result.getObject("grad_step"),
               *apply = result.getObject("apply_step");
  if (!grad || !apply)
    return result;
  json::Object train = *grad;
  for (json::Value &output : *apply->getArray("outputs"))
    train.getArray("outputs")->push_back(output);
  train["kernels"] =
      *grad->getInteger("kernels") + *apply->getInteger("kernels");
  result["train_step"] = std::move(train);
  return result;
}

static json::Object versionJson(const ModelVersion &version) {
  auto entries = version.module->getAttrOfType<DictionaryAttr>(entriesAttrName);
  json::Object arena, bound;
  int64_t scratch = 0;
  for (NamedAttribute named : entries) {
    auto entry = cast<DictionaryAttr>(named.getValue());
    arena[named.getName().strref()] =
        entry.getAs<IntegerAttr>("arena_bytes").getInt();
    bound[named.getName().strref()] =
        entry.getAs<IntegerAttr>("arena_bound").getInt();
    scratch =
        std::max(scratch, entry.getAs<IntegerAttr>("scratch_bytes").getInt());
  }
  if (std::optional<int64_t> grad = arena.getInteger("grad_step"))
    arena["train_step"] =
        std::max(*grad, arena.getInteger("apply_step").value_or(0));
  json::Array features;
  for (const std::string &feature : version.target.features)
    features.push_back(feature);
  return json::Object{{"cpu", version.target.name},
                      {"plan", version.planDigest},
                      {"features", std::move(features)},
                      {"arena_bytes", std::move(arena)},
                      {"arena_bound_bytes", std::move(bound)},
                      {"scratch_bytes", scratch}};
}

/// The name of a 16-bit type that a launch reads or writes; empty if none.
static StringRef halfOperand(DictionaryAttr launch) {
  auto operands = launch.getAs<DenseI64ArrayAttr>("operands");
  for (ArrayRef<int64_t> rest = operands.asArrayRef();
       rest.size() >= launchOperandSize;
       rest = rest.drop_front(launchOperandSize)) {
    int64_t type = rest[launchOperandSize - 1]; // a segc_element
    if (type == SEGC_F16 || type == SEGC_BF16)
      return type == SEGC_F16 ? "f16" : "bf16";
  }
  return "";
}

StringRef storedPrecision(ModuleOp module) {
  StringRef found;
  if (auto entries = module->getAttrOfType<DictionaryAttr>(entriesAttrName)) {
    entries.walk([&](DictionaryAttr launch) {
      if (found.empty() && launch.getAs<DenseI64ArrayAttr>("operands"))
        found = halfOperand(launch);
    });
  } else {
    module.walk([&](Operation *op) {
      for (Type type : op->getResultTypes())
        if (Type element = getElementTypeOrSelf(type); element.isF16())
          found = "f16";
        else if (element.isBF16())
          found = "bf16";
      return found.empty() ? WalkResult::advance() : WalkResult::interrupt();
    });
  }
  return found.empty() ? "f32" : found;
}

int64_t largestBatch(ModuleOp outlined) {
  auto entries = outlined->getAttrOfType<DictionaryAttr>(entriesAttrName);
  auto type = cast<FunctionType>(entries.getAs<DictionaryAttr>("predict")
                                     .getAs<TypeAttr>("type")
                                     .getValue());
  return cast<RankedTensorType>(type.getInput(0)).getDimSize(0);
}

std::string
buildManifest(llvm::ArrayRef<ModelVersion> versions, int64_t batch,
              StringRef precision,
              const std::optional<std::vector<std::string>> &options) {
  ModuleOp first = versions.front().module;
  auto layout = first->getAttrOfType<DictionaryAttr>(layoutAttrName);
  json::Array parameters, states, versionList;
  int64_t count = 0;
  for (auto parameter :
       layout.getAs<ArrayAttr>("parameters").getAsRange<DictionaryAttr>()) {
    parameters.push_back(parameterJson(
        parameter, parameter.getAs<StringAttr>("init").getValue()));
    count +=
        cast<RankedTensorType>(parameter.getAs<TypeAttr>("type").getValue())
            .getNumElements();
  }
  for (auto state :
       layout.getAs<ArrayAttr>("states").getAsRange<DictionaryAttr>())
    states.push_back(parameterJson(state, "constant"));
  int64_t parameterBytes =
              layout.getAs<IntegerAttr>("parameter_bytes").getInt(),
          slotOffset = 0;
  json::Array slots;
  for (auto slot :
       layout.getAs<ArrayAttr>("slots").getAsRange<DictionaryAttr>()) {
    slots.push_back(json::Object{
        {"name", slot.getAs<StringAttr>("name").getValue()},
        {"offset", slotOffset},
        {"init", slot.getAs<FloatAttr>("init").getValueAsDouble()}});
    slotOffset += parameterBytes;
  }
  json::Object optimizer =
      *attrJson(layout.getAs<DictionaryAttr>("optimizer")).getAsObject();
  optimizer["slots"] = std::move(slots);
  // One buffer serves whichever version runs.
  int64_t preparedBytes = 0;
  for (const ModelVersion &version : versions) {
    versionList.push_back(versionJson(version));
    preparedBytes = std::max(preparedBytes,
                             ModuleOp(version.module)
                                 ->getAttrOfType<IntegerAttr>(preparedAttrName)
                                 .getInt());
  }
  json::Object manifest{
      {"format", 1},
      {"network", layout.getAs<StringAttr>("network").getValue()},
      {"batch", batch},
      {"classes", layout.getAs<IntegerAttr>("classes").getInt()},
      {"precision", precision},
      {"parameter_count", count},
      {"parameter_bytes", parameterBytes},
      {"state_bytes", layout.getAs<IntegerAttr>("state_bytes").getInt()},
      {"optimizer_bytes", slotOffset},
      {"prepared_bytes", preparedBytes},
      {"parameters", std::move(parameters)},
      {"states", std::move(states)},
      {"optimizer", std::move(optimizer)},
      {"entries",
       entriesJson(first->getAttrOfType<DictionaryAttr>(entriesAttrName))},
      {"versions", std::move(versionList)},
      {"pipeline", attrJson(layout.getAs<DictionaryAttr>("pipeline"))}};
  if (options)
    manifest["options"] = json::Array(*options);
  std::string text;
  llvm::raw_string_ostream(text) << json::Value(std::move(manifest));
  return text;
}

} // namespace segc
