//===- LoaderBench.cpp - Samples a second of the loader -------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Augmented patches of made cases, or what a device makes them from: what a
// training step waits for, without the step.
//
//   segc-loader-bench [--augmentation none|example|v2|mlperf] [--patch D,H,W]
//     [--case D,H,W] [--cases N] [--channels N] [--classes N] [--batch N]
//     [--threads N] [--seconds S] [--augment-on host|device]
//
// It prints one line of JSON. Patches of depth 1 are planes.
//
//===----------------------------------------------------------------------===//

#include "segc/Base/Exceptions.h"
#include "segc/Base/Json.h"
#include "segc/Base/Random.h"
#include "segc/Plan/CropExtents.h"
#include "segc/Runtime/Augment/PatchCrops.h"
#include "segc/Runtime/Augment/PatchSamples.h"
#include "segc/Runtime/Core/CpuFeatures.h"

#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <ctime>

using namespace segc;
using Clock = std::chrono::steady_clock;

namespace {
struct Options {
  std::string augmentation = "v2";
  Shape3 patch = {128, 128, 128}, shape = {155, 240, 240};
  int64_t cases = 4, channels = 1, classes = 3, batch = 2, threads = 2;
  double seconds = 10;
  bool onDevice = false;
};

struct Arrays {
  std::vector<float> image;
  std::vector<int16_t> labels;
};
} // namespace

/// Noise with balls inside of each other, one a class; as
/// loader_batchgenerators.py makes them.
static PreparedCase makeCase(const Options &options, int64_t number) {
  auto arrays = std::make_shared<Arrays>();
  const CounterRng random(1, static_cast<uint64_t>(number));
  PreparedCase result;
  result.name = "case" + std::to_string(number);
  result.shape = options.shape;
  result.channels = options.channels;
  result.classVoxels.resize(static_cast<size_t>(options.classes - 1));
  int64_t place = 0;
  for (int64_t z = 0; z < options.shape[0]; ++z)
    for (int64_t y = 0; y < options.shape[1]; ++y)
      for (int64_t x = 0; x < options.shape[2]; ++x, ++place) {
        for (int64_t channel = 0; channel < options.channels; ++channel)
          arrays->image.push_back(random.uniform(
              static_cast<uint64_t>(place * options.channels + channel), -2,
              2));
        const Shape3 at = {z, y, x};
        double square = 0;
        for (size_t axis = 0; axis < 3; ++axis) {
          const double share = (static_cast<double>(at[axis]) + 0.5) /
                                   static_cast<double>(options.shape[axis]) -
                               0.5;
          square += share * share;
        }
        const auto classes = static_cast<double>(options.classes);
        const auto label = static_cast<int64_t>(
            std::max(0.0, classes - std::sqrt(square) * 2.5 * classes));
        arrays->labels.push_back(static_cast<int16_t>(label));
        if (label > 0 && place % 101 == 0)
          result.classVoxels[static_cast<size_t>(label) - 1].push_back(place);
      }
  result.image = arrays->image.data();
  result.labels = arrays->labels.data();
  result.storage = arrays;
  return result;
}

static bool parse(int count, char **arguments, Options &options) {
  auto shape = [](const char *text, Shape3 &result) {
    for (int64_t &size : result) {
      char *end = nullptr;
      size = std::strtoll(text, &end, 10);
      if (size < 1 || (*end != ',' && *end != 0))
        return false;
      text = *end ? end + 1 : end;
    }
    return *text == 0;
  };
  const std::pair<const char *, int64_t *> numbers[] = {
      {"--cases", &options.cases},
      {"--channels", &options.channels},
      {"--classes", &options.classes},
      {"--batch", &options.batch},
      {"--threads", &options.threads}};
  for (int i = 1; i + 1 < count; i += 2) {
    const char *name = arguments[i], *value = arguments[i + 1];
    bool known = false;
    for (const auto &[option, number] : numbers)
      if (std::strcmp(name, option) == 0) {
        *number = std::strtoll(value, nullptr, 10);
        known = *number > 0;
      }
    if (std::strcmp(name, "--augmentation") == 0) {
      options.augmentation = value;
      PatchOptions patches;
      known = options.augmentation == "none" ||
              chooseAugmentation(options.augmentation, patches);
    } else if (std::strcmp(name, "--patch") == 0) {
      known = shape(value, options.patch);
    } else if (std::strcmp(name, "--case") == 0) {
      known = shape(value, options.shape);
    } else if (std::strcmp(name, "--augment-on") == 0) {
      options.onDevice = std::strcmp(value, "device") == 0;
      known = options.onDevice || std::strcmp(value, "host") == 0;
    } else if (std::strcmp(name, "--seconds") == 0) {
      options.seconds = std::strtod(value, nullptr);
      known = options.seconds > 0;
    }
    if (!known)
      return false;
  }
  return count % 2 == 1 && options.classes > 1;
}

/// Processor time of all threads.
static double processorSeconds() {
  timespec time = {};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) +
         1e-9 * static_cast<double>(time.tv_nsec);
}

/// Patches, or crops for a device.
static StatusOr<std::unique_ptr<SampleSource>>
makeSamples(const Options &options, const PatchSource &cases,
            const PatchOptions &patches) {
  if (!options.onDevice) {
    SEGC_ASSIGN_OR_RETURN(
        std::unique_ptr<PatchSamples> samples,
        PatchSamples::create(cases, options.channels, patches));
    return std::unique_ptr<SampleSource>(std::move(samples));
  }
  EntrySignature entry;
  entry.inputs =
      cropTensors(cropExtents(patches.rules, patches.patch), options.channels);
  for (TensorSignature &input : entry.inputs)
    input.shape.insert(input.shape.begin(), options.batch);
  SEGC_ASSIGN_OR_RETURN(
      std::unique_ptr<PatchCrops> crops,
      PatchCrops::create(cases, options.channels, patches, entry));
  return std::unique_ptr<SampleSource>(std::move(crops));
}

static Status run(const Options &options) {
  std::vector<PreparedCase> made;
  for (int64_t i = 0; i < options.cases; ++i)
    made.push_back(makeCase(options, i));
  const MemoryPatchSource cases(std::move(made));
  PatchOptions patches;
  chooseAugmentation(options.augmentation, patches);
  patches.patch = options.patch;
  patches.batch = options.batch;
  SEGC_ASSIGN_OR_RETURN(std::unique_ptr<SampleSource> samples,
                        makeSamples(options, cases, patches));
  int64_t bytes = 0;
  for (const TensorSignature &tensor : samples->tensors())
    bytes += tensor.bytes();
  LoaderOptions loading;
  followRules(patches, loading);
  loading.augment = options.augmentation != "none";
  loading.threads = options.threads;
  SEGC_ASSIGN_OR_RETURN(std::unique_ptr<Loader> loader,
                        Loader::create(*samples, Split::Train, loading));
  SEGC_RETURN_IF_ERROR(loader->next().status());
  const Clock::time_point begin = Clock::now();
  const double processorBegin = processorSeconds();
  int64_t steps = 0;
  double seconds = 0;
  for (; seconds < options.seconds; ++steps) {
    SEGC_RETURN_IF_ERROR(loader->next().status());
    seconds = std::chrono::duration<double>(Clock::now() - begin).count();
  }
  const auto count = static_cast<double>(steps * options.batch);
  const OrderedJson line = {
      {"loader", "segc"},
      {"augmentation", options.augmentation},
      {"patch", options.patch},
      {"case", options.shape},
      {"channels", options.channels},
      {"classes", options.classes},
      {"batch", options.batch},
      {"threads", options.threads},
      {"augment_on", options.onDevice ? "device" : "host"},
      {"bytes_per_sample", bytes},
      {"samples", steps * options.batch},
      {"samples_per_second", count / seconds},
      {"processor_ms_per_sample",
       (processorSeconds() - processorBegin) / count * 1000},
      {"cpu", cpuName()}};
  std::printf("%s\n", line.dump().c_str());
  return Status::success();
}

int main(int count, char **arguments) {
  Options options;
  if (!parse(count, arguments, options)) {
    std::fprintf(stderr, "segc-loader-bench: wrong usage; the first lines of "
                         "bench/loader/LoaderBench.cpp name the options\n");
    return 2;
  }
  const Status status = withoutExceptions([&] { return run(options); });
  if (status.ok())
    return 0;
  std::fprintf(stderr, "segc-loader-bench: %s\n", status.message().c_str());
  return 1;
}
