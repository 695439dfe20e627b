//===- IsbiDataset.h - ISBI 2012 slices -------------------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_LIB_RUNTIME_DATA_ISBIDATASET_H
#define SEGC_LIB_RUNTIME_DATA_ISBIDATASET_H

#include "segc/Runtime/Data/DataSet.h"
#include "segc/Runtime/Data/Resample.h"
#include "segc/Runtime/Data/Tiff.h"

#include <map>
#include <mutex>

namespace segc::isbi {

/// Height and width in pixels.
struct Extent {
  int64_t height = 0, width = 0;
  size_t size() const { return static_cast<size_t>(height * width); }
};

/// A TIFF and its labels.
struct Slices {
  std::string name;       ///< "train", "test" or the file's own.
  TiffStack image, label; ///< `label` has no pages where it is unknown.
  Status status; ///< Of a file that cannot be read: it stands for one case.
  Status labelStatus; ///< A bad label does not matter to a prediction.
};

/// What the network sees of a page.
struct Prepared {
  std::vector<float> image;   ///< resize, not yet padded
  std::vector<uint8_t> label; ///< output
};

/// A page of one of the stacks.
struct Place {
  size_t stack = 0;
  int64_t page = 0;
  bool operator<(const Place &other) const {
    return stack != other.stack ? stack < other.stack : page < other.page;
  }
};

class IsbiDataset : public Dataset {
public:
  static StatusOr<std::unique_ptr<IsbiDataset>>
  create(const Json &pipeline, const DatasetOptions &options);

  /// Adds the slices of a stack to the splits. What is wrong with those that
  /// train is kept for load(): it does not matter to a prediction.
  void addTraining(const std::string &folder) {
    trainingStatus = readTraining(folder);
  }
  Status addTest(const std::string &path, const std::string &name);
  /// Adds a case that fails with `status`: the other files go on.
  void addUnreadable(const std::string &name, const Status &status);

  const char *kind() const override { return "isbi"; }
  int64_t count(Split split) const override {
    return static_cast<int64_t>(places(split).size());
  }
  std::string caseName(Split split, int64_t index) const override;
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
  Status finishPredictions(const PredictionFolders &folders) override;

private:
  Status writeOverlay(const std::string &folder, Split split, int64_t index,
                      std::vector<uint8_t> labels) const;
  const std::vector<Place> &places(Split split) const {
    return splits[static_cast<size_t>(split)];
  }
  const Place &place(Split split, int64_t index) const {
    return places(split)[static_cast<size_t>(index)];
  }
  PixelRule pixelRule() const {
    return options.legacyResize ? PixelRule::Legacy : PixelRule::HalfPixel;
  }
  /// A page of a stack and its label, empty where it is unknown; labels as 0
  /// and 1.
  StatusOr<std::vector<uint8_t>> imageAt(const Place &at) const {
    return stacks[at.stack].image.page(at.page);
  }
  StatusOr<std::vector<uint8_t>> labelAt(const Place &at) const;
  StatusOr<Prepared> prepare(const Place &at) const;
  Status readTraining(const std::string &folder);
  Status readLabels(const std::string &path, Slices &slices) const;
  Status checkLabels(const Slices &slices, const std::string &path) const;
  StatusOr<TiffStack> read(const std::string &path, TiffUse use) const;
  Status writeMasks(const PredictionFolders &folders, const char *ending,
                    const std::map<std::pair<Split, Place>,
                                   std::vector<uint8_t>> &pages) const;

  DatasetOptions options;
  Extent resize, canvas;
  std::vector<int64_t> imageDims, labelDims;
  std::vector<std::string> names;
  std::vector<Slices> stacks;
  Status trainingStatus;
  /// Pages that train or validate are prepared once, others when they are
  /// asked for.
  std::map<Place, Prepared> prepared;
  std::array<std::vector<Place>, 3> splits;

  std::mutex mutex; // Guards the masks.
  std::map<std::pair<Split, Place>, std::vector<uint8_t>> masks, greyMasks;
};

} // namespace segc::isbi

#endif // SEGC_LIB_RUNTIME_DATA_ISBIDATASET_H
