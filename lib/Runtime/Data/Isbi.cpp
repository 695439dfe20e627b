//===- Isbi.cpp - Opening ISBI 2012 slices --------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Data/Isbi.h"
#include "IsbiDataset.h"
#include "segc/Runtime/Data/NumpyRandom.h"

#include <algorithm>
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

Expected<std::unique_ptr<IsbiDataset>>
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

static Status checkLabels(const Slices &slices, const std::string &path) {
  const GrayStack &image = slices.image, &label = slices.label;
  if (image.width != label.width || image.height != label.height ||
      image.pages != label.pages)
    return invalidArgument(
        path + ": " + std::to_string(label.pages) + " pages of " +
        std::to_string(label.width) + "x" + std::to_string(label.height) +
        ", expected " + std::to_string(image.pages) + " of " +
        std::to_string(image.width) + "x" + std::to_string(image.height) +
        " like train-volume.tif");
  auto wrong = std::find_if(label.pixels.begin(), label.pixels.end(),
                            [](uint8_t v) { return v != 0 && v != 255; });
  if (wrong == label.pixels.end())
    return Status::success();
  auto page = (wrong - label.pixels.begin()) / label.pageSize();
  return invalidArgument(path + ": page " + std::to_string(page) +
                         ": label value " + std::to_string(*wrong) +
                         ", expected 0 (membrane) or 255 (background)");
}

Status IsbiDataset::addTraining(const std::string &folder) {
  const std::filesystem::path path(folder);
  std::string labelPath = (path / "train-labels.tif").string();
  Slices slices;
  slices.name = "train";
  SEGC_ASSIGN_OR_RETURN(slices.image,
                        readTiff((path / "train-volume.tif").string()));
  SEGC_ASSIGN_OR_RETURN(slices.label, readTiff(labelPath));
  SEGC_RETURN_IF_ERROR(checkLabels(slices, labelPath));

  FoldSplit fold = unetFold(slices.image.pages,
                            static_cast<uint32_t>(options.seed), options.fold);
  for (int64_t page : fold.train)
    splits[0].push_back({stacks.size(), page});
  for (int64_t page : fold.validation)
    splits[1].push_back({stacks.size(), page});
  addPages(std::move(slices));
  return Status::success();
}

Status IsbiDataset::addTest(const std::string &path, const std::string &name) {
  Slices slices;
  slices.name = name;
  SEGC_ASSIGN_OR_RETURN(slices.image, readTiff(path));
  for (int64_t page = 0; page < slices.image.pages; ++page)
    splits[2].push_back({stacks.size(), page});
  addPages(std::move(slices));
  return Status::success();
}

void IsbiDataset::addPages(Slices slices) {
  std::vector<Prepared> pages;
  for (int64_t page = 0; page < slices.image.pages; ++page)
    pages.push_back(prepare(slices, page));
  stacks.push_back(std::move(slices));
  prepared.push_back(std::move(pages));
}

/// One page through `convert` and the resize.
template <typename F>
static std::vector<float> resized(const GrayStack &stack, int64_t page,
                                  const Extent &to, PixelRule rule, F convert) {
  std::vector<float> source(static_cast<size_t>(stack.pageSize()));
  std::transform(stack.page(page), stack.page(page) + stack.pageSize(),
                 source.begin(), convert);
  std::vector<float> result(to.size());
  resizeBilinear(source.data(), stack.height, stack.width, result.data(),
                 to.height, to.width, rule);
  return result;
}

Prepared IsbiDataset::prepare(const Slices &slices, int64_t page) const {
  Prepared result;
  result.image = resized(slices.image, page, resize, pixelRule(),
                         [](uint8_t v) { return float(v) / 127.5f - 1.0f; });
  if (slices.label.pages == 0)
    return result;
  for (float share : resized(slices.label, page, resize, pixelRule(),
                             [](uint8_t v) { return float(v) / 255.0f; }))
    result.label.push_back(share >= 0.5f);
  return result;
}

//===----------------------------------------------------------------------===//
// Opening
//===----------------------------------------------------------------------===//

Expected<std::unique_ptr<Dataset>>
segc::openIsbi(const std::string &folder, const Json &pipeline,
               const DatasetOptions &options) {
  SEGC_ASSIGN_OR_RETURN(auto dataset, IsbiDataset::create(pipeline, options));
  const std::filesystem::path path(folder);
  std::error_code error;
  if (std::filesystem::exists(path / "train-volume.tif", error))
    SEGC_RETURN_IF_ERROR(dataset->addTraining(folder));
  if (std::filesystem::exists(path / "test-volume.tif", error))
    SEGC_RETURN_IF_ERROR(
        dataset->addTest((path / "test-volume.tif").string(), "test"));
  return std::unique_ptr<Dataset>(std::move(dataset));
}

Expected<std::unique_ptr<Dataset>>
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
    SEGC_RETURN_IF_ERROR(dataset->addTest(path, name));
  }
  return std::unique_ptr<Dataset>(std::move(dataset));
}
