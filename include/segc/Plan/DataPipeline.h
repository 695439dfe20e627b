//===- DataPipeline.h - Description of a data pipeline ----------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The `pipeline` of a network. segc verifies it and writes it into the
// manifest; segrun prepares data and writes masks by it. Both use one table of
// keys, which docs/RuntimeABI.md describes.
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_PLAN_DATAPIPELINE_H
#define SEGC_PLAN_DATAPIPELINE_H

#include "segc/Base/Json.h"
#include "segc/Base/Status.h"

#include <cmath>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace segc {

/// The order of the axes of volumes at the input of the network.
enum class AxisFrame {
  File, ///< As stored; the default of models and checkpoints without a record.
  Ras,  ///< The order closest to right, anterior, superior.
};
/// Returns "file" or "RAS", the text of pipelines and checkpoints.
const char *frameName(AxisFrame frame);
StatusOr<AxisFrame> parseFrame(const std::string &name);

/// The values of a pipeline; keys that are left out have empty values.
struct DataPipeline {
  /// "isbi" (slices), "decathlon" (volumes), "nnunet" or "kits19" (patches).
  /// Other kinds are for other hosts.
  std::string kind;
  std::vector<std::string> classNames;

  /// Keys of isbi, each [height, width].
  std::vector<int64_t> resize, padTo, output;

  /// Keys of decathlon.
  std::vector<int64_t> inputShape; ///< [x, y, z]
  std::string normalization, resizeInterpolator;
  std::vector<std::string> augment;
  /// Key of decathlon, nnunet and kits19.
  std::string orientation;

  /// Keys of nnunet and kits19; only nnunet has `dim` and `task`.
  std::optional<int64_t> dim;
  std::vector<int64_t> patch;
  std::vector<double> spacing;
  std::string modality, task;
  std::vector<double> clip; ///< Lower and upper bound of CT intensities.
  std::optional<double> mean, deviation;
  /// Key of nnunet and kits19: the text of the plan (PlanFile.h) that the
  /// network is made of, with its configuration alone.
  std::string plan;

  /// How the weights in a model are to be used, by who exported them. Keys of
  /// all kinds: the steps of post-processing as `--postprocess` takes them.
  std::string postprocess;
  /// Keys of nnunet and kits19.
  std::optional<double> overlap;
  std::optional<bool> flips;          ///< "tta"
  std::string windowWeights, average; ///< As the options of segrun take them.

  /// Keys that this kind of pipeline does not have; they have no effect.
  std::vector<std::string> unknownKeys;

  bool hasSlices() const { return kind == "isbi"; }
  bool hasVolumes() const { return kind == "decathlon"; }
  /// Returns the order of axes of volumes; nothing for pipelines of slices.
  StatusOr<std::optional<AxisFrame>> frame() const;

  /// Parses and checks types, lengths and ranges by the table of keys. `where`
  /// names the object in errors.
  static StatusOr<DataPipeline> fromJson(const Json &json,
                                         const std::string &where);
};

/// Checks that the keys that data sets need are there and agree.
Status validate(const DataPipeline &pipeline);

/// The type of a dictionary's value.
enum class ValueKind { Text, Flag, Integer, Number, Texts, Integers, Numbers };
/// Returns the kind as text, e.g. "a list of integers".
const char *valueKindText(ValueKind kind);

/// Formats a number for error messages.
std::string numberText(double value);

/// A key of a dictionary with the type and range of its values.
struct DictionaryKey {
  const char *name;
  ValueKind kind;
  double min = -HUGE_VAL, max = HUGE_VAL;
  size_t count = 0;      ///< Number of a list's elements; 0 means any.
  bool belowMax = false; ///< Values must be below `max`.
  bool aboveMin = false; ///< Values must be above `min`.

  /// Returns the expected range as text, e.g. "at least 0 and less than 1", or
  /// an empty string if the number is in it.
  std::string refusal(double number) const;
};

/// A key of a pipeline and the member that holds its value.
struct PipelineKey : DictionaryKey {
  using Member = std::variant<
      std::string DataPipeline::*, std::vector<std::string> DataPipeline::*,
      std::optional<int64_t> DataPipeline::*,
      std::optional<double> DataPipeline::*,
      std::optional<bool> DataPipeline::*, std::vector<int64_t> DataPipeline::*,
      std::vector<double> DataPipeline::*>;
  Member member;

  PipelineKey(const DictionaryKey &key, Member member)
      : DictionaryKey(key), member(member) {}
};

/// Returns the keys of a kind of pipeline, including the common ones; only the
/// common ones if the kind is not known.
const std::vector<PipelineKey> &pipelineKeys(std::string_view kind);
bool isKnownPipeline(std::string_view kind);

/// Calls f(name, value) for each key that has a value.
template <typename F>
void forEachValue(const DataPipeline &pipeline, F f) {
  auto visit = [&](const char *name, const auto &value) {
    using T = std::decay_t<decltype(value)>;
    if constexpr (std::is_same_v<T, std::optional<int64_t>> ||
                  std::is_same_v<T, std::optional<double>> ||
                  std::is_same_v<T, std::optional<bool>>) {
      if (value)
        f(name, *value);
    } else if (!value.empty()) {
      f(name, value);
    }
  };
  for (const PipelineKey &key : pipelineKeys(pipeline.kind))
    std::visit([&](auto member) { visit(key.name, pipeline.*member); },
               key.member);
}

} // namespace segc

#endif // SEGC_PLAN_DATAPIPELINE_H
