//===- StreamCollectivesTest.cpp ------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Distributed/StreamCollectives.h"
#include "CollectiveChecks.h"
#include "DeviceCollectives.h"
#include "RankThreads.h"
#include "segc/Runtime/Device/EmulatedDevice.h"
#include "segc/Runtime/Distributed/HostCollectives.h"

#include "gmock/gmock.h"

using namespace segc;
using testing::HasSubstr;

TEST(StreamCollectives, EmulatedGpusConform) {
  for (uint32_t size : {1u, 3u}) {
    ThreadMessages messages(size);
    runRanks(
        size, std::chrono::seconds(60),
        [](Communicator &ranks) {
          auto pool = ThreadPool::create(1);
          ASSERT_TRUE(pool.ok()) << pool.status().message();
          EmulatedDevice device(**pool);
          HostCollectives host(ranks);
          StreamCollectives collectives(device, host);
          DeviceCollectives run(device, collectives);
          checkCollectives({ranks.rank(), ranks.size(),
                            [&](const auto &all) { return run.run(all); }});
        },
        messages);
  }
}

// A replay ends where a rank is missing, and what follows does not happen.
TEST(StreamCollectives, ErrorsEndAReplay) {
  ThreadMessages messages(2);
  Communicator ranks(messages.of(0), std::chrono::milliseconds(50));
  auto pool = ThreadPool::create(1);
  ASSERT_TRUE(pool.ok()) << pool.status().message();
  EmulatedDevice device(**pool);
  HostCollectives host(ranks);
  StreamCollectives collectives(device, host);
  collectives.beginPart({4});
  auto stream = device.createStream();
  auto buffer = device.allocate(8, "values", /*guards=*/false);
  ASSERT_TRUE(stream.ok() && buffer.ok());
  std::vector<float> two = {1, 2};
  segc_collective sum = collectiveOn(two, SEGC_COLLECTIVE_SUM);
  sum.data = buffer->address().asPointer();
  ASSERT_TRUE(device.beginCapture(**stream).ok());
  ASSERT_TRUE(collectives.enqueue(**stream, sum).ok());
  ASSERT_TRUE(device
                  .copyToDevice(**stream, buffer->address(), two.data(),
                                2 * sizeof(float))
                  .ok());
  auto graph = device.endCapture(**stream);
  ASSERT_TRUE(graph.ok());
  EXPECT_THAT(device.replay(**graph, **stream).message(),
              HasSubstr("rank 0 of 2, step 4, bucket 1 of 1 (gradients): rank "
                        "1 has not answered"));
  auto left = device.read(**stream, *buffer);
  ASSERT_TRUE(left.ok());
  EXPECT_EQ(left->floats()[0], 0);
}
