//===- RandomTest.cpp - Permutations, folds and epochs --------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "TestSupport.h"
#include "segc/Runtime/Data/EpochOrder.h"
#include "segc/Runtime/Data/NumpyRandom.h"

#include <numeric>
#include <set>

using namespace segc;
using testing::ElementsAre;
using testing::ElementsAreArray;
using testing::UnorderedElementsAreArray;

// The expected values are those of docs/ReferenceBehaviour.md.
TEST(RandomTest, NumpyPermutation) {
  EXPECT_THAT(NumpyRandom(0).permutation(10),
              ElementsAre(2, 8, 4, 9, 1, 6, 7, 3, 0, 5));
  EXPECT_THAT(NumpyRandom(0).permutation(30),
              ElementsAre(2, 28, 13, 10, 26, 24, 27, 11, 17, 22, 5, 16, 8, 14,
                          23, 20, 1, 29, 6, 4, 18, 19, 9, 7, 25, 3, 0, 21, 15,
                          12));
  EXPECT_TRUE(NumpyRandom(0).permutation(0).empty());
  EXPECT_THAT(NumpyRandom(3).permutation(1), ElementsAre(0));
}

TEST(RandomTest, UnetFolds) {
  const std::vector<std::vector<int64_t>> expected = {{25, 3, 0, 21, 15, 12},
                                                      {4, 18, 19, 9, 7, 25},
                                                      {23, 20, 1, 29, 6, 4},
                                                      {22, 5, 16, 8, 14, 23},
                                                      {26, 24, 27, 11, 17, 22}};
  for (int64_t fold = 0; fold < 5; ++fold) {
    FoldSplit split = unetFold(30, 0, fold);
    EXPECT_EQ(split.train.size(), 24u);
    EXPECT_THAT(split.validation,
                UnorderedElementsAreArray(expected[static_cast<size_t>(fold)]));
    std::set<int64_t> all(split.train.begin(), split.train.end());
    all.insert(split.validation.begin(), split.validation.end());
    EXPECT_EQ(all.size(), 30u);
  }
  FoldSplit whole = unetFold(30, 0, std::nullopt);
  EXPECT_EQ(whole.train.size(), 30u);
  EXPECT_TRUE(whole.validation.empty());
}

TEST(RandomTest, KFold) {
  struct Case {
    int64_t count;
    size_t size;
    std::vector<int64_t> first;
  };
  for (const Case &c : {Case{208, 42, {14, 16, 17, 19, 20, 27, 30, 33}},
                        Case{260, 52, {9, 10, 16, 18, 20, 30, 33, 40}},
                        Case{484, 97, {9, 10, 11, 17, 19, 27, 28, 31}}}) {
    FoldSplit split = kFold(c.count, 5, 12345, 0);
    EXPECT_EQ(split.validation.size(), c.size);
    split.validation.resize(8);
    EXPECT_THAT(split.validation, ElementsAreArray(c.first));
    std::set<int64_t> seen;
    for (int64_t fold = 0; fold < 5; ++fold) {
      FoldSplit part = kFold(c.count, 5, 12345, fold);
      EXPECT_EQ(part.train.size() + part.validation.size(), size_t(c.count));
      seen.insert(part.validation.begin(), part.validation.end());
    }
    EXPECT_EQ(seen.size(), static_cast<size_t>(c.count));
  }
}

// Any number of folds holds out each case once; more than the published five
// are what scikit-learn 1.9 draws.
TEST(RandomTest, KFoldOfAnyNumber) {
  for (int64_t folds : {2, 3, 10, 30}) {
    std::multiset<int64_t> seen;
    for (int64_t fold = 0; fold < folds; ++fold) {
      FoldSplit part = kFold(30, folds, 12345, fold);
      EXPECT_EQ(part.train.size() + part.validation.size(), 30u);
      seen.insert(part.validation.begin(), part.validation.end());
    }
    EXPECT_EQ(seen.size(), 30u) << folds;
    EXPECT_EQ(std::set<int64_t>(seen.begin(), seen.end()).size(), 30u);
  }
  EXPECT_THAT(kFold(208, 10, 12345, 3).validation,
              ElementsAre(2, 24, 35, 42, 44, 48, 50, 51, 55, 61, 73, 106, 111,
                          120, 122, 144, 146, 153, 157, 172, 190));
}

TEST(RandomTest, ShuffledOrder) {
  std::vector<int64_t> first = shuffledOrder(100, 7, 0);
  std::vector<int64_t> identity(100);
  std::iota(identity.begin(), identity.end(), 0);
  EXPECT_THAT(first, UnorderedElementsAreArray(identity));
  EXPECT_NE(first, identity);
  EXPECT_EQ(first, shuffledOrder(100, 7, 0));
  EXPECT_NE(first, shuffledOrder(100, 7, 1));
  EXPECT_NE(first, shuffledOrder(100, 8, 0));
  // Every element is at every position about equally often.
  std::vector<int> counts(16);
  for (uint64_t epoch = 0; epoch < 4000; ++epoch) {
    std::vector<int64_t> order = shuffledOrder(4, 1, epoch);
    for (size_t i = 0; i < 4; ++i)
      ++counts[i * 4 + static_cast<size_t>(order[i])];
  }
  // 1000 expected, standard deviation 27.
  EXPECT_THAT(counts, testing::Each(
                          testing::AllOf(testing::Gt(860), testing::Lt(1140))));
}

// A sequence that is resumed from its position continues as without
// interruption.
TEST(RandomTest, EpochOrderResumes) {
  EpochOrder whole(7, 3);
  std::vector<int64_t> expected;
  for (int i = 0; i < 30; ++i)
    expected.push_back(whole.next());
  EXPECT_EQ(whole.position(), 30u);
  EXPECT_EQ(whole.epoch(), 4u);
  for (uint64_t at = 0; at < 30; ++at) {
    EpochOrder resumed(7, 3);
    resumed.seek(at);
    EXPECT_EQ(resumed.next(), expected[at]);
    EXPECT_EQ(resumed.at(at), expected[at]);
  }
  std::set<int64_t> epoch(expected.begin() + 7, expected.begin() + 14);
  EXPECT_EQ(epoch.size(), 7u);
  EpochOrder plain(3, 9, false);
  EXPECT_EQ(plain.at(7), 1);
}
