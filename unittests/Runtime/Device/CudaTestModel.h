//===- CudaTestModel.h - A version of one kernel ----------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_UNITTESTS_RUNTIME_DEVICE_CUDATESTMODEL_H
#define SEGC_UNITTESTS_RUNTIME_DEVICE_CUDATESTMODEL_H

#include "segc/model.h"
#include "segc/model_tables.h"

#include <string>
#include <vector>

namespace segc {

/// A program of one launch, which the host and the fake device run as
/// `function`, the fake CUDA driver as the function of that name.
struct CudaTestModel {
  /// With `tasks` 0 there is a task for each sample.
  CudaTestModel(const std::string &name, segc_kernel_fn function,
                uint32_t operands, int64_t tasks)
      : name(name), ptx(ptxOf(name, operands)) {
    command.function = function;
    command.name = this->name.c_str();
    command.op = "seg.test at 1:1";
    command.operand_count = operands;
    command.kind = SEGC_COMMAND_LAUNCH;
    command.tasks_fixed = tasks;
    command.tasks_per_sample = tasks == 0;
    command.threads = 128;
    program.name = "predict";
    program.commands = &command;
    program.command_count = 1;
    version.target = "sm_80";
    version.device = SEGC_DEVICE_CUDA;
    version.programs = &program;
    version.program_count = 1;
    setBlobs({{"ptx", "sm_80", ptx.c_str(), ptx.size() + 1, 0, 0}});
  }
  CudaTestModel(const CudaTestModel &) = delete;

  void setBlobs(std::vector<segc_blob> newBlobs) {
    blobs = std::move(newBlobs);
    version.blobs = blobs.data();
    version.blob_count = static_cast<uint32_t>(blobs.size());
  }
  /// PTX that the fake driver reads.
  static std::string ptxOf(const std::string &kernel, uint32_t operands,
                           const std::string &head = ".version 7.0\n"
                                                     ".target sm_80\n") {
    std::string text = "// a comment\n" + head + ".visible .entry " + kernel +
                       "(.param .u64 batch";
    for (uint32_t i = 0; i < operands; ++i)
      text += ", .param .u64 p" + std::to_string(i);
    return text + ") { ret; }\n";
  }

  std::string name, ptx;
  std::vector<segc_blob> blobs;
  segc_command command = {};
  segc_program program = {};
  segc_version version = {};
};

} // namespace segc

#endif // SEGC_UNITTESTS_RUNTIME_DEVICE_CUDATESTMODEL_H
