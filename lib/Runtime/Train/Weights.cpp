//===- Weights.cpp - A runner's memory as safetensors ---------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Train/Weights.h"
#include "segc/Runtime/Core/KernelObserver.h"
#include "segc/Runtime/Core/Safetensors.h"

#include <cmath>
#include <cstring>
#include <map>
#include <set>

using namespace segc;

/// What the metadata of other tensors says, so that they are told from weights.
static constexpr const char *gradientsKind = "gradients",
                            *outputsKind = "outputs";

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

static std::vector<Part> weightParts(const ModelRunner &runner) {
  std::vector<Part> parts;
  addRegion(parts, runner.manifest().parameters, runner.parameters().data());
  addRegion(parts, runner.manifest().states, runner.states().data());
  return parts;
}

static Status checkFinite(const std::string &name, const RegionTensor &tensor,
                          const std::byte *data, const std::string &where) {
  const auto *values = reinterpret_cast<const float *>(data);
  const auto count = static_cast<uint64_t>(tensor.elements);
  const uint64_t at = firstNonFinite(values, count);
  if (at == count)
    return Status::success();
  return Status(StatusCode::NonFinite,
                where + ": tensor \"" + name + "\" (" +
                    shapeText(tensor.shape) + ") is " +
                    (std::isnan(values[at]) ? "nan"
                     : values[at] > 0       ? "inf"
                                            : "-inf") +
                    " at element " + std::to_string(at) +
                    ", expected finite numbers; take other weights");
}

static Status checkFinite(const std::vector<Part> &parts,
                          const std::string &where) {
  for (const Part &part : parts)
    SEGC_RETURN_IF_ERROR(
        checkFinite(part.name, *part.tensor, part.data, where));
  return Status::success();
}

Status segc::checkFiniteWeights(const ModelRunner &runner,
                                const std::string &where) {
  return checkFinite(weightParts(runner), where);
}

static Status writeParts(const ModelRunner &runner,
                         const std::vector<Part> &parts,
                         const std::string &path,
                         std::map<std::string, std::string> more = {}) {
  std::vector<TensorSource> sources;
  for (const Part &part : parts)
    sources.push_back({part.name, "F32", part.tensor->shape, part.data});
  more.insert({{"format", "segc"},
               {"version", "1"},
               {"network", runner.manifest().network}});
  return writeSafetensors(path, sources, more);
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
    SEGC_RETURN_IF_ERROR(
        checkFinite(part.name, *part.tensor, data, file.path()));
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

Status segc::writeWeights(const ModelRunner &runner, const std::string &path,
                          const std::string &orientation) {
  const std::vector<Part> parts = weightParts(runner);
  SEGC_RETURN_IF_ERROR(checkFinite(parts, "the weights"));
  if (orientation.empty())
    return writeParts(runner, parts, path);
  return writeParts(runner, parts, path, {{"orientation", orientation}});
}

Status segc::readWeights(ModelRunner &runner, const std::string &path,
                         MissingStates missing, std::string *orientation) {
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
  if (orientation)
    *orientation = recordedOrientation(file);
  return readParts(parts, file, runner.library().path());
}

Status segc::writeOptimizer(const ModelRunner &runner,
                            const std::string &path) {
  const std::vector<Part> parts = optimizerParts(runner);
  SEGC_RETURN_IF_ERROR(checkFinite(parts, "the optimizer's state"));
  return writeParts(runner, parts, path);
}

Status segc::readOptimizer(ModelRunner &runner, const std::string &path) {
  SEGC_ASSIGN_OR_RETURN(SafetensorsFile file, SafetensorsFile::read(path));
  return readParts(optimizerParts(runner), file, runner.library().path());
}

Status segc::writeGradients(const ModelRunner &runner,
                            const std::string &path) {
  std::vector<Part> parts;
  addRegion(parts, runner.manifest().parameters, runner.gradients().data());
  return writeParts(runner, parts, path, {{"kind", gradientsKind}});
}

static bool hasKind(const std::string &path, const char *wanted) {
  StatusOr<SafetensorsFile> file = SafetensorsFile::read(path);
  if (!file.ok())
    return false;
  auto kind = file->metadata().find("kind");
  return kind != file->metadata().end() && kind->second == wanted;
}

bool segc::isGradients(const std::string &path) {
  return hasKind(path, gradientsKind);
}

bool segc::isOutputs(const std::string &path) {
  return hasKind(path, outputsKind);
}

Status segc::writeOutputs(const ModelRunner &runner, const std::string &entry,
                          const std::string &path) {
  std::vector<TensorSource> sources;
  for (const TensorSignature &output : runner.manifest().entry(entry)->outputs)
    if (const void *data = runner.output(entry, output.name).data)
      sources.push_back({output.name,
                         output.type == ElementType::F32 ? "F32" : "I32",
                         output.shape, data});
  return writeSafetensors(path, sources,
                          {{"format", "segc"}, {"kind", outputsKind}});
}
