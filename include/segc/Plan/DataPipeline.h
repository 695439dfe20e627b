//===- DataPipeline.h - Description of a data pipeline ----------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The `pipeline` of a network: segc verifies it and writes it into the
// manifest, segrun prepares data and writes masks by it. Both read the one
// table of keys below (docs/RuntimeABI.md says what each means).
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

/// In which order the axes of volumes reach the network.
enum class AxisFrame {
  File, ///< As stored: what models and checkpoints without a record assume.
  Ras,  ///< Closest to right, anterior, superior, whatever the file's order.
};
/// "file" or "RAS", as pipelines and checkpoints record it.
const char *frameName(AxisFrame frame);
StatusOr<AxisFrame> parseFrame(const std::string &name);

/// Keys that a pipeline leaves out have empty values.
struct DataPipeline {
  /// "isbi" (slices), "decathlon" (volumes), "nnunet" or "kits19" (patches);
  /// other kinds belong to the host that knows them.
  std::string kind;
  std::vector<std::string> classNames;

  /// Of isbi, each [height, width].
  std::vector<int64_t> resize, padTo, output;

  /// Of decathlon.
  std::vector<int64_t> inputShape; ///< [x, y, z]
  std::string normalization, resizeInterpolator;
  std::vector<std::string> augment;
  /// Of decathlon and nnunet.
  std::string orientation;

  /// Of nnunet and kits19; only nnunet has `dim` and `task`.
  std::optional<int64_t> dim;
  std::vector<int64_t> patch;
  std::vector<double> spacing;
  std::string modality, task;
  std::vector<double> clip; ///< Lower and upper bound of CT intensities.
  std::optional<double> mean, deviation;

  /// Keys that its kind does not have; nothing follows them.
  std::vector<std::string> unknownKeys;

  bool hasSlices() const { return kind == "isbi"; }
  bool hasVolumes() const { return kind == "decathlon"; }
  /// The order of axes of volumes; nothing where there are none.
  StatusOr<std::optional<AxisFrame>> frame() const;

  /// Types, lengths and ranges are those of the table; `where` names the
  /// object in errors.
  static StatusOr<DataPipeline> fromJson(const Json &json,
                                         const std::string &where);
};

/// What data sets need: keys that must be there, and that fit each other.
Status validate(const DataPipeline &pipeline);

/// The type of a dictionary's value.
enum class ValueKind { Text, Flag, Integer, Number, Texts, Integers, Numbers };
/// "a list of integers".
const char *valueKindText(ValueKind kind);

/// As a person would write it.
std::string numberText(double value);

/// What a key of a dictionary may hold.
struct DictionaryKey {
  const char *name;
  ValueKind kind;
  double min = -HUGE_VAL, max = HUGE_VAL;
  size_t count = 0;      ///< Of a list's elements; 0: any number.
  bool belowMax = false; ///< `max` itself is too much.
  bool aboveMin = false; ///< `min` itself is too little.

  /// "at least 0 and less than 1"; empty if the number is in the range.
  std::string refusal(double number) const;
};

/// A key of a pipeline and the member that holds its value.
struct PipelineKey : DictionaryKey {
  using Member = std::variant<std::string DataPipeline::*,
                              std::vector<std::string> DataPipeline::*,
                              std::optional<int64_t> DataPipeline::*,
                              std::optional<double> DataPipeline::*,
                              std::vector<int64_t> DataPipeline::*,
                              std::vector<double> DataPipeline::*>;
  Member member;

  PipelineKey(const DictionaryKey &key, Member member)
      : DictionaryKey(key), member(member) {}
};

/// The keys of a kind with those that all have; these alone if the kind is not
/// known.
const std::vector<PipelineKey> &pipelineKeys(std::string_view kind);
bool isKnownPipeline(std::string_view kind);

/// Calls f(name, value) for each key of its kind that has a value.
template <typename F>
void forEachValue(const DataPipeline &pipeline, F f) {
  auto visit = [&](const char *name, const auto &value) {
    using T = std::decay_t<decltype(value)>;
    if constexpr (std::is_same_v<T, std::optional<int64_t>> ||
                  std::is_same_v<T, std::optional<double>>) {
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
