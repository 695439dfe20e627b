//===- ModelRunner.cpp - Memory and calls of one model --------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Device/ModelRunner.h"
#include "segc/Runtime/Core/Initialize.h"

#include <algorithm>
#include <cstdio>

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
  auto allocate = [&](DeviceBuffer &buffer, int64_t bytes,
                      const char *what) -> Status {
    SEGC_ASSIGN_OR_RETURN(
        buffer, runner.device_->allocate(static_cast<uint64_t>(bytes), what,
                                         options.canaries));
    return Status::success();
  };
  SEGC_RETURN_IF_ERROR(
      allocate(runner.parameterBuffer, manifest.parameterBytes, "parameters"));
  SEGC_RETURN_IF_ERROR(
      allocate(runner.stateBuffer, manifest.stateBytes, "states"));
  SEGC_RETURN_IF_ERROR(allocate(runner.preparedBuffer, manifest.preparedBytes,
                                "prepared filters"));
  if (options.training) {
    SEGC_RETURN_IF_ERROR(
        allocate(runner.gradientBuffer, manifest.parameterBytes, "gradients"));
    SEGC_RETURN_IF_ERROR(allocate(runner.optimizerBuffer,
                                  manifest.optimizerBytes, "optimizer state"));
  }
  return runner;
}

Status
ModelRunner::fill(const DeviceBuffer &buffer,
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

Status ModelRunner::loadEmbeddedWeights() {
  if (!model->hasWeights())
    return notFound(model->path() +
                    ": no weights are embedded; give --checkpoint, or freeze "
                    "them with `segrun export`");
  SEGC_RETURN_IF_ERROR(write(parameterBuffer, 0, model->model().weights,
                             parameterBuffer.size()));
  if (model->model().weight_states)
    SEGC_RETURN_IF_ERROR(write(stateBuffer, 0, model->model().weight_states,
                               stateBuffer.size()));
  weightsChanged();
  return Status::success();
}

Status ModelRunner::reserve(const std::string &entry) {
  const CpuVersion &version = model->version();
  auto planned = version.arenaBytes.find(entry);
  if (planned == version.arenaBytes.end())
    return dataLoss(model->path() + ": the manifest's version " + version.cpu +
                    " has no arena_bytes for " + entry);
  uint64_t wanted = planned->second;
  uint64_t scratch = uint64_t(version.scratchBytes) * workers();
  if (wanted > plannedArena || !arena.address()) {
    arena = DeviceBuffer(); // gives the old one back first
    SEGC_ASSIGN_OR_RETURN(
        arena, device_->allocate(std::max<uint64_t>(wanted + scratch, 64),
                                 "arena", options.canaries));
    plannedArena = wanted;
  }
  const EntrySignature *signature = manifest().entry(entry);
  std::vector<DeviceBuffer> &buffers = outputs[entry];
  if (signature && buffers.empty())
    for (const TensorSignature &tensor : signature->outputs) {
      SEGC_ASSIGN_OR_RETURN(
          DeviceBuffer buffer,
          device_->allocate(static_cast<uint64_t>(tensor.bytes()),
                            tensor.name.c_str(), options.canaries));
      buffers.push_back(std::move(buffer));
    }
  return Status::success();
}

Status ModelRunner::call(const std::string &entry,
                         const std::vector<void *> &inputs, int64_t batch,
                         const segc_scalars &scalars) {
  bool readsPrepared = entry == "predict" || entry == "evaluate_step";
  if (readsPrepared && !preparedIsFresh) {
    if (model->entry("prepare"))
      SEGC_RETURN_IF_ERROR(invoke("prepare", {}, 1, scalars));
    preparedIsFresh = true;
  }
  if (entry == "train_step" || entry == "apply_step")
    preparedIsFresh = false;
  return invoke(entry, inputs, batch, scalars);
}

namespace {
/// What `context` of the services points to.
struct ServiceContext {
  ThreadPool *pool;
  KernelObserver *observer;
};
} // namespace

namespace {
/// A kernel's tasks whose observer wants to know of each.
struct ObservedTasks {
  segc_task_fn function;
  void *argument;
  KernelObserver *observer;

  static void run(void *opaque, int64_t task, uint32_t worker) {
    auto *tasks = static_cast<ObservedTasks *>(opaque);
    auto begin = std::chrono::steady_clock::now();
    tasks->function(tasks->argument, task, worker);
    tasks->observer->ran(task, worker, begin);
  }
};
} // namespace

static segc_services makeServices(ServiceContext &context) {
  segc_services services = {};
  services.struct_size = sizeof(services);
  services.workers = context.pool->workers();
  services.context = &context;
  services.parallel_for = [](void *opaque, int64_t tasks, segc_task_fn function,
                             void *argument) {
    auto *caller = static_cast<ServiceContext *>(opaque);
    KernelObserver *observer = caller->observer;
    if (observer)
      observer->cut(tasks);
    ObservedTasks observed = {function, argument, observer};
    if (observer && observer->wantsTasks())
      caller->pool->run(tasks, ObservedTasks::run, &observed);
    else
      caller->pool->run(tasks, function, argument);
  };
  if (context.observer) {
    services.kernel_begin = [](void *opaque, const segc_kernel_event *event) {
      static_cast<ServiceContext *>(opaque)->observer->begin(*event);
    };
    services.kernel_end = [](void *opaque, const segc_kernel_event *event) {
      auto *observer = static_cast<ServiceContext *>(opaque)->observer;
      return observer->end(*event) ? 1 : 0;
    };
  }
  services.log = [](void *, int level, const char *message) {
    if (level >= 2)
      std::fprintf(stderr, "segrun: model: %s\n", message);
  };
  return services;
}

Status ModelRunner::invoke(const std::string &entry,
                           const std::vector<void *> &inputs, int64_t batch,
                           const segc_scalars &scalars) {
  segc_entry_fn function = model->entry(entry);
  const EntrySignature *signature = manifest().entry(entry);
  if (!function)
    return unsupported(model->path() + ": compiled without the entry " + entry);
  if (!device_->sharesHostMemory())
    return unsupported(model->path() + ": its kernels run on the host alone, "
                                       "this is the device " +
                       device_->name());
  if (batch < 1 || batch > manifest().batch)
    return invalidArgument(
        model->path() + ": batch " + std::to_string(batch) + " is outside 1.." +
        std::to_string(manifest().batch) + "; compile with a larger --batch");
  size_t wanted = signature ? signature->inputs.size() : 0;
  if (inputs.size() != wanted)
    return internalError(entry + ": given " + std::to_string(inputs.size()) +
                         " inputs, the manifest lists " +
                         std::to_string(wanted));
  SEGC_RETURN_IF_ERROR(reserve(entry));
  std::vector<void *> outputPointers;
  for (const DeviceBuffer &buffer : outputs[entry])
    outputPointers.push_back(buffer.hostData());

  segc_call call = {};
  call.struct_size = sizeof(call);
  call.input_count = static_cast<uint32_t>(inputs.size());
  call.output_count = static_cast<uint32_t>(outputPointers.size());
  call.batch = batch;
  call.parameters = parameterBuffer.hostData();
  call.states = stateBuffer.hostData();
  call.gradients = gradientBuffer.hostData();
  call.optimizer = optimizerBuffer.hostData();
  call.prepared = preparedBuffer.hostData();
  call.arena = arena.hostData();
  call.arena_bytes = arena.size();
  call.inputs = inputs.data();
  call.outputs = outputPointers.data();
  call.scalars = &scalars;

  ServiceContext context = {&device_->threadPool(), observer};
  segc_services services = makeServices(context);
  segc_message message = {};
  segc_code code = function(&services, &call, &message);
  SEGC_RETURN_IF_ERROR(checkGuards(entry));
  if (code == SEGC_OK)
    return Status::success();
  message.text[sizeof(message.text) - 1] = 0;
  StatusCode kind = code == SEGC_INVALID_ARGUMENT ? StatusCode::InvalidArgument
                    : code == SEGC_INTERNAL       ? StatusCode::Internal
                                                  : StatusCode::Unsupported;
  return Status(kind, model->path() + ": " + entry + " failed with code " +
                          std::to_string(code) + ": " + message.text);
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
  for (const auto &[name, buffers] : outputs)
    for (const DeviceBuffer &buffer : buffers)
      SEGC_RETURN_IF_ERROR(check(buffer, "outputs"));
  return Status::success();
}

OutputView ModelRunner::output(const std::string &entry,
                               const std::string &name) const {
  const EntrySignature *signature = manifest().entry(entry);
  auto buffers = outputs.find(entry);
  int at = signature ? signature->findOutput(name) : -1;
  if (at < 0 || buffers == outputs.end() ||
      static_cast<size_t>(at) >= buffers->second.size())
    return {};
  return {&signature->outputs[at], buffers->second[at].hostData()};
}
