//===- Strategies.cpp -----------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Strategies.h"

#include "segc/Codegen/Common/KernelBuilder.h"
#include "segc/Dialect/Seg/IR/ShapeFunctions.h"
#include "segc/Target/Strategy.h"

using namespace mlir;

namespace segc::random_networks {

/// Describes a strategy by its names, Winograd tiles and switches. Sizes are
/// omitted, because they depend on the shape.
static std::string describe(seg::FusionOp fusion) {
  Operation *root = fusion.getRoot();
  std::string text = root ? root->getName().getStringRef().str() : "pointwise";
  seg::StrategyAttr strategy = fusion.getStrategyAttr();
  if (!strategy)
    return text;
  text += " kind=" + strategy.getKind().str();
  for (NamedAttribute entry : strategy.getParameters()) {
    StringRef name = entry.getName();
    if (auto value = dyn_cast<StringAttr>(entry.getValue()))
      text += " " + name.str() + "=" + value.str();
    else if (auto on = dyn_cast<BoolAttr>(entry.getValue()))
      text += on.getValue() ? " " + name.str() : "";
    else if (isa<UnitAttr>(entry.getValue()))
      text += " " + name.str();
    else if (auto tiles = dyn_cast<DenseI64ArrayAttr>(entry.getValue());
             tiles && name == strategyTilesName)
      text += " " + name.str() + "=" + seg::shapeText(tiles.asArrayRef());
  }
  if (strategy.getPrepared())
    text += " prepared";
  return text;
}

static void
forEachKernel(ModuleOp planned,
              llvm::function_ref<void(seg::FusionOp, std::string)> visit) {
  std::set<std::string> kernels;
  planned.walk([&](seg::FusionOp fusion) {
    if (kernels.insert(kernelKey(fusion)).second)
      visit(fusion, describe(fusion));
  });
}

std::vector<std::string> strategiesOf(ModuleOp planned) {
  std::vector<std::string> found;
  forEachKernel(planned, [&](seg::FusionOp, std::string strategy) {
    found.push_back(std::move(strategy));
  });
  return found;
}

std::vector<seg::FusionOp> kernelsOf(ModuleOp planned, StringRef strategy) {
  std::vector<seg::FusionOp> found;
  forEachKernel(planned, [&](seg::FusionOp fusion, const std::string &its) {
    if (its == strategy)
      found.push_back(fusion);
  });
  return found;
}

std::vector<CompileOptions> usualOptions() {
  std::vector<CompileOptions> result;
  for (const std::string &cpu : runnableCpus())
    for (const char *precision : {"f32", "bf16", "f16"}) {
      result.emplace_back();
      result.back().cpus = {cpu};
      result.back().pipeline.precision = precision;
    }
  return result;
}

} // namespace segc::random_networks
