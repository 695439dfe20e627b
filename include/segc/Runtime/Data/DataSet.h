//===- DataSet.h - Data sets: cases and stages ------------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//
// A data set is a list of cases and the stages that make the fixed-size samples
// of a network from them: CaseReader, Preprocessor and Augmenter, as the
// model's pipeline says (docs/Data.md). SegmentationWriter is the way back to
// files. Everything const may be called from several threads.
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_RUNTIME_DATA_DATASET_H
#define SEGC_RUNTIME_DATA_DATASET_H

#include "segc/Plan/DataPipeline.h"
#include "segc/Runtime/Core/Manifest.h"
#include "segc/Runtime/Data/Augmenter.h"
#include "segc/Runtime/Data/CaseReader.h"
#include "segc/Runtime/Data/Notes.h"
#include "segc/Runtime/Data/NumpyRandom.h"
#include "segc/Runtime/Data/Preprocessor.h"

#include <array>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace segc {

enum class Split { Train, Validation, Test };
const char *splitName(Split split);

struct DatasetOptions {
  /// Channels of the model's input.
  int64_t channels = 1;
  /// Cross-validation fold 0..folds-1; none trains on everything `trainSplit`
  /// says.
  std::optional<int64_t> fold;
  /// How many folds there are, at most as many as cases. Five folds of slices
  /// are the published ones, which overlap; others do not.
  int64_t folds = defaultFolds;
  /// Seeds the fold's permutation.
  uint64_t seed = 0;
  /// Without a fold, the first int(n * trainSplit) volumes or slices in file
  /// order train and the others validate.
  double trainSplit = 1.0;
  /// Compatibility with TensorFlow 1: resize without the half-pixel shift.
  bool legacyResize = false;
  /// How large a file may be, unpacked.
  ImageLimits limits;
  /// Volumes: another order of axes than the pipeline's.
  std::optional<AxisFrame> frame;
  /// Volumes: the channel of images that have several, from 0.
  std::optional<int64_t> channel;
  /// What errors call the choice of a channel.
  std::string channelOption = "--channel";
  /// Volumes: classes of label values that are no class numbers.
  LabelMap labelMap;
  /// The network takes patches, and its cases are prepared by prepareCase: the
  /// data set reads them and has no samples.
  bool planned = false;
};

/// What batches are made of: samples that are the same named tensors.
class SampleSource {
public:
  virtual ~SampleSource() = default;
  virtual int64_t count(Split split) const = 0;
  /// Tensors of one sample, without the batch.
  virtual std::vector<TensorSignature> tensors() const = 0;
  /// Reads and preprocesses every case of a split, so that all that is wrong
  /// is known before the run starts, one line a case. Results stay in memory.
  virtual Status load(Split split) const = 0;
  /// Writes one sample: every element of each of tensors(), in their order.
  virtual Status write(Split split, int64_t index, const AugmentKey &key,
                       const std::vector<void *> &memory) const = 0;
};

/// Samples that are an `image` and its `label`.
class ImageSource : public SampleSource {
public:
  /// Channels-last shapes of one sample, without the batch.
  virtual const std::vector<int64_t> &imageShape() const = 0;
  virtual const std::vector<int64_t> &labelShape() const = 0;
  /// Writes one preprocessed (and augmented) sample: imageShape() f32 and
  /// labelShape() class indices. `label` may be null; it must be where the
  /// case has none.
  virtual Status sample(Split split, int64_t index, const AugmentKey &key,
                        float *image, int32_t *label) const = 0;

  std::vector<TensorSignature> tensors() const final;
  Status write(Split split, int64_t index, const AugmentKey &key,
               const std::vector<void *> &memory) const final;
};

/// What makes samples of the cases of a data set.
/// Without preprocessor and augmenter where DatasetOptions::planned is set.
struct DataStages {
  std::unique_ptr<CaseReader> reader;
  std::unique_ptr<Preprocessor> preprocessor;
  std::unique_ptr<Augmenter> augmenter;
};

class Dataset : public ImageSource {
public:
  /// `kind` is that of the pipeline.
  Dataset(std::string kind, std::vector<std::string> classNames)
      : kind_(std::move(kind)), names(std::move(classNames)) {}

  /// @name Opening
  /// @{
  void setStages(DataStages newStages) { stages = std::move(newStages); }
  void addCase(Split split, CaseFiles files);
  /// What is wrong with all cases of a split, said when it is loaded.
  void setStatus(Split split, Status status) {
    splitStatus[static_cast<size_t>(split)] = std::move(status);
  }
  void addFile(const std::string &path) { inputFiles.push_back(path); }
  /// @}

  /// "isbi" or "decathlon".
  const char *kind() const { return kind_.c_str(); }
  const std::vector<std::string> &classNames() const { return names; }
  int64_t count(Split split) const override {
    return static_cast<int64_t>(splits[static_cast<size_t>(split)].size());
  }
  const CaseFiles &files(Split split, int64_t index) const {
    return at(split, index).files;
  }
  /// Name without folder and ending; unique within the split.
  const std::string &caseName(Split split, int64_t index) const {
    return files(split, index).name;
  }
  const Preprocessor &preprocessor() const { return *stages.preprocessor; }
  const std::vector<int64_t> &imageShape() const override {
    return stages.preprocessor->imageShape();
  }
  const std::vector<int64_t> &labelShape() const override {
    return stages.preprocessor->labelShape();
  }
  Status load(Split split) const override;
  Status sample(Split split, int64_t index, const AugmentKey &key, float *image,
                int32_t *label) const override;

  /// The case as its files have it. A label that is wrong is left out and
  /// noted: it does not matter to a prediction.
  StatusOr<SourceCase> source(Split split, int64_t index) const;

  /// Writes the image of a sample, as sample() does, of a case that was read.
  Status imageOf(const SourceCase &source, const std::string &name,
                 float *image) const;

  /// Every file that is read: no output may replace one of them.
  const std::vector<std::string> &files() const { return inputFiles; }

  /// What a user should know though nothing failed.
  Notes &notes() const { return notes_; }

private:
  /// A sample, or what is wrong with its case.
  struct LoadedCase {
    Status status, labelStatus;
    PreparedSample prepared;
  };
  struct Case {
    explicit Case(CaseFiles files) : files(std::move(files)) {}

    CaseFiles files;
    std::mutex mutex; // Guards what follows.
    std::shared_ptr<const LoadedCase> loaded;
  };
  Case &at(Split split, int64_t index) const {
    return *splits[static_cast<size_t>(split)][static_cast<size_t>(index)];
  }
  Status prepare(const CaseFiles &files, LoadedCase &loaded) const;
  /// Prepares a case, unless it was kept before.
  std::shared_ptr<const LoadedCase> loadCase(Case &entry, bool keep) const;

  std::string kind_;
  std::vector<std::string> names;
  mutable Notes notes_;
  DataStages stages;
  std::array<std::vector<std::unique_ptr<Case>>, 3> splits;
  std::array<Status, 3> splitStatus;
  std::vector<std::string> inputFiles;
};

/// An error that names both where a case that validates is, voxel by voxel, one
/// that trains: what it scores then says nothing. Reads all cases of both.
Status checkHeldOut(const Dataset &dataset);

/// Notes the classes that no label of the training cases has. Reads all of
/// them.
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
                                               const DataPipeline &pipeline,
                                               const DatasetOptions &options);

/// The same for single images to predict: all are cases of Split::Test, of a
/// file of slices each page. Those that cannot be read fail alone.
StatusOr<std::unique_ptr<Dataset>>
openFiles(const std::vector<std::string> &paths, const DataPipeline &pipeline,
          const DatasetOptions &options);

/// The same for one case of a file for each channel, in the model's order.
StatusOr<std::unique_ptr<Dataset>>
openChannels(const std::vector<std::string> &paths,
             const DataPipeline &pipeline, const DatasetOptions &options);

/// The same for a volume in memory, whose planes are the cases of a network of
/// slices; `name` is that of the case and its path in messages. A volume can be
/// read once.
StatusOr<std::unique_ptr<Dataset>> openVolume(Volume volume,
                                              const std::string &name,
                                              const DataPipeline &pipeline,
                                              const DatasetOptions &options);

/// The images right inside a folder, in the order of their names. Pictures that
/// lie beside volumes are left out; `notes` names them.
StatusOr<std::vector<std::string>> imagesIn(const std::string &folder,
                                            Notes *notes = nullptr);
/// The same, with the pictures beside volumes.
StatusOr<std::vector<std::string>> everyImageIn(const std::string &folder);

} // namespace segc

#endif // SEGC_RUNTIME_DATA_DATASET_H
