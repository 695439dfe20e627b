//===- DealingTest.cpp - Work that ranks take from one list ---------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Distributed/Dealing.h"

#include "gmock/gmock.h"

#include <atomic>
#include <csignal>
#include <filesystem>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

using namespace segc;
using testing::ElementsAre;
using testing::HasSubstr;
namespace fs = std::filesystem;

namespace {

struct DealingRanks : testing::Test {
protected:
  void TearDown() override { fs::remove_all(fs::path(folder).parent_path()); }

public:
  std::string folder =
      testing::TempDir() + "dealing-" + std::to_string(::getpid()) + "/" +
      testing::UnitTest::GetInstance()->current_test_info()->name();
  std::vector<std::string> names = {"a", "b", "c", "d", "e", "f", "g"};

  std::unique_ptr<Dealing> join(int64_t rank, int64_t size,
                                const std::string &job = "job") {
    auto joined = Dealing::join(folder, {job, rank, size}, names);
    EXPECT_TRUE(joined.ok()) << joined.status().message();
    return joined.ok() ? std::move(*joined) : nullptr;
  }
  /// The unit that comes next; -1 for none.
  static int64_t next(Dealing &dealing, bool wait = true) {
    const auto unit = dealing.next(wait);
    EXPECT_TRUE(unit.ok()) << unit.status().message();
    return unit.ok() && *unit ? (*unit)->index : -1;
  }
  static void finish(Dealing &dealing, int64_t unit) {
    const Status status =
        dealing.finish(unit, "record " + std::to_string(unit));
    EXPECT_TRUE(status.ok()) << status.message();
  }
};

} // namespace

/// Each unit is dealt once, and one rank finishes the job with all records.
TEST_F(DealingRanks, DealsEachUnitOnce) {
  constexpr int64_t size = 3;
  std::vector<std::atomic<int>> taken(names.size());
  std::atomic<int> begun{0}, ended{0};
  std::vector<std::thread> ranks;
  for (int64_t rank = 0; rank < size; ++rank)
    ranks.emplace_back([&, rank] {
      auto joined = Dealing::join(folder, {"job", rank, size}, names, [&] {
        ++begun;
        return Status::success();
      });
      ASSERT_TRUE(joined.ok()) << joined.status().message();
      Dealing &dealing = **joined;
      for (int64_t unit; (unit = next(dealing)) >= 0;) {
        ++taken[static_cast<size_t>(unit)];
        finish(dealing, unit);
      }
      const StatusOr<bool> ends = dealing.waitForEnd();
      ASSERT_TRUE(ends.ok());
      if (*ends) {
        ++ended;
        const auto records = dealing.records();
        ASSERT_TRUE(records.ok()) << records.status().message();
        EXPECT_THAT(*records,
                    ElementsAre("record 0", "record 1", "record 2", "record 3",
                                "record 4", "record 5", "record 6"));
        EXPECT_TRUE(dealing.close(3).ok());
      }
      EXPECT_EQ(dealing.exitCode(), 3);
    });
  for (std::thread &rank : ranks)
    rank.join();
  for (const std::atomic<int> &times : taken)
    EXPECT_EQ(times, 1);
  EXPECT_EQ(begun, 1);
  EXPECT_EQ(ended, 1);
  EXPECT_FALSE(fs::exists(folder)) << "the last rank removes it";
}

/// Who was told something else than the first rank has no part in the job.
TEST_F(DealingRanks, ComparesSettings) {
  const auto joinWith = [&](int64_t number, const std::string &seed) {
    Dealing::Rank rank;
    rank.job = "job";
    rank.number = number;
    rank.size = 3;
    rank.settings = {{"the model", "abc"}, {"the seed", seed}};
    return Dealing::join(folder, rank, names);
  };
  auto first = joinWith(2, "1"), same = joinWith(1, "1");
  ASSERT_TRUE(first.ok()) << first.status().message();
  ASSERT_TRUE(same.ok()) << same.status().message();
  for (int64_t unit; (unit = next(**first)) >= 0;)
    finish(**first, unit);
  ASSERT_TRUE((*first)->close(0).ok());
  first->reset();
  same->reset();
  ASSERT_TRUE(fs::exists(folder)) << "for rank 0, which has yet to come";
  const auto other = joinWith(0, "2");
  EXPECT_EQ(other.status().code(), StatusCode::InvalidArgument);
  EXPECT_EQ(other.status().message(), "the seed of rank 0 is 2, of rank 2 1: "
                                      "all ranks of a job need the same");
  EXPECT_FALSE(fs::exists(folder));
}

/// The unit of a process that is killed goes to another rank, behind those that
/// nobody has tried.
TEST_F(DealingRanks, TakesOverFromAKilledProcess) {
  int ready[2];
  ASSERT_EQ(::pipe(ready), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    auto dealing = Dealing::join(folder, {"job", 1, 2}, names);
    const bool took = dealing.ok() && (*dealing)->next(true).ok();
    if (::write(ready[1], &took, 1) != 1)
      ::_exit(1);
    for (;;)
      ::pause();
  }
  char took = 0;
  ASSERT_EQ(::read(ready[0], &took, 1), 1);
  ASSERT_TRUE(took);
  const auto dealing = join(0, 2);
  for (int64_t expected = 1; expected < 7; ++expected) {
    EXPECT_EQ(next(*dealing), expected);
    finish(*dealing, expected);
  }
  EXPECT_EQ(next(*dealing, /*wait=*/false), -1) << "the other one has it";
  const auto open = Dealing::outcomeIn(folder);
  ASSERT_TRUE(open.ok()) << open.status().message();
  EXPECT_FALSE(open->isFinished);
  EXPECT_THAT(open->open, ElementsAre("a"));
  std::thread killer([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    ::kill(child, SIGKILL);
  });
  const auto unit = dealing->next(true);
  killer.join();
  ::waitpid(child, nullptr, 0);
  ASSERT_TRUE(unit.ok()) << unit.status().message();
  const Dealing::Unit taken = unit->value_or(Dealing::Unit{-1, -1});
  EXPECT_EQ(taken.index, 0);
  EXPECT_EQ(taken.attempts, 1);
}

/// A rank that ends in order gives back its units, which counts as no attempt;
/// it waits until another one has done them.
TEST_F(DealingRanks, TakesWhatARankGivesBack) {
  const auto first = join(0, 2);
  auto second = join(1, 2);
  EXPECT_EQ(next(*second), 0);
  std::thread failing([&] { EXPECT_EQ(second->withdraw(), std::optional(0)); });
  std::vector<int64_t> units;
  for (int64_t unit; (unit = next(*first)) >= 0; finish(*first, unit))
    units.push_back(unit);
  EXPECT_EQ(units.size(), names.size());
  const StatusOr<bool> ends = first->waitForEnd();
  ASSERT_TRUE(ends.ok() && *ends);
  EXPECT_TRUE(first->close(0).ok());
  failing.join();
}

/// Where all ranks give up, none waits.
TEST_F(DealingRanks, AllRanksGiveUp) {
  const auto first = join(0, 2), second = join(1, 2);
  EXPECT_EQ(next(*first), 0);
  EXPECT_EQ(next(*second), 1);
  std::thread other([&] { EXPECT_EQ(second->withdraw(), std::nullopt); });
  EXPECT_EQ(first->withdraw(), std::nullopt);
  other.join();
  const auto outcome = Dealing::outcomeIn(folder);
  ASSERT_TRUE(outcome.ok());
  EXPECT_EQ(outcome->open.size(), names.size());
}

/// Who does not wait takes no more than its share.
TEST_F(DealingRanks, LeavesOthersTheirShare) {
  const auto dealing = join(0, 3);
  EXPECT_EQ(next(*dealing, false), 0);
  EXPECT_EQ(next(*dealing, false), 1); // six are left, of which two are a share
  EXPECT_EQ(next(*dealing, false), -1);
  EXPECT_EQ(next(*dealing, true), 2);
}

/// One rank is killed while it ends the job; the other one ends it.
TEST_F(DealingRanks, AnotherRankEndsTheJob) {
  names = {"a"};
  auto first = join(0, 2);
  EXPECT_EQ(next(*first), 0);
  finish(*first, 0);
  ASSERT_TRUE(*first->waitForEnd());
  const auto second = join(1, 2);
  EXPECT_EQ(next(*second), -1);
  std::thread end([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(30));
    first.reset();
  });
  const StatusOr<bool> ends = second->waitForEnd();
  ASSERT_TRUE(ends.ok());
  EXPECT_TRUE(*ends);
  end.join();
}

/// What a job left is no reason to leave work out in the next one; a rank that
/// comes late to a finished job does nothing.
TEST_F(DealingRanks, TellsJobsApart) {
  auto first = join(0, 2);
  EXPECT_EQ(next(*first), 0);
  finish(*first, 0);
  const auto meanwhile = Dealing::join(folder, {"another", 0, 2}, names);
  ASSERT_FALSE(meanwhile.ok());
  EXPECT_THAT(meanwhile.status().message(),
              HasSubstr("ranks of another job are at work here"));
  names.pop_back();
  const auto other = Dealing::join(folder, {"job", 1, 2}, names);
  ASSERT_FALSE(other.ok());
  EXPECT_THAT(other.status().message(),
              HasSubstr("rank 1 sees other cases than the ranks before it"));
  first.reset();
  const auto next1 = join(0, 2, "another");
  EXPECT_EQ(next(*next1), 0);
  EXPECT_TRUE(next1->close(0).ok());
  const auto late = join(1, 2, "another");
  EXPECT_EQ(late->exitCode(), std::optional(0));
}

/// The last rank that leaves a job which is not finished undoes it; who comes
/// then begins anew.
TEST_F(DealingRanks, UndoesWhatIsNotFinished) {
  int undone = 0;
  const auto joinUndoing = [&](int64_t rank, bool keepsFolder) {
    auto joined = Dealing::join(
        folder, {"job", rank, 3, keepsFolder, [&] { ++undone; }}, names);
    EXPECT_TRUE(joined.ok()) << joined.status().message();
    return std::move(*joined);
  };
  for (const bool keepsFolder : {true, false}) {
    undone = 0;
    auto first = joinUndoing(0, keepsFolder),
         second = joinUndoing(1, keepsFolder);
    EXPECT_EQ(next(*first), 0);
    finish(*first, 0);
    first.reset();
    EXPECT_EQ(undone, 0) << "the other one goes on";
    second.reset();
    EXPECT_EQ(undone, 1);
    EXPECT_EQ(fs::exists(folder), keepsFolder);
    if (keepsFolder) {
      const auto outcome = Dealing::outcomeIn(folder);
      ASSERT_TRUE(outcome.ok());
      EXPECT_EQ(outcome->open, names);
    }
    EXPECT_EQ(next(*joinUndoing(2, keepsFolder)), 0);
    fs::remove_all(folder);
  }
}
