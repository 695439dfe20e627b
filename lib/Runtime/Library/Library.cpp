//===- Library.cpp - Models and options of the C interface ----------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Calls.h"
#include "Handles.h"

using namespace segc;

// NOLINTBEGIN(readability-identifier-naming): names of segc.h

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
  // A signal handler that interrupts the library may not allocate a text.
  if (calls > 0 && !CallScope::isActive())
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

// NOLINTEND(readability-identifier-naming)
