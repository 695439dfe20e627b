//===- PlanFile.cpp - Plans as files that people edit ---------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Plan/PlanFile.h"
#include "segc/Base/Json.h"

#include <algorithm>

using namespace segc;

//===----------------------------------------------------------------------===//
// The keys: one list for reading and writing
//===----------------------------------------------------------------------===//

template <typename Visitor, typename Intensities>
static void visitIntensities(Visitor &visit, Intensities &values) {
  visit("mean", values.mean);
  visit("median", values.median);
  visit("std", values.std);
  visit("min", values.min);
  visit("max", values.max);
  visit("lower_clip", values.lowerClip);
  visit("upper_clip", values.upperClip);
}

template <typename Visitor, typename Configuration>
static void visitConfiguration(Visitor &visit, Configuration &values) {
  visit("spacing", values.spacing);
  visit("median_shape", values.medianShape);
  visit("patch", values.patch);
  visit("batch", values.batch);
  visit("kernels", values.topology.kernels);
  visit("strides", values.topology.strides);
  visit("filters", values.filters);
  visit("residual_encoder", values.residualEncoder);
  visit("encoder_blocks", values.encoderBlocks);
  visit("decoder_blocks", values.decoderBlocks);
  visit("normalization", values.normalization);
  visit("use_mask", values.useMask);
  visit("batch_dice", values.batchDice);
}

template <typename Visitor, typename P>
static void visitPlan(Visitor &visit, P &plan) {
  visit("dataset", plan.dataset);
  visit("channel_names", plan.channelNames);
  visit("class_names", plan.classNames);
  visit.optional("regions", plan.regions);
  visit.optional("regions_class_order", plan.regionsClassOrder);
  visit.optional("ignore_label", plan.ignoreLabel);
  visit.optional("orientation", plan.frame);
  visit("transpose", plan.transpose);
  visit.optional("steps_per_epoch", plan.stepsPerEpoch);
}

//===----------------------------------------------------------------------===//
// Writing
//===----------------------------------------------------------------------===//

namespace {
/// Collects the values of an object.
struct FieldWriter {
  OrderedJson object = OrderedJson::object();

  template <typename T>
  void operator()(const char *key, const T &value) {
    object[key] = value;
  }
  void optional(const char *key, AxisFrame frame) {
    object[key] = frameName(frame);
  }
  void optional(const char *key, const std::optional<int64_t> &value) {
    if (value)
      object[key] = *value;
  }
  template <typename T>
  void optional(const char *key, const std::vector<T> &values) {
    if (!values.empty())
      object[key] = values;
  }
};
} // namespace

/// Objects over several lines, lists on one: a list is edited as a whole.
static std::string indented(const OrderedJson &value, size_t depth) {
  if (!value.is_object())
    return jsonText(value);
  std::string text = "{";
  for (const auto &[key, member] : value.items())
    text += (text.size() > 1 ? ",\n" : "\n") + std::string(2 * depth + 2, ' ') +
            jsonText(OrderedJson(key)) + ": " + indented(member, depth + 1);
  return text + "\n" + std::string(2 * depth, ' ') + "}";
}

std::string segc::planText(const Plan &plan) {
  FieldWriter file;
  file("version", planVersion);
  file("rules", planRulesName(plan.rules));
  visitPlan(file, plan);
  OrderedJson intensities = OrderedJson::array();
  for (const ForegroundIntensities &values : plan.intensities) {
    FieldWriter channel;
    visitIntensities(channel, values);
    intensities.push_back(std::move(channel.object));
  }
  file("intensities", intensities);
  FieldWriter configurations;
  for (const PlanConfiguration &values : plan.configurations) {
    FieldWriter configuration;
    visitConfiguration(configuration, values);
    configurations(values.name.c_str(), configuration.object);
  }
  file("configurations", configurations.object);
  return indented(file.object, 0) + "\n";
}

//===----------------------------------------------------------------------===//
// Reading
//===----------------------------------------------------------------------===//

static bool read(const Json &json, int64_t &value) {
  if (!json.is_number_integer() ||
      (json.is_number_unsigned() && json.get<uint64_t>() > uint64_t(INT64_MAX)))
    return false;
  value = json.get<int64_t>();
  return true;
}

static bool read(const Json &json, double &value) {
  if (!json.is_number())
    return false;
  value = json.get<double>();
  return true;
}

static bool read(const Json &json, bool &value) {
  if (!json.is_boolean())
    return false;
  value = json.get<bool>();
  return true;
}

static bool read(const Json &json, std::string &value) {
  if (!json.is_string())
    return false;
  value = json.get<std::string>();
  return true;
}

template <typename T>
static bool read(const Json &json, std::vector<T> &values) {
  if (!json.is_array())
    return false;
  for (const Json &element : json) {
    T value{};
    if (!read(element, value))
      return false;
    values.push_back(std::move(value));
  }
  return true;
}

static bool read(const Json &json, std::array<int64_t, 3> &values) {
  std::vector<int64_t> list;
  if (!read(json, list) || list.size() != values.size())
    return false;
  std::copy(list.begin(), list.end(), values.begin());
  return true;
}

static bool read(const Json &json, std::optional<int64_t> &value) {
  return read(json, value.emplace());
}

static bool read(const Json &json, AxisFrame &frame) {
  StatusOr<AxisFrame> named =
      parseFrame(json.is_string() ? json.get<std::string>() : "");
  if (named)
    frame = *named;
  return named.ok();
}

static const char *expectedText(const AxisFrame &) {
  return "\"RAS\" or \"file\"";
}
static const char *expectedText(const std::optional<int64_t> &) {
  return "an integer";
}
static const char *expectedText(const int64_t &) { return "an integer"; }
static const char *expectedText(const double &) { return "a number"; }
static const char *expectedText(const bool &) { return "true or false"; }
static const char *expectedText(const std::string &) { return "a string"; }
static const char *expectedText(const std::array<int64_t, 3> &) {
  return "a list of 3 integers";
}
template <typename T>
static std::string expectedText(const std::vector<T> &) {
  return std::string("a list of which each element is ") + expectedText(T{});
}

namespace {
/// Reads the values of an object and keeps the first error.
class FieldReader {
public:
  FieldReader(const Json &object, std::string where, Status &status)
      : object(object), where(std::move(where)), status(status) {
    if (!object.is_object())
      fail(std::string("expected an object, found ") + object.type_name());
  }

  template <typename T>
  void operator()(const char *key, T &value) {
    const Json &found = member(key);
    if (status.ok() && !read(found, value))
      fail("field \"" + std::string(key) + "\": expected " +
           expectedText(value) + ", found " + jsonText(found).substr(0, 80));
  }

  /// The value stays as it is if the key is missing.
  template <typename T>
  void optional(const char *key, T &value) {
    if (object.is_object() && object.contains(key))
      (*this)(key, value);
    else
      known.emplace_back(key);
  }

  /// Null and an error if it is missing.
  const Json &member(const char *key) {
    static const Json null;
    known.emplace_back(key);
    if (!status.ok())
      return null;
    auto found = object.find(key);
    if (found != object.end())
      return *found;
    fail("field \"" + std::string(key) + "\" is missing");
    return null;
  }

  void refuseOthers() {
    if (!status.ok())
      return;
    for (auto it = object.begin(); it != object.end(); ++it)
      if (std::find(known.begin(), known.end(), it.key()) == known.end()) {
        std::string keys;
        for (const std::string &key : known)
          keys += (keys.empty() ? "" : ", ") + key;
        return fail("unknown key \"" + it.key() + "\", expected " + keys);
      }
  }

  void fail(const std::string &message) {
    if (status.ok())
      status = invalidArgument(where + ": " + message);
  }

private:
  const Json &object;
  std::string where;
  Status &status;
  std::vector<std::string> known;
};
} // namespace

static void readIntensities(const Json &list, const std::string &where,
                            Plan &plan, Status &status) {
  if (status.ok() && !list.is_array())
    status =
        invalidArgument(where + ": expected a list, found " + list.type_name());
  for (size_t i = 0; status.ok() && i < list.size(); ++i) {
    ForegroundIntensities values;
    FieldReader channel(list[i], where + "[" + std::to_string(i) + "]", status);
    visitIntensities(channel, values);
    channel.refuseOthers();
    plan.intensities.push_back(values);
  }
}

static void readConfigurations(const Json &object, const std::string &where,
                               Plan &plan, Status &status) {
  if (status.ok() && !object.is_object())
    status = invalidArgument(where + ": expected an object, found " +
                             object.type_name());
  for (auto it = object.begin(); status.ok() && it != object.end(); ++it) {
    PlanConfiguration values;
    values.name = it.key();
    FieldReader configuration(*it, where + "." + it.key(), status);
    visitConfiguration(configuration, values);
    configuration.refuseOthers();
    plan.configurations.push_back(std::move(values));
  }
}

StatusOr<Plan> segc::parsePlan(std::string_view text,
                               const std::string &where) {
  SEGC_ASSIGN_OR_RETURN(Json json, parseJson(text, where));
  Plan plan;
  Status status;
  FieldReader file(json, where, status);
  int64_t version = planVersion;
  file("version", version);
  if (status.ok() && version != planVersion)
    return unsupported(where + ": plan of version " + std::to_string(version) +
                       ", expected " + std::to_string(planVersion));
  std::string rules;
  file("rules", rules);
  if (const std::optional<PlanRules> known = findPlanRules(rules))
    plan.rules = *known;
  else
    file.fail("field \"rules\": expected \"example\", \"v2\" or \"mlperf\", "
              "found \"" +
              rules + "\"");
  visitPlan(file, plan);
  readIntensities(file.member("intensities"), where + ".intensities", plan,
                  status);
  readConfigurations(file.member("configurations"), where + ".configurations",
                     plan, status);
  file.refuseOthers();
  SEGC_RETURN_IF_ERROR(status);
  SEGC_RETURN_IF_ERROR(verify(plan).withContext(where));
  return plan;
}
