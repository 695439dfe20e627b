//===- Manifest.cpp - Manifest of a model, from its programs --------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Program/Manifest.h"
#include "segc/Dialect/Seg/IR/QuantizeOps.h"

#include "mlir/IR/BuiltinAttributes.h"
#include "segc/Dialect/Seg/IR/AttributeJson.h"
#include "segc/Program/Programs.h"
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

/// The tensors for which a call provides a buffer each.
static json::Array signatures(exec::ProgramOp program, exec::Region region) {
  json::Array list;
  for (Value value : program.getListed(region)) {
    auto tensor = cast<RankedTensorType>(value.getType());
    std::string element;
    llvm::raw_string_ostream(element) << tensor.getElementType();
    list.push_back(json::Object{{"name", program.getValueName(value)},
                                {"type", element},
                                {"shape", shapeJson(tensor)}});
  }
  return list;
}

static json::Object entryJson(exec::ProgramOp program) {
  double flops = 0;
  int64_t kernels = 0;
  for (Operation &op : program.getBody().front())
    if (auto launch = dyn_cast<exec::LaunchOp>(op)) {
      flops += flopsPerSample(launch);
      kernels += static_cast<int64_t>(launch.getKernels().size());
    } else if (isa<exec::PrepareOp>(op)) {
      ++kernels;
    }
  return json::Object{{"inputs", signatures(program, exec::Region::Inputs)},
                      {"outputs", signatures(program, exec::Region::Outputs)},
                      {"kernels", kernels},
                      {"flops_per_sample", flops}};
}

/// The entries of any version: not all of them lay out filters. Figures are
/// those of the first that has the entry.
static json::Object entriesJson(ArrayRef<ModelVersion> versions) {
  json::Object result;
  for (const ModelVersion &version : versions)
    for (auto program : ModuleOp(version.module).getOps<exec::ProgramOp>())
      result.try_emplace(program.getSymName(), entryJson(program));
  return result;
}

static json::Array resourcesJson(ArrayRef<KernelResources> resources) {
  json::Array list;
  for (const KernelResources &kernel : resources)
    list.push_back(json::Object{{"kernel", kernel.kernel},
                                {"registers", kernel.registers},
                                {"stack_bytes", kernel.stackBytes},
                                {"spill_bytes", kernel.spillBytes},
                                {"resident_blocks", kernel.residentBlocks}});
  return list;
}

/// The calls of libraries, each with the kernels that compute the same.
static json::Array callsJson(ModuleOp module) {
  json::Array list;
  for (auto program : module.getOps<exec::ProgramOp>())
    for (auto launch : program.getBody().getOps<exec::LaunchOp>()) {
      std::optional<exec::LibraryCallAttr> call = launch.getCall();
      if (!call)
        continue;
      json::Array alternatives;
      for (auto kernel : launch.getKernels().getAsRange<SymbolRefAttr>())
        alternatives.push_back(kernel.getLeafReference().getValue());
      list.push_back(json::Object{{"entry", program.getSymName()},
                                  {"layer", launch.getLayer().value_or("")},
                                  {"library", call->getLibrary().getValue()},
                                  {"options", seg::toJson(call->getOptions())},
                                  {"alternatives", std::move(alternatives)}});
    }
  return list;
}

static json::Object versionJson(const ModelVersion &version) {
  ModuleOp module = version.module;
  json::Object arena, bound;
  int64_t scratch = 0;
  for (auto program : module.getOps<exec::ProgramOp>()) {
    arena[program.getSymName()] = static_cast<int64_t>(program.getArena());
    bound[program.getSymName()] = static_cast<int64_t>(program.getBound());
    scratch = std::max(scratch, exec::scratchBytes(program));
  }
  json::Array features;
  for (const std::string &feature : version.target.version->features)
    features.push_back(feature);
  uint32_t device = version.target.backend->device();
  json::Object result{{device == SEGC_DEVICE_HOST ? "cpu" : "gpu",
                       version.target.version->name},
                      {"device", segc_device_name(device)},
                      {"plan", kernelDigest(module)},
                      {"features", std::move(features)},
                      {"arena_bytes", std::move(arena)},
                      {"arena_bound_bytes", std::move(bound)},
                      {"scratch_bytes", scratch}};
  if (!version.resources.empty())
    result["kernel_resources"] = resourcesJson(version.resources);
  if (json::Array calls = callsJson(module); !calls.empty())
    result["calls"] = std::move(calls);
  return result;
}

/// Returns whether factors are quantized, or will be where that is faster.
static bool isQuantized(ModuleOp module) {
  return module
      .walk([](Operation *op) {
        return isa<seg::DequantizeOp>(op) ||
                       op->hasAttr(seg::inputScaleAttrName)
                   ? WalkResult::interrupt()
                   : WalkResult::advance();
      })
      .wasInterrupted();
}

StringRef storedPrecision(ModuleOp module) {
  if (isQuantized(module))
    return "int8";
  StringRef found;
  auto look = [&](Operation *op) {
    for (Type type : op->getResultTypes())
      if (Type element = getElementTypeOrSelf(type); element.isF16())
        found = "f16";
      else if (element.isBF16())
        found = "bf16";
    return found.empty() ? WalkResult::advance() : WalkResult::interrupt();
  };
  // Values in registers of kernels are not in memory.
  auto programs = module.getOps<exec::ProgramOp>();
  for (exec::ProgramOp program : programs)
    program.walk(look);
  if (programs.empty())
    module.walk(look);
  if (found.empty())
    module.walk([&](Operation *op) {
      auto own = op->getAttrOfType<StringAttr>(seg::precisionAttrName);
      if (own && own.getValue() == "tf32")
        found = "tf32";
      return found.empty() ? WalkResult::advance() : WalkResult::interrupt();
    });
  return found.empty() ? "f32" : found;
}

int64_t largestBatch(ModuleOp module) {
  return static_cast<int64_t>(findProgram(module, "predict").getBatch());
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
      *seg::toJson(layout.getAs<DictionaryAttr>("optimizer")).getAsObject();
  optimizer["slots"] = std::move(slots);
  // The buffer must suffice for all versions.
  int64_t preparedBytes = 0;
  for (const ModelVersion &version : versions) {
    versionList.push_back(versionJson(version));
    preparedBytes =
        std::max(preparedBytes,
                 exec::accessedBytes(version.module, exec::Region::Prepared));
  }
  json::Object manifest{
      {"format", 1},
      {"network", layout.getAs<StringAttr>("network").getValue()},
      {"batch", batch},
      {"classes", layout.getAs<IntegerAttr>("classes").getInt()},
      {"activation", layout.getAs<StringAttr>("activation").getValue()},
      {"precision", precision},
      {"parameter_count", count},
      {"parameter_bytes", parameterBytes},
      {"state_bytes", layout.getAs<IntegerAttr>("state_bytes").getInt()},
      {"optimizer_bytes", slotOffset},
      {"prepared_bytes", preparedBytes},
      {"parameters", std::move(parameters)},
      {"states", std::move(states)},
      {"optimizer", std::move(optimizer)},
      {"entries", entriesJson(versions)},
      {"versions", std::move(versionList)},
      {"pipeline", seg::toJson(layout.getAs<DictionaryAttr>("pipeline"))}};
  if (auto augmentation = layout.getAs<StringAttr>("augmentation"))
    manifest["augmentation"] = augmentation.getValue();
  if (auto head = layout.getAs<DictionaryAttr>("head"))
    manifest["head"] = seg::toJson(head);
  if (options)
    manifest["options"] = json::Array(*options);
  std::string text;
  llvm::raw_string_ostream(text) << json::Value(std::move(manifest));
  return text;
}

} // namespace segc
