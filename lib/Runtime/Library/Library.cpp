//===- Library.cpp - The C interface --------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ArrayImage.h"
#include "Calls.h"
#include "CasePrediction.h"
#include "segc/Base/Files.h"
#include "segc/Runtime/Data/OwnFiles.h"
#include "segc/Runtime/Data/SegmentationWriter.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <filesystem>

using namespace segc;

// NOLINTBEGIN(readability-identifier-naming): names of segc.h

struct segc_predictor {
  std::unique_ptr<SharedPredictor> shared;
  std::string description;
  std::atomic<int> calls{0}; ///< That predict with it.
};

struct segc_cancellation {
  std::atomic<bool> isRequested{false};
};
static_assert(std::atomic<bool>::is_always_lock_free,
              "signal handlers cancel predictions");

static Status missing(const char *argument) {
  return invalidArgument(std::string(argument) + " is NULL");
}

static std::string textOf(const char *text) { return text ? text : ""; }

//===----------------------------------------------------------------------===//
// Versions and models
//===----------------------------------------------------------------------===//

uint32_t segc_library_version(void) { return SEGC_LIBRARY_VERSION; }

const char *segc_release(void) { return SEGC_RELEASE; }

const char *segc_status_name(int status) {
  static constexpr const char *names[] = {
      "success",   "invalid argument", "not found",   "data loss",
      "I/O error", "not finite",       "unsupported", "cancelled",
      "busy",      "internal error"};
  const auto number = static_cast<size_t>(status);
  return number < std::size(names) ? names[number] : "unknown";
}

void segc_open_options_init(segc_open_options *options) {
  if (!options)
    return;
  *options = {};
  options->struct_size = sizeof(*options);
}

segc_status segc_open(const char *model, const segc_open_options *given,
                      segc_predictor **predictor, segc_error *error) {
  return runCall(error, [&]() -> Status {
    if (!predictor)
      return missing("predictor");
    *predictor = nullptr;
    if (!model)
      return missing("model");
    segc_open_options options;
    segc_open_options_init(&options);
    SEGC_RETURN_IF_ERROR(readOptions(given, "segc_open_options", options));
    SharedPredictorOptions shared;
    shared.model = model;
    if (options.device)
      shared.device = options.device;
    shared.checkpoint = textOf(options.checkpoint);
    shared.plan = textOf(options.plan);
    shared.configuration = textOf(options.configuration);
    shared.threads = options.threads;
    auto opened = std::make_unique<segc_predictor>();
    SEGC_ASSIGN_OR_RETURN(opened->shared, SharedPredictor::open(shared));
    opened->description = opened->shared->description();
    *predictor = opened.release();
    return Status::success();
  });
}

segc_status segc_close(segc_predictor *predictor, segc_error *error) {
  const int calls = predictor ? predictor->calls.load() : 0;
  if (calls > 0)
    return report(SEGC_STATUS_BUSY,
                  std::to_string(calls) +
                      " predictions run with it; wait for them, or cancel them",
                  error);
  return runCall(error, [&] {
    delete predictor;
    return Status::success();
  });
}

const char *segc_describe(const segc_predictor *predictor) {
  return predictor ? predictor->description.c_str() : nullptr;
}

uint32_t segc_channels(const segc_predictor *predictor) {
  return predictor ? static_cast<uint32_t>(
                         inputChannels(predictor->shared->manifest()))
                   : 0;
}

uint32_t segc_classes(const segc_predictor *predictor) {
  return predictor
             ? static_cast<uint32_t>(predictor->shared->manifest().classes)
             : 0;
}

const char *segc_label_name(const segc_predictor *predictor, uint32_t label) {
  if (!predictor || label >= predictor->shared->labelNames().size())
    return nullptr;
  return predictor->shared->labelNames()[label].c_str();
}

//===----------------------------------------------------------------------===//
// Options of predictions
//===----------------------------------------------------------------------===//

segc_status segc_cancellation_create(segc_cancellation **cancellation,
                                     segc_error *error) {
  return runCall(error, [&]() -> Status {
    if (!cancellation)
      return missing("cancellation");
    *cancellation = new segc_cancellation;
    return Status::success();
  });
}

void segc_cancel(segc_cancellation *cancellation) {
  if (cancellation)
    cancellation->isRequested = true;
}

void segc_cancellation_reset(segc_cancellation *cancellation) {
  if (cancellation)
    cancellation->isRequested = false;
}

void segc_cancellation_free(segc_cancellation *cancellation) {
  delete cancellation;
}

void segc_predict_options_init(segc_predict_options *options) {
  if (!options)
    return;
  *options = {};
  options->struct_size = sizeof(*options);
  options->flips = -1;
  options->overlap = -1;
  options->max_image_bytes = ImageLimits().maxBytes;
  options->channel = -1;
}

void segc_image_init(segc_image *image) {
  if (!image)
    return;
  *image = {};
  image->struct_size = sizeof(*image);
  image->type = SEGC_TYPE_FLOAT32;
  image->channels = 1;
  image->slope = 1;
  for (size_t axis = 0; axis < 3; ++axis) {
    image->spacing[axis] = 1;
    image->direction[axis * 4] = 1;
  }
}

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

//===----------------------------------------------------------------------===//
// Predictions
//===----------------------------------------------------------------------===//

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
    if (request.saveProbabilities)
      return invalidArgument("segc_predict_options: save_probabilities is of "
                             "segc_predict_file; give segc_predict_array an "
                             "array for them");
    segc_image image;
    segc_image_init(&image);
    SEGC_RETURN_IF_ERROR(readOptions(given, "segc_image", image));
    if (prediction.pipeline().hasSlices())
      return unsupported(
          prediction.shared().library().path() +
          ": takes slices, whose grey values come from files; give their file "
          "to segc_predict_file");
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
    request.labels = labels;
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
    if (!images || image_count < 1)
      return invalidArgument("images: none, expected a file");
    std::vector<std::string> paths;
    for (uint32_t i = 0; i < image_count; ++i) {
      if (!images[i])
        return missing("an image");
      paths.emplace_back(images[i]);
    }
    Prediction prediction(*predictor);
    SEGC_RETURN_IF_ERROR(prediction.setOptions(options));
    CaseRequest &request = prediction.request;
    const DatasetOptions dataset = prediction.datasetOptions();
    SEGC_ASSIGN_OR_RETURN(
        const std::unique_ptr<Dataset> opened,
        paths.size() == 1
            ? openFiles(paths, prediction.pipeline(), dataset)
            : openChannels(paths, prediction.pipeline(), dataset));
    SEGC_RETURN_IF_ERROR(checkOutput(output, paths[0], *opened));
    const std::filesystem::path parent =
        std::filesystem::path(output).parent_path();
    request.folders.predictions = parent.empty() ? "." : parent.string();
    request.folders.mask = output;
    return predictCase(prediction.shared(), *opened, request);
  });
}
// NOLINTEND(readability-identifier-naming)
