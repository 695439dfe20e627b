//===- FakeCuda.h - A CUDA driver over memory of the host -------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The shared library libcuda.so.1 of the tests. It has the entry points that
// the runtime uses, checks how they are used, and runs functions of the host as
// kernels. Work is delayed until somebody waits for it; addresses of the device
// are none of the host. A test that links it controls it by the functions
// below, a program that finds it in LD_LIBRARY_PATH by FAKE_CUDA.
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_UNITTESTS_RUNTIME_FAKECUDA_FAKECUDA_H
#define SEGC_UNITTESTS_RUNTIME_FAKECUDA_FAKECUDA_H

#include "segc/model.h"

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace fakecuda {

/// The machine. FAKE_CUDA says the same of other programs, and what fails:
/// "devices=2,memory=1000,kernels=model.so,kernel-fails=adam:3:700".
struct Machine {
  int devices = 1;
  int init = 0;       ///< what cuInit answers: 34 for a stub
  int driver = 12080; ///< the version
  int capability = 90;
  uint64_t memory = uint64_t{1} << 32;
  int sharedMemory = 232448; ///< bytes of a block after the opt-in
  bool hasLaunchKernelEx = true;
  bool hasVirtualMemory = true;
};

/// Forgets all that happened, and failures and kernels that were asked for.
/// Memory and handles of before must be gone.
void reset(const Machine &machine = {});

/// Runs `function` for each block of a kernel of that name; `scratch` is the
/// block's shared memory. Behind its operands are its tensor maps
/// (segc_tensor_map). A kernel that takes the first task of a launch behind the
/// batch is given tasks from there on.
void addKernel(const std::string &name, segc_kernel_fn function,
               bool takesFirstTask = false);

/// Takes the functions that a shared library exports as kernels of their names.
/// If it is a model for an emulated GPU, the emulator runs its kernels.
void addKernelsOf(const std::string &library);

/// The call of that number, the first is 1, of a function answers `code`.
void failCall(const std::string &function, int number, int code);
/// The launch of that number, the first is 1, of a kernel faults with `code`
/// when it runs.
void failKernel(const std::string &kernel, int number, int code);

/// For other libraries of the fake GPU: enqueues work that takes some time (a
/// kernel takes 2 milliseconds) and is asked again while it answers 600, and
/// returns the host's address of bytes, or null.
void enqueue(void *stream, double milliseconds, std::function<int()> work);
void *hostAddress(uint64_t address, uint64_t bytes);

/// How often a function was called, and a kernel launched (replays included).
int calls(const std::string &function);
int launches(const std::string &kernel);
/// How often a kernel was enqueued or recorded so that it may begin before the
/// kernel in front of it has ended.
int dependentLaunches(const std::string &kernel);
/// "ptx" or "cubin" and the `.target` of each module that was loaded.
std::vector<std::string> modules();
/// The threads and the shared memory of the last launch of a kernel.
std::pair<unsigned, unsigned> shapeOf(const std::string &kernel);

/// What was used wrongly: unknown handles, addresses outside of allocations,
/// launches outside limits, calls that a recording forbids, ... A test expects
/// none.
std::vector<std::string> misuses();
/// What is alive: "2 streams, 1 allocation". Empty if nothing is.
std::string alive();

} // namespace fakecuda

#endif // SEGC_UNITTESTS_RUNTIME_FAKECUDA_FAKECUDA_H
