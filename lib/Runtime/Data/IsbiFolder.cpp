//===- IsbiFolder.cpp - ISBI 2012 data sets in a folder -------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "MemorySlices.h"
#include "SliceCaseReader.h"
#include "Splits.h"
#include "segc/Runtime/Data/ImageFormat.h"
#include "segc/Runtime/Data/Isbi.h"

#include <algorithm>
#include <filesystem>

using namespace segc;

namespace {

/// Adds the pages of files as cases.
class SliceFolder {
public:
  static StatusOr<SliceFolder> create(const DataPipeline &pipeline,
                                      const DatasetOptions &options);

  /// What is wrong with the slices that train does not matter to a prediction:
  /// it is said when they are loaded.
  void addTraining(const std::string &folder);
  Status addTest(const std::string &path, const std::string &name);
  /// The same for slices in memory.
  void addTest(std::shared_ptr<const SliceFile> file, const std::string &name);
  /// Adds a case that fails with `status`: the other files go on.
  void addUnreadable(const std::string &name, const Status &status);

  std::unique_ptr<Dataset> take() {
    DataStages stages = std::move(rest);
    stages.reader = std::move(reader);
    dataset->setStages(std::move(stages));
    return std::move(dataset);
  }

private:
  SliceFolder() = default;
  Status readTraining(const std::string &folder);
  void addPage(Split split, const std::string &path, const std::string &label,
               const std::string &name, const std::string &stack, int64_t page);

  DatasetOptions options;
  std::unique_ptr<Dataset> dataset;
  std::unique_ptr<SliceCaseReader> reader;
  DataStages rest; ///< All but the reader.
};

} // namespace

StatusOr<SliceFolder> SliceFolder::create(const DataPipeline &pipeline,
                                          const DatasetOptions &options) {
  if (options.channels != 1)
    return unsupported("the model takes " + std::to_string(options.channels) +
                       " channels, slices have one; use a model that fits");
  std::vector<std::string> names = pipeline.classNames;
  if (names.empty())
    names = {"membrane", "background"};
  SliceFolder folder;
  folder.options = options;
  folder.dataset = std::make_unique<Dataset>("isbi", names);
  folder.reader = std::make_unique<SliceCaseReader>(CaseRules{
      folder.dataset->notes(), names, 1, std::nullopt, {}, options.limits});
  PreprocessorOptions preprocessing;
  preprocessing.classNames = names;
  preprocessing.pixelRule =
      options.legacyResize ? PixelRule::Legacy : PixelRule::HalfPixel;
  folder.rest.preprocessor = makeSlicePreprocessor(pipeline, preprocessing);
  folder.rest.augmenter = makeSliceAugmenter(pipeline);
  return folder;
}

void SliceFolder::addPage(Split split, const std::string &path,
                          const std::string &label, const std::string &name,
                          const std::string &stack, int64_t page) {
  std::string number = std::to_string(page);
  number.insert(0, number.size() < 2 ? 2 - number.size() : 0, '0');
  CaseFiles files;
  files.name = name + "-" + number;
  files.images = {path};
  files.label = label;
  files.page = page;
  files.stack = stack;
  dataset->addCase(split, std::move(files));
}

Status SliceFolder::readTraining(const std::string &folder) {
  std::optional<std::string> volume = findIsbiFile(folder, "train-volume");
  if (!volume)
    return Status::success();
  const std::string imagePath = *volume;
  const std::string labelPath =
      findIsbiFile(folder, "train-labels")
          .value_or(
              (std::filesystem::path(folder) / "train-labels.tif").string());
  dataset->addFile(imagePath);
  dataset->addFile(labelPath);
  SEGC_ASSIGN_OR_RETURN(int64_t pages, reader->openImage(imagePath));
  const Status labels = reader->openLabel(labelPath, imagePath);
  const auto seed = static_cast<uint32_t>(options.seed);
  const FoldSplit fold = options.trainSplit < 1
                             ? shareSplit(pages, options.trainSplit)
                         : options.fold && options.folds != defaultFolds
                             ? kFold(pages, options.folds, seed, *options.fold)
                             : unetFold(pages, seed, options.fold);
  SEGC_RETURN_IF_ERROR(checkSplit(fold, pages, options, imagePath, "slices"));
  for (int64_t page : fold.train)
    addPage(Split::Train, imagePath, labelPath, "train",
            splitName(Split::Train), page);
  for (int64_t page : fold.validation)
    addPage(Split::Validation, imagePath, labelPath, "train",
            splitName(Split::Validation), page);
  return labels;
}

void SliceFolder::addTraining(const std::string &folder) {
  const Status status = readTraining(folder);
  dataset->setStatus(Split::Train, status);
  dataset->setStatus(Split::Validation, status);
}

Status SliceFolder::addTest(const std::string &path, const std::string &name) {
  dataset->addFile(path);
  SEGC_ASSIGN_OR_RETURN(int64_t pages, reader->openImage(path));
  for (int64_t page = 0; page < pages; ++page)
    addPage(Split::Test, path, "", name, name, page);
  return Status::success();
}

void SliceFolder::addTest(std::shared_ptr<const SliceFile> file,
                          const std::string &name) {
  const int64_t pages = reader->addImage(name, std::move(file));
  for (int64_t page = 0; page < pages; ++page)
    addPage(Split::Test, name, "", name, name, page);
}

void SliceFolder::addUnreadable(const std::string &name, const Status &status) {
  CaseFiles files;
  files.name = name;
  files.status = status;
  dataset->addCase(Split::Test, std::move(files));
}

std::optional<std::string> segc::findIsbiFile(const std::string &folder,
                                              const std::string &stem) {
  std::error_code error;
  for (const char *ending : {".tif", ".tiff", ".TIF", ".TIFF"}) {
    const auto path = std::filesystem::path(folder) / (stem + ending);
    if (std::filesystem::exists(path, error))
      return path.string();
  }
  return std::nullopt;
}

StatusOr<std::unique_ptr<Dataset>>
segc::openIsbi(const std::string &folder, const DataPipeline &pipeline,
               const DatasetOptions &options) {
  SEGC_ASSIGN_OR_RETURN(SliceFolder slices,
                        SliceFolder::create(pipeline, options));
  slices.addTraining(folder);
  if (std::optional<std::string> test = findIsbiFile(folder, "test-volume"))
    SEGC_RETURN_IF_ERROR(slices.addTest(*test, "test"));
  return slices.take();
}

StatusOr<std::unique_ptr<Dataset>>
segc::openSlices(const std::vector<std::string> &paths,
                 const DataPipeline &pipeline, const DatasetOptions &options) {
  SEGC_ASSIGN_OR_RETURN(SliceFolder slices,
                        SliceFolder::create(pipeline, options));
  std::map<std::string, std::string> seen;
  for (const std::string &path : paths) {
    std::string name = imageStem(path);
    auto [first, isNew] = seen.emplace(name, path);
    if (!isNew)
      return invalidArgument(path + ": named like " + first->second +
                             ", so their masks would overwrite each other");
    Status status = slices.addTest(path, name);
    if (!status.ok())
      slices.addUnreadable(name, status);
  }
  return slices.take();
}

StatusOr<std::unique_ptr<Dataset>>
segc::openSliceVolume(const Volume &volume, const std::string &name,
                      const DataPipeline &pipeline,
                      const DatasetOptions &options) {
  SEGC_ASSIGN_OR_RETURN(SliceFolder slices,
                        SliceFolder::create(pipeline, options));
  SEGC_ASSIGN_OR_RETURN(std::shared_ptr<const SliceFile> file,
                        slicesOf(volume, options.channel, name));
  slices.addTest(std::move(file), name);
  return slices.take();
}
