//===- Predictions.cpp - Predictions of the C interface -------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ArrayImage.h"
#include "Calls.h"
#include "CasePrediction.h"
#include "Handles.h"
#include "segc/Base/Files.h"
#include "segc/Runtime/Data/OwnFiles.h"
#include "segc/Runtime/Data/SegmentationWriter.h"

#include <algorithm>
#include <filesystem>

using namespace segc;

// NOLINTBEGIN(readability-identifier-naming): names of segc.h

namespace {

/// A prediction that a function of the interface makes.
class Prediction {
public:
  explicit Prediction(segc_predictor &predictor) : predictor(predictor) {
    ++predictor.calls;
  }
  ~Prediction() { --predictor.calls; }
  Prediction(const Prediction &) = delete;
  Prediction &operator=(const Prediction &) = delete;

  Status setOptions(const segc_predict_options *given);
  SharedPredictor &shared() const { return *predictor.shared; }
  const DataPipeline &pipeline() const { return shared().manifest().pipeline; }
  DatasetOptions datasetOptions() const {
    return segc::datasetOptions(shared(), request);
  }
  CaseRequest request;

private:
  segc_predictor &predictor;
  std::atomic<bool> isStopped{false}; ///< By an answer of the callback.
};

} // namespace

Status Prediction::setOptions(const segc_predict_options *given) {
  segc_predict_options options;
  segc_predict_options_init(&options);
  SEGC_RETURN_IF_ERROR(readOptions(given, "segc_predict_options", options));
  auto wrong = [](const std::string &member, const std::string &value,
                  const std::string &expected) {
    return invalidArgument("segc_predict_options: " + member + " " + value +
                           ", expected " + expected);
  };
  constexpr double maxOverlap = 0.95;
  if (options.flips < -1 || options.flips > 1)
    return wrong("flips", std::to_string(options.flips), "-1, 0 or 1");
  if (options.overlap != -1 &&
      !(options.overlap >= 0 && options.overlap <= maxOverlap))
    return wrong("overlap", std::to_string(options.overlap),
                 "-1, or 0 to 0.95");
  if (options.channel < -1)
    return wrong("channel", std::to_string(options.channel),
                 "-1, or a channel from 0 on");
  if (options.flips >= 0)
    request.flips = options.flips == 1;
  if (options.overlap >= 0)
    request.overlap = options.overlap;
  if (options.max_memory > 0)
    request.maxMemory = options.max_memory;
  request.limits.maxBytes = options.max_image_bytes;
  if (options.channel >= 0)
    request.channel = options.channel;
  request.saveProbabilities = options.save_probabilities != 0;
  if (options.postprocess) {
    SEGC_ASSIGN_OR_RETURN(
        request.postprocessing,
        parsePostprocess(options.postprocess, shared().labelNames()));
  }
  const segc_cancellation *cancellation = options.cancellation;
  request.isCancelled = [this, cancellation] {
    return isStopped || (cancellation && cancellation->isRequested);
  };
  request.goOn = [this, function = options.progress,
                  context = options.context](double share) {
    // The callback may be called by a thread of the library.
    const CallScope scope;
    if (function && function(context, share) != 0)
      isStopped = true;
    return !isStopped;
  };
  request.warn = [function = options.warning,
                  context = options.context](const std::string &text) {
    if (function)
      function(context, text.c_str());
  };
  return Status::success();
}

/// What becomes a file, and cannot stay in memory.
static Status checkInMemory(const Prediction &prediction) {
  if (prediction.request.saveProbabilities)
    return invalidArgument("segc_predict_options: save_probabilities is of "
                           "segc_predict_file; give segc_predict_array an "
                           "array for them");
  return Status::success();
}

segc_status segc_predict_array(segc_predictor *predictor,
                               const segc_image *given, uint8_t *labels,
                               uint64_t label_count, float *probabilities,
                               uint64_t probability_count,
                               const segc_predict_options *options,
                               segc_error *error) {
  return runCall(error, [&]() -> Status {
    if (!predictor)
      return missing("predictor");
    if (!given)
      return missing("image");
    if (!labels)
      return missing("labels");
    Prediction prediction(*predictor);
    SEGC_RETURN_IF_ERROR(prediction.setOptions(options));
    CaseRequest &request = prediction.request;
    SEGC_RETURN_IF_ERROR(checkInMemory(prediction));
    segc_image image;
    segc_image_init(&image);
    SEGC_RETURN_IF_ERROR(readOptions(given, "segc_image", image));
    SEGC_ASSIGN_OR_RETURN(Volume volume, volumeOf(image));
    const auto voxels = static_cast<uint64_t>(volume.geometry.voxels());
    auto checkCount = [](const char *name, uint64_t count, uint64_t expected) {
      return count == expected
                 ? Status::success()
                 : invalidArgument(std::string(name) + " " +
                                   std::to_string(count) + ", expected " +
                                   std::to_string(expected) +
                                   " for this image");
    };
    SEGC_RETURN_IF_ERROR(checkCount("label_count", label_count, voxels));
    SEGC_RETURN_IF_ERROR(checkCount(
        "probability_count", probability_count,
        probabilities ? voxels * segc_classes(predictor) : uint64_t{0}));
    request.takeLabels = [labels](const VolumeGeometry &,
                                  const std::vector<uint8_t> &made) {
      std::copy(made.begin(), made.end(), labels);
    };
    request.probabilities = probabilities;
    SEGC_ASSIGN_OR_RETURN(const std::unique_ptr<Dataset> dataset,
                          openVolume(std::move(volume), "image",
                                     prediction.pipeline(),
                                     prediction.datasetOptions()));
    return predictCase(prediction.shared(), *dataset, request);
  });
}

/// Masks replace masks that segc wrote, and lie where they are looked for.
static Status checkOutput(const std::string &output, const std::string &image,
                          const Dataset &dataset) {
  const std::string ending(maskFormatOf(image).endings()[0]);
  const std::filesystem::path path = output;
  if (!hasEnding(output, ending) ||
      path.filename().string().size() == ending.size())
    return invalidArgument("output " + output +
                           ": expected a file that ends "
                           "in \"" +
                           ending + "\", as labels of " + image + " do");
  std::error_code ignored;
  if (std::filesystem::is_directory(output, ignored))
    return invalidArgument("output " + output +
                           ": is a folder, expected a "
                           "file");
  for (const std::string &input : dataset.files())
    if (sameFile(input, output))
      return invalidArgument("output " + output + ": would replace the image " +
                             input + "; give another file");
  if (pathExists(output) && !hasOwnMark(output))
    return invalidArgument("output " + output +
                           ": exists and is no mask that segc wrote; give "
                           "another file");
  return Status::success();
}

static StatusOr<std::vector<std::string>> pathsOf(const char *const *images,
                                                  uint32_t count) {
  if (!images || count < 1)
    return invalidArgument("images: none, expected a file");
  std::vector<std::string> paths;
  for (uint32_t i = 0; i < count; ++i) {
    if (!images[i])
      return missing("an image");
    paths.emplace_back(images[i]);
  }
  return paths;
}

/// One file, or those of a scan's channels.
static StatusOr<std::unique_ptr<Dataset>>
openImages(const std::vector<std::string> &paths,
           const Prediction &prediction) {
  const DatasetOptions options = prediction.datasetOptions();
  return paths.size() == 1
             ? openFiles(paths, prediction.pipeline(), options)
             : openChannels(paths, prediction.pipeline(), options);
}

segc_status segc_predict_file(segc_predictor *predictor,
                              const char *const *images, uint32_t image_count,
                              const char *output,
                              const segc_predict_options *options,
                              segc_error *error) {
  return runCall(error, [&]() -> Status {
    if (!predictor)
      return missing("predictor");
    if (!output)
      return missing("output");
    SEGC_ASSIGN_OR_RETURN(const std::vector<std::string> paths,
                          pathsOf(images, image_count));
    Prediction prediction(*predictor);
    SEGC_RETURN_IF_ERROR(prediction.setOptions(options));
    CaseRequest &request = prediction.request;
    SEGC_ASSIGN_OR_RETURN(const std::unique_ptr<Dataset> opened,
                          openImages(paths, prediction));
    SEGC_RETURN_IF_ERROR(checkOutput(output, paths[0], *opened));
    const std::filesystem::path parent =
        std::filesystem::path(output).parent_path();
    request.folders.predictions = parent.empty() ? "." : parent.string();
    request.folders.mask = output;
    return predictCase(prediction.shared(), *opened, request);
  });
}

segc_status segc_predict_labels(segc_predictor *predictor,
                                const char *const *images, uint32_t image_count,
                                segc_labels **labels,
                                const segc_predict_options *options,
                                segc_error *error) {
  return runCall(error, [&]() -> Status {
    if (!labels)
      return missing("labels");
    *labels = nullptr;
    if (!predictor)
      return missing("predictor");
    SEGC_ASSIGN_OR_RETURN(const std::vector<std::string> paths,
                          pathsOf(images, image_count));
    Prediction prediction(*predictor);
    SEGC_RETURN_IF_ERROR(prediction.setOptions(options));
    SEGC_RETURN_IF_ERROR(checkInMemory(prediction));
    SEGC_ASSIGN_OR_RETURN(const std::unique_ptr<Dataset> opened,
                          openImages(paths, prediction));
    auto made = std::make_unique<segc_labels>();
    segc_image_init(&made->image);
    prediction.request.takeLabels = [&](const VolumeGeometry &grid,
                                        std::vector<uint8_t> voxels) {
      made->voxels = std::move(voxels);
      setGeometry(made->image, grid);
    };
    SEGC_RETURN_IF_ERROR(
        predictCase(prediction.shared(), *opened, prediction.request));
    made->image.type = SEGC_TYPE_UINT8;
    made->image.data = made->voxels.data();
    made->image.data_bytes = made->voxels.size();
    *labels = made.release();
    return Status::success();
  });
}

const segc_image *segc_labels_image(const segc_labels *labels) {
  return labels ? &labels->image : nullptr;
}

void segc_labels_free(segc_labels *labels) { delete labels; }
// NOLINTEND(readability-identifier-naming)
