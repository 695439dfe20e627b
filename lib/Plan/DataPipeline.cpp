//===- DataPipeline.cpp - Description of a data pipeline ------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Plan/DataPipeline.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

using namespace segc;

const char *segc::frameName(AxisFrame frame) {
  return frame == AxisFrame::Ras ? "RAS" : "file";
}

StatusOr<AxisFrame> segc::parseFrame(const std::string &name) {
  for (AxisFrame frame : {AxisFrame::File, AxisFrame::Ras})
    if (name == frameName(frame))
      return frame;
  return invalidArgument("orientation \"" + name +
                         "\", expected \"RAS\" or \"file\"");
}

StatusOr<std::optional<AxisFrame>> DataPipeline::frame() const {
  if (!hasVolumes())
    return std::optional<AxisFrame>();
  StatusOr<AxisFrame> parsed =
      parseFrame(orientation.empty() ? "file" : orientation);
  if (!parsed.ok())
    return parsed.status().withContext("pipeline");
  return std::optional<AxisFrame>(*parsed);
}

//===----------------------------------------------------------------------===//
// Keys
//===----------------------------------------------------------------------===//

const char *segc::valueKindText(ValueKind kind) {
  switch (kind) {
  case ValueKind::Text:
    return "a string";
  case ValueKind::Flag:
    return "true or false";
  case ValueKind::Integer:
    return "an integer";
  case ValueKind::Number:
    return "a number such as 1.0e-3";
  case ValueKind::Texts:
    return "a list of strings";
  case ValueKind::Integers:
    return "a list of integers";
  case ValueKind::Numbers:
    return "a list of numbers";
  }
  return "";
}

std::string segc::numberText(double value) {
  // Counts of voxels and bytes are read digit by digit.
  constexpr double largest = 1e15;
  char text[40];
  const bool whole = value == std::floor(value) && std::abs(value) <= largest;
  std::snprintf(text, sizeof(text), whole ? "%.0f" : "%g", value);
  return text;
}

std::string DictionaryKey::refusal(double number) const {
  if (number >= min && number <= max && !(belowMax && number == max) &&
      !(aboveMin && number == min))
    return "";
  if (max == HUGE_VAL)
    return (aboveMin ? "more than " : "at least ") + numberText(min);
  return (belowMax ? "at least " : "") + numberText(min) +
         (belowMax ? " and less than " : " to ") + numberText(max);
}

namespace {

using Keys = std::vector<PipelineKey>;
constexpr double maxExtent = 1 << 16;

struct KeyTables {
  Keys common = {
      {{"kind", ValueKind::Text}, &DataPipeline::kind},
      {{"class_names", ValueKind::Texts}, &DataPipeline::classNames}};
  Keys isbi = withUse({
      {{"output", ValueKind::Integers, 1, maxExtent, 2}, &DataPipeline::output},
      {{"pad_to", ValueKind::Integers, 1, maxExtent, 2}, &DataPipeline::padTo},
      {{"resize", ValueKind::Integers, 1, maxExtent, 2}, &DataPipeline::resize},
  });
  Keys decathlon = withUse({
      {{"augment", ValueKind::Texts}, &DataPipeline::augment},
      {{"input_shape", ValueKind::Integers, 1, 4096, 3},
       &DataPipeline::inputShape},
      {{"normalization", ValueKind::Text}, &DataPipeline::normalization},
      {{"orientation", ValueKind::Text}, &DataPipeline::orientation},
      {{"resize_interpolator", ValueKind::Text},
       &DataPipeline::resizeInterpolator},
  });
  Keys nnunet = withWindows({
      {{"clip", ValueKind::Numbers, -HUGE_VAL, HUGE_VAL, 2},
       &DataPipeline::clip},
      {{"deviation", ValueKind::Number, 0, HUGE_VAL, 0, false, true},
       &DataPipeline::deviation},
      {{"dim", ValueKind::Integer, 2, 3}, &DataPipeline::dim},
      {{"mean", ValueKind::Number}, &DataPipeline::mean},
      {{"modality", ValueKind::Text}, &DataPipeline::modality},
      {{"orientation", ValueKind::Text}, &DataPipeline::orientation},
      {{"patch", ValueKind::Integers, 1, maxExtent}, &DataPipeline::patch},
      {{"plan", ValueKind::Text}, &DataPipeline::plan},
      {{"spacing", ValueKind::Numbers, 0, HUGE_VAL, 0, false, true},
       &DataPipeline::spacing},
      {{"task", ValueKind::Text}, &DataPipeline::task},
  });
  Keys kits19 = withWindows({
      {{"clip", ValueKind::Numbers, -HUGE_VAL, HUGE_VAL, 2},
       &DataPipeline::clip},
      {{"deviation", ValueKind::Number, 0, HUGE_VAL, 0, false, true},
       &DataPipeline::deviation},
      {{"mean", ValueKind::Number}, &DataPipeline::mean},
      {{"modality", ValueKind::Text}, &DataPipeline::modality},
      {{"orientation", ValueKind::Text}, &DataPipeline::orientation},
      {{"patch", ValueKind::Integers, 1, maxExtent, 3}, &DataPipeline::patch},
      {{"plan", ValueKind::Text}, &DataPipeline::plan},
      {{"spacing", ValueKind::Numbers, 0, HUGE_VAL, 3, false, true},
       &DataPipeline::spacing},
  });

private:
  Keys withUse(Keys own) const {
    own.insert(own.begin(), common.begin(), common.end());
    own.push_back(
        {{"postprocess", ValueKind::Text}, &DataPipeline::postprocess});
    return own;
  }
  Keys withWindows(const Keys &own) const {
    Keys keys = withUse(own);
    keys.insert(
        keys.end(),
        {{{"average", ValueKind::Text}, &DataPipeline::average},
         {{"overlap", ValueKind::Number, 0, 0.95}, &DataPipeline::overlap},
         {{"tta", ValueKind::Flag}, &DataPipeline::flips},
         {{"window_weights", ValueKind::Text}, &DataPipeline::windowWeights}});
    return keys;
  }
};

} // namespace

static const KeyTables &keyTables() {
  static const KeyTables tables;
  return tables;
}

const std::vector<PipelineKey> &segc::pipelineKeys(std::string_view kind) {
  const KeyTables &tables = keyTables();
  return kind == "isbi"        ? tables.isbi
         : kind == "decathlon" ? tables.decathlon
         : kind == "nnunet"    ? tables.nnunet
         : kind == "kits19"    ? tables.kits19
                               : tables.common;
}

bool segc::isKnownPipeline(std::string_view kind) {
  return &pipelineKeys(kind) != &keyTables().common;
}

//===----------------------------------------------------------------------===//
// Reading
//===----------------------------------------------------------------------===//

namespace {

/// Reads one value of a JSON object and checks it against its key.
struct ValueTaker {
  JsonReader &reader;
  const DictionaryKey &key;

  void take(std::string &value) { value = reader.string(key.name); }
  void take(std::vector<std::string> &value) {
    value = reader.strings(key.name);
  }
  void take(std::optional<int64_t> &value) {
    value = reader.integer(key.name, INT64_MIN);
    check(static_cast<double>(*value));
  }
  void take(std::optional<double> &value) {
    value = reader.number(key.name);
    check(*value);
  }
  void take(std::optional<bool> &value) { value = reader.boolean(key.name); }
  void take(std::vector<int64_t> &value) {
    value = reader.integers(key.name, INT64_MIN);
    checkAll(value);
  }
  void take(std::vector<double> &value) {
    const Json &list = reader.value(key.name);
    for (size_t i = 0; list.is_array() && i < list.size(); ++i) {
      if (!list[i].is_number())
        return fail("numbers", list[i].dump());
      value.push_back(list[i].get<double>());
    }
    if (!list.is_array())
      return fail(valueKindText(key.kind), list.type_name());
    checkAll(value);
  }

private:
  void fail(const std::string &expected, const std::string &found) {
    reader.fail(std::string("field \"") + key.name + "\": expected " +
                expected + ", found " + found);
  }
  void check(double number) {
    const std::string expected = key.refusal(number);
    if (!expected.empty())
      fail(expected, numberText(number));
  }
  template <typename T>
  void checkAll(const std::vector<T> &values) {
    if (key.count && values.size() != key.count)
      fail(std::to_string(key.count) + " numbers",
           std::to_string(values.size()));
    for (T value : values)
      check(static_cast<double>(value));
  }
};

} // namespace

StatusOr<DataPipeline> DataPipeline::fromJson(const Json &json,
                                              const std::string &where) {
  DataPipeline pipeline;
  Status status;
  JsonReader reader(json, where, status);
  SEGC_RETURN_IF_ERROR(status);
  const std::vector<PipelineKey> &keys =
      pipelineKeys(reader.stringOr("kind", ""));
  for (auto entry = json.begin(); entry != json.end(); ++entry) {
    const std::string &name = entry.key();
    auto key = std::find_if(keys.begin(), keys.end(), [&](const auto &known) {
      return known.name == name;
    });
    if (key == keys.end()) {
      pipeline.unknownKeys.push_back(name);
      continue;
    }
    std::visit(
        [&](auto member) { ValueTaker{reader, *key}.take(pipeline.*member); },
        key->member);
  }
  SEGC_RETURN_IF_ERROR(status);
  // Keys of unknown kinds are for other hosts.
  if (!isKnownPipeline(pipeline.kind))
    pipeline.unknownKeys.clear();
  return pipeline;
}

//===----------------------------------------------------------------------===//
// Validation
//===----------------------------------------------------------------------===//

static std::string extentText(const std::vector<int64_t> &extent) {
  return std::to_string(extent[0]) + "x" + std::to_string(extent[1]);
}

static Status missing(const char *key) {
  return dataLoss(std::string("pipeline: field \"") + key + "\" is missing");
}

static Status validateSlices(const DataPipeline &pipeline) {
  const std::vector<int64_t> &resize = pipeline.resize,
                             &canvas = pipeline.padTo,
                             &output = pipeline.output;
  if (resize.empty())
    return missing("resize");
  if (canvas.empty())
    return missing("pad_to");
  if (output.empty())
    return missing("output");
  if (output != resize)
    return invalidArgument("pipeline: output " + extentText(output) +
                           ", expected " + extentText(resize) + " like resize");
  if (canvas[0] < resize[0] || canvas[1] < resize[1])
    return invalidArgument("pipeline: pad_to " + extentText(canvas) +
                           ", expected at least resize (" + extentText(resize) +
                           ")");
  if (!pipeline.classNames.empty() && pipeline.classNames.size() != 2)
    return invalidArgument(
        "pipeline: " + std::to_string(pipeline.classNames.size()) +
        " classes, expected 2 for ISBI data");
  return Status::success();
}

static Status validateVolumes(const DataPipeline &pipeline) {
  auto only = [](const char *key, const std::string &value,
                 const char *expected) {
    return value.empty() || value == expected
               ? Status::success()
               : invalidArgument(std::string("pipeline: ") + key + " \"" +
                                 value + "\", expected \"" + expected + "\"");
  };
  if (pipeline.inputShape.empty())
    return missing("input_shape");
  SEGC_RETURN_IF_ERROR(only("normalization", pipeline.normalization, "zscore"));
  SEGC_RETURN_IF_ERROR(
      only("resize_interpolator", pipeline.resizeInterpolator, "linear"));
  for (const std::string &name : pipeline.augment)
    if (name != "flip_x" && name != "flip_y")
      return invalidArgument("pipeline: augment \"" + name +
                             "\", expected \"flip_x\" or \"flip_y\"");
  // Class indices are stored in bytes.
  if (pipeline.classNames.size() > 256)
    return invalidArgument("pipeline: field \"class_names\": " +
                           std::to_string(pipeline.classNames.size()) +
                           " classes, expected at most 256");
  return pipeline.frame().status();
}

Status segc::validate(const DataPipeline &pipeline) {
  return pipeline.hasSlices()    ? validateSlices(pipeline)
         : pipeline.hasVolumes() ? validateVolumes(pipeline)
                                 : Status::success();
}
