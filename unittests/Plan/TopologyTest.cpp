//===- TopologyTest.cpp ---------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Plan/Topology.h"
#include "segc/Plan/Tasks.h"
#include "gmock/gmock.h"

#include <sstream>

using namespace segc;
using testing::ElementsAre;
using testing::HasSubstr;

namespace {

std::string text(const std::vector<std::vector<int64_t>> &levels) {
  std::ostringstream out;
  for (size_t i = 0; i < levels.size(); ++i) {
    out << (i ? " " : "");
    for (size_t axis = 0; axis < levels[i].size(); ++axis)
      out << (axis ? "x" : "") << levels[i][axis];
  }
  return out.str();
}

struct Row {
  const char *task;
  int64_t dim;
  const char *kernels, *strides;
  std::vector<int64_t> bottleneck;
};

constexpr const char *cubes = "3x3x3 3x3x3 3x3x3 3x3x3 3x3x3 3x3x3";
constexpr const char *flatFirst = "1x3x3 3x3x3 3x3x3 3x3x3 3x3x3 3x3x3";
constexpr const char *squares = "3x3 3x3 3x3 3x3 3x3 3x3";
constexpr const char *halvings2d = "1x1 2x2 2x2 2x2 2x2 2x2";

// The table of the published plans.
// clang-format off
const Row rows[] = {
    {"01", 3, cubes, "1x1x1 2x2x2 2x2x2 2x2x2 2x2x2 2x2x2", {4, 4, 4}},
    {"02", 3, cubes, "1x1x1 2x2x2 2x2x2 2x2x2 2x2x2 1x2x2", {5, 6, 5}},
    {"03", 3, cubes, "1x1x1 2x2x2 2x2x2 2x2x2 2x2x2 2x2x2", {4, 4, 4}},
    {"04", 3, "3x3x3 3x3x3 3x3x3 3x3x3", "1x1x1 2x2x2 2x2x2 2x2x2", {5, 7, 5}},
    {"05", 3, "1x3x3 1x3x3 3x3x3 3x3x3 3x3x3 3x3x3", "1x1x1 1x2x2 1x2x2 2x2x2 2x2x2 1x2x2", {5, 10, 8}},
    {"06", 3, cubes, "1x1x1 2x2x2 2x2x2 2x2x2 2x2x2 1x2x2", {5, 6, 5}},
    {"07", 3, flatFirst, "1x1x1 1x2x2 2x2x2 2x2x2 2x2x2 1x2x2", {5, 7, 7}},
    {"08", 3, cubes, "1x1x1 2x2x2 2x2x2 2x2x2 2x2x2 1x2x2", {4, 6, 6}},
    {"09", 3, flatFirst, "1x1x1 1x2x2 2x2x2 2x2x2 2x2x2 2x2x2", {4, 6, 5}},
    {"10", 3, flatFirst, "1x1x1 1x2x2 2x2x2 2x2x2 2x2x2 1x2x2", {7, 6, 5}},
    {"01", 2, squares, halvings2d, {6, 5}},
    {"02", 2, squares, halvings2d, {10, 8}},
    {"03", 2, squares, halvings2d, {16, 16}},
    {"04", 2, "3x3 3x3 3x3 3x3", "1x1 2x2 2x2 2x2", {7, 5}},
    {"05", 2, squares, halvings2d, {10, 10}},
    {"06", 2, squares, halvings2d, {16, 16}},
    {"07", 2, squares, halvings2d, {16, 16}},
    {"08", 2, squares, halvings2d, {16, 16}},
    {"09", 2, squares, halvings2d, {16, 16}},
    {"10", 2, squares, halvings2d, {16, 16}},
};
// clang-format on

class TopologyTable : public testing::TestWithParam<Row> {};

TEST_P(TopologyTable, IsThePublishedPlan) {
  const Row &row = GetParam();
  StatusOr<DecathlonTask> task = findDecathlonTask(row.task);
  ASSERT_TRUE(task.ok()) << task.status().message();
  const PatchPlan &plan = task->plan(row.dim);
  StatusOr<Topology> topology = planTopology(plan.patch, plan.spacing);
  ASSERT_TRUE(topology.ok()) << topology.status().message();
  EXPECT_EQ(text(topology->kernels), row.kernels);
  EXPECT_EQ(text(topology->strides), row.strides);
  EXPECT_EQ(topology->bottleneck(plan.patch), row.bottleneck);
}

INSTANTIATE_TEST_SUITE_P(Tasks, TopologyTable, testing::ValuesIn(rows),
                         [](const auto &info) {
                           return "task" + std::string(info.param.task) + "_" +
                                  std::to_string(info.param.dim) + "d";
                         });

TEST(Topology, FiltersDoubleUpToTheirLimit) {
  EXPECT_THAT(planFilters(6, 3), ElementsAre(32, 64, 128, 256, 320, 320));
  EXPECT_THAT(planFilters(6, 2), ElementsAre(32, 64, 128, 256, 512, 512));
  EXPECT_THAT(planFilters(4, 3), ElementsAre(32, 64, 128, 256));
}

TEST(Topology, SaysWhatIsWrongWithAPatch) {
  EXPECT_THAT(
      planTopology({40, 56, 44}, {1, 1, 1}).status().message(),
      HasSubstr(
          "axis 2 is halved 3 times, so expected a multiple of 8, got 44"));
  EXPECT_THAT(planTopology({40}, {1}).status().message(),
              HasSubstr("expected 2 or 3 sizes, got 1"));
  EXPECT_THAT(planTopology({40, 40}, {1, 1, 1}).status().message(),
              HasSubstr("expected 2 values as the patch has, got 3"));
  EXPECT_THAT(planTopology({40, 0}, {1, 1}).status().message(),
              HasSubstr("sizes of at least 1, got 0"));
  EXPECT_THAT(planTopology({40, 40}, {1, 0}).status().message(),
              HasSubstr("values above 0, got 0"));
}

TEST(Tasks, AreFoundByNumber) {
  EXPECT_EQ(findDecathlonTask("4")->name, "Hippocampus");
  EXPECT_EQ(findDecathlonTask("04")->name, "Hippocampus");
  EXPECT_THAT(findDecathlonTask("11").status().message(),
              HasSubstr("expected 01 to 10, got '11'"));
}

TEST(Tasks, HaveIntensitiesExactlyForCt) {
  ASSERT_EQ(decathlonTasks().size(), 10u);
  for (const DecathlonTask &task : decathlonTasks())
    EXPECT_EQ(task.intensity.has_value(), task.modality == "CT") << task.id;
}

} // namespace
