//===- CasePreparation.cpp - From a case to the grid of a plan ------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ClassVoxels.h"
#include "EdgePadding.h"
#include "FileRows.h"
#include "Normalization.h"
#include "PreparationGrid.h"
#include "segc/Runtime/Core/AlignedBuffer.h"
#include "segc/Runtime/Core/ThreadPool.h"
#include "segc/Runtime/Data/PreparedCase.h"

#include <algorithm>

using namespace segc;

static int64_t voxels(const Shape3 &shape) {
  return shape[0] * shape[1] * shape[2];
}

namespace {

class CasePreparation {
public:
  CasePreparation(const SourceCase &source, const Plan &plan,
                  const PlanConfiguration &configuration, PreparationUse use,
                  ThreadPool &pool)
      : source(source), plan(plan), configuration(configuration), use(use),
        pool(pool) {}

  StatusOr<PreparedCase> run();

private:
  Status place();
  Status crop();
  bool hasLabels() const {
    return use == PreparationUse::Training || use == PreparationUse::Validation;
  }
  /// Whether a normalisation or the labels tell voxels inside and outside of
  /// the mask.
  bool needsMask() const;
  /// Leaves the image in the files of the case, if that is possible.
  bool keepRows();
  void pad();
  Status allocate();
  /// The label values in the crop, -1 where v2 has no tissue.
  std::vector<int16_t> croppedLabels() const;
  Status prepareChannel(size_t channel, const std::vector<int16_t> &labels);
  void prepareLabels(const std::vector<int16_t> &labels);
  ChannelNormalization normalization(size_t channel,
                                     const int16_t *labels) const;
  Status normalize(size_t channel, const int16_t *labels, float *values,
                   int64_t count);
  /// Reads the crop of a channel.
  void readChannel(size_t channel, float *values) const;
  std::vector<float> resampled(std::vector<float> values) const;
  /// Calls f(place on the resampled grid, place in the result, voxels) for
  /// each row that the result shows, from several threads.
  template <typename F>
  void forEachShownRow(F f) const;
  /// By the rules of MLPerf padding repeats the edges; a voxel is `step`
  /// values.
  template <typename T>
  void padWithEdges(T *values, int64_t step) const {
    if (plan.rules == PlanRules::Mlperf)
      repeatEdges(values, prepared.shape, prepared.record.padBefore,
                  prepared.record.resampledShape, step, pool);
  }

  const SourceCase &source;
  const Plan &plan;
  const PlanConfiguration &configuration;
  PreparationUse use;
  ThreadPool &pool;
  std::vector<NetworkGrid<Voxels>> channels;
  NonzeroCrop box;
  PreparedCase prepared;
  float *image = nullptr;
  int16_t *labelGrid = nullptr;
};

/// What a prepared case points to.
struct PreparedArrays {
  AlignedBuffer image, labels;
};

} // namespace

Status CasePreparation::place() {
  prepared.channels = static_cast<int64_t>(source.channels.size());
  if (source.channels.size() != plan.channelNames.size())
    return invalidArgument(
        source.path + ": " + std::to_string(source.channels.size()) +
        " channels, the plan has " + std::to_string(plan.channelNames.size()));
  if (hasLabels() && source.label.empty())
    return invalidArgument(source.path + ": no label, expected one");
  placeCase(source, plan.frame, plan.transpose, prepared.record);
  channels = networkGrids(source, prepared.record);
  return Status::success();
}

bool CasePreparation::needsMask() const {
  const std::vector<bool> &masked = configuration.useMask;
  return plan.rules == PlanRules::V2 &&
         (hasLabels() || std::count(masked.begin(), masked.end(), true) > 0);
}

Status CasePreparation::crop() {
  box = needsMask() ? cropToNonzero(channels, plan.rules, pool)
                    : cropBox(channels, plan.rules, pool);
  return recordCrop(source, plan.rules, box, prepared.record);
}

void CasePreparation::pad() {
  PreparationRecord &record = prepared.record;
  prepared.shape = record.resampledShape;
  if (plan.rules == PlanRules::V2 || use != PreparationUse::Training)
    return;
  const size_t dim = configuration.patch.size();
  for (size_t axis = 3 - dim; axis < 3; ++axis) {
    const int64_t size = prepared.shape[axis];
    const int64_t patch = configuration.patch[axis + dim - 3];
    if (size < patch) {
      record.padBefore[axis] = (patch - size) / 2;
      prepared.shape[axis] = patch;
    } else if (dim == 2) {
      record.padBefore[axis] = -((size - patch) / 2);
      prepared.shape[axis] = patch;
    }
  }
}

Status CasePreparation::allocate() {
  auto arrays = std::make_shared<PreparedArrays>();
  const auto count = static_cast<uint64_t>(prepared.voxels());
  SEGC_ASSIGN_OR_RETURN(
      arrays->image,
      AlignedBuffer::create(count * channels.size() * sizeof(float),
                            "a prepared image"));
  image = arrays->image.floats();
  prepared.image = image;
  if (hasLabels()) {
    SEGC_ASSIGN_OR_RETURN(
        arrays->labels,
        AlignedBuffer::create(count * sizeof(int16_t), "prepared labels"));
    labelGrid = reinterpret_cast<int16_t *>(arrays->labels.data());
    prepared.labels = labelGrid;
  }
  prepared.storage = std::move(arrays);
  return Status::success();
}

std::vector<int16_t> CasePreparation::croppedLabels() const {
  std::vector<int16_t> labels;
  if (!hasLabels() && box.mask.empty())
    return labels;
  const auto count = static_cast<size_t>(box.voxels());
  labels.resize(count);
  if (hasLabels()) {
    const LabelView view = source.labelView();
    const NetworkGrid<std::vector<uint8_t>> grid(
        reordered(view, prepared.record.frame), plan.transpose);
    for (int64_t depth = 0; depth < box.shape[0]; ++depth)
      for (int64_t height = 0; height < box.shape[1]; ++height)
        grid.readRow(box.begin[0] + depth, box.begin[1] + height, box.begin[2],
                     box.shape[2],
                     labels.data() +
                         (depth * box.shape[1] + height) * box.shape[2]);
  }
  if (!box.mask.empty())
    for (size_t i = 0; i < count; ++i)
      if (labels[i] == 0 && !box.mask[i])
        labels[i] = -1;
  return labels;
}

ChannelNormalization
CasePreparation::normalization(size_t channel, const int16_t *labels) const {
  ChannelNormalization how;
  how.rules = plan.rules;
  how.scheme = configuration.normalization[channel];
  how.useMask = configuration.useMask[channel];
  how.intensities = plan.intensities[channel];
  how.labels = labels;
  return how;
}

Status CasePreparation::normalize(size_t channel, const int16_t *labels,
                                  float *values, int64_t count) {
  return normalizeChannel(normalization(channel, labels), values, count, pool)
      .withContext(source.path + ": channel " + std::to_string(channel));
}

std::vector<float> CasePreparation::resampled(std::vector<float> values) const {
  const PreparationRecord &record = prepared.record;
  const Shape3 &from = record.cropShape, &to = record.resampledShape;
  if (from == to)
    return values;
  std::vector<float> result(static_cast<size_t>(voxels(to)));
  if (plan.rules == PlanRules::Mlperf) {
    std::array<Interpolation, 3> aligned;
    aligned.fill(Interpolation::LinearAligned);
    resizeGrid(values.data(), from, result.data(), to, aligned, pool);
    return result;
  }
  const bool example = plan.rules == PlanRules::Example;
  if (record.nearestAxis) {
    resizePlanes(
        values.data(), from, result.data(), to, *record.nearestAxis,
        example ? Interpolation::CatmullRom : Interpolation::CubicSpline, pool);
    return result;
  }
  // The library of the example took a last axis that keeps its size for
  // channels of a plane.
  std::array<Interpolation, 3> axes;
  axes.fill(example && from[2] == to[2] ? Interpolation::CatmullRom
                                        : Interpolation::CubicSpline);
  resizeGrid(values.data(), from, result.data(), to, axes, pool);
  return result;
}

template <typename F>
void CasePreparation::forEachShownRow(F f) const {
  const Shape3 &from = prepared.record.resampledShape, &to = prepared.shape;
  Shape3 first, end; // On the resampled grid.
  for (size_t axis = 0; axis < 3; ++axis) {
    const int64_t pad = prepared.record.padBefore[axis];
    first[axis] = std::max<int64_t>(0, -pad);
    end[axis] = std::min(from[axis], to[axis] - pad);
  }
  const Shape3 &pad = prepared.record.padBefore;
  pool.parallelFor(end[0] - first[0], [&](int64_t task, uint32_t) {
    const int64_t depth = first[0] + task;
    for (int64_t height = first[1]; height < end[1]; ++height)
      f((depth * from[1] + height) * from[2] + first[2],
        ((depth + pad[0]) * to[1] + height + pad[1]) * to[2] + first[2] +
            pad[2],
        end[2] - first[2]);
  });
}

void CasePreparation::readChannel(size_t channel, float *values) const {
  pool.parallelFor(box.shape[0], [&](int64_t depth, uint32_t) {
    for (int64_t height = 0; height < box.shape[1]; ++height)
      channels[channel].readRow(box.begin[0] + depth, box.begin[1] + height,
                                box.begin[2], box.shape[2],
                                values + (depth * box.shape[1] + height) *
                                             box.shape[2]);
  });
}

Status CasePreparation::prepareChannel(size_t channel,
                                       const std::vector<int16_t> &labels) {
  const bool resamplesFirst = plan.rules != PlanRules::V2;
  const int16_t *mask =
      resamplesFirst || labels.empty() ? nullptr : labels.data();
  const PreparationRecord &record = prepared.record;
  if (channels.size() == 1 && record.resampledShape == record.cropShape &&
      prepared.shape == record.cropShape) {
    readChannel(channel, image);
    return normalize(channel, mask, image, prepared.voxels());
  }
  std::vector<float> values(static_cast<size_t>(box.voxels()));
  auto normalizeValues = [&] {
    return normalize(channel, mask, values.data(),
                     static_cast<int64_t>(values.size()));
  };
  readChannel(channel, values.data());
  if (!resamplesFirst)
    SEGC_RETURN_IF_ERROR(normalizeValues());
  values = resampled(std::move(values));
  if (resamplesFirst)
    SEGC_RETURN_IF_ERROR(normalizeValues());
  const auto step = static_cast<int64_t>(channels.size());
  forEachShownRow([&](int64_t from, int64_t to, int64_t length) {
    float *result = image + to * step + static_cast<int64_t>(channel);
    for (int64_t i = 0; i < length; ++i)
      result[i * step] = values[static_cast<size_t>(from + i)];
  });
  return Status::success();
}

void CasePreparation::prepareLabels(const std::vector<int16_t> &labels) {
  const PreparationRecord &record = prepared.record;
  std::vector<int16_t> resized(
      static_cast<size_t>(voxels(record.resampledShape)));
  if (plan.rules == PlanRules::Mlperf)
    pickLabels(labels.data(), record.cropShape, resized.data(),
               record.resampledShape, pool);
  else
    resizeLabels(labels.data(), record.cropShape, resized.data(),
                 record.resampledShape, record.nearestAxis, pool);
  forEachShownRow([&](int64_t from, int64_t to, int64_t length) {
    std::copy_n(resized.begin() + from, length, labelGrid + to);
  });
  padWithEdges(labelGrid, 1);
  drawClassVoxels(plan, prepared);
}

bool CasePreparation::keepRows() {
  const PreparationRecord &record = prepared.record;
  if (use != PreparationUse::Windows ||
      record.resampledShape != record.cropShape)
    return false;
  std::vector<VoxelNormalization> maps;
  for (size_t i = 0; i < channels.size(); ++i)
    if (const auto map = voxelNormalization(normalization(i, nullptr)))
      maps.push_back(*map);
  if (maps.size() < channels.size())
    return false;
  prepared.rows = std::make_shared<FileRows>(std::move(channels),
                                             std::move(maps), record.cropBegin);
  return true;
}

StatusOr<PreparedCase> CasePreparation::run() {
  SEGC_RETURN_IF_ERROR(place());
  SEGC_RETURN_IF_ERROR(crop());
  planGrid(configuration, plan.rules, prepared.record);
  SEGC_RETURN_IF_ERROR(
      checkGrid(prepared.record, prepared.channels).withContext(source.path));
  pad();
  if (keepRows())
    return std::move(prepared);
  SEGC_RETURN_IF_ERROR(allocate());
  const std::vector<int16_t> labels = croppedLabels();
  for (size_t i = 0; i < channels.size(); ++i)
    SEGC_RETURN_IF_ERROR(prepareChannel(i, labels));
  padWithEdges(image, prepared.channels);
  if (labelGrid)
    prepareLabels(labels);
  return std::move(prepared);
}

StatusOr<PreparedCase> segc::prepareCase(const std::string &name,
                                         const SourceCase &source,
                                         const Plan &plan,
                                         const PlanConfiguration &configuration,
                                         PreparationUse use, ThreadPool &pool) {
  SEGC_ASSIGN_OR_RETURN(
      PreparedCase prepared,
      CasePreparation(source, plan, configuration, use, pool).run());
  prepared.name = name;
  return prepared;
}
