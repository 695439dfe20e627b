//===- PreparedCaseTest.cpp - From a case to the grid of a plan -----------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Data/PreparedCase.h"
#include "TestSupport.h"
#include "segc/Runtime/Core/ThreadPool.h"

#include <set>

using namespace segc;
using testing::ElementsAre;

static int64_t voxels(Shape3 shape) { return shape[0] * shape[1] * shape[2]; }

/// Calls f(place, z, y, x).
template <typename F>
static void forEachVoxel(Shape3 shape, F f) {
  for (int64_t z = 0, place = 0; z < shape[0]; ++z)
    for (int64_t y = 0; y < shape[1]; ++y)
      for (int64_t x = 0; x < shape[2]; ++x, ++place)
        f(static_cast<size_t>(place), z, y, x);
}

/// The volumes that bench/peers/record_preparation.py prepares.
static std::vector<float> image(Shape3 shape, int64_t channel) {
  std::vector<float> values(static_cast<size_t>(voxels(shape)));
  forEachVoxel(shape, [&](size_t place, int64_t z, int64_t y, int64_t x) {
    const bool zero = z < 1 || y < 2 || x >= shape[2] - 1 ||
                      (z == 3 && y == 4 && x == 2) ||
                      z + y + x > shape[0] + shape[1] + shape[2] - 6;
    const int64_t number =
        (static_cast<int64_t>(place) + 5 * channel) * 7919 % 1009;
    values[place] = zero ? 0 : static_cast<float>(double(number) / 100.0 - 1);
  });
  return values;
}

static std::vector<uint8_t> labels(Shape3 shape) {
  std::vector<uint8_t> values(static_cast<size_t>(voxels(shape)));
  forEachVoxel(shape, [&](size_t place, int64_t z, int64_t y, int64_t x) {
    values[place] = static_cast<uint8_t>((z / 3 + y / 3 + x / 4) % 3);
  });
  return values;
}

static SourceCase sourceCase(Shape3 shape, std::array<double, 3> spacing,
                             size_t channels) {
  SourceCase source;
  source.path = "case.nii";
  for (size_t i = 0; i < channels; ++i) {
    Volume volume;
    volume.geometry.size = {shape[2], shape[1], shape[0]};
    volume.geometry.spacing = {spacing[2], spacing[1], spacing[0]};
    volume.voxels = Voxels(image(shape, static_cast<int64_t>(i)));
    source.images.push_back(std::move(volume));
    source.channels.push_back({i, 0, {}});
  }
  source.label = labels(shape);
  return source;
}

namespace {
struct PlannedCase {
  Plan plan;
  PlanConfiguration configuration;
};
} // namespace

static PlannedCase plannedCase(const Json &recorded) {
  PlannedCase result;
  Plan &plan = result.plan;
  plan.rules = findPlanRules(recorded["rules"].get<std::string>())
                   .value_or(PlanRules::V2);
  plan.classNames = {"background", "one", "two"};
  plan.transpose = recorded["transpose"].get<std::array<int64_t, 3>>();
  for (const Json &values : recorded["intensities"]) {
    ForegroundIntensities channel;
    channel.mean = values["mean"];
    channel.std = values["std"];
    channel.lowerClip = values["lower_clip"];
    channel.upperClip = values["upper_clip"];
    plan.intensities.push_back(channel);
    plan.channelNames.push_back("channel");
  }
  PlanConfiguration &configuration = result.configuration;
  configuration.spacing = recorded["spacing"].get<std::vector<double>>();
  configuration.patch = recorded["patch"].get<std::vector<int64_t>>();
  configuration.normalization =
      recorded["normalization"].get<std::vector<std::string>>();
  configuration.useMask = recorded["use_mask"].get<std::vector<bool>>();
  return result;
}

static StatusOr<PreparedCase>
prepared(const SourceCase &source, const PlannedCase &planned,
         PreparationUse use = PreparationUse::Training, unsigned threads = 2) {
  ThreadPool pool(threads);
  return prepareCase("case", source, planned.plan, planned.configuration, use,
                     pool);
}

static Json recordedCases() {
  StatusOr<std::string> text = readFile(
      SEGC_SOURCE_DIR "/unittests/Runtime/Data/golden/preparations.json");
  EXPECT_TRUE(text.ok()) << text.status().message();
  StatusOr<Json> cases = parseJson(text ? *text : "[]", "preparations.json");
  EXPECT_TRUE(cases.ok()) << cases.status().message();
  return cases ? *cases : Json::array();
}

TEST(PreparedCase, IsThatOfTheRecordings) {
  const Json cases = recordedCases();
  ASSERT_EQ(cases.size(), 13u);
  for (const Json &recorded : cases) {
    SCOPED_TRACE(recorded["plan"].dump());
    const PlannedCase planned = plannedCase(recorded["plan"]);
    const SourceCase source =
        sourceCase(recorded["shape"].get<Shape3>(),
                   recorded["spacing"].get<std::array<double, 3>>(),
                   planned.plan.channelNames.size());
    StatusOr<PreparedCase> result = prepared(source, planned);
    ASSERT_OK(result.status());
    ASSERT_EQ(result->shape, recorded["result"].get<Shape3>());
    const auto image = recorded["image"].get<std::vector<float>>();
    ASSERT_EQ(image.size(),
              static_cast<size_t>(result->voxels() * result->channels));
    for (size_t i = 0; i < image.size(); ++i)
      ASSERT_NEAR(result->image[i], image[i], 2e-5) << "value " << i;
    EXPECT_EQ(
        std::vector<int16_t>(result->labels, result->labels + result->voxels()),
        recorded["labels"].get<std::vector<int16_t>>());
  }
}

/// A plan of MLPerf's rules for one channel.
static PlannedCase plannedMlperf(std::vector<int64_t> patch) {
  PlannedCase result = plannedCase(recordedCases()[10]["plan"]);
  result.configuration.patch = std::move(patch);
  return result;
}

// The whole volume is kept, patches get its edges and the labels of its edges;
// predictions are of the volume alone.
TEST(PreparedCase, RepeatsTheEdgesByTheRulesOfMlperf) {
  const SourceCase source = sourceCase({7, 8, 6}, {1.6, 1.2, 1.2}, 1);
  const PlannedCase planned = plannedMlperf({10, 8, 9});
  StatusOr<PreparedCase> padded = prepared(source, planned);
  StatusOr<PreparedCase> bare =
      prepared(source, planned, PreparationUse::Validation);
  ASSERT_OK(padded.status());
  ASSERT_OK(bare.status());
  EXPECT_EQ(bare->shape, (Shape3{7, 8, 6}));
  ASSERT_EQ(padded->shape, (Shape3{10, 8, 9}));
  EXPECT_EQ(padded->record.padBefore, (Shape3{1, 0, 1}));
  forEachVoxel(
      padded->shape, [&](size_t place, int64_t z, int64_t y, int64_t x) {
        const auto inside =
            static_cast<size_t>((std::clamp<int64_t>(z - 1, 0, 6) * 8 + y) * 6 +
                                std::clamp<int64_t>(x - 1, 0, 5));
        EXPECT_EQ(padded->image[place], bare->image[inside]) << place;
        EXPECT_EQ(padded->labels[place], bare->labels[inside]) << place;
      });
  // Voxels of classes are drawn from the padding, too.
  int64_t ones = 0;
  for (int64_t i = 0; i < padded->voxels(); ++i)
    ones += padded->labels[i] == 1;
  EXPECT_EQ(static_cast<int64_t>(padded->classVoxels[0].size()), ones);
}

TEST(PreparedCase, RefusesPlanesByTheRulesOfMlperf) {
  EXPECT_EQ(
      prepared(sourceCase({1, 8, 6}, {1, 1, 1}, 1), plannedMlperf({4, 4, 4}))
          .status()
          .message(),
      "case.nii: a plane of 1x8x6 voxels, expected a volume by the rules "
      "mlperf");
}

TEST(PreparedCase, HasTheSameBitsForAnyNumberOfThreads) {
  const Json recorded = recordedCases()[0];
  const SourceCase source = sourceCase({37, 41, 52}, {1, 1, 1}, 2);
  const PlannedCase planned = plannedCase(recorded["plan"]);
  StatusOr<PreparedCase> one =
      prepared(source, planned, PreparationUse::Training, 1);
  StatusOr<PreparedCase> four =
      prepared(source, planned, PreparationUse::Training, 4);
  ASSERT_OK(one.status());
  ASSERT_OK(four.status());
  ASSERT_EQ(one->shape, four->shape);
  EXPECT_EQ(std::memcmp(one->image, four->image,
                        static_cast<size_t>(one->voxels() * one->channels) *
                            sizeof(float)),
            0);
  EXPECT_EQ(one->classVoxels, four->classVoxels);
}

// In whatever order the file has the axes, of one channel and of several.
TEST(PreparedCase, RowsInTheFilesAreThoseOfTheImage) {
  for (size_t channels : {1, 2})
    for (unsigned reversed = 0; reversed < 8; ++reversed) {
      PlannedCase planned = plannedCase(recordedCases()[0]["plan"]);
      planned.plan.rules = PlanRules::V2;
      planned.plan.transpose = {1, 2, 0};
      planned.plan.frame = AxisFrame::Ras;
      planned.plan.channelNames.assign(channels, "CT");
      planned.plan.intensities.assign(channels, {});
      for (ForegroundIntensities &values : planned.plan.intensities) {
        values.lowerClip = -0.5;
        values.upperClip = 7;
        values.mean = 2;
        values.std = 3;
      }
      planned.configuration.spacing = {1, 1, 1};
      planned.configuration.normalization.assign(channels, "ct");
      planned.configuration.useMask.assign(channels, false);
      SourceCase source = sourceCase({9, 300, 12}, {1, 1, 1}, channels);
      for (Volume &volume : source.images)
        for (size_t axis = 0; axis < 3; ++axis)
          volume.geometry.affine[axis][axis] = reversed >> axis & 1 ? -1 : 1;
      auto image = prepared(source, planned, PreparationUse::Prediction);
      auto rows = prepared(source, planned, PreparationUse::Windows);
      ASSERT_OK(image.status());
      ASSERT_OK(rows.status());
      ASSERT_TRUE(rows->rows);
      EXPECT_FALSE(rows->image);
      ASSERT_EQ(rows->shape, image->shape);
      EXPECT_EQ(rows->record.cropBegin, image->record.cropBegin);
      const auto step = static_cast<int64_t>(channels);
      const SourceCase moved = std::move(source);
      for (int64_t z = 0; z < image->shape[0]; ++z)
        for (int64_t y = 0; y < image->shape[1]; ++y)
          for (int64_t begin : {int64_t{0}, image->shape[2] / 3}) {
            const int64_t length = image->shape[2] - begin - 1;
            std::vector<float> row(static_cast<size_t>(length * step));
            rows->rows->read(z, y, begin, length, row.data());
            const float *expected =
                image->image +
                ((z * image->shape[1] + y) * image->shape[2] + begin) * step;
            ASSERT_EQ(row, std::vector<float>(expected, expected + row.size()));
          }
    }
}

// A normalisation over the volume, a mask and another grid need an image.
TEST(PreparedCase, RowsAreOfVoxelsThatDependOnOneVoxel) {
  PlannedCase planned = plannedCase(recordedCases()[0]["plan"]);
  planned.plan.rules = PlanRules::V2;
  planned.plan.channelNames.resize(1);
  planned.plan.intensities.resize(1);
  planned.configuration.useMask = {false};
  const SourceCase source = sourceCase({9, 8, 7}, {1, 1, 1}, 1);
  auto hasRows = [&](const std::vector<double> &spacing,
                     const std::string &normalization) {
    planned.configuration.spacing = spacing;
    planned.configuration.normalization = {normalization};
    auto result = prepared(source, planned, PreparationUse::Windows);
    EXPECT_TRUE(result.ok()) << result.status().message();
    EXPECT_NE(result->image != nullptr, result->rows != nullptr);
    return result->rows != nullptr;
  };
  EXPECT_TRUE(hasRows({1, 1, 1}, "ct"));
  EXPECT_FALSE(hasRows({1, 1, 1}, "zscore"));
  EXPECT_FALSE(hasRows({1, 1, 2}, "ct"));
}

// The box that is found from the ends of rows is that of all voxels.
TEST(PreparedCase, CropsToWhatIsNotZero) {
  PlannedCase planned = plannedCase(recordedCases()[0]["plan"]);
  planned.plan.rules = PlanRules::V2;
  planned.plan.transpose = {0, 1, 2};
  planned.plan.channelNames = {"a", "b"};
  planned.plan.intensities.resize(2);
  planned.configuration.spacing = {1, 1, 1};
  planned.configuration.normalization = {"zscore", "zscore"};
  planned.configuration.useMask = {false, false};
  const Shape3 shape = {5, 6, 200};
  SourceCase source = sourceCase(shape, {1, 1, 1}, 2);
  for (int number = 0; number < 40; ++number) {
    Shape3 low = shape, high = {-1, -1, -1};
    for (int image = 0; image < 2; ++image) {
      std::vector<float> values(static_cast<size_t>(voxels(shape)));
      for (int mark = 0; mark <= number % 4; ++mark) {
        const int64_t draw = int64_t{number} * 7919 + int64_t{mark} * 104729 +
                             int64_t{image} * 31;
        const Shape3 place = {draw % shape[0], draw / 5 % shape[1],
                              draw / 30 % shape[2]};
        values[static_cast<size_t>((place[0] * shape[1] + place[1]) * shape[2] +
                                   place[2])] = -1;
        for (size_t axis = 0; axis < 3; ++axis) {
          low[axis] = std::min(low[axis], place[axis]);
          high[axis] = std::max(high[axis], place[axis]);
        }
      }
      source.images[static_cast<size_t>(image)].voxels = Voxels(values);
    }
    for (PreparationUse use :
         {PreparationUse::Prediction, PreparationUse::Validation}) {
      auto result = prepared(source, planned, use);
      ASSERT_OK(result.status());
      EXPECT_EQ(result->record.cropBegin, low);
      for (size_t axis = 0; axis < 3; ++axis)
        EXPECT_EQ(result->record.cropShape[axis], high[axis] - low[axis] + 1);
    }
  }
}

// The whole way is in the record: crop, grid, padding, order of axes.
TEST(PreparedCase, RecordsTheWayBack) {
  const PlannedCase v2 = plannedCase(recordedCases()[3]["plan"]);
  StatusOr<PreparedCase> result =
      prepared(sourceCase({8, 7, 6}, {1, 1.2, 5}, 1), v2);
  ASSERT_OK(result.status());
  const PreparationRecord &record = result->record;
  EXPECT_THAT(record.fileShape, ElementsAre(6, 8, 7));
  EXPECT_THAT(record.fileSpacing, ElementsAre(5, 1, 1.2));
  EXPECT_THAT(record.cropBegin, ElementsAre(0, 1, 2));
  EXPECT_THAT(record.cropShape, ElementsAre(5, 7, 5));
  EXPECT_THAT(record.spacing, ElementsAre(3, 1.2, 1.3));
  EXPECT_EQ(record.resampledShape, result->shape);
  EXPECT_EQ(record.nearestAxis, 0u);

  const PlannedCase planes = plannedCase(recordedCases()[8]["plan"]);
  const SourceCase source = sourceCase({6, 7, 9}, {1, 1, 1}, 1);
  result = prepared(source, planes);
  ASSERT_OK(result.status());
  EXPECT_THAT(result->record.cropShape, ElementsAre(5, 5, 8));
  EXPECT_THAT(result->record.padBefore, ElementsAre(0, 1, -2));
  EXPECT_THAT(result->shape, ElementsAre(5, 8, 4));
  // A prediction is neither padded nor cut, and needs no label.
  result = prepared(source, planes, PreparationUse::Prediction);
  ASSERT_OK(result.status());
  EXPECT_THAT(result->shape, ElementsAre(5, 5, 8));
  EXPECT_EQ(result->labels, nullptr);
  EXPECT_TRUE(result->classVoxels.empty());
}

static PlannedCase plainPlan() {
  return plannedCase(recordedCases()[1]["plan"]);
}

TEST(PreparedCase, DrawsVoxelsOfEachClass) {
  const Shape3 shape = {60, 60, 60};
  StatusOr<PreparedCase> result =
      prepared(sourceCase(shape, {1, 1, 1}, 1), plainPlan());
  ASSERT_OK(result.status());
  ASSERT_EQ(result->classVoxels.size(), 2u);
  EXPECT_TRUE(result->labelledVoxels.empty());
  for (int label : {1, 2}) {
    const std::vector<int64_t> &places =
        result->classVoxels[static_cast<size_t>(label - 1)];
    EXPECT_EQ(places.size(), 10000u);
    EXPECT_TRUE(std::is_sorted(places.begin(), places.end()));
    EXPECT_EQ(std::set<int64_t>(places.begin(), places.end()).size(), 10000u);
    for (int64_t place : places)
      ASSERT_EQ(result->labels[place], label);
    // From the whole volume, evenly: the middle one lies about its middle.
    EXPECT_NEAR(double(places[5000]) / double(result->voxels()), 0.5, 0.03);
  }
}

TEST(PreparedCase, DrawsVoxelsOfRegionsAndOfWhatIsLabelled) {
  PlannedCase planned = plainPlan();
  planned.plan.regions = {{1, 2}, {2}};
  planned.plan.ignoreLabel = 3;
  SourceCase source = sourceCase({7, 8, 6}, {1, 1, 1}, 1);
  source.label[218] = 3;
  StatusOr<PreparedCase> result = prepared(source, planned);
  ASSERT_OK(result.status());
  std::vector<std::vector<int64_t>> expected(3);
  for (int64_t i = 0; i < result->voxels(); ++i) {
    const int16_t label = result->labels[i];
    if (label == 1 || label == 2)
      expected[0].push_back(i);
    if (label == 2)
      expected[1].push_back(i);
    if (label != 3)
      expected[2].push_back(i);
  }
  EXPECT_EQ(result->classVoxels[0], expected[0]);
  EXPECT_EQ(result->classVoxels[1], expected[1]);
  EXPECT_EQ(result->labelledVoxels, expected[2]);
  EXPECT_EQ(expected[2].size() + 1, static_cast<size_t>(result->voxels()));
}

// The storage order of a scan does not matter to a plan that asks for RAS.
TEST(PreparedCase, BringsVolumesToOneFrame) {
  PlannedCase planned = plainPlan();
  planned.plan.frame = AxisFrame::Ras;
  SourceCase source = sourceCase({7, 8, 6}, {1, 1, 1}, 1);
  VolumeGeometry &grid = source.images[0].geometry;
  grid.placedBy = PlacedBy::Sform;
  StatusOr<PreparedCase> straight = prepared(source, planned);
  ASSERT_OK(straight.status());
  // x runs from right to left.
  const std::vector<float> values = image({7, 8, 6}, 0);
  const std::vector<uint8_t> classes = labels({7, 8, 6});
  std::vector<float> mirrored(values.size());
  forEachVoxel({7, 8, 6}, [&](size_t place, int64_t, int64_t, int64_t x) {
    const size_t from =
        place - static_cast<size_t>(x) + static_cast<size_t>(5 - x);
    mirrored[place] = values[from];
    source.label[place] = classes[from];
  });
  grid.affine[0] = {-1, 0, 0, 5};
  source.images[0].voxels = Voxels(mirrored);
  StatusOr<PreparedCase> turned = prepared(source, planned);
  ASSERT_OK(turned.status());
  ASSERT_EQ(turned->shape, straight->shape);
  EXPECT_TRUE(turned->record.frame.reversed[0]);
  for (int64_t i = 0; i < turned->voxels(); ++i) {
    ASSERT_EQ(turned->labels[i], straight->labels[i]);
    ASSERT_NEAR(turned->image[i], straight->image[i], 1e-6);
  }
}

TEST(PreparedCase, RefusesWhatItCannotPrepare) {
  const Shape3 shape = {7, 8, 6};
  PlannedCase planned = plainPlan();
  SourceCase source = sourceCase(shape, {1, 1, 1}, 2);
  EXPECT_ERROR(prepared(source, planned).status(), InvalidArgument, "case.nii",
               "2 channels", "the plan has 1");

  source = sourceCase(shape, {1, 1, 1}, 1);
  source.label.clear();
  EXPECT_ERROR(prepared(source, planned).status(), InvalidArgument, "case.nii",
               "no label");

  source = sourceCase(shape, {1, 1, 1}, 1);
  std::vector<float> values(static_cast<size_t>(voxels(shape)), -1.0f);
  source.images[0].voxels = Voxels(values);
  ASSERT_OK(prepared(source, planned).status());
  planned.plan.rules = PlanRules::Example;
  EXPECT_ERROR(prepared(source, planned).status(), InvalidArgument, "case.nii",
               "no voxel above 0");
  planned.plan.rules = PlanRules::V2;
  values.assign(values.size(), 0);
  source.images[0].voxels = Voxels(values);
  EXPECT_ERROR(prepared(source, planned).status(), InvalidArgument,
               "no voxel other than 0");

  source = sourceCase(shape, {1e6, 1e6, 1e6}, 1);
  EXPECT_ERROR(prepared(source, planned).status(), InvalidArgument, "case.nii",
               "a spacing of 1000000 x 1000000 x 1000000 mm",
               "mm are planned; correct the spacing in the header");
  // A grid of one voxel shows nothing of the file.
  for (double spacing : {1e-7, 1e30}) {
    source = sourceCase(shape, {1, spacing, 1}, 1);
    EXPECT_ERROR(prepared(source, planned).status(), InvalidArgument,
                 "case.nii", "mm are planned; correct the spacing");
  }
  source = sourceCase(shape, {900, 900, 900}, 1);
  for (double &spacing : planned.configuration.spacing)
    spacing = 1;
  EXPECT_ERROR(prepared(source, planned).status(), InvalidArgument, "case.nii",
               "voxels at the planned spacing of 1 x 1 x 1 mm",
               "of this machine's memory");

  source = sourceCase(shape, {1, 1, 1}, 1);
  planned.configuration.normalization = {"rgb_to_0_1"};
  EXPECT_ERROR(prepared(source, planned).status(), InvalidArgument, "channel 0",
               "values from -0.95", "expected 0 to 255");
}
