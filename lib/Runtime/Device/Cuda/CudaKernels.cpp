//===- CudaKernels.cpp - Kernels of a model on a GPU ----------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "CudaKernels.h"
#include "CudaBlobs.h"

#include <array>

using namespace segc;
using namespace segc::cuda;

/// Shared memory of a block that needs no opt-in.
static constexpr uint32_t defaultSharedMemory = 48 * 1024;

/// Calls `visit` for each launch until one fails.
template <typename Visitor>
static Status forEachLaunch(const segc_version &version, Visitor visit) {
  for (uint32_t p = 0; p < version.program_count; ++p) {
    const segc_program &program = version.programs[p];
    for (uint32_t i = 0; i < program.command_count; ++i)
      if (program.commands[i].kind == SEGC_COMMAND_LAUNCH)
        SEGC_RETURN_IF_ERROR(visit(program.commands[i]));
  }
  return Status::success();
}

Status CudaKernels::supports(const CudaContext &context,
                             const segc_version &version) {
  return forEachLaunch(version, [&](const segc_command &command) {
    return chooseBlob(context, version, command.blob).status();
  });
}

StatusOr<std::unique_ptr<CudaKernels>>
CudaKernels::load(std::shared_ptr<const CudaContext> context,
                  const segc_version &version) {
  std::unique_ptr<CudaKernels> loaded(new CudaKernels(std::move(context)));
  SEGC_RETURN_IF_ERROR(
      forEachLaunch(version, [&](const segc_command &command) -> Status {
        if (!loaded->modules.count(command.blob)) {
          SEGC_ASSIGN_OR_RETURN(
              const segc_blob *blob,
              chooseBlob(*loaded->context, version, command.blob));
          SEGC_RETURN_IF_ERROR(loaded->addModule(command.blob, *blob));
        }
        return loaded->addKernel(command);
      }));
  return loaded;
}

StatusOr<std::unique_ptr<CudaKernels>>
CudaKernels::loadText(std::shared_ptr<const CudaContext> context,
                      const char *ptx, const segc_command &command) {
  std::unique_ptr<CudaKernels> loaded(new CudaKernels(std::move(context)));
  segc_blob blob = {};
  blob.format = "ptx";
  blob.processor = "the runtime";
  blob.data = ptx;
  blob.bytes = std::string_view(ptx).size();
  SEGC_RETURN_IF_ERROR(loaded->addModule(command.blob, blob));
  SEGC_RETURN_IF_ERROR(loaded->addKernel(command));
  return loaded;
}

CudaKernels::~CudaKernels() {
  const CurrentContext current(*context);
  for (auto [number, module] : modules)
    context->driver().cuModuleUnload(module);
}

Status CudaKernels::addModule(uint32_t number, const segc_blob &blob) {
  const CurrentContext current(*context);
  SEGC_RETURN_IF_ERROR(current.status);
  // The driver reads PTX up to its terminator.
  const std::string image(static_cast<const char *>(blob.data), blob.bytes);
  std::array<char, 8192> log = {};
  std::array<int, 2> options = {ErrorLogBuffer, ErrorLogBytes};
  std::array<void *, 2> values = {log.data(),
                                  reinterpret_cast<void *>(log.size() - 1)};
  ModuleHandle module = nullptr;
  const Result result = context->driver().cuModuleLoadDataEx(
      &module, image.c_str(), options.size(), options.data(), values.data());
  if (result != Success) {
    Status status =
        context->check(result, std::string("load the kernels (") + blob.format +
                                   " for " + blob.processor + ")");
    return log[0] ? Status(status.code(), status.message() + ": " + log.data())
                  : status;
  }
  modules[number] = module;
  return Status::success();
}

Status CudaKernels::addKernel(const segc_command &command) {
  const CurrentContext current(*context);
  SEGC_RETURN_IF_ERROR(current.status);
  const CudaDriver &driver = context->driver();
  const std::string kernel = "kernel " + std::string(command.name);
  FunctionHandle function = nullptr;
  SEGC_RETURN_IF_ERROR(
      context->check(driver.cuModuleGetFunction(
                         &function, modules.at(command.blob), command.name),
                     kernel));
  kernels[&command] = function;
  auto attribute = [&](FunctionAttribute which, int64_t &value) {
    int answer = 0;
    Status status = context->check(
        driver.cuFuncGetAttribute(&answer, which, function), kernel);
    value = answer;
    return status;
  };
  int64_t threads = 0, shared = 0;
  SEGC_RETURN_IF_ERROR(attribute(MaxThreads, threads));
  SEGC_RETURN_IF_ERROR(attribute(StaticSharedMemory, shared));
  const std::string advice =
      "; compile the model for this GPU: segc compile --target cuda:sm_" +
      std::to_string(context->capability());
  if (command.threads == 0 || command.threads > threads)
    return unsupported(context->name() + ": " + kernel + " has blocks of " +
                       std::to_string(command.threads) +
                       " threads, the GPU runs it with 1 to " +
                       std::to_string(threads) + advice);
  if (shared + command.shared_bytes > context->maxSharedMemory())
    return unsupported(context->name() + ": " + kernel + " needs " +
                       std::to_string(shared + command.shared_bytes) +
                       " bytes of shared memory, a block has at most " +
                       std::to_string(context->maxSharedMemory()) + advice);
  uint32_t &dynamic = allowed
                          .emplace(function, defaultSharedMemory -
                                                 static_cast<uint32_t>(shared))
                          .first->second;
  if (command.shared_bytes <= dynamic)
    return Status::success();
  dynamic = command.shared_bytes;
  return context->check(driver.cuFuncSetAttribute(function,
                                                  MaxDynamicSharedMemory,
                                                  static_cast<int>(dynamic)),
                        kernel + ": allow " + std::to_string(dynamic) +
                            " bytes of shared memory");
}
