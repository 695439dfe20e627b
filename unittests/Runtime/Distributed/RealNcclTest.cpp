//===- RealNcclTest.cpp - NCCL on a GPU, where both are -------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One rank: two of them do not share a GPU. NCCL and driver are the machine's.
//
//===----------------------------------------------------------------------===//

#include "CollectiveChecks.h"
#include "DeviceCollectives.h"
#include "segc/Runtime/Device/CudaDevice.h"
#include "segc/Runtime/Device/NcclCollectives.h"

using namespace segc;

TEST(RealNccl, GpuConforms) {
  auto pool = ThreadPool::create(1);
  ASSERT_TRUE(pool.ok()) << pool.status().message();
  auto device = makeCudaDevice(**pool, 0);
  if (!device.ok())
    GTEST_SKIP() << device.status().message();
  NcclRanks only;
  only.limit = std::chrono::seconds(60);
  only.broadcast = [](void *, uint64_t) { return Status::success(); };
  auto collectives = makeNcclCollectives(*device, only);
  if (collectives.status().code() == StatusCode::Unsupported)
    GTEST_SKIP() << collectives.status().message();
  ASSERT_TRUE(collectives.ok()) << collectives.status().message();
  DeviceCollectives run(**device, **collectives);
  checkCollectives({0, 1, [&](const auto &all) { return run.run(all); },
                    /*deviation=*/0});
}
