//===- ModelRunner.cpp - Memory and calls of one model --------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Device/ModelRunner.h"
#include "segc/Runtime/Core/Elements.h"
#include "segc/Runtime/Core/Initialize.h"
#include "segc/model_tables.h"

#include <algorithm>
#include <cstring>
#include <numeric>

using namespace segc;

StatusOr<ModelRunner>
ModelRunner::create(std::shared_ptr<const ModelLibrary> model,
                    std::shared_ptr<Device> device, RunnerOptions options) {
  ModelRunner runner(std::move(model), std::move(device));
  runner.options = options;
  const Manifest &manifest = runner.manifest();
  if (options.training && !manifest.canTrain())
    return unsupported(runner.model->path() +
                       ": compiled for inference, has no entry train_step; "
                       "compile without --inference");
  SEGC_ASSIGN_OR_RETURN(runner.stream, runner.device_->createStream());
  runner.programs =
      std::make_unique<ProgramRunner>(*runner.device_, *runner.stream);
  if (!runner.device_->sharesHostMemory() && !runner.model->programs())
    return unsupported(runner.model->path() + ": a model of ABI " +
                       std::to_string(runner.model->model().abi_version) +
                       " runs on the host alone, this is the device " +
                       runner.device_->name() +
                       "; compile it again with this segc");
  if (const segc_version *version = runner.model->programs()) {
    SEGC_RETURN_IF_ERROR(
        runner.device_->load(*version).withContext(runner.model->path()));
  }
  runner.ownStates = runner.findOwnStates();
  SEGC_RETURN_IF_ERROR(runner.checkMemory().withContext(runner.model->path()));
  auto allocate = [&](DeviceBuffer &buffer, int64_t bytes,
                      const char *what) -> Status {
    SEGC_ASSIGN_OR_RETURN(buffer,
                          runner.device_->allocate(static_cast<uint64_t>(bytes),
                                                   what, options.canaries));
    return Status::success();
  };
  SEGC_RETURN_IF_ERROR(
      allocate(runner.parameterBuffer, manifest.parameterBytes, "parameters"));
  SEGC_RETURN_IF_ERROR(
      allocate(runner.stateBuffer, manifest.stateBytes, "states"));
  SEGC_RETURN_IF_ERROR(allocate(runner.preparedBuffer, manifest.preparedBytes,
                                "prepared filters"));
  SEGC_RETURN_IF_ERROR(
      allocate(runner.scalarBuffer,
               runner.device_->sharesHostMemory() ? 0 : sizeof(segc_scalars),
               "scalars"));
  if (options.training) {
    const auto bytes = static_cast<uint64_t>(manifest.parameterBytes);
    SEGC_ASSIGN_OR_RETURN(
        runner.gradientBuffer,
        options.sharesGradients
            ? runner.device_->allocateShared(bytes, "gradients",
                                             options.canaries)
            : runner.device_->allocate(bytes, "gradients", options.canaries));
    SEGC_RETURN_IF_ERROR(runner.allocateOptimizer());
  }
  return runner;
}

/// The bytes of what collectives round before it travels: on each stream of the
/// program one collective at a time.
static uint64_t roundedBytes(const segc_program &program) {
  std::vector<uint64_t> ofStreams(program.stream_count);
  for (uint32_t i = 0; i < program.command_count; ++i) {
    const segc_command &command = program.commands[i];
    if (command.kind != SEGC_COMMAND_COLLECTIVE ||
        command.travels_as == command.operands[0].type ||
        command.stream >= program.stream_count)
      continue;
    uint64_t &bytes = ofStreams[command.stream];
    bytes = std::max(bytes, command.operands[0].elements_fixed *
                                elementBytes(command.travels_as));
  }
  return std::accumulate(ofStreams.begin(), ofStreams.end(), uint64_t{0});
}

Status ModelRunner::checkMemory() const {
  SEGC_ASSIGN_OR_RETURN(const std::optional<uint64_t> free,
                        device_->freeBytes());
  if (!free)
    return Status::success();
  const std::string entry = options.training ? "train_step" : "predict";
  const segc_program *program = model->program(entry);
  MemoryPlan plan(manifest(), entry, program ? program->arena_bytes : 0,
                  options.training);
  if (ownStates && !options.canaries) {
    SEGC_ASSIGN_OR_RETURN(
        const uint64_t own,
        device_->bytesOfParts(static_cast<uint64_t>(manifest().optimizerBytes),
                              *ownStates));
    plan.set("optimizer state", own);
  }
  if (options.accumulates)
    plan.add("sums of gradients",
             static_cast<uint64_t>(manifest().parameterBytes));
  if (options.exchanges && program)
    plan.add("gradients of 16 bits", roundedBytes(*program));
  return plan.checkFits(*free, device_->name() + ", where " +
                                   std::to_string(*free) + " are free");
}

Status ModelRunner::fill(const DeviceBuffer &buffer,
                         const std::function<void(std::byte *)> &writer) {
  if (buffer.size() == 0)
    return Status::success();
  if (std::byte *shared = buffer.hostData()) {
    writer(shared);
    return Status::success();
  }
  SEGC_ASSIGN_OR_RETURN(AlignedBuffer staging,
                        AlignedBuffer::create(buffer.size(), "host copy"));
  writer(staging.data());
  return write(buffer, 0, staging.data(), staging.size());
}

Status ModelRunner::initialize(uint64_t seed) {
  const Manifest &m = manifest();
  auto fillRegion = [&](const DeviceBuffer &buffer,
                        const std::vector<RegionTensor> &tensors) {
    return fill(buffer, [&](std::byte *region) {
      initializeRegion(tensors, seed, region, device_->threadPool());
    });
  };
  SEGC_RETURN_IF_ERROR(fillRegion(parameterBuffer, m.parameters));
  SEGC_RETURN_IF_ERROR(fillRegion(stateBuffer, m.states));
  weightsChanged();
  return fill(optimizerBuffer, [&](std::byte *region) {
    for (const OptimizerSlot &slot : m.optimizer.slots)
      for (const RegionTensor &parameter : m.parameters)
        std::fill_n(
            reinterpret_cast<float *>(region + slot.offset + parameter.offset),
            parameter.elements, static_cast<float>(slot.init));
  });
}

Status
ModelRunner::allocateTensors(const std::vector<TensorSignature> &signatures,
                             bool isStaged, std::vector<Tensor> &tensors) {
  if (!tensors.empty())
    return Status::success();
  for (const TensorSignature &signature : signatures) {
    Tensor tensor;
    const auto bytes = static_cast<uint64_t>(signature.bytes());
    SEGC_ASSIGN_OR_RETURN(
        tensor.buffer,
        device_->allocate(bytes, signature.name.c_str(), options.canaries));
    if (isStaged && !device_->sharesHostMemory()) {
      SEGC_ASSIGN_OR_RETURN(tensor.staging, device_->allocateStaging(
                                                bytes, signature.name.c_str()));
    }
    tensors.push_back(std::move(tensor));
  }
  return Status::success();
}

Status ModelRunner::reserve(const std::string &entry) {
  const KernelVersion &version = model->version();
  auto planned = version.arenaBytes.find(entry);
  if (planned == version.arenaBytes.end())
    return dataLoss(model->path() + ": the manifest's version " + version.name +
                    " has no arena_bytes for " + entry);
  const uint64_t wanted = planned->second;
  uint64_t bytes = std::max<uint64_t>(
      wanted + uint64_t(version.scratchBytes) * workers(), 64);
  const auto places = shared.find(entry);
  if (places != shared.end())
    bytes = std::max(bytes, places->second.bytes);
  if (bytes > arena.size()) {
    arena = DeviceBuffer(); // gives the old one back first
    programs->forgetGraphs();
    SEGC_ASSIGN_OR_RETURN(arena,
                          device_->allocate(bytes, "arena", options.canaries));
  }
  plannedArena = std::max(plannedArena, wanted);
  const EntrySignature *signature = manifest().entry(entry);
  EntryMemory &memory = entries[entry];
  if (!signature)
    return Status::success();
  if (!device_->sharesHostMemory() && producerOf(entry).empty())
    SEGC_RETURN_IF_ERROR(
        allocateTensors(signature->inputs, /*isStaged=*/true, memory.inputs));
  return places != shared.end()
             ? Status::success()
             : allocateTensors(signature->outputs,
                               /*isStaged=*/!feedsOthers(entry),
                               memory.outputs);
}

Status ModelRunner::call(const std::string &entry,
                         const std::vector<void *> &inputs, int64_t batch,
                         segc_scalars &scalars,
                         const std::function<void()> &meanwhile) {
  if (releasesWeights && entry != "predict")
    return internalError(entry + ": called after the weights were released");
  bool readsPrepared = entry == "predict" || entry == "evaluate_step";
  if (readsPrepared && !preparedIsFresh)
    SEGC_RETURN_IF_ERROR(prepareWeights(scalars));
  bool endsStep = entry == "train_step" || entry == "apply_step";
  if (endsStep)
    preparedIsFresh = false;
  SEGC_RETURN_IF_ERROR(invoke(entry, inputs, batch, scalars, meanwhile));
  if (endsStep && model->model().abi_version < 3) {
    OutputView finite = output(entry, "finite");
    segc_advance_scalars(&scalars, !finite.data || finite.floats()[0] != 0);
  }
  return Status::success();
}

Status ModelRunner::invoke(const std::string &entry,
                           const std::vector<void *> &inputs, int64_t batch,
                           segc_scalars &scalars,
                           const std::function<void()> &meanwhile) {
  const EntrySignature *signature = manifest().entry(entry);
  if (!model->entry(entry) && !model->program(entry))
    return unsupported(model->path() + ": compiled without the entry " + entry);
  if (batch < 1 || batch > manifest().batch)
    return invalidArgument(
        model->path() + ": batch " + std::to_string(batch) + " is outside 1.." +
        std::to_string(manifest().batch) + "; compile with a larger --batch");
  size_t wanted = signature && !hasInputs(entry) ? signature->inputs.size() : 0;
  if (inputs.size() != wanted)
    return internalError(entry + ": given " + std::to_string(inputs.size()) +
                         " inputs, the manifest lists " +
                         std::to_string(wanted));
  SEGC_RETURN_IF_ERROR(reserve(entry));
  Status status = device_->sharesHostMemory() && model->entry(entry)
                      ? callEntry(entry, inputs, batch, scalars)
                      : runProgram(entry, inputs, batch, scalars, meanwhile);
  SEGC_RETURN_IF_ERROR(checkGuards(entry));
  return status;
}

Status ModelRunner::runProgram(const std::string &entry,
                               const std::vector<void *> &inputs, int64_t batch,
                               segc_scalars &scalars,
                               const std::function<void()> &meanwhile) {
  const segc_program *program = model->program(entry);
  if (!program)
    return dataLoss(model->path() +
                    ": the model has no program for the entry " + entry);
  static const EntrySignature none;
  const EntrySignature *found = manifest().entry(entry);
  const EntrySignature &signature = found ? *found : none;
  const EntryMemory &tensors = entries[entry];
  // The host calls programs alone that have no function, without a recording:
  // the addresses of their inputs change.
  const bool onHost = device_->sharesHostMemory();
  ProgramMemory memory;
  memory.flat[SEGC_REGION_ARENA] = arena.address();
  memory.flat[SEGC_REGION_PARAMETERS] = parameterBuffer.address();
  memory.flat[SEGC_REGION_STATES] = stateBuffer.address();
  memory.flat[SEGC_REGION_GRADIENTS] = gradientBuffer.address();
  memory.flat[SEGC_REGION_OPTIMIZER] = optimizerBuffer.address();
  memory.flat[SEGC_REGION_SCALARS] = scalarBuffer.address();
  memory.flat[SEGC_REGION_PREPARED] = preparedBuffer.address();
  SEGC_ASSIGN_OR_RETURN(memory.inputs, placeInputs(entry, inputs, batch));
  for (const Tensor &output : tensors.outputs)
    memory.outputs.push_back(output.buffer.address());
  if (!onHost)
    SEGC_RETURN_IF_ERROR(device_->copyToDevice(*stream, scalarBuffer.address(),
                                               &scalars, sizeof(scalars)));
  // With guards, each kernel is waited for, so that a fault names its kernel.
  KernelObserver everyKernel;
  Status status = programs->run(
      *program, memory, batch,
      !observer && (options.canaries || onHost) ? &everyKernel : observer);
  // Of outputs the signature does not tell which have samples: the Dice of as
  // many classes looks the same.
  if (status.ok())
    for (size_t i = 0; i < tensors.outputs.size(); ++i)
      if (tensors.outputs[i].staging.size())
        SEGC_RETURN_IF_ERROR(device_->copyToHost(
            *stream, tensors.outputs[i].hostData(), memory.outputs[i],
            signature.outputs[i].bytes()));
  if (status.ok() && !onHost)
    status = device_->copyToHost(*stream, &scalars, scalarBuffer.address(),
                                 sizeof(scalars));
  if (status.ok() && meanwhile && !onHost)
    meanwhile();
  // Whatever happened, nothing may look at the host's memory later.
  Status done = device_->synchronize(*stream);
  return (status.ok() ? done : status)
      .withContext(model->path() + ": " + entry);
}

Status ModelRunner::checkGuards(const std::string &entry) const {
  if (!options.canaries)
    return Status::success();
  auto check = [&](const DeviceBuffer &buffer, const std::string &what) {
    return buffer.intact() ? Status::success()
                           : internalError(model->path() + ": " + entry +
                                           " wrote outside its " + what +
                                           "; this is a bug of the compiler");
  };
  SEGC_RETURN_IF_ERROR(check(parameterBuffer, "parameters"));
  SEGC_RETURN_IF_ERROR(check(stateBuffer, "states"));
  SEGC_RETURN_IF_ERROR(check(gradientBuffer, "gradients"));
  SEGC_RETURN_IF_ERROR(check(optimizerBuffer, "optimizer state"));
  SEGC_RETURN_IF_ERROR(check(preparedBuffer, "prepared filters"));
  SEGC_RETURN_IF_ERROR(check(arena, "arena"));
  for (const auto &[name, memory] : entries)
    for (const Tensor &tensor : memory.outputs)
      SEGC_RETURN_IF_ERROR(check(tensor.buffer, "outputs"));
  return Status::success();
}

OutputView ModelRunner::output(const std::string &entry,
                               const std::string &name) const {
  const EntrySignature *signature = manifest().entry(entry);
  int at = signature ? signature->findOutput(name) : -1;
  void *data = at < 0 ? nullptr : outputData(entry, static_cast<size_t>(at));
  return data ? OutputView{&signature->outputs[at], data} : OutputView{};
}
