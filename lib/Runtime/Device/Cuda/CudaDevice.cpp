//===- CudaDevice.cpp - A GPU of NVIDIA -----------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "CudaDevice.h"
#include "AdvanceScalars.inc"
#include "CudaBlobs.h"
#include "CudaTensorMaps.h"
#include "segc/Runtime/Core/KernelObserver.h"

#include <cstdio>
#include <thread>

using namespace segc;
using namespace segc::cuda;

/// Launches of the kernel that ends a step.
static const segc_command advanceScalarsCommand = [] {
  segc_command command = {};
  command.name = "segc_advance_scalars_kernel";
  command.threads = 1;
  command.tasks_fixed = 1;
  command.operand_count = 2;
  return command;
}();

StatusOr<std::shared_ptr<Device>> segc::makeCudaDevice(ThreadPool &pool,
                                                       int ordinal) {
  SEGC_ASSIGN_OR_RETURN(std::shared_ptr<CudaContext> context,
                        CudaContext::create(ordinal));
  SEGC_ASSIGN_OR_RETURN(
      std::unique_ptr<CudaKernels> advance,
      CudaKernels::loadText(context, advanceScalarsPtx, advanceScalarsCommand));
  return std::shared_ptr<Device>(std::make_shared<CudaDevice>(
      pool, std::move(context), std::move(advance)));
}

CudaDevice::CudaDevice(ThreadPool &pool, std::shared_ptr<CudaContext> context,
                       std::unique_ptr<CudaKernels> advance)
    : Device(pool), context(std::move(context)) {
  loaded.push_back(std::move(advance));
}

CudaDevice::~CudaDevice() {
  const CurrentContext current(*context);
  calls.reset();
}

Status CudaDevice::load(const segc_version &version) {
  SEGC_RETURN_IF_ERROR(checkNotRecording("kernels are loaded"));
  SEGC_ASSIGN_OR_RETURN(std::unique_ptr<CudaKernels> kernels,
                        CudaKernels::load(context, version));
  loaded.push_back(std::move(kernels));
  versions.push_back(&version);
  return Status::success();
}

Status CudaDevice::loadOwn(const char *ptx, const segc_command &command) {
  for (const std::unique_ptr<CudaKernels> &kernels : loaded)
    if (kernels->find(&command))
      return Status::success();
  SEGC_RETURN_IF_ERROR(checkNotRecording("kernels are loaded"));
  SEGC_ASSIGN_OR_RETURN(std::unique_ptr<CudaKernels> own,
                        CudaKernels::loadText(context, ptx, command));
  loaded.push_back(std::move(own));
  return Status::success();
}

//===----------------------------------------------------------------------===//
// Errors
//===----------------------------------------------------------------------===//

/// Whether a kernel that ran before made the driver answer this: the context
/// then answers it to every later call.
static bool isKernelFault(Result result) {
  return result == 700                       // illegal address
         || result == 702                    // timeout
         || result == 710                    // assertion
         || (result >= 714 && result <= 719) // instructions, alignment, ...
      ;
}

/// "adam (seg.adam at unet.mlir:40)".
static std::string nameOf(const segc_command &command) {
  return std::string(command.name) +
         (command.op ? " (" + std::string(command.op) + ")" : "");
}

std::string CudaDevice::Launched::text() const {
  if (count == 0)
    return "no kernel of this process was running";
  if (count == 1)
    return "in the kernel " + nameOf(*first);
  return "in one of the " + std::to_string(count) +
         " kernels since the last wait, from " + nameOf(*first) + " to " +
         nameOf(*last) +
         "; run with --check-memory, which waits after each, to find it";
}

Status CudaDevice::check(Result result, const std::string &what) const {
  Status status = context->check(result, what);
  if (!isKernelFault(result))
    return status;
  return Status(status.code(), status.message() + ": " + running.text() +
                                   "; what this process has on the GPU is "
                                   "lost, go on from the last checkpoint");
}

//===----------------------------------------------------------------------===//
// Streams and events
//===----------------------------------------------------------------------===//

CudaStream::~CudaStream() {
  const CurrentContext current(*context);
  if (handle)
    context->driver().cuStreamDestroy(handle);
}

CudaEvent::~CudaEvent() {
  const CurrentContext current(*context);
  if (handle)
    context->driver().cuEventDestroy(handle);
}

CudaGraph::~CudaGraph() {
  const CurrentContext current(*context);
  if (handle)
    context->driver().cuGraphExecDestroy(handle);
}

StatusOr<std::unique_ptr<Stream>> CudaDevice::createStream() {
  const CurrentContext current(*context);
  SEGC_RETURN_IF_ERROR(current.status);
  auto stream = std::make_unique<CudaStream>(context);
  SEGC_RETURN_IF_ERROR(
      check(driver().cuStreamCreate(&stream->handle, StreamNonBlocking),
            "create a stream"));
  return std::unique_ptr<Stream>(std::move(stream));
}

StatusOr<std::unique_ptr<Event>> CudaDevice::createEvent() {
  const CurrentContext current(*context);
  SEGC_RETURN_IF_ERROR(current.status);
  auto event = std::make_unique<CudaEvent>(context);
  SEGC_RETURN_IF_ERROR(check(
      driver().cuEventCreate(&event->handle, EventDefault), "create an event"));
  return std::unique_ptr<Event>(std::move(event));
}

Status CudaDevice::record(Event &event, Stream &stream) {
  const CurrentContext current(*context);
  SEGC_RETURN_IF_ERROR(current.status);
  return check(driver().cuEventRecord(handleOf(event), handleForWork(stream)),
               "record an event");
}

Status CudaDevice::wait(Stream &stream, const Event &event) {
  const CurrentContext current(*context);
  SEGC_RETURN_IF_ERROR(current.status);
  return check(
      driver().cuStreamWaitEvent(handleForWork(stream), handleOf(event), 0),
      "wait for an event");
}

Status CudaDevice::waitFor(StreamHandle stream) {
  const char *what = "wait for the stream";
  if (!watch)
    return check(driver().cuStreamSynchronize(stream), what);
  // Short work is not worth a sleep, which is longer.
  constexpr int looksWithoutSleep = 200;
  for (int looks = 0;; ++looks) {
    const Result result = driver().cuStreamQuery(stream);
    const bool hasEnded = result != ErrorNotReady;
    if (hasEnded)
      SEGC_RETURN_IF_ERROR(check(result, what));
    SEGC_RETURN_IF_ERROR(watch(hasEnded));
    if (hasEnded)
      return Status::success();
    if (looks < looksWithoutSleep)
      std::this_thread::yield();
    else
      std::this_thread::sleep_for(std::chrono::microseconds(50));
  }
}

Status CudaDevice::synchronize(Stream &stream) {
  // The driver would give the recording up.
  if (recorded)
    return internalError(name() + ": waiting for a stream whose work is being "
                                  "recorded");
  const CurrentContext current(*context);
  SEGC_RETURN_IF_ERROR(current.status);
  SEGC_RETURN_IF_ERROR(waitFor(handleForWork(stream)));
  // The streams of a program end in the one that is waited for.
  running = {};
  return Status::success();
}

//===----------------------------------------------------------------------===//
// Launches
//===----------------------------------------------------------------------===//

Status CudaDevice::launch(Stream &stream, const KernelLaunch &launch) {
  FunctionHandle function = nullptr;
  for (const std::unique_ptr<CudaKernels> &kernels : loaded)
    if (!function)
      function = kernels->find(launch.command);
  if (!function || launch.command->operand_count > SEGC_MAX_OPERANDS)
    return internalError(name() +
                         ": a launch of a kernel that was not loaded, "
                         "or of more than " +
                         std::to_string(SEGC_MAX_OPERANDS) + " operands");
  const segc_command &command = *launch.command;
  const int64_t tasks = launch.tasks();
  if (tasks < 0 || tasks > context->maxGrid())
    return unsupported(
        name() + ": " + std::to_string(tasks) + " blocks of the kernel " +
        nameOf(command) + ", the GPU launches at most " +
        std::to_string(context->maxGrid()) + "; use a smaller --batch-size");
  if (tasks == 0)
    return Status::success(); // the driver refuses an empty grid
  // The parameters of a kernel are the addresses, then the batch, then the
  // first task if it asks for it, then its tensor maps.
  std::array<uint64_t, SEGC_MAX_OPERANDS + 2> values;
  std::array<void *, values.size() + SEGC_MAX_TENSOR_MAPS> parameters;
  TensorMaps maps;
  uint32_t count = 0;
  for (; count < command.operand_count; ++count)
    values[count] = DeviceAddress::of(launch.operands[count]).value;
  values[count++] = static_cast<uint64_t>(launch.batch);
  if (command.launch_flags & SEGC_LAUNCH_FIRST_TASK)
    values[count++] = static_cast<uint64_t>(launch.firstTask());
  for (uint32_t i = 0; i < count; ++i)
    parameters[i] = &values[i];
  for (uint32_t i = 0; i < command.map_count; ++i)
    parameters[count + i] = &maps[i];
  const CurrentContext current(*context);
  SEGC_RETURN_IF_ERROR(current.status);
  SEGC_RETURN_IF_ERROR(
      encodeTensorMaps(driver(), command, values.data(), launch.batch, maps));
  (recorded ? *recorded : running).add({&command, &command, 1});
  auto &own = static_cast<CudaStream &>(stream);
  // Behind a kernel, and nothing else: it waits for that one alone.
  const bool isDependent =
      mayDepend(command) && own.endsInKernel && driver().hasDependentLaunches();
  own.endsInKernel = true;
  LaunchAttribute dependent = {ProgrammaticStreamSerialization, {}, 1, {}};
  const LaunchConfig config = {static_cast<unsigned>(tasks),
                               1,
                               1,
                               command.threads,
                               1,
                               1,
                               command.shared_bytes,
                               own.handle,
                               &dependent,
                               1};
  return check(isDependent
                   ? driver().cuLaunchKernelEx(&config, function,
                                               parameters.data(), nullptr)
                   : driver().cuLaunchKernel(function, config.gridX, 1, 1,
                                             config.blockX, 1, 1,
                                             config.sharedBytes, own.handle,
                                             parameters.data(), nullptr),
               "launch " + nameOf(command));
}

StatusOr<double> CudaDevice::measure(Stream &stream, const std::string &what,
                                     const std::function<Status()> &enqueue) {
  for (std::unique_ptr<Event> &timer : timers)
    if (!timer) {
      SEGC_ASSIGN_OR_RETURN(timer, createEvent());
    }
  SEGC_RETURN_IF_ERROR(record(*timers[0], stream));
  SEGC_RETURN_IF_ERROR(enqueue());
  SEGC_RETURN_IF_ERROR(record(*timers[1], stream));
  SEGC_RETURN_IF_ERROR(synchronize(stream));
  const CurrentContext current(*context);
  SEGC_RETURN_IF_ERROR(current.status);
  float milliseconds = 0;
  SEGC_RETURN_IF_ERROR(
      check(driver().cuEventElapsedTime(&milliseconds, handleOf(*timers[0]),
                                        handleOf(*timers[1])),
            "measure " + what));
  return static_cast<double>(milliseconds) / 1e3;
}

Status CudaDevice::advanceScalars(Stream &stream, DeviceAddress finite,
                                  DeviceAddress scalars) {
  const std::array<void *, 2> operands = {finite.asPointer(),
                                          scalars.asPointer()};
  KernelLaunch advance;
  advance.command = &advanceScalarsCommand;
  advance.operands = operands.data();
  return launch(stream, advance);
}

//===----------------------------------------------------------------------===//
// Libraries
//===----------------------------------------------------------------------===//

Status CudaDevice::openCudnn() {
  if (calls || noCudnn)
    return calls ? Status::success() : *noCudnn;
  auto open = [&]() -> Status {
    SEGC_RETURN_IF_ERROR(loadPermuteFilter());
    SEGC_ASSIGN_OR_RETURN(calls,
                          cudnn::CudnnCalls::create(*this, context->ordinal()));
    return Status::success();
  };
  Status status = open();
  if (!status.ok())
    noCudnn = status;
  return status;
}

StatusOr<bool> CudaDevice::prepareCall(const segc_command &command,
                                       int64_t batch) {
  if (command.name != std::string("cudnn"))
    return Device::prepareCall(command, batch);
  SEGC_RETURN_IF_ERROR(checkNotRecording("a call is prepared"));
  SEGC_ASSIGN_OR_RETURN(
      const cudnn::Convolution convolution,
      cudnn::Convolution::parse(orEmpty(command.options), batch));
  SEGC_RETURN_IF_ERROR(convolution.checkOperands(command));
  const CurrentContext current(*context);
  SEGC_RETURN_IF_ERROR(current.status);
  const bool isFirst = !calls && !noCudnn;
  StatusOr<bool> isCalled =
      openCudnn().ok()
          ? calls->prepare(
                command, batch, convolution,
                [&] { return digestOfAlternatives(command, versions); })
          : StatusOr<bool>(*noCudnn);
  if (isCalled.ok() || convolution.required || command.alternatives == 0)
    return isCalled;
  // Without the library this is said once, else of each call.
  if (!noCudnn || isFirst)
    std::fprintf(stderr, "segrun: note: %s; generated kernels compute %s\n",
                 isCalled.status().message().c_str(),
                 noCudnn ? "the convolutions" : orEmpty(command.op).c_str());
  if (!noCudnn)
    calls->useKernels(command, batch);
  return false;
}

Status CudaDevice::call(Stream &stream, const KernelLaunch &call) {
  if (!calls)
    return Device::call(stream, call);
  const CurrentContext current(*context);
  SEGC_RETURN_IF_ERROR(current.status);
  (recorded ? *recorded : running).add({call.command, call.command, 1});
  Status status = calls->enqueue(stream, call);
  handleForWork(stream); // Its last kernel is the library's.
  return status;
}

Status CudaDevice::enqueueWork(Stream &stream,
                               std::function<Status(void *handle)> work) {
  const CurrentContext current(*context);
  SEGC_RETURN_IF_ERROR(current.status);
  return work(handleForWork(stream));
}

//===----------------------------------------------------------------------===//
// Graphs
//===----------------------------------------------------------------------===//

Status CudaDevice::beginCapture(Stream &stream) {
  if (recorded)
    return internalError(name() + ": a recording has begun already");
  const CurrentContext current(*context);
  SEGC_RETURN_IF_ERROR(current.status);
  SEGC_RETURN_IF_ERROR(check(
      driver().cuStreamBeginCapture(handleForWork(stream), CaptureThreadLocal),
      "record a graph"));
  recorded = Launched();
  return Status::success();
}

StatusOr<std::unique_ptr<Graph>> CudaDevice::endCapture(Stream &stream) {
  if (!recorded)
    return internalError(name() + ": no recording has begun");
  const CurrentContext current(*context);
  SEGC_RETURN_IF_ERROR(current.status);
  auto graph = std::make_unique<CudaGraph>(context);
  graph->launched = *recorded;
  recorded.reset();
  GraphHandle captured = nullptr;
  Status status =
      check(driver().cuStreamEndCapture(handleForWork(stream), &captured),
            "end the recording of a graph");
  if (status.ok())
    status =
        check(driver().cuGraphInstantiateWithFlags(&graph->handle, captured, 0),
              "make a graph of " + std::to_string(graph->launched.count) +
                  " launches");
  if (captured)
    driver().cuGraphDestroy(captured);
  SEGC_RETURN_IF_ERROR(status);
  return std::unique_ptr<Graph>(std::move(graph));
}

Status CudaDevice::replay(const Graph &graph, Stream &stream) {
  const CurrentContext current(*context);
  SEGC_RETURN_IF_ERROR(current.status);
  const auto &captured = static_cast<const CudaGraph &>(graph);
  running.add(captured.launched);
  return check(driver().cuGraphLaunch(captured.handle, handleForWork(stream)),
               "launch a graph");
}
