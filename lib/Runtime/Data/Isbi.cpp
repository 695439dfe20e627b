//===- Isbi.cpp - Opening ISBI 2012 slices --------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Data/Isbi.h"
#include "IsbiDataset.h"
#include "Splits.h"

#include <algorithm>
#include <array>
#include <filesystem>

using namespace segc;
using namespace segc::isbi;

static Extent readExtent(JsonReader &reader, const char *key) {
  std::vector<int64_t> sizes = reader.integers(key, 1);
  if (sizes.size() != 2) {
    reader.fail(std::string("field \"") + key +
                "\": expected [height, width], found " +
                std::to_string(sizes.size()) + " numbers");
    return {};
  }
  return {sizes[0], sizes[1]};
}

StatusOr<std::unique_ptr<IsbiDataset>>
IsbiDataset::create(const Json &pipeline, const DatasetOptions &options) {
  auto dataset = std::make_unique<IsbiDataset>();
  Status status;
  JsonReader reader(pipeline, "pipeline", status);
  dataset->options = options;
  dataset->resize = readExtent(reader, "resize");
  dataset->canvas = readExtent(reader, "pad_to");
  Extent output = readExtent(reader, "output");
  dataset->names = {"membrane", "background"};
  if (reader.has("class_names"))
    dataset->names = reader.strings("class_names");
  SEGC_RETURN_IF_ERROR(status);

  const Extent &resize = dataset->resize, &canvas = dataset->canvas;
  if (output.height != resize.height || output.width != resize.width)
    return invalidArgument("pipeline: output " + std::to_string(output.height) +
                           "x" + std::to_string(output.width) + ", expected " +
                           std::to_string(resize.height) + "x" +
                           std::to_string(resize.width) + " like resize");
  if (canvas.height < resize.height || canvas.width < resize.width ||
      canvas.height > 1 << 16 || canvas.width > 1 << 16)
    return invalidArgument(
        "pipeline: pad_to " + std::to_string(canvas.height) + "x" +
        std::to_string(canvas.width) + ", expected at least resize (" +
        std::to_string(resize.height) + "x" + std::to_string(resize.width) +
        ") and at most 65536");
  if (dataset->names.size() != 2)
    return invalidArgument(
        "pipeline: " + std::to_string(dataset->names.size()) +
        " classes, expected 2 for ISBI data");
  dataset->imageDims = {canvas.height, canvas.width, 1};
  dataset->labelDims = {resize.height, resize.width};
  return dataset;
}

//===----------------------------------------------------------------------===//
// Reading
//===----------------------------------------------------------------------===//

StatusOr<TiffStack> IsbiDataset::read(const std::string &path,
                                      TiffUse use) const {
  SEGC_ASSIGN_OR_RETURN(TiffStack stack,
                        TiffStack::read(path, use, options.limits));
  for (const std::string &warning : stack.warnings())
    note(warning);
  return stack;
}

/// Labels are 0 and 255, or 0 and 1 throughout.
Status IsbiDataset::checkLabels(const Slices &slices,
                                const std::string &path) const {
  const TiffStack &image = slices.image, &label = slices.label;
  if (image.width() != label.width() || image.height() != label.height() ||
      image.pages() != label.pages())
    return invalidArgument(
        path + ": " + std::to_string(label.pages()) + " pages of " +
        std::to_string(label.width()) + "x" + std::to_string(label.height()) +
        ", expected " + std::to_string(image.pages()) + " of " +
        std::to_string(image.width()) + "x" + std::to_string(image.height()) +
        " like train-volume.tif");
  if (image.orientation() != label.orientation())
    return invalidArgument(
        path + ": orientation " + std::to_string(label.orientation()) +
        ", expected " + std::to_string(image.orientation()) +
        " like train-volume.tif; turn the pixels instead of noting it");
  // Where a value was seen first, or -1.
  std::array<int64_t, 256> seen;
  seen.fill(-1);
  for (int64_t page = 0; page < label.pages(); ++page) {
    SEGC_ASSIGN_OR_RETURN(std::vector<uint8_t> pixels, label.page(page));
    for (uint8_t value : pixels)
      if (seen[value] < 0)
        seen[value] = page;
  }
  const bool unit = seen[1] >= 0;
  if (unit)
    note(path + ": labels are 0 and 1: 0 is taken for " + names[0] +
         ", 1 for " + names[1]);
  std::string found;
  int64_t wrong = -1;
  for (size_t value = 0; value < seen.size(); ++value) {
    if (seen[value] < 0)
      continue;
    found += (found.empty() ? "" : ", ") + std::to_string(value);
    if (value != 0 && value != (unit ? size_t{1} : size_t{255}) && wrong < 0)
      wrong = static_cast<int64_t>(value);
  }
  if (wrong < 0)
    return Status::success();
  return invalidArgument(
      path + ": page " + std::to_string(seen[static_cast<size_t>(wrong)]) +
      ": label value " + std::to_string(wrong) + ", expected 0 (" + names[0] +
      ") and 255 (" + names[1] + "), or 0 and 1 throughout; the file has " +
      found);
}

Status IsbiDataset::readLabels(const std::string &path, Slices &slices) const {
  SEGC_ASSIGN_OR_RETURN(slices.label, read(path, TiffUse::Label));
  Status status = checkLabels(slices, path);
  if (!status.ok())
    slices.label = TiffStack();
  return status;
}

Status IsbiDataset::load(Split split) const {
  if (split == Split::Test)
    return Status::success(); // A file was checked when it was opened.
  SEGC_RETURN_IF_ERROR(trainingStatus);
  for (const Place &at : places(split))
    SEGC_RETURN_IF_ERROR(stacks[at.stack].labelStatus);
  return Status::success();
}

Status IsbiDataset::readTraining(const std::string &folder) {
  std::optional<std::string> volume = findIsbiFile(folder, "train-volume");
  if (!volume)
    return Status::success();
  const std::string imagePath = *volume;
  const std::string labelPath =
      findIsbiFile(folder, "train-labels")
          .value_or((std::filesystem::path(folder) / "train-labels.tif")
                        .string());
  addFile(imagePath);
  addFile(labelPath);
  Slices slices;
  slices.name = "train";
  SEGC_ASSIGN_OR_RETURN(slices.image, read(imagePath, TiffUse::Image));
  slices.labelStatus = readLabels(labelPath, slices);

  const int64_t pages = slices.image.pages();
  const FoldSplit fold =
      options.trainSplit < 1
          ? shareSplit(pages, options.trainSplit)
          : unetFold(pages, static_cast<uint32_t>(options.seed), options.fold);
  SEGC_RETURN_IF_ERROR(
      checkSplit(fold, pages, options, imagePath, "slices"));
  stacks.push_back(std::move(slices));
  for (int64_t page : fold.train)
    splits[0].push_back({stacks.size() - 1, page});
  for (int64_t page : fold.validation)
    splits[1].push_back({stacks.size() - 1, page});
  for (const auto &split : {splits[0], splits[1]})
    for (const Place &at : split)
      if (!prepared.count(at)) {
        SEGC_ASSIGN_OR_RETURN(prepared[at], prepare(at));
      }
  return Status::success();
}

Status IsbiDataset::addTest(const std::string &path, const std::string &name) {
  addFile(path);
  Slices slices;
  slices.name = name;
  SEGC_ASSIGN_OR_RETURN(slices.image, read(path, TiffUse::Image));
  for (int64_t page = 0; page < slices.image.pages(); ++page)
    splits[2].push_back({stacks.size(), page});
  stacks.push_back(std::move(slices));
  return Status::success();
}

void IsbiDataset::addUnreadable(const std::string &name, const Status &status) {
  Slices slices;
  slices.name = name;
  slices.status = status;
  splits[2].push_back({stacks.size(), 0});
  stacks.push_back(std::move(slices));
}

StatusOr<std::vector<uint8_t>> IsbiDataset::labelAt(const Place &at) const {
  const Slices &slices = stacks[at.stack];
  if (slices.label.pages() == 0)
    return std::vector<uint8_t>();
  SEGC_ASSIGN_OR_RETURN(std::vector<uint8_t> label, slices.label.page(at.page));
  for (uint8_t &value : label)
    value = value != 0;
  return label;
}

/// One page through `convert` and the resize.
template <typename F>
static std::vector<float> resized(const std::vector<uint8_t> &page,
                                  const TiffStack &stack, const Extent &to,
                                  PixelRule rule, F convert) {
  std::vector<float> source(page.size());
  std::transform(page.begin(), page.end(), source.begin(), convert);
  std::vector<float> result(to.size());
  resizeBilinear(source.data(), stack.height(), stack.width(), result.data(),
                 to.height, to.width, rule);
  return result;
}

StatusOr<Prepared> IsbiDataset::prepare(const Place &at) const {
  const TiffStack &stack = stacks[at.stack].image;
  SEGC_ASSIGN_OR_RETURN(std::vector<uint8_t> image, imageAt(at));
  SEGC_ASSIGN_OR_RETURN(std::vector<uint8_t> label, labelAt(at));
  Prepared result;
  result.image = resized(image, stack, resize, pixelRule(),
                         [](uint8_t v) { return float(v) / 127.5f - 1.0f; });
  if (label.empty())
    return result;
  for (float share : resized(label, stack, resize, pixelRule(),
                             [](uint8_t v) { return float(v); }))
    result.label.push_back(share >= 0.5f);
  return result;
}

//===----------------------------------------------------------------------===//
// Opening
//===----------------------------------------------------------------------===//

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
segc::openIsbi(const std::string &folder, const Json &pipeline,
               const DatasetOptions &options) {
  SEGC_ASSIGN_OR_RETURN(auto dataset, IsbiDataset::create(pipeline, options));
  dataset->addTraining(folder);
  if (std::optional<std::string> test = findIsbiFile(folder, "test-volume"))
    SEGC_RETURN_IF_ERROR(dataset->addTest(*test, "test"));
  return std::unique_ptr<Dataset>(std::move(dataset));
}

StatusOr<std::unique_ptr<Dataset>>
segc::openSlices(const std::vector<std::string> &paths, const Json &pipeline,
                 const DatasetOptions &options) {
  SEGC_ASSIGN_OR_RETURN(auto dataset, IsbiDataset::create(pipeline, options));
  std::map<std::string, std::string> seen;
  for (const std::string &path : paths) {
    std::string name = std::filesystem::path(path).stem().string();
    auto [first, isNew] = seen.emplace(name, path);
    if (!isNew)
      return invalidArgument(path + ": named like " + first->second +
                             ", so their masks would overwrite each other");
    Status status = dataset->addTest(path, name);
    if (!status.ok())
      dataset->addUnreadable(name, status);
  }
  return std::unique_ptr<Dataset>(std::move(dataset));
}
