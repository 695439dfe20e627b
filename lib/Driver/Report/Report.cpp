//===- Report.cpp - Data of a compilation report --------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Driver/Report/Predictions.h"

#include "../Outputs.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/raw_ostream.h"
#include <map>

namespace segc::report {

double Kernel::flops() const {
  double sum = 0;
  for (const Launch &launch : launches)
    sum += launch.flops;
  return sum;
}

double Kernel::bytes() const {
  double sum = 0;
  for (const Launch &launch : launches)
    sum += launch.bytes;
  return sum;
}

std::optional<double> Kernel::countedBytes() const {
  double sum = 0;
  for (const Launch &launch : launches) {
    if (!launch.counts)
      return std::nullopt;
    sum += segc::countedBytes(*launch.counts);
  }
  return sum;
}

std::optional<double> Kernel::seconds() const {
  double sum = 0;
  for (const Launch &launch : launches) {
    if (!launch.seconds)
      return std::nullopt;
    sum += *launch.seconds;
  }
  return launches.empty() ? std::nullopt : std::optional<double>(sum);
}

template <typename AnyEntry>
static auto listLaunches(AnyEntry &entry) {
  std::vector<decltype(&entry.others.front())> all;
  for (auto &kernel : entry.kernels)
    for (auto &launch : kernel.launches)
      all.push_back(&launch);
  for (auto &launch : entry.others)
    all.push_back(&launch);
  return all;
}

std::vector<Launch *> Entry::launches() { return listLaunches(*this); }
std::vector<const Launch *> Entry::launches() const {
  return listLaunches(*this);
}

int64_t bytesAlive(const Entry &entry, int kernel) {
  std::map<int64_t, int64_t> byOffset;
  for (const Buffer &buffer : entry.buffers)
    if (buffer.first <= kernel && kernel <= buffer.last)
      byOffset[buffer.offset] = std::max(byOffset[buffer.offset], buffer.bytes);
  int64_t sum = 0;
  for (auto [offset, bytes] : byOffset)
    sum += bytes;
  return sum;
}

int peakKernel(const Entry &entry) {
  int peak = 0;
  int64_t most = 0;
  for (int i = 0, end = entry.kernels.size(); i < end; ++i)
    if (int64_t bytes = bytesAlive(entry, i); bytes > most) {
      most = bytes;
      peak = i;
    }
  return peak;
}

int64_t Report::batch() const {
  return measurement ? measurement->batch
                     : manifest.getInteger("batch").value_or(1);
}

int64_t Report::cores() const { return measurement ? measurement->threads : 1; }

double Report::modelledSeconds(const Version &version, const Kernel &kernel,
                               int64_t cores) const {
  auto samples = static_cast<double>(batch());
  return version.target.modelledSeconds(
      kernel.flops() * kernel.work.on(version.target) * samples,
      kernel.bytes() * samples, static_cast<double>(cores));
}

llvm::Error write(const Report &report, llvm::StringRef path) {
  std::string text;
  llvm::raw_string_ostream out(text);
  if (path.ends_with_insensitive(".html"))
    out << toHtml(report);
  else if (path.ends_with_insensitive(".txt"))
    for (const Version &version : report.versions)
      out << predictionText(version, report.batch());
  else
    out << llvm::formatv("{0:2}", toJson(report)) << "\n";
  return writeOutput(path, text);
}

} // namespace segc::report
