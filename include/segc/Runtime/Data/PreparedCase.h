//===- PreparedCase.h - A case on the grid of a plan ------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One case as a planned network sees it: cropped, resampled to the plan's
// spacing and normalised, in the order of the plan's rules
// (docs/ReferenceBehaviour.md, "Preprocessing"; docs/Planning.md). Axes are
// those of the network: depth, height, width in the order of Plan::transpose.
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_RUNTIME_DATA_PREPAREDCASE_H
#define SEGC_RUNTIME_DATA_PREPAREDCASE_H

#include "segc/Plan/Plan.h"
#include "segc/Runtime/Data/CaseReader.h"
#include "segc/Runtime/Data/GridResize.h"

#include <memory>

namespace segc {

/// What preparation did, in its order: enough to go back to the grid of the
/// file. All but `geometry` and `frame` have the axes of the network.
struct PreparationRecord {
  VolumeGeometry geometry; ///< Of the file, in its storage order.
  /// From the file's axes (x, y, z) to those of the plan's frame; axis i of
  /// the network is axis transpose[i] of (z, y, x) in that frame.
  AxisOrder frame;
  std::array<int64_t, 3> transpose = {0, 1, 2};
  Shape3 fileShape = {0, 0, 0};
  std::array<double, 3> fileSpacing = {1, 1, 1}; ///< Millimetres.
  Shape3 cropBegin = {0, 0, 0}, cropShape = {0, 0, 0};
  /// Millimetres, as planned; planes keep the distance of the file.
  std::array<double, 3> spacing = {1, 1, 1};
  /// Equal to cropShape where nothing was resampled.
  Shape3 resampledShape = {0, 0, 0};
  /// Planes across this axis were resized one by one, the nearest was taken.
  std::optional<size_t> nearestAxis;
  /// Voxels of padding in front of the resampled grid: zeros, or by the rules
  /// of MLPerf its edges; negative: voxels that were cut.
  Shape3 padBefore = {0, 0, 0};
};

/// The voxels of a prepared image, row by row.
class ImageRows {
public:
  virtual ~ImageRows() = default;
  /// Writes [length][channels] voxels of a row. May be called by several
  /// threads at once.
  virtual void read(int64_t depth, int64_t height, int64_t begin,
                    int64_t length, float *values) const = 0;
};

/// A view of a prepared case; `storage` keeps alive what it points to, memory
/// or a mapped file. Copies are cheap and share the arrays.
struct PreparedCase {
  std::string name;
  Shape3 shape = {0, 0, 0}; ///< Depth is 1 only for data of one slice.
  int64_t channels = 0;
  const float *image = nullptr; ///< [depth][height][width][channels]
  /// Instead of `image`, where PreparationUse::Windows finds that each voxel
  /// depends on one voxel of the file.
  std::shared_ptr<const ImageRows> rows;
  /// [depth][height][width]; null in prediction. The values of the label files:
  /// classes, or what regions are made of, and Plan::ignoreLabel. By the rules
  /// of v2, -1 is background outside of the non-zero mask.
  const int16_t *labels = nullptr;
  /// For each class but the background, or each region: some of its voxels as
  /// places in `labels`, ascending: all up to 10000, else 10000 or 1 percent,
  /// whichever is more, drawn without replacement. For oversampling.
  std::vector<std::vector<int64_t>> classVoxels;
  /// The same of all voxels without the ignore label; empty if the plan has
  /// none.
  std::vector<int64_t> labelledVoxels;
  PreparationRecord record;
  std::shared_ptr<const void> storage;

  int64_t voxels() const { return shape[0] * shape[1] * shape[2]; }
};

/// What a case is prepared for.
enum class PreparationUse {
  /// With labels, and by the rules of the published example and of MLPerf
  /// padded to the patch (planes also cut to it).
  Training,
  Prediction, ///< Without labels; windows pad for themselves.
  /// Like prediction. Where nothing is resampled and a normalisation looks at
  /// no other voxel, the image stays in the case's files: `rows` reads it, and
  /// the source, which may be moved, must outlive them.
  Windows,
  Validation, ///< With labels, otherwise like prediction.
};

/// Prepares a case that was read with Plan's channels. Results do not depend on
/// the number of threads. Fails for a case without a voxel to crop to, and
/// without a label where labels are wanted; the message names `source.path`.
StatusOr<PreparedCase> prepareCase(const std::string &name,
                                   const SourceCase &source, const Plan &plan,
                                   const PlanConfiguration &configuration,
                                   PreparationUse use, ThreadPool &pool);

/// The record up to the crop, for fingerprints; fails like prepareCase.
StatusOr<PreparationRecord> cropRecord(const SourceCase &source,
                                       PlanRules rules, AxisFrame frame,
                                       const std::array<int64_t, 3> &transpose);

/// Prepared cases that patches are taken from: those of a cache, or in memory.
class PatchSource {
public:
  virtual ~PatchSource() = default;
  virtual int64_t cases() const = 0;
  virtual const std::string &caseName(int64_t index) const = 0;
  /// May be called by several threads at once.
  virtual StatusOr<PreparedCase> at(int64_t index) const = 0;
};

/// Cases in memory.
class MemoryPatchSource : public PatchSource {
public:
  explicit MemoryPatchSource(std::vector<PreparedCase> prepared)
      : prepared(std::move(prepared)) {}
  int64_t cases() const override {
    return static_cast<int64_t>(prepared.size());
  }
  const std::string &caseName(int64_t index) const override {
    return prepared[static_cast<size_t>(index)].name;
  }
  StatusOr<PreparedCase> at(int64_t index) const override {
    return prepared[static_cast<size_t>(index)];
  }

private:
  std::vector<PreparedCase> prepared;
};

/// Some cases of another source, which must outlive it.
class PatchSubset : public PatchSource {
public:
  PatchSubset(const PatchSource &all, std::vector<int64_t> places)
      : all(all), places(std::move(places)) {}
  int64_t cases() const override { return static_cast<int64_t>(places.size()); }
  const std::string &caseName(int64_t index) const override {
    return all.caseName(places[static_cast<size_t>(index)]);
  }
  StatusOr<PreparedCase> at(int64_t index) const override {
    return all.at(places[static_cast<size_t>(index)]);
  }

private:
  const PatchSource &all;
  std::vector<int64_t> places;
};

} // namespace segc

#endif // SEGC_RUNTIME_DATA_PREPAREDCASE_H
