//===- SegmentationWriter.h - Masks and pictures of predictions -*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_RUNTIME_DATA_SEGMENTATIONWRITER_H
#define SEGC_RUNTIME_DATA_SEGMENTATIONWRITER_H

#include "segc/Runtime/Data/DataSet.h"

#include <functional>
#include <map>
#include <mutex>

namespace segc {

/// Where masks and pictures go; made if absent. None if empty.
struct PredictionFolders {
  std::string predictions, overlays;
  /// The file of the only mask, which lies in `predictions`; empty: masks are
  /// named after their cases.
  std::string mask = {};
};

/// The format of the masks of an image.
const ImageFormat &maskFormatOf(const std::string &image);

/// Writes predictions on the grids of their cases, in the format of their
/// images: `<case>.nii.gz` for a volume; slices become pages of one file for
/// each of theirs (test-masks.tif), 0 and 255, which finish() writes. Several
/// threads may write cases.
class SegmentationWriter {
public:
  /// The data set outlives it. `greyMasks`: also masks as published.
  SegmentationWriter(const Dataset &dataset, PredictionFolders folders,
                     bool greyMasks = false)
      : dataset(dataset), folders(std::move(folders)), greyMasks(greyMasks) {}

  /// Changes the labels of a case before they are written.
  using Postprocessing = std::function<void(std::vector<uint8_t> &labels,
                                            const VolumeGeometry &grid)>;
  void setPostprocessing(Postprocessing function) {
    postprocessing = std::move(function);
  }

  /// Also writes the probabilities of class 1 of slices, 32 bits each
  /// (test-probabilities.tif).
  void saveProbabilities() { savesProbabilities = true; }

  /// labelShape() + [classes] probabilities of a case.
  Status write(const CaseFiles &files, const SourceCase &source,
               const float *probabilities);
  /// The file that writeVolume() writes, and one beside it.
  std::string volumePath(const CaseFiles &files) const;
  std::string pathBeside(const CaseFiles &files,
                         const std::string &ending) const;
  /// Labels of a volume on its own grid. `order` is that of the axes in which
  /// pictures show it.
  Status writeVolume(const CaseFiles &files, const SourceCase &source,
                     const std::vector<uint8_t> &labels,
                     const AxisOrder &order) const;
  /// Writes the picture of a case, if there is a folder for it. Notes what is
  /// wrong with it: no case fails for a picture.
  void writeOverlay(const CaseFiles &files, const SourceCase &source,
                    const std::vector<uint8_t> &labels,
                    const AxisOrder &order) const;
  /// Writes what was kept, in the order of the pages.
  Status finish();

private:
  /// Masks of a file of slices by page.
  struct Stack {
    std::string path; ///< Of the images.
    VolumeGeometry grid;
    std::map<int64_t, std::vector<uint8_t>> masks, greyMasks;
    std::map<int64_t, std::vector<float>> probabilities;
  };
  /// Writes the masks of a file of slices and what belongs to them. `written`
  /// gets the files that are there.
  Status writeStack(const std::string &name, const Stack &stack,
                    std::vector<std::string> &written) const;
  /// Adds a slice to the masks of its file.
  void keepPage(const CaseFiles &files, const SourceCase &source,
                const std::vector<uint8_t> &labels, const float *probabilities);
  Status drawCase(const CaseFiles &files, const SourceCase &source,
                  const std::vector<uint8_t> &labels,
                  const AxisOrder &order) const;

  const Dataset &dataset;
  PredictionFolders folders;
  bool greyMasks, savesProbabilities = false;
  Postprocessing postprocessing;
  std::mutex mutex;
  std::map<std::string, Stack> stacks; // Guarded by `mutex`.
};

} // namespace segc

#endif // SEGC_RUNTIME_DATA_SEGMENTATIONWRITER_H
