//===- HostEntry.cpp - Calls of a model's entries on the host -------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Device/ModelRunner.h"

#include <chrono>
#include <cstdio>

using namespace segc;

namespace {
/// The `context` of the services.
struct ServiceContext {
  ThreadPool *pool;
  KernelObserver *observer;
  Collectives *collectives;
  Status failure; ///< the first of a collective
};

/// The tasks of a kernel, each of which is reported to the observer.
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

/// The answer of a service of collectives: not 0 after an error, which is kept.
static int answer(ServiceContext &context, const Status &status) {
  if (context.failure.ok())
    context.failure = status;
  return status.ok() ? 0 : 1;
}

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
  if (context.collectives) {
    services.rank = static_cast<uint32_t>(context.collectives->rank());
    services.ranks = static_cast<uint32_t>(context.collectives->size());
    services.collective_start =
        [](void *opaque, const segc_collective *collective, uint64_t *ticket) {
          auto *caller = static_cast<ServiceContext *>(opaque);
          const StatusOr<uint64_t> started =
              caller->collectives->start(*collective);
          *ticket = started.ok() ? *started : 0;
          return answer(*caller, started.status());
        };
    services.collective_wait = [](void *opaque, uint64_t ticket) {
      auto *caller = static_cast<ServiceContext *>(opaque);
      return answer(*caller, caller->collectives->wait(ticket));
    };
  }
  services.log = [](void *, int level, const char *message) {
    if (level >= 2)
      std::fprintf(stderr, "segrun: model: %s\n", message);
  };
  return services;
}

Status ModelRunner::callEntry(const std::string &entry,
                              const std::vector<void *> &inputs, int64_t batch,
                              segc_scalars &scalars) {
  std::vector<void *> inputPointers = inputs, outputPointers;
  const EntrySignature *signature = manifest().entry(entry);
  if (!producerOf(entry).empty())
    for (const TensorSignature &input : signature->inputs)
      inputPointers.push_back(fedTensor(entry, input).buffer.hostData());
  for (size_t i = 0; signature && i < signature->outputs.size(); ++i)
    outputPointers.push_back(outputData(entry, i));

  segc_call call = {};
  call.struct_size = sizeof(call);
  call.input_count = static_cast<uint32_t>(inputPointers.size());
  call.output_count = static_cast<uint32_t>(outputPointers.size());
  call.batch = batch;
  call.parameters = parameterBuffer.hostData();
  call.states = stateBuffer.hostData();
  call.gradients = gradientBuffer.hostData();
  call.optimizer = optimizerBuffer.hostData();
  call.prepared = preparedBuffer.hostData();
  call.arena = arena.hostData();
  call.arena_bytes = arena.size();
  call.inputs = inputPointers.data();
  call.outputs = outputPointers.data();
  call.scalars = &scalars;

  ServiceContext context = {&device_->threadPool(), observer, collectives, {}};
  segc_services services = makeServices(context);
  segc_message message = {};
  segc_code code = model->entry(entry)(&services, &call, &message);
  if (code == SEGC_OK || !context.failure.ok())
    return context.failure.withContext(model->path() + ": " + entry);
  message.text[sizeof(message.text) - 1] = 0;
  StatusCode kind = code == SEGC_INVALID_ARGUMENT ? StatusCode::InvalidArgument
                    : code == SEGC_INTERNAL       ? StatusCode::Internal
                                                  : StatusCode::Unsupported;
  return Status(kind, model->path() + ": " + entry + " failed with code " +
                          std::to_string(code) + ": " + message.text);
}
