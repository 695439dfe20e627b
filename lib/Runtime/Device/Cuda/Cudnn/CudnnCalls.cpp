//===- CudnnCalls.cpp - Calls of cuDNN on a GPU ---------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "CudnnCalls.h"
#include "segc/Base/PrivateFolders.h"

#include <cstdio>

using namespace segc;
using namespace segc::cudnn;

static void printWarning(const std::string &text) {
  std::fprintf(stderr, "segrun: warning: %s\n", text.c_str());
}

StatusOr<std::unique_ptr<CudnnCalls>> CudnnCalls::create(
    const cuda::CudaContext &context,
    std::function<StatusOr<DeviceBuffer>(uint64_t bytes)> allocate) {
  SEGC_ASSIGN_OR_RETURN(std::shared_ptr<const CudnnLibrary> library,
                        CudnnLibrary::open());
  const StatusOr<std::string> folder = privateCacheFolder("cudnn");
  if (!folder.ok())
    printWarning(folder.status().message() + "; plans of cuDNN are not kept");
  SEGC_ASSIGN_OR_RETURN(CudnnPlans plans,
                        CudnnPlans::forDevice(library, context.ordinal(),
                                              folder.ok() ? *folder : "",
                                              printWarning));
  std::unique_ptr<CudnnCalls> calls(
      new CudnnCalls(std::move(library), std::move(plans)));
  calls->allocate = std::move(allocate);
  SEGC_RETURN_IF_ERROR(calls->library->check(
      calls->library->cudnnCreate(&calls->handle), "start on the GPU"));
  return calls;
}

CudnnCalls::~CudnnCalls() {
  if (handle)
    library->cudnnDestroy(handle);
}

Status CudnnCalls::prepare(const segc_command &command, int64_t batch) {
  if (prepared.count({&command, batch}))
    return Status::success();
  SEGC_ASSIGN_OR_RETURN(
      const Convolution convolution,
      Convolution::parse(command.options ? command.options : "", batch));
  SEGC_RETURN_IF_ERROR(convolution.checkOperands(command));
  SEGC_ASSIGN_OR_RETURN(Plan plan, plans.find(convolution));
  std::vector<DeviceBuffer> &ofStream = workspaces[command.stream];
  if (plan.workspaceBytes > (ofStream.empty() ? 0 : ofStream.back().size())) {
    SEGC_ASSIGN_OR_RETURN(DeviceBuffer workspace,
                          allocate(plan.workspaceBytes));
    ofStream.push_back(std::move(workspace));
  }
  prepared[{&command, batch}] = std::move(plan);
  return Status::success();
}

Status CudnnCalls::enqueue(cuda::StreamHandle stream,
                           const KernelLaunch &call) {
  const auto found = prepared.find({call.command, call.batch});
  if (found == prepared.end())
    return internalError("cudnn: a call that was not prepared");
  const std::vector<DeviceBuffer> &ofStream = workspaces[call.command->stream];
  void *workspace =
      ofStream.empty() ? nullptr : ofStream.back().address().asPointer();
  SEGC_ASSIGN_OR_RETURN(Descriptor pack,
                        Descriptor::create(library, VariantPackDescriptor));
  const auto &ids = ConvolutionGraph::ids;
  SEGC_RETURN_IF_ERROR(pack.set(PackIds, TypeOfInt64, ids.size(), ids.data()));
  SEGC_RETURN_IF_ERROR(
      pack.set(PackPointers, TypeOfPointer, ids.size(), call.operands));
  SEGC_RETURN_IF_ERROR(pack.set(PackWorkspace, TypeOfPointer, workspace));
  SEGC_RETURN_IF_ERROR(pack.finalize());
  SEGC_RETURN_IF_ERROR(library->check(library->cudnnSetStream(handle, stream),
                                      "choose the stream"));
  return library->check(library->cudnnBackendExecute(
                            handle, found->second.plan.get(), pack.get()),
                        "run a plan");
}
