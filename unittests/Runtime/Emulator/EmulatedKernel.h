//===- EmulatedKernel.h - Kernels that tests write by hand ------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_UNITTESTS_RUNTIME_EMULATOR_EMULATEDKERNEL_H
#define SEGC_UNITTESTS_RUNTIME_EMULATOR_EMULATEDKERNEL_H

#include "segc/Runtime/Emulator/Emulator.h"
#include "segc/emulator.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include <numeric>
#include <string>
#include <vector>

namespace segc::test {

/// The interface of a thread, for kernels of the tests.
struct Gpu {
  explicit Gpu(void *scratch)
      : self(static_cast<segc_emulator_thread *>(scratch)) {}

  uint32_t thread() const { return self->index; }
  void barrier(const char *op = "barrier") const {
    self->functions->barrier(self, 0, 0, op);
  }
  float *at(uint32_t word) const {
    return static_cast<float *>(self->shared) + word;
  }
  float load(uint32_t word, const char *op = "load") const {
    self->functions->access_shared(self, at(word), 4, 4, SEGC_EMULATOR_LOAD,
                                   op);
    return *at(word);
  }
  void store(uint32_t word, float value, const char *op = "store") const {
    self->functions->access_shared(self, at(word), 4, 4, SEGC_EMULATOR_STORE,
                                   op);
    *at(word) = value;
  }
  void copy(uint32_t word, const void *from, uint32_t sourceBytes = 4) const {
    self->functions->copy_async(self, at(word), from, 4, sourceBytes, 0,
                                "copy");
  }
  void commit() const { self->functions->commit_copies(self, "commit"); }
  void wait(uint32_t groups) const {
    self->functions->wait_copies(self, groups, "wait");
  }
  void fence(segc_emulator_fence kind) const {
    self->functions->fence(self, kind, "fence");
  }

  // mbarriers, at a byte of shared memory.
  void *byte(uint32_t at) const {
    return static_cast<char *>(self->shared) + at;
  }
  void init(uint32_t at, uint32_t count) const {
    self->functions->init_mbarrier(self, byte(at), count, "init");
  }
  void arrive(uint32_t at, uint32_t bytes = 0, uint32_t count = 1) const {
    self->functions->arrive_mbarrier(self, byte(at), count, bytes, "arrive");
  }
  void await(uint32_t at, uint32_t parity) const {
    self->functions->wait_mbarrier(self, byte(at), parity, "wait");
  }

  void waitForLaunch() const { self->functions->wait_launch(self, "launch"); }

  // Clusters.
  void enterCluster(uint32_t blocks) const {
    self->functions->enter_cluster(self, blocks, "enter");
  }
  void arriveAtCluster() const {
    self->functions->arrive_cluster(self, "arrive");
  }
  void waitForCluster() const { self->functions->wait_cluster(self, "wait"); }
  void clusterBarrier() const {
    arriveAtCluster();
    waitForCluster();
  }
  float *atOfBlock(uint32_t block, uint32_t word) const {
    return static_cast<float *>(
        self->functions->map_shared(self, at(word), block, "map"));
  }
  float loadOfBlock(uint32_t block, uint32_t word,
                    segc_emulator_access access = SEGC_EMULATOR_LOAD) const {
    float *address = atOfBlock(block, word);
    self->functions->access_cluster(self, address, 4, 4, access, "load");
    return *address;
  }

  segc_emulator_thread *self;
};

/// Runs the kernel with all options. Returns the error, which must be one of
/// every run, and the results of which must be the same bits.
class Emulated {
public:
  /// Operands are larger where there are tensor maps.
  explicit Emulated(segc_kernel_fn kernel, uint32_t threads = 64,
                    uint32_t sharedBytes = 1024,
                    std::vector<segc_tensor_map> maps = {})
      : in(maps.empty() ? 256 : 16384), out(in.size()) {
    std::iota(in.begin(), in.end(), 1);
    launch.maps = std::move(maps);
    launch.function = kernel;
    launch.kernel = "k";
    launch.threads = threads;
    launch.sharedBytes = sharedBytes;
    launch.operands = operands;
    launch.operandBytes = {in.size() * 4, out.size() * 4};
  }

  /// The errors of all options.
  std::vector<std::string> errors() {
    std::vector<std::string> all;
    std::vector<float> first;
    for (const EmulatorOptions &options : emulatorTestOptions()) {
      std::fill(out.begin(), out.end(), -1.0f);
      all.push_back(runEmulatedBlock(launch, 0, options).message());
      if (first.empty())
        first = out;
      if (all.back().empty())
        EXPECT_EQ(first, out);
    }
    return all;
  }

  EmulatedLaunch launch;
  std::vector<float> in, out;

private:
  void *operands[2] = {in.data(), out.data()};
};

} // namespace segc::test

#endif // SEGC_UNITTESTS_RUNTIME_EMULATOR_EMULATEDKERNEL_H
