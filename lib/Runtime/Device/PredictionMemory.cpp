//===- PredictionMemory.cpp - Less memory for prediction ------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Device/ModelRunner.h"

using namespace segc;

bool ModelRunner::usesPlainMemory() const {
  return device_->kind() == SEGC_DEVICE_HOST && device_->sharesHostMemory() &&
         !options.canaries && model->programs();
}

void ModelRunner::shareOutputs(const std::string &entry) {
  const segc_program *program = model->program(entry);
  const EntrySignature *signature = manifest().entry(entry);
  if (!usesPlainMemory() || !program || !signature)
    return;
  std::vector<uint64_t> bytes;
  for (const TensorSignature &output : signature->outputs)
    bytes.push_back(static_cast<uint64_t>(output.bytes()));
  shared[entry] = placeOutputs(*program, bytes,
                               program->arena_bytes +
                                   program->scratch_bytes * uint64_t{workers()},
                               manifest().batch);
  entries.erase(entry);
}

void *ModelRunner::outputData(const std::string &entry, size_t index) const {
  const auto memory = entries.find(entry);
  if (memory == entries.end())
    return nullptr;
  if (const auto places = shared.find(entry); places != shared.end())
    return arena.hostData() + places->second.offsets[index];
  const std::vector<Tensor> &outputs = memory->second.outputs;
  return index < outputs.size() ? outputs[index].hostData() : nullptr;
}

Status ModelRunner::prepareWeights(segc_scalars &scalars) {
  if (model->prepares())
    SEGC_RETURN_IF_ERROR(invoke("prepare", {}, 1, scalars));
  preparedIsFresh = true;
  if (!releasesWeights)
    return Status::success();
  releasedBytes = 0;
  std::byte *base = parameterBuffer.hostData();
  uint64_t begin = 0;
  auto release = [&](uint64_t end) {
    if (begin < end)
      releasedBytes += releasePages(base + begin, base + end);
  };
  for (const ByteRange &range :
       parametersRead(*model->program("predict"), *model->program("prepare"),
                      manifest().batch)) {
    release(range.begin);
    begin = range.end;
  }
  release(parameterBuffer.size());
  return Status::success();
}

Status ModelRunner::releaseWeights() {
  if (!usesPlainMemory() || options.training || !model->prepares() ||
      !model->program("predict") || parameterBuffer.size() == 0)
    return Status::success();
  releasesWeights = true;
  segc_scalars none = {};
  return prepareWeights(none);
}

MemoryPlan ModelRunner::predictionMemory() const {
  const KernelVersion &version = model->version();
  const auto arenaBytes = version.arenaBytes.find("predict");
  const uint64_t planned = arenaBytes == version.arenaBytes.end()
                               ? 0
                               : static_cast<uint64_t>(arenaBytes->second),
                 scratch =
                     static_cast<uint64_t>(version.scratchBytes) * workers();
  MemoryPlan plan(manifest(), "predict", planned, /*training=*/false);
  plan.add("scratch", scratch);
  if (releasedBytes)
    plan.set("parameters", parameterBuffer.size() - releasedBytes);
  const auto places = shared.find("predict");
  if (places == shared.end())
    return plan;
  // The window that is predicted; outputs are part of the arena.
  uint64_t inputs = 0;
  for (const TensorSignature &input : manifest().entry("predict")->inputs)
    inputs += static_cast<uint64_t>(input.bytes());
  plan.set("inputs and outputs", inputs);
  plan.set("arena of predict", places->second.bytes - scratch);
  return plan;
}
