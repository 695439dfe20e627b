//===- SharedPredictor.cpp - A model that several threads predict with ----===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "SharedPredictor.h"
#include "segc/Base/Exceptions.h"
#include "segc/Plan/PipelinePlan.h"
#include "segc/Runtime/Device/HostDevice.h"
#include "segc/Runtime/Device/MakeDevice.h"
#include "segc/Runtime/Inference/WindowPlan.h"

#include <algorithm>
#include <chrono>
#include <csignal>

using namespace segc;

namespace {
/// Threads that are started meanwhile handle no signals: those of a program go
/// to its own threads.
class BlockedSignals {
public:
  BlockedSignals() {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
  }
  ~BlockedSignals() { pthread_sigmask(SIG_SETMASK, &before, nullptr); }
  BlockedSignals(const BlockedSignals &) = delete;
  BlockedSignals &operator=(const BlockedSignals &) = delete;

private:
  sigset_t before = {};
};
} // namespace

static StatusOr<std::unique_ptr<ThreadPool>> makePool(unsigned threads) {
  const BlockedSignals blocked;
  return ThreadPool::create(threads);
}

StatusOr<std::unique_ptr<SharedPredictor>>
SharedPredictor::open(const SharedPredictorOptions &options) {
  // Where predictions have devices of their own, this one lays filters out.
  const bool onHost = options.device == "cpu";
  SEGC_ASSIGN_OR_RETURN(std::unique_ptr<ThreadPool> pool,
                        makePool(onHost ? 1 : options.threads));
  SEGC_ASSIGN_OR_RETURN(std::shared_ptr<Device> device,
                        makeDevice(options.device, *pool));
  SEGC_ASSIGN_OR_RETURN(
      std::shared_ptr<const ModelLibrary> library,
      ModelLibrary::load(options.model,
                         {device->kind(), [&](const segc_version &version) {
                            return device->supports(version);
                          }}));
  SEGC_ASSIGN_OR_RETURN(
      ModelRunner runner,
      ModelRunner::create(std::move(library), std::move(device), {}));
  LoadedModel model{std::move(pool), std::move(runner)};
  SEGC_RETURN_IF_ERROR(loadWeights(model, options.checkpoint));
  std::unique_ptr<SharedPredictor> shared(
      new SharedPredictor(std::move(model), options));
  SEGC_RETURN_IF_ERROR(shared->prepare());
  return shared;
}

Status SharedPredictor::prepare() {
  const DataPipeline &pipeline = manifest().pipeline;
  planned = segc::isPlanned(pipeline);
  if (!planned)
    SEGC_RETURN_IF_ERROR(checkWholeClasses(weights.runner));
  if (!planned && !(options.plan.empty() && options.configuration.empty()))
    return invalidArgument(library().path() +
                           ": takes whole images, for which a plan has no "
                           "effect; leave plan and configuration out");
  if (planned) {
    SEGC_RETURN_IF_ERROR(setWindowPlan(
        {options.plan, options.configuration, std::nullopt, weights.frame},
        library(), windows));
    applySettings(settingsOf(pipeline), windows);
    windows.batch = manifest().batch;
  }
  SEGC_ASSIGN_OR_RETURN(labels, labelNamesOf(pipeline));
  if (labels.empty())
    labels = manifest().classNames();
  if (!pipeline.postprocess.empty()) {
    StatusOr<std::vector<PostprocessStep>> steps =
        parsePostprocess(pipeline.postprocess, labels);
    if (!steps.ok())
      return steps.status().withContext(library().path() + ": pipeline");
    windows.postprocessing = std::move(*steps);
  }
  // Of a head that the host applies, each prediction reads the weights.
  return manifest().headWeight ? Status::success()
                               : weights.runner.releaseWeights();
}

StatusOr<std::unique_ptr<LoadedModel>> SharedPredictor::makeContext() {
  SEGC_ASSIGN_OR_RETURN(std::unique_ptr<ThreadPool> pool,
                        makePool(options.threads));
  SEGC_ASSIGN_OR_RETURN(ModelRunner runner,
                        weights.runner.share(makeHostDevice(*pool)));
  return std::make_unique<LoadedModel>(
      LoadedModel{std::move(pool), std::move(runner)});
}

StatusOr<SharedPredictor::Lease>
SharedPredictor::lease(const std::function<bool()> &isCancelled) {
  constexpr std::chrono::milliseconds patience{20};
  std::unique_lock<std::mutex> lock(mutex);
  if (!sharesWeights()) {
    while (leases > 0) {
      if (isCancelled())
        return Status(StatusCode::Interrupted, "cancelled while it waited");
      given.wait_for(lock, patience);
    }
    ++leases;
    return Lease(*this, &weights);
  }
  if (idle.empty()) {
    SEGC_ASSIGN_OR_RETURN(std::unique_ptr<LoadedModel> made, makeContext());
    contexts.push_back(std::move(made));
    idle.reserve(contexts.size()); // so that a lease ends without allocation
    idle.push_back(contexts.back().get());
  }
  LoadedModel *context = idle.back();
  idle.pop_back();
  ++leases;
  return Lease(*this, context);
}

SharedPredictor::Lease::~Lease() {
  if (!leased)
    return;
  leased->runner.setObserver(nullptr);
  const std::lock_guard<std::mutex> lock(owner->mutex);
  --owner->leases;
  if (owner->sharesWeights())
    owner->idle.push_back(leased);
  owner->given.notify_one();
}

std::string SharedPredictor::description() const {
  const Manifest &model = manifest();
  OrderedJson json = {{"path", library().path()},
                      {"network", model.network},
                      {"precision", model.precision},
                      {"device", weights.runner.device().name()},
                      {"kernels", library().version().name},
                      {"pipeline", model.pipeline.kind},
                      {"channels", inputChannels(model)},
                      {"classes", model.classes},
                      {"class_names", model.classNames()},
                      {"regions", model.sigmoid},
                      {"label_names", labels},
                      {"sample_shape", sampleShape(model)},
                      {"batch", model.batch},
                      {"parameters", model.parameterCount},
                      {"postprocess", postprocessText(windows.postprocessing)}};
  if (planned) {
    json["channel_names"] = windows.plan.channelNames;
    json["configuration"] = windows.configuration.name;
    json["spacing"] = windows.configuration.spacing;
    json["normalization"] = windows.configuration.normalization;
    json["orientation"] = frameName(windows.plan.frame);
    json["overlap"] = windows.windows.overlap;
    json["tta"] = windows.windows.flips;
  } else if (const auto frame = model.pipeline.frame(); frame.ok() && *frame) {
    json["orientation"] = frameName(weights.frame.value_or(**frame));
  }
  json["weight_bytes"] =
      model.parameterBytes + model.stateBytes + model.preparedBytes;
  const auto arena = library().version().arenaBytes.find("predict");
  json["arena_bytes"] =
      arena == library().version().arenaBytes.end() ? 0 : arena->second;
  return jsonText(json, 2);
}
