//===- DecathlonDataset.h - Decathlon volumes -------------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_LIB_RUNTIME_DATA_DECATHLONDATASET_H
#define SEGC_LIB_RUNTIME_DATA_DECATHLONDATASET_H

#include "DecathlonCase.h"
#include "segc/Runtime/Data/Resample.h"

#include <mutex>

namespace segc::decathlon {

/// A case and, once asked for, its sample or what is wrong with it.
struct CachedCase {
  explicit CachedCase(DecathlonIndex::Case files) : files(std::move(files)) {}

  DecathlonIndex::Case files; ///< With full paths.
  std::mutex mutex;           // Guards what follows.
  bool loaded = false;
  Status status, labelStatus; ///< A bad label does not matter to a prediction.
  std::vector<float> image;
  std::vector<int32_t> label;
};

class DecathlonDataset : public Dataset {
public:
  static StatusOr<std::unique_ptr<DecathlonDataset>>
  create(const Json &pipeline, const DatasetOptions &options);

  /// Holds what a data set declares against what the model takes.
  Status setClasses(const std::map<int64_t, std::string> &found,
                    const std::string &where);
  Status checkModalities(const std::vector<std::string> &found,
                         const std::string &where) const;
  void addCase(Split split, DecathlonIndex::Case files) {
    addFile(files.image);
    if (!files.label.empty())
      addFile(files.label);
    splits[static_cast<size_t>(split)].push_back(
        std::make_unique<CachedCase>(std::move(files)));
  }

  const char *kind() const override { return "decathlon"; }
  int64_t count(Split split) const override {
    return static_cast<int64_t>(splits[static_cast<size_t>(split)].size());
  }
  std::string caseName(Split split, int64_t index) const override {
    return at(split, index).files.name;
  }
  const std::vector<int64_t> &imageShape() const override { return imageDims; }
  const std::vector<int64_t> &labelShape() const override { return labelDims; }
  const std::vector<std::string> &classNames() const override { return names; }
  Status load(Split split) const override;
  Status sample(Split split, int64_t index, const AugmentKey &key, float *image,
                int32_t *label) const override;
  StatusOr<SourceCase> source(Split split, int64_t index) const override;
  StatusOr<std::vector<uint8_t>>
  predictedLabels(Split split, int64_t index,
                  const float *probabilities) const override;
  Status writePrediction(Split split, int64_t index, const float *probabilities,
                         const PredictionFolders &folders) override;
  Status finishPredictions(const PredictionFolders &) override {
    return Status::success();
  }

private:
  CachedCase &at(Split split, int64_t index) const {
    return *splits[static_cast<size_t>(split)][static_cast<size_t>(index)];
  }
  size_t voxels() const {
    return static_cast<size_t>(shape[0] * shape[1] * shape[2]);
  }
  int64_t classes() const { return static_cast<int64_t>(names.size()); }
  CaseRules rules() const {
    return {*this, names, options.channel, options.labelMap, options.limits};
  }
  /// The image, and the label if there is a good one: what is wrong with it is
  /// noted.
  StatusOr<CaseContent> read(const DecathlonIndex::Case &files) const;
  /// The storage order that the network gets.
  AxisOrder frameOrder(const VolumeGeometry &geometry) const {
    return frame == AxisFrame::Ras ? orderToRas(geometry) : AxisOrder();
  }
  /// The classes of a prediction in the storage order of the file.
  std::vector<uint8_t> labelsOf(const float *probabilities,
                                const VolumeGeometry &geometry) const;
  Status writeOverlay(const std::string &path, const CaseContent &content,
                      const std::vector<uint8_t> &labels) const;
  Status prepare(CachedCase &cached) const;
  Status ensure(CachedCase &cached) const;

  DatasetOptions options;
  AxisFrame frame = AxisFrame::File;
  Size3 shape = {0, 0, 0};
  bool flipX = false, flipY = false;
  std::vector<int64_t> imageDims, labelDims;
  std::vector<std::string> names;
  std::array<std::vector<std::unique_ptr<CachedCase>>, 3> splits;
};

} // namespace segc::decathlon

#endif // SEGC_LIB_RUNTIME_DATA_DECATHLONDATASET_H
