//===- CudnnCalls.cpp - Calls of cuDNN on a GPU ---------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "CudnnCalls.h"

#include "../CudaDevice.h"
#include "CudnnTrial.h"
#include "segc/Base/PrivateFolders.h"
#include "segc/Runtime/Core/KernelObserver.h"

#include <cstdio>

using namespace segc;
using namespace segc::cudnn;

static void printWarning(const std::string &text) {
  std::fprintf(stderr, "segrun: warning: %s\n", text.c_str());
}

const segc_command cudnn::permuteFilterCommand = [] {
  segc_command command = {};
  command.name = "segc_permute_filter_kernel";
  command.threads = SEGC_PERMUTE_FILTER_THREADS;
  command.tasks_per_sample = 1;
  command.operand_count = 3;
  return command;
}();

StatusOr<std::unique_ptr<CudnnCalls>>
CudnnCalls::create(cuda::CudaDevice &device, int ordinal) {
  SEGC_ASSIGN_OR_RETURN(std::shared_ptr<const CudnnLibrary> library,
                        CudnnLibrary::open());
  const StatusOr<std::string> folder = privateCacheFolder("cudnn");
  if (!folder.ok())
    printWarning(folder.status().message() + "; plans of cuDNN are not kept");
  SEGC_ASSIGN_OR_RETURN(CudnnPlans plans,
                        CudnnPlans::forDevice(library, ordinal,
                                              folder.ok() ? *folder : "",
                                              printWarning));
  std::unique_ptr<CudnnCalls> calls(
      new CudnnCalls(device, std::move(library), std::move(plans)));
  SEGC_RETURN_IF_ERROR(calls->library->check(
      calls->library->cudnnCreate(&calls->handle), "start on the GPU"));
  return calls;
}

CudnnCalls::~CudnnCalls() {
  if (handle)
    library->cudnnDestroy(handle);
}

//===----------------------------------------------------------------------===//
// Choice
//===----------------------------------------------------------------------===//

static constexpr const char *workspaceName = "workspace of cuDNN";

StatusOr<CudnnCalls::Prepared>
CudnnCalls::preparedFor(Plan plan, const Convolution &convolution) {
  Prepared made;
  made.plan = std::move(plan);
  made.filterOperand = convolution.filterOperand();
  made.filterBytes = convolution.filterBytes();
  made.permutation = convolution.permutation();
  if (!made.permutation)
    return made;
  SEGC_ASSIGN_OR_RETURN(made.onDevice,
                        device.allocate(sizeof *made.permutation,
                                        "layout of a filter for cuDNN",
                                        /*guards=*/false));
  SEGC_ASSIGN_OR_RETURN(std::unique_ptr<Stream> stream, device.createStream());
  SEGC_RETURN_IF_ERROR(device.write(
      *stream, made.onDevice, 0, &*made.permutation, sizeof *made.permutation));
  return made;
}

/// Holds the first plans against the kernels beside the call, in memory of
/// their own, and takes the fastest that computes the same; the kernels if they
/// are faster, and the call is not required.
StatusOr<CudnnPlans::Choice>
CudnnCalls::choose(const segc_command &command, int64_t batch,
                   const Convolution &convolution) {
  constexpr size_t mostPlans = 6;
  SEGC_ASSIGN_OR_RETURN(std::vector<Plan> candidates,
                        plans.list(convolution, mostPlans));
  SEGC_ASSIGN_OR_RETURN(
      std::unique_ptr<CudnnTrial> trial,
      CudnnTrial::create(device, command, batch, convolution));
  SEGC_ASSIGN_OR_RETURN(const double ofKernels, trial->secondsOfKernels());
  CudnnPlans::Choice best;
  double fastest = 0;
  std::string wrong;
  for (Plan &candidate : candidates) {
    SEGC_ASSIGN_OR_RETURN(Prepared call,
                          preparedFor(std::move(candidate), convolution));
    SEGC_ASSIGN_OR_RETURN(const DeviceBuffer workspace,
                          device.allocate(call.workspaceBytes(), workspaceName,
                                          /*guards=*/false));
    auto runPlan = [&](Stream &stream, void *const *operands) {
      return run(stream, call, operands, workspace.address());
    };
    SEGC_ASSIGN_OR_RETURN(const std::string difference,
                          trial->difference(runPlan));
    if (!difference.empty()) {
      wrong = difference;
      printWarning("cuDNN " + library->versionText() + " computes " +
                   orEmpty(command.op) + " wrongly: " + difference +
                   "; the plan is not used");
      continue;
    }
    SEGC_ASSIGN_OR_RETURN(const double seconds, trial->seconds(runPlan));
    if (!best.plan || seconds < fastest) {
      best.plan = std::move(call.plan);
      fastest = seconds;
    }
  }
  auto microseconds = [](double seconds) {
    return std::to_string(static_cast<int64_t>(1e6 * seconds + 0.5)) + " us";
  };
  best.reason = "kernels " + microseconds(ofKernels) +
                (best.plan ? ", cuDNN " + microseconds(fastest) : ", " + wrong);
  if (convolution.required && !best.plan)
    return unsupported("cudnn: every plan of cuDNN " + library->versionText() +
                       " computes wrongly: " + wrong +
                       "; compile the model with --conv auto or generated");
  if (!convolution.required && best.plan && ofKernels <= fastest)
    best.plan.reset();
  return best;
}

StatusOr<bool>
CudnnCalls::prepare(const segc_command &command, int64_t batch,
                    const Convolution &convolution,
                    const std::function<std::string()> &kernels) {
  const std::pair<const segc_command *, int64_t> key = {&command, batch};
  if (auto known = prepared.find(key); known != prepared.end())
    return known->second.has_value();
  std::optional<Plan> plan;
  if (command.alternatives == 0) {
    SEGC_ASSIGN_OR_RETURN(plan, plans.find(convolution));
  } else {
    // A required call has another choice than one that is not.
    const std::string digest =
        kernels() + (convolution.required ? ", required" : "");
    std::optional<CudnnPlans::Choice> choice = plans.kept(convolution, digest);
    if (!choice) {
      SEGC_ASSIGN_OR_RETURN(choice, choose(command, batch, convolution));
      plans.keep(convolution, digest, *choice);
    }
    plan = std::move(choice->plan);
  }
  if (!plan) {
    prepared[key] = std::nullopt;
    return false;
  }
  SEGC_ASSIGN_OR_RETURN(Prepared call,
                        preparedFor(std::move(*plan), convolution));
  std::vector<DeviceBuffer> &ofStream = workspaces[command.stream];
  if (call.workspaceBytes() > (ofStream.empty() ? 0 : ofStream.back().size())) {
    SEGC_ASSIGN_OR_RETURN(DeviceBuffer workspace,
                          device.allocate(call.workspaceBytes(), workspaceName,
                                          /*guards=*/false));
    ofStream.push_back(std::move(workspace));
  }
  prepared[key] = std::move(call);
  return true;
}

//===----------------------------------------------------------------------===//
// Runs
//===----------------------------------------------------------------------===//

Status CudnnCalls::enqueue(Stream &stream, const KernelLaunch &call) {
  const auto found = prepared.find({call.command, call.batch});
  if (found == prepared.end() || !found->second)
    return internalError("cudnn: a call that was not prepared");
  const std::vector<DeviceBuffer> &ofStream = workspaces[call.command->stream];
  return run(stream, *found->second, call.operands,
             ofStream.empty() ? DeviceAddress() : ofStream.back().address());
}

Status CudnnCalls::permute(Stream &stream, const Prepared &call, void *from,
                           void *to) {
  const segc_filter_permutation &p = *call.permutation;
  const std::array<void *, 3> operands = {from, to,
                                          call.onDevice.address().asPointer()};
  KernelLaunch launch;
  launch.command = &permuteFilterCommand;
  launch.operands = operands.data();
  launch.batch =
      (p.sizes[0] * p.sizes[1] * p.sizes[2] + SEGC_PERMUTE_FILTER_THREADS - 1) /
      SEGC_PERMUTE_FILTER_THREADS;
  return device.launch(stream, launch);
}

Status CudnnCalls::run(Stream &stream, const Prepared &call,
                       void *const *operands, DeviceAddress workspace) {
  std::array<void *, 3> used = {operands[0], operands[1], operands[2]};
  const bool computesFilter = call.filterOperand == 2;
  void *&filter = used[call.filterOperand];
  if (call.permutation) {
    filter = (workspace + call.filterOffset()).asPointer();
    if (!computesFilter)
      SEGC_RETURN_IF_ERROR(
          permute(stream, call, operands[call.filterOperand], filter));
  }
  SEGC_ASSIGN_OR_RETURN(Descriptor pack,
                        Descriptor::create(library, VariantPackDescriptor));
  const auto &ids = ConvolutionGraph::ids;
  SEGC_RETURN_IF_ERROR(pack.set(PackIds, TypeOfInt64, ids.size(), ids.data()));
  SEGC_RETURN_IF_ERROR(
      pack.set(PackPointers, TypeOfPointer, ids.size(), used.data()));
  SEGC_RETURN_IF_ERROR(
      pack.set(PackWorkspace, TypeOfPointer, workspace.asPointer()));
  SEGC_RETURN_IF_ERROR(pack.finalize());
  SEGC_RETURN_IF_ERROR(library->check(
      library->cudnnSetStream(handle, cuda::CudaDevice::handleForWork(stream)),
      "choose the stream"));
  SEGC_RETURN_IF_ERROR(library->check(
      library->cudnnBackendExecute(handle, call.plan.plan.get(), pack.get()),
      "run a plan"));
  return call.permutation && computesFilter
             ? permute(stream, call, filter, operands[call.filterOperand])
             : Status::success();
}
