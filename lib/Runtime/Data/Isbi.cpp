//===- Isbi.cpp - ISBI 2012 slices ----------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Data/Isbi.h"
#include "Augmentation.h"
#include "segc/Base/Files.h"
#include "segc/Runtime/Data/NumpyRandom.h"
#include "segc/Runtime/Data/Overlay.h"
#include "segc/Runtime/Data/Resample.h"
#include "segc/Runtime/Data/Tiff.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <map>
#include <mutex>

using namespace segc;

namespace {

/// Height and width in pixels.
struct Extent {
  int64_t height = 0, width = 0;
  size_t size() const { return static_cast<size_t>(height * width); }
};

/// One TIFF: its pages and, once asked for, what the network sees of them.
struct Slices {
  std::string name;       ///< "train", "test" or the file's own.
  GrayStack image, label; ///< `label` has no pages where it is unknown.
};

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
  static Expected<std::unique_ptr<IsbiDataset>>
  create(const Json &pipeline, const DatasetOptions &options);

  /// Adds the slices of a stack to the splits.
  Status addTraining(const std::string &folder);
  Status addTest(const std::string &path, const std::string &name);

  const char *kind() const override { return "isbi"; }
  int64_t count(Split split) const override {
    return static_cast<int64_t>(places(split).size());
  }
  std::string caseName(Split split, int64_t index) const override;
  const std::vector<int64_t> &imageShape() const override { return imageDims; }
  const std::vector<int64_t> &labelShape() const override { return labelDims; }
  const std::vector<std::string> &classNames() const override { return names; }
  /// Slices were checked when their file was read.
  Status load(Split) const override { return Status::success(); }
  Status sample(Split split, int64_t index, const AugmentKey &key, float *image,
                int32_t *label) const override;
  Expected<SourceCase> source(Split split, int64_t index) const override;
  Expected<std::vector<uint8_t>>
  predictedLabels(Split split, int64_t index,
                  const float *probabilities) const override;
  Status writePrediction(Split split, int64_t index, const float *probabilities,
                         const PredictionFolders &folders) override;
  Status finishPredictions(const PredictionFolders &folders) override;

private:
  const std::vector<Place> &places(Split split) const {
    return splits[static_cast<size_t>(split)];
  }
  const Place &place(Split split, int64_t index) const {
    return places(split)[static_cast<size_t>(index)];
  }
  Prepared prepare(const Slices &slices, int64_t page) const;
  void addPages(Slices slices);
  Status writeMasks(const PredictionFolders &folders, const char *ending,
                    const std::map<std::pair<Split, Place>,
                                   std::vector<uint8_t>> &pages) const;

  DatasetOptions options;
  Extent resize, canvas;
  std::vector<int64_t> imageDims, labelDims;
  std::vector<std::string> names;
  std::vector<Slices> stacks;
  std::vector<std::vector<Prepared>> prepared;
  std::array<std::vector<Place>, 3> splits;

  std::mutex mutex; // Guards the masks.
  std::map<std::pair<Split, Place>, std::vector<uint8_t>> masks, greyMasks;
};

} // namespace

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

static PixelRule pixelRule(const DatasetOptions &options) {
  return options.legacyResize ? PixelRule::Legacy : PixelRule::HalfPixel;
}

Prepared IsbiDataset::prepare(const Slices &slices, int64_t page) const {
  Prepared result;
  result.image = resized(slices.image, page, resize, pixelRule(options),
                         [](uint8_t v) { return float(v) / 127.5f - 1.0f; });
  if (slices.label.pages == 0)
    return result;
  for (float share : resized(slices.label, page, resize, pixelRule(options),
                             [](uint8_t v) { return float(v) / 255.0f; }))
    result.label.push_back(share >= 0.5f);
  return result;
}

//===----------------------------------------------------------------------===//
// Samples
//===----------------------------------------------------------------------===//

/// Puts a plane into the middle of a canvas of zeros, mirrored with the canvas.
template <typename T>
static void pad(const std::vector<T> &plane, const Extent &from,
                const Extent &to, bool flipX, bool flipY, float *result) {
  std::fill(result, result + to.size(), 0.0f);
  const int64_t top = (to.height - from.height) / 2;
  const int64_t left = (to.width - from.width) / 2;
  for (int64_t y = 0; y < from.height; ++y) {
    const int64_t row = flipY ? to.height - 1 - (top + y) : top + y;
    for (int64_t x = 0; x < from.width; ++x) {
      const int64_t column = flipX ? to.width - 1 - (left + x) : left + x;
      result[row * to.width + column] =
          static_cast<float>(plane[static_cast<size_t>(y * from.width + x)]);
    }
  }
}

Status IsbiDataset::sample(Split split, int64_t index, const AugmentKey &key,
                           float *image, int32_t *label) const {
  const Place &at = place(split, index);
  const Prepared &page = prepared[at.stack][static_cast<size_t>(at.page)];
  if (label && page.label.empty())
    return invalidArgument(caseName(split, index) +
                           ": has no label; only predict with it");
  if (!key.augment) {
    pad(page.image, resize, canvas, false, false, image);
    if (label)
      std::copy(page.label.begin(), page.label.end(), label);
    return Status::success();
  }

  AugmentDraws draws(key);
  const bool flipX = draws.coin(), flipY = draws.coin();
  CropBox box;
  box.left = draws.uniform(0, 0.3f);
  box.top = draws.uniform(0, 0.3f);
  box.right = 1 - draws.uniform(0, 0.3f);
  box.bottom = 1 - draws.uniform(0, 0.3f);
  const float brightness = draws.uniform(-0.2f, 0.2f);

  std::vector<float> padded(canvas.size());
  pad(page.image, resize, canvas, flipX, flipY, padded.data());
  cropAndResize(padded.data(), canvas.height, canvas.width, box, image,
                canvas.height, canvas.width);
  for (size_t i = 0; i < canvas.size(); ++i)
    image[i] = std::clamp(image[i] + brightness, -1.0f, 1.0f);
  if (!label)
    return Status::success();

  pad(page.label, resize, canvas, flipX, flipY, padded.data());
  std::vector<float> cropped(canvas.size());
  cropAndResize(padded.data(), canvas.height, canvas.width, box, cropped.data(),
                canvas.height, canvas.width);
  const int64_t top = (canvas.height - resize.height) / 2;
  const int64_t left = (canvas.width - resize.width) / 2;
  for (int64_t y = 0; y < resize.height; ++y)
    for (int64_t x = 0; x < resize.width; ++x)
      *label++ =
          cropped[static_cast<size_t>((top + y) * canvas.width + left + x)] >=
          0.5f;
  return Status::success();
}

std::string IsbiDataset::caseName(Split split, int64_t index) const {
  const Place &at = place(split, index);
  std::string number = std::to_string(at.page);
  return stacks[at.stack].name + "-" +
         std::string(number.size() < 2 ? 2 - number.size() : 0, '0') + number;
}

Expected<SourceCase> IsbiDataset::source(Split split, int64_t index) const {
  const Place &at = place(split, index);
  const Slices &slices = stacks[at.stack];
  SourceCase result;
  result.size = {slices.image.width, slices.image.height, 1};
  const uint8_t *page = slices.image.page(at.page);
  result.image.assign(page, page + slices.image.pageSize());
  if (slices.label.pages) {
    const uint8_t *labels = slices.label.page(at.page);
    for (int64_t i = 0; i < slices.label.pageSize(); ++i)
      result.label.push_back(labels[i] != 0);
  }
  return result;
}

//===----------------------------------------------------------------------===//
// Predictions
//===----------------------------------------------------------------------===//

Expected<std::vector<uint8_t>>
IsbiDataset::predictedLabels(Split split, int64_t index,
                             const float *probabilities) const {
  const GrayStack &stack = stacks[place(split, index).stack].image;
  // Two classes: one plane of differences decides.
  std::vector<float> lead(resize.size());
  for (size_t i = 0; i < lead.size(); ++i)
    lead[i] = probabilities[2 * i + 1] - probabilities[2 * i];
  std::vector<float> full(static_cast<size_t>(stack.pageSize()));
  resizeBilinear(lead.data(), resize.height, resize.width, full.data(),
                 stack.height, stack.width, pixelRule(options));
  std::vector<uint8_t> labels;
  for (float value : full)
    labels.push_back(value > 0);
  return labels;
}

/// The published mask: decided first, then resized and rounded.
static std::vector<uint8_t> greyMask(const float *probabilities,
                                     const Extent &from, const GrayStack &to,
                                     PixelRule rule) {
  std::vector<float> decided(from.size());
  for (size_t i = 0; i < decided.size(); ++i)
    decided[i] = probabilities[2 * i + 1] > probabilities[2 * i] ? 255.0f : 0;
  std::vector<float> full(static_cast<size_t>(to.pageSize()));
  resizeBilinear(decided.data(), from.height, from.width, full.data(),
                 to.height, to.width, rule);
  std::vector<uint8_t> mask;
  for (float value : full)
    mask.push_back(static_cast<uint8_t>(std::lround(value)));
  return mask;
}

Status IsbiDataset::writePrediction(Split split, int64_t index,
                                    const float *probabilities,
                                    const PredictionFolders &folders) {
  const Place &at = place(split, index);
  const GrayStack &stack = stacks[at.stack].image;
  SEGC_ASSIGN_OR_RETURN(std::vector<uint8_t> labels,
                        predictedLabels(split, index, probabilities));
  std::vector<uint8_t> mask;
  for (uint8_t label : labels)
    mask.push_back(label ? 255 : 0);
  {
    std::lock_guard<std::mutex> lock(mutex);
    masks[{split, at}] = std::move(mask);
    if (options.greyMasks)
      greyMasks[{split, at}] =
          greyMask(probabilities, resize, stack, pixelRule(options));
  }
  if (folders.overlays.empty())
    return Status::success();
  SEGC_RETURN_IF_ERROR(createDirectories(folders.overlays));
  SEGC_ASSIGN_OR_RETURN(SourceCase known, source(split, index));
  OverlaySlice slice;
  slice.width = stack.width;
  slice.height = stack.height;
  slice.grey.assign(stack.page(at.page),
                    stack.page(at.page) + stack.pageSize());
  slice.prediction = std::move(labels);
  slice.label = std::move(known.label);
  const int64_t scale =
      std::max<int64_t>(1, 256 / std::max(stack.width, stack.height));
  return writePng(folders.overlays + "/" + caseName(split, index) + ".png",
                  drawOverlay({slice}, visibleClasses(names, 2), scale));
}

Status IsbiDataset::finishPredictions(const PredictionFolders &folders) {
  std::lock_guard<std::mutex> lock(mutex);
  SEGC_RETURN_IF_ERROR(writeMasks(folders, "-masks.tif", masks));
  return writeMasks(folders, "-masks-grey.tif", greyMasks);
}

Status IsbiDataset::writeMasks(
    const PredictionFolders &folders, const char *ending,
    const std::map<std::pair<Split, Place>, std::vector<uint8_t>> &pages)
    const {
  std::map<std::string, GrayStack> files;
  for (const auto &[key, mask] : pages) {
    const auto &[split, at] = key;
    const Slices &slices = stacks[at.stack];
    GrayStack &file =
        files[split == Split::Test ? slices.name : splitName(split)];
    file.width = slices.image.width;
    file.height = slices.image.height;
    ++file.pages;
    file.pixels.insert(file.pixels.end(), mask.begin(), mask.end());
  }
  if (!files.empty())
    SEGC_RETURN_IF_ERROR(createDirectories(folders.predictions));
  for (const auto &[name, file] : files)
    SEGC_RETURN_IF_ERROR(
        writeTiff(folders.predictions + "/" + name + ending, file));
  return Status::success();
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
