//===- Weights.cpp - Weights and optimizer state as safetensors -----------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Device/Weights.h"
#include "segc/Runtime/Core/KernelObserver.h"
#include "segc/Runtime/Core/Safetensors.h"

#include <cmath>
#include <map>
#include <set>

using namespace segc;

/// What the metadata of other tensors says, so that they are told from weights.
static constexpr const char *gradientsKind = "gradients",
                            *outputsKind = "outputs";

namespace {
/// A tensor in one of the runner's buffers.
struct Part {
  std::string name;
  const RegionTensor *tensor;
  const DeviceBuffer *buffer;
  uint64_t offset;                 ///< bytes
  const std::byte *data = nullptr; ///< what it holds, once that was read
  uint64_t bytes() const {
    return static_cast<uint64_t>(tensor->elements) * sizeof(float);
  }
};
} // namespace

static void addRegion(std::vector<Part> &parts,
                      const std::vector<RegionTensor> &tensors,
                      const DeviceBuffer &buffer, int64_t offset = 0,
                      const std::string &prefix = "") {
  for (const RegionTensor &tensor : tensors)
    parts.push_back({prefix + tensor.name, &tensor, &buffer,
                     static_cast<uint64_t>(offset + tensor.offset)});
}

static std::vector<Part> optimizerParts(const ModelRunner &runner) {
  std::vector<Part> parts;
  for (const OptimizerSlot &slot : runner.manifest().optimizer.slots)
    addRegion(parts, runner.manifest().parameters, runner.optimizer(),
              slot.offset, slot.name + "/");
  return parts;
}

static std::vector<Part> weightParts(const ModelRunner &runner) {
  std::vector<Part> parts;
  addRegion(parts, runner.manifest().parameters, runner.parameters());
  addRegion(parts, runner.manifest().states, runner.states());
  return parts;
}

/// Reads what the parts hold. Their data is valid as long as the answer.
static StatusOr<std::map<const DeviceBuffer *, HostView>>
readData(const ModelRunner &runner, std::vector<Part> &parts) {
  std::map<const DeviceBuffer *, HostView> views;
  for (Part &part : parts) {
    auto [view, isNew] = views.try_emplace(part.buffer);
    if (isNew) {
      SEGC_ASSIGN_OR_RETURN(view->second, runner.read(*part.buffer));
    }
    part.data = view->second.data() + part.offset;
  }
  return views;
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
  std::vector<Part> parts = weightParts(runner);
  SEGC_ASSIGN_OR_RETURN(auto views, readData(runner, parts));
  return checkFinite(parts, where);
}

/// Writes the parts under their names. `finite` names them in the error where
/// one is not finite; empty writes what is there.
static Status writeParts(const ModelRunner &runner, std::vector<Part> parts,
                         const std::string &path, const std::string &finite,
                         std::map<std::string, std::string> more = {}) {
  SEGC_ASSIGN_OR_RETURN(auto views, readData(runner, parts));
  if (!finite.empty())
    SEGC_RETURN_IF_ERROR(checkFinite(parts, finite));
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
static Status readParts(const ModelRunner &runner,
                        const std::vector<Part> &parts,
                        const SafetensorsFile &file) {
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
                             "\" is not one of " + runner.library().path() +
                             "; it belongs to another network");
  for (size_t i = 0; i < parts.size(); ++i)
    SEGC_RETURN_IF_ERROR(runner.write(*parts[i].buffer, parts[i].offset,
                                      found[i], parts[i].bytes()));
  return Status::success();
}

Status segc::writeWeights(const ModelRunner &runner, const std::string &path,
                          const std::string &orientation) {
  std::map<std::string, std::string> more;
  if (!orientation.empty())
    more["orientation"] = orientation;
  return writeParts(runner, weightParts(runner), path, "the weights", more);
}

Status segc::readWeights(ModelRunner &runner, const std::string &path,
                         MissingStates missing, std::string *orientation) {
  SEGC_ASSIGN_OR_RETURN(SafetensorsFile file, SafetensorsFile::map(path));
  const std::vector<RegionTensor> &states = runner.manifest().states;
  bool any = false;
  for (const RegionTensor &state : states)
    any |= file.find(state.name) != nullptr;
  std::vector<Part> parts;
  addRegion(parts, runner.manifest().parameters, runner.parameters());
  if (any || missing == MissingStates::Refuse)
    addRegion(parts, states, runner.states());
  runner.weightsChanged();
  if (orientation)
    *orientation = recordedOrientation(file);
  return readParts(runner, parts, file);
}

Status segc::writeOptimizer(const ModelRunner &runner,
                            const std::string &path) {
  return writeParts(runner, optimizerParts(runner), path,
                    "the optimizer's state");
}

Status segc::readOptimizer(ModelRunner &runner, const std::string &path) {
  SEGC_ASSIGN_OR_RETURN(SafetensorsFile file, SafetensorsFile::map(path));
  return readParts(runner, optimizerParts(runner), file);
}

Status segc::writeGradients(const ModelRunner &runner,
                            const std::string &path) {
  std::vector<Part> parts;
  addRegion(parts, runner.manifest().parameters, runner.gradients());
  return writeParts(runner, std::move(parts), path, "",
                    {{"kind", gradientsKind}});
}

static bool hasKind(const std::string &path, const char *wanted) {
  StatusOr<SafetensorsFile> file = SafetensorsFile::map(path);
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
