//===- ProgramRunner.h - Programs of a model on a device --------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The entries of a model run on the processor that calls them. A ProgramRunner
// runs their programs on any device: it enqueues the commands on streams.
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_RUNTIME_DEVICE_PROGRAMRUNNER_H
#define SEGC_RUNTIME_DEVICE_PROGRAMRUNNER_H

#include "segc/Runtime/Core/KernelObserver.h"
#include "segc/Runtime/Device/Collectives.h"
#include "segc/Runtime/Device/Device.h"

#include <array>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace segc {

/// The addresses of the regions of a call.
struct ProgramMemory {
  std::array<DeviceAddress, SEGC_REGION_COUNT> flat; ///< by region
  std::vector<DeviceAddress> inputs, outputs;
};

class ProgramRunner {
public:
  /// `main` is the stream "compute" of programs. A program begins after the
  /// earlier work of that stream, and later work of the stream begins after it.
  ProgramRunner(Device &device, Stream &main) : device(device), main(main) {}

  /// Sets what programs with collectives need; others run without.
  void setCollectives(Collectives *newCollectives) {
    collectives = newCollectives;
  }

  /// Issues the program for `batch` samples. It is recorded the first time (the
  /// second time if it calls libraries, which load code in their first call)
  /// and replayed later, so the addresses must not change until forgetGraphs().
  /// With an observer it runs kernel by kernel instead.
  Status run(const segc_program &program, const ProgramMemory &memory,
             int64_t batch, KernelObserver *observer);
  void forgetGraphs() { graphs.clear(); }

private:
  /// The arguments of run().
  struct Call {
    const segc_program &program;
    const ProgramMemory &memory;
    int64_t batch;
    KernelObserver *observer;
    std::vector<Stream *> streams; ///< those of the program
    /// Calls that the device makes; of others it launches the alternatives.
    std::set<const segc_command *> libraryCalls;
  };

  Status checkServices(const segc_program &program, int64_t batch,
                       std::set<const segc_command *> &libraryCalls) const;
  Status prepare(const segc_program &program, std::vector<Stream *> &streams);
  Status enqueueAll(const Call &call);
  Status enqueue(const Call &call, uint32_t index);
  Status launch(const Call &call, uint32_t index);
  Status callLibrary(const Call &call, uint32_t index);
  struct Operands;
  StatusOr<Operands> operandsOf(const Call &call,
                                const segc_command &command) const;
  Status observe(const Call &call, uint32_t index, const Operands &operands,
                 int64_t tasks, const std::function<StatusOr<double>()> &run);
  StatusOr<segc_collective> collectiveOf(const Call &call,
                                         const segc_command &command) const;
  Status prepareCollectives(const Call &call);
  Status startCollective(const Call &call, const segc_command &command);
  Status joinStreams(const Call &call, bool atEnd);

  Device &device;
  Stream &main;
  Collectives *collectives = nullptr;
  std::map<std::string, std::unique_ptr<Stream>> streams; ///< all but main
  std::vector<std::unique_ptr<Event>> events;
  std::unique_ptr<Event> join;
  std::map<std::pair<const segc_program *, int64_t>, std::unique_ptr<Graph>>
      graphs;
  /// Programs whose libraries were called before.
  std::set<std::pair<const segc_program *, int64_t>> calledBefore;
};

} // namespace segc

#endif // SEGC_RUNTIME_DEVICE_PROGRAMRUNNER_H
