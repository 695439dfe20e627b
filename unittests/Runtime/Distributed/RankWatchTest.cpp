//===- RankWatchTest.cpp --------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Distributed/RankWatch.h"
#include "RankThreads.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include <future>

using namespace segc;
using testing::HasSubstr;

static constexpr std::chrono::seconds ample{60};
/// Long enough for a watch to say something.
static constexpr std::chrono::milliseconds aWhile{500};

namespace {

/// What a watch sees, and says.
struct Scene {
  std::atomic<bool> isAsked{true};
  std::string missing;
  bool seesAll = true;
  std::promise<std::string> said;
  std::future<std::string> message = said.get_future();

  RankWatch::Surroundings around() {
    return {[this] { return isAsked.load(); }, [this] { return missing; },
            seesAll, [this](const std::string &text) { said.set_value(text); }};
  }
  bool isSilent() {
    return message.wait_for(aWhile) == std::future_status::timeout;
  }
};

} // namespace

TEST(RankWatchTest, NamesMissingRankAndPlace) {
  ThreadMessages messages(2);
  Communicator ranks(messages.of(0), ample);
  ranks.setOccasion("step 12, before its first bucket");
  Scene scene;
  scene.isAsked = false;
  scene.missing = "rank 1 does not run";
  const RankWatch watch(ranks, scene.around());
  EXPECT_TRUE(scene.isSilent()) << "nobody has asked it to end";
  scene.isAsked = true;
  EXPECT_EQ(scene.message.get(), "rank 0 of 2, step 12, before its first "
                                 "bucket: rank 1 does not run");
}

// Of ranks on other machines nothing is seen but that they do not answer.
TEST(RankWatchTest, NamesRankThatIsWaitedFor) {
  ThreadMessages messages(2);
  Scene scene;
  scene.seesAll = false;
  runRanks(
      2, ample,
      [&](Communicator &ranks) {
        char value = 0;
        ranks.setOccasion("step 12, losses");
        if (ranks.rank() == 1) {
          const RankWatch watch(ranks, scene.around());
          EXPECT_TRUE(ranks.broadcast(&value, 1).ok());
          return;
        }
        EXPECT_THAT(scene.message.get(),
                    HasSubstr("rank 1 of 2, step 12, losses: rank 0 does not "
                              "answer, and this one is asked to end"));
        EXPECT_TRUE(ranks.broadcast(&value, 1).ok());
      },
      messages);
}

// A rank that waits for others who run, or for a rank 0 that works and says so,
// ends as it was asked to, without a word.
TEST(RankWatchTest, SaysNothingOfRanksThatRun) {
  for (bool seesAll : {true, false}) {
    ThreadMessages messages(2);
    Scene scene;
    scene.seesAll = seesAll;
    runRanks(
        2, ample,
        [&](Communicator &ranks) {
          std::optional<RankWatch> watch;
          if (ranks.rank() == 1)
            watch.emplace(ranks, scene.around());
          const Status status = ranks.workAsFirst([] {
            std::this_thread::sleep_for(aWhile);
            return Status::success();
          });
          EXPECT_TRUE(status.ok()) << status.message();
          char value = 0;
          if (seesAll && ranks.isFirst())
            std::this_thread::sleep_for(aWhile);
          EXPECT_TRUE(ranks.broadcast(&value, 1).ok());
          EXPECT_FALSE(ranks.waitsFor());
        },
        messages);
    EXPECT_EQ(scene.message.wait_for(std::chrono::seconds(0)),
              std::future_status::timeout);
  }
}
