//===- DataSet.h - Cases, samples and predictions ---------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//
// A data set turns the files of a folder into the fixed-size samples a network
// was compiled for, and a network's probabilities back into files on the
// source grid. What it does in between is the model's `pipeline`
// (docs/RuntimeABI.md). Everything const may be called from several threads.
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_RUNTIME_DATA_DATASET_H
#define SEGC_RUNTIME_DATA_DATASET_H

#include "segc/Base/Json.h"
#include "segc/Base/Status.h"
#include "segc/Runtime/Data/ImageLimits.h"

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace segc {

enum class Split { Train, Validation, Test };
const char *splitName(Split split);

/// In which order the axes of volumes reach the network.
enum class AxisFrame {
  File, ///< As stored: what models and checkpoints without a record assume.
  Ras,  ///< Closest to right, anterior, superior, whatever the file's order.
};
/// "file" or "RAS", as pipelines and checkpoints record it.
const char *frameName(AxisFrame frame);
StatusOr<AxisFrame> parseFrame(const std::string &name);
/// What a pipeline says; nothing where it has no volumes.
StatusOr<std::optional<AxisFrame>> frameOf(const Json &pipeline);

/// The class of a label's value where the two differ.
using LabelMap = std::map<int64_t, int64_t>;
/// Parses "255=1,4=2".
StatusOr<LabelMap> parseLabelMap(const std::string &text);

struct DatasetOptions {
  /// Cross-validation fold 0..4; none trains on everything `trainSplit` says.
  std::optional<int64_t> fold;
  /// Seeds the fold's permutation.
  uint64_t seed = 0;
  /// Without a fold, the first int(n * trainSplit) volumes or slices in file
  /// order train and the others validate.
  double trainSplit = 1.0;
  /// Compatibility with TensorFlow 1: resize without the half-pixel shift.
  bool legacyResize = false;
  /// Also write the published masks with their interpolated grey edges, as
  /// `test-masks-grey.tif`.
  bool greyMasks = false;
  /// How large a file may be, unpacked.
  ImageLimits limits;
  /// Volumes: another order of axes than the pipeline's.
  std::optional<AxisFrame> frame;
  /// Volumes: the channel of images that have several, from 0.
  std::optional<int64_t> channel;
  /// Volumes: classes of label values that are no class numbers.
  LabelMap labelMap;
};

/// What augmentation draws from: a pure function of these.
struct AugmentKey {
  uint64_t seed = 0;
  uint64_t sampleIndex = 0; ///< Place in the whole run, never repeated.
  bool augment = false;
};

/// A case on its own grid, x fastest (a slice has one z). `label` is empty
/// where the truth is unknown.
struct SourceCase {
  std::array<int64_t, 3> size = {0, 0, 0};
  std::array<double, 3> spacing = {1.0, 1.0, 1.0}; ///< millimetres
  std::vector<float> image;
  std::vector<uint8_t> label;
};

/// Where writePrediction puts things; made if absent. No overlays if empty.
struct PredictionFolders {
  std::string predictions, overlays;
};

class Dataset {
public:
  virtual ~Dataset() = default;

  /// "isbi" or "decathlon".
  virtual const char *kind() const = 0;
  virtual int64_t count(Split split) const = 0;
  /// Name without folder and ending; unique within the split.
  virtual std::string caseName(Split split, int64_t index) const = 0;
  /// Channels-last shapes of one sample, without the batch.
  virtual const std::vector<int64_t> &imageShape() const = 0;
  virtual const std::vector<int64_t> &labelShape() const = 0;
  virtual const std::vector<std::string> &classNames() const = 0;

  /// Reads and preprocesses every case of a split, so that all that is wrong
  /// is known before the run starts, one line a case. Results stay in memory.
  virtual Status load(Split split) const = 0;

  /// Writes one preprocessed (and augmented) sample: imageShape() f32 and
  /// labelShape() class indices. `label` may be null; it must be where the
  /// case has none.
  virtual Status sample(Split split, int64_t index, const AugmentKey &key,
                        float *image, int32_t *label) const = 0;

  /// The case as its files have it.
  virtual StatusOr<SourceCase> source(Split split, int64_t index) const = 0;

  /// Class indices on the source grid from labelShape() + [classes]
  /// probabilities: linear interpolation, then the largest.
  virtual StatusOr<std::vector<uint8_t>>
  predictedLabels(Split split, int64_t index,
                  const float *probabilities) const = 0;

  /// Writes `<case>.nii.gz` on the source grid (volumes) or keeps the mask for
  /// finishPredictions (slices), and `<overlays>/<case>.png`.
  virtual Status writePrediction(Split split, int64_t index,
                                 const float *probabilities,
                                 const PredictionFolders &folders) = 0;

  /// Writes the masks kept so far, in the order of their slices: test-masks.tif
  /// (train-masks.tif, validation-masks.tif), 0 and 255. Nothing for volumes.
  virtual Status finishPredictions(const PredictionFolders &folders) = 0;

  /// Every file that is read: no output may replace one of them.
  const std::vector<std::string> &files() const { return inputFiles; }
  void addFile(const std::string &path) { inputFiles.push_back(path); }

  /// Remembers what a user should know though nothing failed: a rule that was
  /// applied to contradicting files, a value that was rounded. `where` names
  /// the file or the case; the same about several becomes one note.
  void note(const std::string &where, const std::string &what) const;
  /// The same of a text that names its place.
  void note(const std::string &text) const { note("", text); }
  /// What was noted since the last call: "where: what" each.
  std::vector<std::string> takeNotes() const;

private:
  std::vector<std::string> inputFiles;
  mutable std::mutex notesMutex; // Guards what follows.
  mutable std::set<std::pair<std::string, std::string>> known;
  mutable std::vector<std::pair<std::string, std::vector<std::string>>> notes;
};

/// An error that names both where a case that validates is, voxel by voxel, one
/// that trains: what it scores then says nothing. Reads all cases of both.
Status checkHeldOut(const Dataset &dataset);

/// Notes the classes that no label of the training cases has. Reads all of them.
Status noteUntrainedClasses(const Dataset &dataset);

/// Whether openDataset knows what lies in a folder.
bool holdsDataset(const std::string &folder);

/// Whether data sets have their images or labels right in such a folder: that
/// of ISBI's stacks, imagesTr, labelsTr, ...
bool isImageFolder(const std::string &folder);

/// Opens what lies in `folder`: train-volume.tif (ISBI 2012) or dataset.json
/// (Medical Segmentation Decathlon). `pipeline` is that of the model's
/// manifest.
StatusOr<std::unique_ptr<Dataset>> openDataset(const std::string &folder,
                                               const Json &pipeline,
                                               const DatasetOptions &options);

/// The same for single images to predict (TIFF or NIfTI): all are cases of
/// Split::Test, a TIFF one for each page. Those that cannot be read fail alone.
StatusOr<std::unique_ptr<Dataset>>
openFiles(const std::vector<std::string> &paths, const Json &pipeline,
          const DatasetOptions &options);

/// The TIFF and NIfTI files right inside a folder, in the order of their names.
StatusOr<std::vector<std::string>> imagesIn(const std::string &folder);

} // namespace segc

#endif // SEGC_RUNTIME_DATA_DATASET_H
