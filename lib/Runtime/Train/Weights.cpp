//===- Weights.cpp - A runner's memory as safetensors ---------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Train/Weights.h"
#include "segc/Runtime/Core/Safetensors.h"

#include <cstring>
#include <set>

using namespace segc;

/// A named part of one of the runner's buffers.
namespace {
struct Part {
  std::string name;
  const RegionTensor *tensor;
  std::byte *data;
};
} // namespace

static void addRegion(std::vector<Part> &parts,
                      const std::vector<RegionTensor> &tensors,
                      std::byte *region, const std::string &prefix = "") {
  for (const RegionTensor &tensor : tensors)
    parts.push_back({prefix + tensor.name, &tensor, region + tensor.offset});
}

static std::vector<Part> optimizerParts(const ModelRunner &runner) {
  std::vector<Part> parts;
  for (const OptimizerSlot &slot : runner.manifest().optimizer.slots)
    addRegion(parts, runner.manifest().parameters,
              runner.optimizer().data() + slot.offset, slot.name + "/");
  return parts;
}

static Status writeParts(const ModelRunner &runner,
                         const std::vector<Part> &parts,
                         const std::string &path) {
  std::vector<TensorSource> sources;
  for (const Part &part : parts)
    sources.push_back({part.name, "F32", part.tensor->shape, part.data});
  return writeSafetensors(path, sources,
                          {{"format", "segc"},
                           {"version", "1"},
                           {"network", runner.manifest().network}});
}

/// Looks at all parts before the first is copied: a refused file changes
/// nothing.
static Status readParts(const std::vector<Part> &parts,
                        const SafetensorsFile &file, const std::string &model) {
  std::set<std::string> known;
  std::vector<const std::byte *> found;
  for (const Part &part : parts) {
    SEGC_ASSIGN_OR_RETURN(const std::byte *data,
                          file.require(part.name, "F32", part.tensor->shape));
    found.push_back(data);
    known.insert(part.name);
  }
  for (const TensorEntry &tensor : file.tensors())
    if (!known.count(tensor.name))
      return invalidArgument(file.path() + ": tensor \"" + tensor.name +
                             "\" is not one of " + model +
                             "; it belongs to another network");
  for (size_t i = 0; i < parts.size(); ++i)
    std::memcpy(parts[i].data, found[i], parts[i].tensor->elements * 4);
  return Status::success();
}

Status segc::writeWeights(const ModelRunner &runner, const std::string &path) {
  std::vector<Part> parts;
  addRegion(parts, runner.manifest().parameters, runner.parameters().data());
  addRegion(parts, runner.manifest().states, runner.states().data());
  return writeParts(runner, parts, path);
}

Status segc::readWeights(ModelRunner &runner, const std::string &path,
                         MissingStates missing) {
  SEGC_ASSIGN_OR_RETURN(SafetensorsFile file, SafetensorsFile::read(path));
  const std::vector<RegionTensor> &states = runner.manifest().states;
  bool any = false;
  for (const RegionTensor &state : states)
    any |= file.find(state.name) != nullptr;
  std::vector<Part> parts;
  addRegion(parts, runner.manifest().parameters, runner.parameters().data());
  if (any || missing == MissingStates::Refuse)
    addRegion(parts, states, runner.states().data());
  runner.weightsChanged();
  return readParts(parts, file, runner.library().path());
}

Status segc::writeOptimizer(const ModelRunner &runner,
                            const std::string &path) {
  return writeParts(runner, optimizerParts(runner), path);
}

Status segc::readOptimizer(ModelRunner &runner, const std::string &path) {
  SEGC_ASSIGN_OR_RETURN(SafetensorsFile file, SafetensorsFile::read(path));
  return readParts(optimizerParts(runner), file, runner.library().path());
}

Status segc::writeGradients(const ModelRunner &runner,
                            const std::string &path) {
  std::vector<Part> parts;
  addRegion(parts, runner.manifest().parameters, runner.gradients().data());
  return writeParts(runner, parts, path);
}
