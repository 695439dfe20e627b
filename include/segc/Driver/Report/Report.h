//===- Report.h - Data of a compilation report ------------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// The description of a compiled model as plain data: collected from the IR
// (Collect.h), completed by a profile (Profile.h), written as JSON or as a
// page.

#ifndef SEGC_DRIVER_REPORT_REPORT_H
#define SEGC_DRIVER_REPORT_REPORT_H

#include "segc/Target/PerformanceModel.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/JSON.h"
#include <optional>
#include <string>
#include <vector>

namespace segc::report {

/// An operand or result of a kernel.
struct Operand {
  std::string name;  ///< Name of an argument or result of the entry; otherwise
                     ///< empty.
  std::string type;  ///< "2x32x32x32x16xf32"
  int64_t bytes = 0; ///< With the largest batch.
  int from = -1;     ///< Kernel that wrote it; -1: an argument of the entry.
};

/// One call of a compiled function. Figures are for one sample.
struct Launch {
  std::string function, op;
  int64_t tasksFixed = 0, tasksPerSample = 0;
  double flops = 0, bytes = 0;
  std::optional<double> seconds;        ///< Measured.
  int64_t threads = 0, sharedBytes = 0; ///< Of a block; 0: on the host.
  std::optional<KernelResources> resources;
  std::optional<KernelCounts> counts; ///< Emulated, with the largest batch.
};

/// Where the network's precision changes.
struct Cast {
  std::string tensor;   ///< "conv of kernel 3"
  std::string from, to; ///< "2x8x8x16xf32"
  std::string where;    ///< "on load", "on store" or "in registers"
  int64_t bytes = 0;    ///< Bytes of the 16-bit tensor.
  std::string rule;     ///< The rule of seg-assign-precision; "network": given
                        ///< by the network.
  std::string location;
};

/// What a kernel takes on a device by the performance model.
struct Prediction {
  KernelPrediction kernel; ///< With the strategy that was compiled.
  /// With the best kernels that devices have verified, and with those that wait
  /// for it as well. One of them is the compiled one.
  double verifiedSeconds = 0, allSeconds = 0;
};

/// The kernel of a seg.fusion, which consists of one or more launches.
struct Kernel {
  std::string root; ///< "conv"; the first op if all are pointwise.
  std::vector<std::string> fused; ///< The other ops, in order.
  std::string location;
  std::string strategyKind, strategy;
  ProductWork work;
  std::vector<Operand> inputs, results;
  std::vector<Cast> casts;
  /// Spatial positions of the largest tensor with a batch dimension; 0: there
  /// is none.
  int64_t positions = 0;
  std::string grid; ///< Their shape: "32x32x32".
  std::vector<Launch> launches;
  size_t mainLaunch = 0;               ///< The one that does the work.
  std::vector<Prediction> predictions; ///< For each of Version::devices.

  double flops() const;
  double bytes() const;
  /// What its launches ask L2 for, in bytes; none unless all were counted.
  std::optional<double> countedBytes() const;
  /// The sum of its launches; none unless all were measured.
  std::optional<double> seconds() const;
};

/// A value, or the temporary of a kernel, in the arena.
struct Buffer {
  std::string name, type;
  int64_t bytes = 0, offset = 0;
  int first = 0, last = 0; ///< The first and the last kernel that need it.
};

/// A smaller arena that rematerialization could reach.
struct MemoryStep {
  int64_t arenaBytes = 0;
  double extraSeconds = 0; ///< The modelled cost on one core.
};

/// A collective over the ranks, by the cost models.
struct Collective {
  std::string kind; ///< "mean"
  int64_t tensors = 0, bytes = 0;
  int launches = 0; ///< Those that come before it: of grad_step.
  double readySeconds = 0, startSeconds = 0, doneSeconds = 0;
};

/// What ranks exchange in a train_step.
struct Communication {
  int64_t ranks = 0;
  double latency = 0, bytesPerSecond = 0; ///< Of the link.
  std::vector<Collective> collectives;
  double stepSeconds = 0, exposedSeconds = 0;
};

struct Entry {
  std::string name;
  std::vector<Kernel> kernels; ///< The kernels in program order; empty if they
                               ///< are unknown.
  std::vector<Launch> others;  ///< Launches that belong to no kernel of
                               ///< `kernels`.
  std::vector<Buffer> buffers;
  std::vector<MemoryStep> memorySteps; ///< In order of descending memory.
  int64_t arenaBytes = 0, arenaBound = 0, scratchBytes = 0;

  /// Launches in the order of the entry's table.
  std::vector<Launch *> launches();
  std::vector<const Launch *> launches() const;
};

/// Arena bytes that are live while a kernel runs. A buffer that is updated in
/// place counts once.
int64_t bytesAlive(const Entry &entry, int kernel);
/// The kernel with the most live bytes; 0 if there are no buffers.
int peakKernel(const Entry &entry);

/// One instruction-set version.
struct Version {
  TargetVersion target;
  bool onHost = true; ///< Its kernels run on the processor that loads them.
  std::vector<Entry> entries;
  std::vector<std::string> devices; ///< For which kernels are predicted.
  std::optional<Communication> communication = {};
};

/// How times were measured.
struct Measurement {
  int64_t batch = 1, threads = 1;
  std::vector<std::string> runs; ///< "train, 50 steps"
};

struct Report {
  llvm::json::Object manifest;
  std::vector<Version> versions;
  /// Wall time: "network", "kernels", "machine code", "link".
  std::vector<std::pair<std::string, double>> compileSeconds;
  std::optional<Measurement> measurement;

  /// The batch size of modelled and measured times.
  int64_t batch() const;
  int64_t cores() const;
  double modelledSeconds(const Version &version, const Kernel &kernel) const {
    return modelledSeconds(version, kernel, cores());
  }
  double modelledSeconds(const Version &version, const Kernel &kernel,
                         int64_t cores) const;
};

/// Sums of an entry's predictions for a device.
struct PredictedTime {
  double verifiedSeconds = 0, allSeconds = 0, boundSeconds = 0;

  PredictedTime &operator+=(const PredictedTime &other);
};
PredictedTime predictedTime(const Entry &entry, size_t device);

llvm::json::Value toJson(const Report &report);
/// Renders a self-contained page about the first version.
std::string toHtml(const Report &report);

/// Writes a page if the path ends in .html, the tables of predictions if it
/// ends in .txt, else JSON.
llvm::Error write(const Report &report, llvm::StringRef path);

} // namespace segc::report

#endif // SEGC_DRIVER_REPORT_REPORT_H
