//===- ReportJson.cpp - The report as JSON --------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Driver/Report/Report.h"

namespace json = llvm::json;

namespace segc::report {

static json::Array operandList(const std::vector<Operand> &operands) {
  json::Array list;
  for (const Operand &operand : operands) {
    json::Object object{{"type", operand.type}};
    if (!operand.name.empty())
      object["name"] = operand.name;
    if (operand.from >= 0)
      object["from"] = operand.from;
    list.push_back(std::move(object));
  }
  return list;
}

static json::Array castList(const std::vector<Cast> &casts) {
  json::Array list;
  for (const Cast &cast : casts)
    list.push_back(json::Object{{"tensor", cast.tensor},
                                {"from", cast.from},
                                {"to", cast.to},
                                {"when", cast.where},
                                {"bytes", cast.bytes},
                                {"rule", cast.rule},
                                {"location", cast.location}});
  return list;
}

static json::Object predictionObject(const Prediction &prediction) {
  const KernelPrediction &kernel = prediction.kernel;
  json::Object object{{"arithmetic", kernel.arithmetic},
                      {"flops", kernel.flops},
                      {"bytes", kernel.bytes},
                      {"verified_ms", prediction.verifiedSeconds * 1e3},
                      {"all_ms", prediction.allSeconds * 1e3},
                      {"bound_ms", kernel.boundSeconds * 1e3}};
  if (kernel.waves > 0)
    object["waves"] = kernel.waves;
  return object;
}

static json::Object kernelObject(const Report &report, const Version &version,
                                 const Kernel &kernel) {
  json::Array launches;
  for (const Launch &launch : kernel.launches)
    launches.push_back(launch.function);
  json::Object object{
      {"root", kernel.root},
      {"fused", json::Array(kernel.fused)},
      {"location", kernel.location},
      {"strategy", kernel.strategy},
      {"inputs", operandList(kernel.inputs)},
      {"results", operandList(kernel.results)},
      {"casts", castList(kernel.casts)},
      {"launches", std::move(launches)},
      {"main_launch", static_cast<int64_t>(kernel.mainLaunch)},
      {"modelled_ms", report.modelledSeconds(version, kernel) * 1e3}};
  if (std::optional<double> seconds = kernel.seconds())
    object["measured_ms"] = *seconds * 1e3;
  json::Object predictions;
  for (const auto &[device, prediction] :
       llvm::zip(version.devices, kernel.predictions))
    predictions[device] = predictionObject(prediction);
  if (!predictions.empty())
    object["predictions"] = std::move(predictions);
  return object;
}

static json::Object launchObject(const Launch &launch) {
  json::Object object{{"kernel", launch.function},
                      {"op", launch.op},
                      {"flops_per_sample", launch.flops},
                      {"bytes_per_sample", launch.bytes}};
  if (launch.threads) {
    object["threads"] = launch.threads;
    object["shared_bytes"] = launch.sharedBytes;
  }
  if (launch.resources) {
    object["registers"] = launch.resources->registers;
    object["spill_bytes"] = launch.resources->spillBytes;
    object["resident_blocks"] = launch.resources->residentBlocks;
  }
  if (launch.counts)
    object["counted_bytes"] = countedBytes(*launch.counts);
  return object;
}

static json::Object communicationObject(const Communication &communication) {
  json::Array collectives;
  for (const Collective &collective : communication.collectives)
    collectives.push_back(
        json::Object{{"kind", collective.kind},
                     {"tensors", collective.tensors},
                     {"bytes", collective.bytes},
                     {"launches_before", collective.launches},
                     {"ready_ms", collective.readySeconds * 1e3},
                     {"start_ms", collective.startSeconds * 1e3},
                     {"done_ms", collective.doneSeconds * 1e3}});
  return json::Object{
      {"ranks", communication.ranks},
      {"latency_us", communication.latency * 1e6},
      {"gigabytes_per_second", communication.bytesPerSecond * 1e-9},
      {"step_ms", communication.stepSeconds * 1e3},
      {"exposed_ms", communication.exposedSeconds * 1e3},
      {"collectives", std::move(collectives)}};
}

static json::Object entryObject(const Report &report, const Version &version,
                                const Entry &entry) {
  json::Array launches, kernels, buffers, steps;
  for (const Launch *launch : entry.launches())
    launches.push_back(launchObject(*launch));
  for (const Kernel &kernel : entry.kernels)
    kernels.push_back(kernelObject(report, version, kernel));
  for (const Buffer &buffer : entry.buffers)
    buffers.push_back(json::Object{{"name", buffer.name},
                                   {"type", buffer.type},
                                   {"bytes", buffer.bytes},
                                   {"offset", buffer.offset},
                                   {"first", buffer.first},
                                   {"last", buffer.last}});
  for (const MemoryStep &step : entry.memorySteps)
    steps.push_back(json::Object{{"arena_bytes", step.arenaBytes},
                                 {"extra_ms", step.extraSeconds * 1e3}});
  json::Object predictions;
  for (size_t device = 0; device < version.devices.size(); ++device) {
    PredictedTime time = predictedTime(entry, device);
    predictions[version.devices[device]] =
        json::Object{{"verified_ms", time.verifiedSeconds * 1e3},
                     {"all_ms", time.allSeconds * 1e3},
                     {"bound_ms", time.boundSeconds * 1e3}};
  }
  double arena = static_cast<double>(entry.arenaBytes);
  json::Object object{
      {"arena_bytes", entry.arenaBytes},
      {"arena_bound_bytes", entry.arenaBound},
      {"arena_over_bound",
       entry.arenaBound ? arena / static_cast<double>(entry.arenaBound) : 1.0},
      {"scratch_bytes", entry.scratchBytes},
      {"launches", std::move(launches)},
      {"kernels", std::move(kernels)},
      {"buffers", std::move(buffers)},
      {"less_memory", std::move(steps)}};
  if (!predictions.empty())
    object["predictions"] = std::move(predictions);
  return object;
}

json::Value toJson(const Report &report) {
  json::Array versions;
  for (const Version &version : report.versions) {
    json::Object entries;
    for (const Entry &entry : version.entries)
      entries[entry.name] = entryObject(report, version, entry);
    json::Object object{{version.onHost ? "cpu" : "gpu", version.target.name},
                        {"entries", std::move(entries)}};
    if (const std::optional<Communication> &found = version.communication)
      object["communication"] = communicationObject(*found);
    versions.push_back(std::move(object));
  }
  json::Object seconds;
  for (const auto &[step, time] : report.compileSeconds)
    seconds[step] = time;
  return json::Object{{"manifest", json::Object(report.manifest)},
                      {"compile_seconds", std::move(seconds)},
                      {"versions", std::move(versions)}};
}

} // namespace segc::report
