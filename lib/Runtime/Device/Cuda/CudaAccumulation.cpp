//===- CudaAccumulation.cpp - Sums in the memory of a GPU -----------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Accumulate.h"
#include "Accumulate.inc"
#include "CudaDevice.h"

#include <array>

using namespace segc;
using namespace segc::cuda;

/// Its number of samples is that of the values.
static const segc_command accumulateCommand = []() noexcept {
  segc_command command = {};
  command.name = "segc_accumulate_kernel";
  command.threads = SEGC_ACCUMULATE_THREADS;
  command.tasks_fixed = SEGC_ACCUMULATE_BLOCKS;
  command.operand_count = 3;
  return command;
}();

Status CudaDevice::prepareAccumulation() {
  return loadOwn(accumulatePtx, accumulateCommand);
}

Status CudaDevice::accumulate(Stream &stream,
                              const Accumulation &accumulation) {
  if (accumulation.count == 0)
    return Status::success();
  const std::array<void *, 3> operands = {accumulation.from.asPointer(),
                                          accumulation.divisor.asPointer(),
                                          accumulation.to.asPointer()};
  KernelLaunch launched;
  launched.command = &accumulateCommand;
  launched.operands = operands.data();
  launched.batch = static_cast<int64_t>(accumulation.count);
  return launch(stream, launched);
}
