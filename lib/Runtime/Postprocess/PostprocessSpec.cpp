//===- PostprocessSpec.cpp - Text of post-processing steps ----------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Postprocess/Postprocess.h"

#include <charconv>
#include <cstdio>

using namespace segc;

using Step = PostprocessStep;

template <typename T>
static bool parseNumber(const std::string &text, T &value) {
  const char *end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, value);
  return error == std::errc() && stopped == end;
}

static Status wrong(const std::string &step, const std::string &what) {
  return wrongUsage("post-processing step \"" + step + "\": " + what);
}

/// The classes of the text behind the colon.
/// "1+2": the classes of one step.
static std::vector<uint8_t>
parseNumbers(const std::string &text, const std::vector<std::string> &names) {
  std::vector<uint8_t> classes;
  for (size_t begin = 0; begin <= text.size();) {
    const size_t end = std::min(text.find('+', begin), text.size());
    size_t number = 0;
    if (!parseNumber(text.substr(begin, end - begin), number) || number == 0 ||
        number >= names.size())
      return {};
    classes.push_back(static_cast<uint8_t>(number));
    begin = end + 1;
  }
  return classes;
}

/// The labels of each of the steps that the text behind a colon makes.
static StatusOr<std::vector<std::vector<uint8_t>>>
parseClasses(const std::string &text, const std::string &step,
             const std::vector<std::string> &names) {
  std::vector<std::vector<uint8_t>> steps;
  for (size_t i = 1; i < names.size(); ++i)
    if (text == "each" || text == names[i])
      steps.push_back({static_cast<uint8_t>(i)});
  if (steps.empty())
    steps.push_back(parseNumbers(text, names));
  if (!steps.front().empty())
    return steps;
  std::string known;
  for (size_t i = 1; i < names.size(); ++i)
    known += ", " + std::to_string(i) + " (" + names[i] + ")";
  return wrong(step, "class \"" + text + "\", expected each" + known);
}

static Status parseKind(const std::string &text, const std::string &whole,
                        Step &step) {
  const std::string volume = "min-volume=";
  if (text == "largest") {
    step.kind = Step::Kind::LargestComponent;
    return Status::success();
  }
  if (text == "holes") {
    step.kind = Step::Kind::FillHoles;
    return Status::success();
  }
  step.kind = Step::Kind::MinimumVolume;
  if (text.rfind(volume, 0) != 0)
    return wrong(whole, "expected largest, holes or min-volume=MM3, and :CLASS "
                        "or :each behind it");
  const std::string number = text.substr(volume.size());
  if (!parseNumber(number, step.minVolume) || !(step.minVolume > 0) ||
      step.minVolume > 1e12)
    return wrong(whole, "volume \"" + number +
                            "\", expected a number of mm^3 above 0");
  return Status::success();
}

StatusOr<std::vector<PostprocessStep>>
segc::parsePostprocess(const std::string &text,
                       const std::vector<std::string> &classNames) {
  std::vector<Step> steps;
  if (text == "none")
    return steps;
  for (size_t begin = 0; begin <= text.size();) {
    const size_t end = std::min(text.find(',', begin), text.size());
    const std::string whole = text.substr(begin, end - begin);
    begin = end + 1;
    const size_t colon = whole.find(':');
    Step step;
    SEGC_RETURN_IF_ERROR(parseKind(whole.substr(0, colon), whole, step));
    if (colon == std::string::npos) {
      steps.push_back(step);
      continue;
    }
    SEGC_ASSIGN_OR_RETURN(
        std::vector<std::vector<uint8_t>> classes,
        parseClasses(whole.substr(colon + 1), whole, classNames));
    for (std::vector<uint8_t> &labels : classes) {
      step.labels = std::move(labels);
      steps.push_back(step);
    }
  }
  return steps;
}

std::string segc::postprocessText(const std::vector<PostprocessStep> &steps) {
  std::string text;
  for (const Step &step : steps) {
    text += text.empty() ? "" : ",";
    char volume[48];
    std::snprintf(volume, sizeof(volume), "min-volume=%.17g", step.minVolume);
    text += step.kind == Step::Kind::LargestComponent ? "largest"
            : step.kind == Step::Kind::FillHoles      ? "holes"
                                                      : volume;
    const char *before = ":";
    for (uint8_t label : step.labels) {
      text += before + std::to_string(label);
      before = "+";
    }
  }
  return text;
}
