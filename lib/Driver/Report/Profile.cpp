//===- Profile.cpp - Measured times of a model ----------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Driver/Report/Profile.h"

#include "segc/Base/Json.h"
#include "llvm/ADT/STLExtras.h"

namespace segc::report {

static constexpr int64_t newestFormat = 1;

/// Moves the version with this name to the front.
static Status chooseVersion(Report &report, const std::string &cpu,
                            const std::string &where) {
  auto measured = llvm::find_if(report.versions, [&](const Version &version) {
    return version.target.name == cpu;
  });
  if (measured == report.versions.end())
    return invalidArgument(where + ": measured the version " + cpu +
                           ", which is not compiled here; see --cpu");
  std::rotate(report.versions.begin(), measured, measured + 1);
  return Status::success();
}

/// Adds a measurement. All measurements of a report must have the same
/// settings.
static Status addMeasurement(Report &report, const Measurement &added,
                             const std::string &cpu, const std::string &where) {
  std::optional<Measurement> &known = report.measurement;
  if (!known) {
    SEGC_RETURN_IF_ERROR(chooseVersion(report, cpu, where));
    known = added;
    return Status::success();
  }
  auto describe = [](const Measurement &m, const std::string &version) {
    return "batch " + std::to_string(m.batch) + ", " +
           std::to_string(m.threads) + " threads, " + version;
  };
  std::string before = describe(*known, report.versions.front().target.name);
  if (std::string now = describe(added, cpu); now != before)
    return invalidArgument(where + ": measured with " + now +
                           ", the profile before it with " + before);
  known->runs.insert(known->runs.end(), added.runs.begin(), added.runs.end());
  return Status::success();
}

/// The launches of an entry; train_step runs those of its halves. Empty for an
/// entry that the model lacks.
static std::vector<Launch *> launchesOf(Version &version,
                                        llvm::StringRef name) {
  if (name == "train_step") {
    std::vector<Launch *> launches = launchesOf(version, "grad_step");
    llvm::append_range(launches, launchesOf(version, "apply_step"));
    return launches;
  }
  auto entry = llvm::find_if(
      version.entries, [&](const Entry &entry) { return entry.name == name; });
  return entry == version.entries.end() ? std::vector<Launch *>()
                                        : entry->launches();
}

static void addKernel(Version &version, JsonReader kernel) {
  std::string name = kernel.string("name"), entryName = kernel.string("entry");
  std::vector<Launch *> launches = launchesOf(version, entryName);
  if (launches.empty())
    return kernel.fail("the model has no entry " + entryName);
  size_t index = kernel.integer("index");
  if (index >= launches.size() || launches[index]->function != name)
    return kernel.fail(
        "the profile is of another model: launch " + std::to_string(index) +
        " of " + entryName + " is " +
        (index < launches.size() ? launches[index]->function : "absent") +
        ", not " + name);
  launches[index]->seconds = kernel.number("median_ms") * 1e-3;
}

Status addProfile(Report &report, std::string_view text,
                  const std::string &where) {
  SEGC_ASSIGN_OR_RETURN(Json json, parseJson(text, where));
  Status status;
  JsonReader reader(json, where, status);
  reader.integer("format", 1, newestFormat);
  Measurement measurement;
  measurement.batch = reader.integer("batch_size", 1);
  measurement.threads = reader.integer("threads", 1);
  measurement.runs.push_back(reader.string("mode") + ", " +
                             std::to_string(reader.integer("steps", 1)) +
                             " steps");
  std::string cpu = reader.string("cpu_version");
  SEGC_RETURN_IF_ERROR(status);
  SEGC_RETURN_IF_ERROR(addMeasurement(report, measurement, cpu, where));
  reader.forEach("kernels", [&](JsonReader kernel) {
    if (status.ok())
      addKernel(report.versions.front(), kernel);
  });
  return status;
}

} // namespace segc::report
