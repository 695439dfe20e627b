//===- PostprocessTest.cpp - Post-processing of predicted labels ----------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Postprocess/Postprocess.h"
#include "../Data/TestSupport.h"

using namespace segc;
using segc::test::TemporaryFolder;
using testing::HasSubstr;

using Step = PostprocessStep;

namespace {
/// A plane whose classes are digits.
struct Plane {
  LabelGrid grid;
  std::vector<uint8_t> labels;

  explicit Plane(const std::vector<std::string> &rows, double spacing = 1) {
    grid.size = {static_cast<int64_t>(rows[0].size()),
                 static_cast<int64_t>(rows.size()), 1};
    grid.spacing = {spacing, spacing, spacing};
    for (const std::string &row : rows)
      for (char label : row)
        labels.push_back(static_cast<uint8_t>(label - '0'));
  }
  std::vector<std::string> rows() const {
    std::vector<std::string> rows;
    for (size_t i = 0; i < labels.size(); ++i) {
      if (i % static_cast<size_t>(grid.size[0]) == 0)
        rows.emplace_back();
      rows.back() += static_cast<char>('0' + labels[i]);
    }
    return rows;
  }
};
using Rows = std::vector<std::string>;
} // namespace

static std::vector<std::string> classNames() {
  return {"background", "liver", "tumour"};
}

static Rows processed(const Rows &rows, const std::string &text,
                      double spacing = 1) {
  Plane plane(rows, spacing);
  auto steps = parsePostprocess(text, classNames());
  EXPECT_TRUE(steps.ok()) << steps.status().message();
  postprocess(plane.labels, plane.grid, *steps);
  return plane.rows();
}

TEST(PostprocessTest, KeepsTheLargestComponent) {
  const Rows rows = {"1100020", //
                     "0012000", //
                     "0000022"};
  // Voxels that share a corner are connected.
  EXPECT_EQ(processed(rows, "largest"), (Rows{"1100000", //
                                              "0012000", //
                                              "0000000"}));
  EXPECT_EQ(processed(rows, "largest:1"), rows);
  EXPECT_EQ(processed(rows, "largest:tumour"), (Rows{"1100000", //
                                                     "0010000", //
                                                     "0000022"}));
  // Of equals the first is kept.
  EXPECT_EQ(processed({"1010202"}, "largest:each"), (Rows{"1000200"}));
  EXPECT_EQ(processed({"000"}, "largest"), (Rows{"000"}));
}

TEST(PostprocessTest, FillsHoles) {
  const Rows rows = {"0111022", //
                     "0101202", //
                     "0111022", //
                     "1000000"};
  // The hole of class 2 is open at its corner for no path through faces.
  EXPECT_EQ(processed(rows, "holes"), (Rows{"0111022", //
                                            "0111222", //
                                            "0111022", //
                                            "1000000"}));
  EXPECT_EQ(processed(rows, "holes:1"), (Rows{"0111022", //
                                              "0111202", //
                                              "0111022", //
                                              "1000000"}));
  // Another class inside is not background.
  const Rows nested = {"11111", //
                       "10201", //
                       "11111"};
  EXPECT_EQ(processed(nested, "holes:1"), nested);
  EXPECT_EQ(processed(nested, "holes"), (Rows{"11111", //
                                              "11211", //
                                              "11111"}));
  // Of neighbours of equal number the smaller class fills.
  EXPECT_EQ(processed({"0110", "1002", "0220"}, "holes"),
            (Rows{"0110", "1112", "0220"}));
}

TEST(PostprocessTest, HolesOfVolumesAreClosedOnAllSides) {
  LabelGrid grid;
  grid.size = {3, 3, 3};
  std::vector<uint8_t> labels(27, 1);
  labels[13] = 0;
  postprocess(labels, grid, {{Step::Kind::FillHoles, {}, 0}});
  EXPECT_EQ(labels[13], 1);
  labels[13] = labels[14] = 0; // A way out through a face.
  postprocess(labels, grid, {{Step::Kind::FillHoles, {}, 0}});
  EXPECT_EQ(labels[13], 0);
}

TEST(PostprocessTest, RemovesSmallComponents) {
  const Rows rows = {"110201", //
                     "110000"};
  // Voxels of 8 mm^3.
  EXPECT_EQ(processed(rows, "min-volume=8", 2), rows);
  EXPECT_EQ(processed(rows, "min-volume=8.5", 2), (Rows{"110000", "110000"}));
  EXPECT_EQ(processed(rows, "min-volume=8.5:2", 2), (Rows{"110001", "110000"}));
  EXPECT_EQ(processed(rows, "min-volume=33:each", 2),
            (Rows{"000000", "000000"}));
}

TEST(PostprocessTest, StepsFollowEachOther) {
  const Rows rows = {"1110", "1010", "1110", "0000", "1000"};
  EXPECT_EQ(processed(rows, "holes,largest"),
            (Rows{"1110", "1110", "1110", "0000", "0000"}));
  auto steps =
      parsePostprocess("largest,min-volume=0.1:each,holes:2", classNames());
  ASSERT_TRUE(steps.ok());
  EXPECT_EQ(postprocessText(*steps),
            "largest,min-volume=0.10000000000000001:1,"
            "min-volume=0.10000000000000001:2,holes:2");
  auto again = parsePostprocess(postprocessText(*steps), classNames());
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(postprocessText(*again), postprocessText(*steps));
}

TEST(PostprocessTest, LabelsOfARegion) {
  const Rows rows = {"1200102", //
                     "0000003"};
  Plane plane(rows);
  const std::vector<std::string> names = {"background", "a", "b", "c"};
  auto steps = parsePostprocess("largest:1+2", names);
  ASSERT_TRUE(steps.ok()) << steps.status().message();
  EXPECT_EQ(postprocessText(*steps), "largest:1+2");
  postprocess(plane.labels, plane.grid, *steps);
  EXPECT_EQ(plane.rows(), (Rows{"1200000", "0000003"}));
  for (const char *text :
       {"largest:1+", "largest:1+4", "largest:+", "holes:0+1"})
    EXPECT_THAT(parsePostprocess(text, names).status().message(),
                HasSubstr("expected each, 1 (a)"));
}

TEST(PostprocessTest, NamesWhatIsWrong) {
  auto message = [](const std::string &text) {
    const Status status = parsePostprocess(text, classNames()).status();
    EXPECT_EQ(status.code(), StatusCode::WrongUsage) << text;
    return status.message();
  };
  EXPECT_THAT(message("smallest"), HasSubstr("expected largest, holes"));
  EXPECT_THAT(message(""), HasSubstr("expected largest, holes"));
  EXPECT_THAT(message("largest,"), HasSubstr("expected largest, holes"));
  EXPECT_THAT(message("largest:0"), HasSubstr("1 (liver), 2 (tumour)"));
  EXPECT_THAT(message("largest:3"), HasSubstr("\"3\", expected each"));
  EXPECT_THAT(message("holes:background"), HasSubstr("expected each"));
  for (const char *volume : {"", "0", "-1", "nan", "3mm", "1e13"})
    EXPECT_THAT(message(std::string("min-volume=") + volume),
                HasSubstr("a number of mm^3"));
}

//===----------------------------------------------------------------------===//
// Choice
//===----------------------------------------------------------------------===//

static PostprocessChoice choose(const std::vector<std::pair<Rows, Rows>> &cases,
                                int64_t count,
                                const LabelClasses &classes = {}) {
  auto choice = choosePostprocess(
      static_cast<int64_t>(cases.size()), count, classes,
      [&](int64_t index) -> StatusOr<HeldOutCase> {
        const auto &[prediction, label] = cases[static_cast<size_t>(index)];
        const Plane plane(prediction);
        return HeldOutCase{plane.labels, Plane(label).labels, plane.grid};
      });
  EXPECT_TRUE(choice.ok());
  return *choice;
}

TEST(PostprocessChoiceTest, TakesWhatRaisesDice) {
  const PostprocessChoice choice =
      choose({{{"1110001"}, {"1110000"}}, {{"0110000"}, {"0110000"}}}, 2);
  EXPECT_EQ(postprocessText(choice.steps), "largest");
  EXPECT_DOUBLE_EQ(choice.diceBefore, (6.0 / 7 + 1) / 2);
  EXPECT_DOUBLE_EQ(choice.diceAfter, 1);
}

TEST(PostprocessChoiceTest, LeavesWhatDoesNot) {
  const PostprocessChoice choice =
      choose({{{"1110011"}, {"1110011"}}, {{"0110001"}, {"0110000"}}}, 2);
  EXPECT_TRUE(choice.steps.empty());
  EXPECT_DOUBLE_EQ(choice.diceAfter, choice.diceBefore);
}

TEST(PostprocessChoiceTest, NoClassMayLose) {
  // All of the foreground: class 1 wins more than class 2 loses. Alone, class 1
  // wins too.
  const PostprocessChoice choice =
      choose({{{"11110100102222022"}, {"11110000002222022"}}}, 3);
  EXPECT_EQ(postprocessText(choice.steps), "largest:1");
  EXPECT_DOUBLE_EQ(choice.diceAfter, 1);
}

// The second component lies where nothing is known.
TEST(PostprocessChoiceTest, IgnoredVoxelsDoNotSpeak) {
  const PostprocessChoice choice =
      choose({{{"1110011"}, {"1110033"}}}, 2, {{}, 3});
  EXPECT_TRUE(choice.steps.empty());
  EXPECT_DOUBLE_EQ(choice.diceBefore, 1);
}

// A component too many of one region is one of the region around it, too.
TEST(PostprocessChoiceTest, StepsOfARegionChangeOthers) {
  const PostprocessChoice choice = choose(
      {{{"1122110000111200"}, {"1122110000111000"}}}, 3, {{{1, 2}, {2}}, {}});
  EXPECT_EQ(postprocessText(choice.steps), "largest:2");
  EXPECT_DOUBLE_EQ(choice.diceBefore, (18.0 / 19 + 4.0 / 5) / 2);
  EXPECT_DOUBLE_EQ(choice.diceAfter, 1);
}

// What the step of {1, 2} removes is gone when it is the turn of {2}.
TEST(PostprocessChoiceTest, RegionsOneAfterTheOther) {
  const PostprocessChoice choice =
      choose({{{"1122110000200330"}, {"1122110000000330"}}}, 4,
             {{{1, 2}, {2}, {3}}, {}});
  EXPECT_EQ(postprocessText(choice.steps), "largest:1+2");
  EXPECT_DOUBLE_EQ(choice.diceBefore, (12.0 / 13 + 4.0 / 5 + 1) / 3);
  EXPECT_DOUBLE_EQ(choice.diceAfter, 1);
}

TEST(PostprocessChoiceTest, FailuresAreThoseOfTheCase) {
  const Status status = choosePostprocess(1, 2, {}, [](int64_t) {
                          return StatusOr<HeldOutCase>(ioError("gone"));
                        }).status();
  EXPECT_EQ(status.message(), "gone");
}

TEST(PostprocessTest, IsWrittenAndRead) {
  const TemporaryFolder folder;
  const std::string path = folder / "steps.json";
  const std::vector<std::string> names = {"background", "a", "b"};
  PostprocessChoice choice;
  choice.steps = *parsePostprocess("largest,largest:b,min-volume=2.5", names);
  choice.cases = 7;
  choice.diceBefore = 0.5;
  choice.diceAfter = 0.75;
  ASSERT_OK(writePostprocessFile(path, choice, names));
  auto read = readPostprocessFile(path, names);
  ASSERT_OK(read.status());
  EXPECT_EQ(postprocessText(*read), "largest,largest:2,min-volume=2.5");
  EXPECT_ERROR(readPostprocessFile(path, {"background", "a"}).status(),
               InvalidArgument, "chosen for the classes background, a, b",
               "the model has background, a");
  choice.steps.clear();
  ASSERT_OK(writePostprocessFile(path, choice, names));
  read = readPostprocessFile(path, names);
  ASSERT_OK(read.status());
  EXPECT_TRUE(read->empty());

  StatusOr<std::string> text = readFile(path);
  ASSERT_OK(text.status());
  const Json good = Json::parse(*text);
  auto refuses = [&](const char *key, const Json &value, StatusCode code,
                     const char *message) {
    Json changed = good;
    changed[key] = value;
    ASSERT_OK(writeFileAtomically(path, changed.dump()));
    const Status status = readPostprocessFile(path, names).status();
    EXPECT_EQ(status.code(), code) << status.message();
    EXPECT_THAT(status.message(), testing::HasSubstr(message));
  };
  refuses("format", "plan", StatusCode::InvalidArgument, "format \"plan\"");
  refuses("version", 2, StatusCode::Unsupported, "version 2, expected 1");
  refuses("steps", "most", StatusCode::DataLoss, "expected largest, holes");
  refuses("steps", 3, StatusCode::DataLoss, "steps");
}
