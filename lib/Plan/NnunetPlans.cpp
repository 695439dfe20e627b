//===- NnunetPlans.cpp - The plans.json of nnU-Net v2 ---------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Its values are put under our keys; parsePlan checks their types and what they
// say.
//
//===----------------------------------------------------------------------===//

#include "segc/Base/Json.h"
#include "segc/Plan/PlanFile.h"
#include "segc/Plan/Planner.h"

#include <algorithm>
#include <map>

using namespace segc;

/// A member of an object; null if there is none.
static const Json &member(const Json &object, const std::string &key) {
  static const Json null;
  auto found = object.find(key);
  return found == object.end() ? null : *found;
}

/// The name of a Python class without its module.
static std::string className(const Json &value) {
  const std::string name = value.is_string() ? value.get<std::string>() : "";
  return name.substr(name.rfind('.') + 1);
}

/// Our names of the schemes; others stay, which parsePlan refuses.
static Json normalizations(const Json &schemes) {
  static const std::map<std::string, std::string> names = {
      {"CTNormalization", "ct"},
      {"NoNormalization", "nonorm"},
      {"ZScoreNormalization", "zscore"},
      {"RescaleTo01Normalization", "rescale_to_0_1"},
      {"RGBTo01Normalization", "rgb_to_0_1"}};
  Json result = schemes;
  if (schemes.is_array())
    for (Json &scheme : result)
      if (auto known = names.find(className(scheme)); known != names.end())
        scheme = known->second;
  return result;
}

/// A configuration with what it inherits.
static StatusOr<Json> inherited(const Json &configurations,
                                const std::string &name,
                                const std::string &where) {
  Json result = Json::object();
  std::string current = name;
  for (size_t steps = 0; steps <= configurations.size(); ++steps) {
    const Json &own = member(configurations, current);
    if (!own.is_object())
      return invalidArgument(where + ": \"" + name + "\": inherits_from \"" +
                             current + "\", which is missing");
    // What is there already overrides.
    Json merged = own;
    merged.update(result);
    result = std::move(merged);
    const Json &base = member(own, "inherits_from");
    if (!base.is_string())
      return result;
    current = base.get<std::string>();
  }
  return invalidArgument(where + ": \"" + name + "\" inherits from itself");
}

/// Refuses what the networks that segc builds do not have. Keys that older
/// plans leave out are as they are in these networks.
static Status checkArchitecture(const Json &arguments,
                                const std::string &where) {
  const Json &widths = member(arguments, "features_per_stage");
  const Json &norm = member(arguments, "norm_op_kwargs");
  struct Expected {
    const char *key;
    Json actual, expected;
  };
  auto isNull = [&](const char *key) {
    return Expected{key, member(arguments, key), nullptr};
  };
  auto isClass = [&](const char *key, const char *name) {
    const Json &found = member(arguments, key);
    return Expected{key, found.is_string() ? Json(className(found)) : found,
                    name};
  };
  const bool planes = className(member(arguments, "conv_op")) == "Conv2d";
  const Expected all[] = {
      {"conv_bias", member(arguments, "conv_bias"), true},
      isClass("norm_op", planes ? "InstanceNorm2d" : "InstanceNorm3d"),
      {"norm_op_kwargs.eps", member(norm, "eps"), 1e-5},
      {"norm_op_kwargs.affine", member(norm, "affine"), true},
      isNull("dropout_op"),
      isClass("nonlin", "LeakyReLU"),
      {"nonlin_first", member(arguments, "nonlin_first"), false},
      isClass("block", "BasicBlockD"),
      isNull("bottleneck_channels"),
      {"stem_channels", member(arguments, "stem_channels"),
       widths.is_array() && !widths.empty() ? widths[0] : Json()},
  };
  for (const Expected &value : all)
    if (!value.actual.is_null() && value.actual != value.expected)
      return unsupported(where + ": network with " + value.key + " " +
                         jsonText(value.actual) + ", expected " +
                         jsonText(value.expected));
  return Status::success();
}

/// A list by level, of which theirs begins at the bottom of the decoder.
static Json reversed(const Json &list) {
  Json result = list;
  if (list.is_array())
    std::reverse(result.begin(), result.end());
  return result;
}

static StatusOr<Json> ourConfiguration(const Json &theirs,
                                       const std::string &where) {
  const Json &architecture = member(theirs, "architecture");
  const Json &network = member(architecture, "network_class_name");
  const std::string kind = className(network);
  const bool residual = kind == "ResidualEncoderUNet";
  if (!residual && kind != "PlainConvUNet")
    return unsupported(where + ": network " + jsonText(network) +
                       ", expected PlainConvUNet or ResidualEncoderUNet");
  const Json &arguments = member(architecture, "arch_kwargs");
  SEGC_RETURN_IF_ERROR(checkArchitecture(arguments, where));
  return Json{
      {"spacing", member(theirs, "spacing")},
      {"median_shape", member(theirs, "median_image_size_in_voxels")},
      {"patch", member(theirs, "patch_size")},
      {"batch", member(theirs, "batch_size")},
      {"kernels", member(arguments, "kernel_sizes")},
      {"strides", member(arguments, "strides")},
      {"filters", member(arguments, "features_per_stage")},
      {"residual_encoder", residual},
      {"encoder_blocks",
       member(arguments, residual ? "n_blocks_per_stage" : "n_conv_per_stage")},
      {"decoder_blocks",
       reversed(member(arguments, "n_conv_per_stage_decoder"))},
      {"normalization",
       normalizations(member(theirs, "normalization_schemes"))},
      {"use_mask", member(theirs, "use_mask_for_norm")},
      {"batch_dice", member(theirs, "batch_dice")}};
}

static Json ourIntensities(const Json &theirs) {
  Json result = Json::object();
  for (const char *key : {"mean", "median", "std", "min", "max"})
    result[key] = member(theirs, key);
  result["lower_clip"] = member(theirs, "percentile_00_5");
  result["upper_clip"] = member(theirs, "percentile_99_5");
  return result;
}

/// One of its readers brings volumes to right, anterior, superior.
static const char *frameOf(const Json &theirs) {
  return frameName(member(theirs, "image_reader_writer") ==
                           "NibabelIOWithReorient"
                       ? AxisFrame::Ras
                       : AxisFrame::File);
}

StatusOr<Plan>
segc::parseNnunetPlans(std::string_view text, const std::string &where,
                       const std::vector<std::string> &channelNames,
                       const std::vector<std::string> &classNames) {
  SEGC_ASSIGN_OR_RETURN(Json theirs, parseJson(text, where));
  if (!theirs.is_object())
    return invalidArgument(where + ": expected an object, found " +
                           theirs.type_name());
  Json ours = {{"version", planVersion},
               {"rules", planRulesName(PlanRules::V2)},
               {"dataset", member(theirs, "dataset_name")},
               {"channel_names", channelNames},
               {"class_names", classNames},
               {"orientation", frameOf(theirs)},
               {"transpose", member(theirs, "transpose_forward")},
               {"steps_per_epoch", v2StepsPerEpoch},
               {"intensities", Json::array()},
               {"configurations", Json::object()}};
  const Json &intensities =
      member(theirs, "foreground_intensity_properties_per_channel");
  for (size_t i = 0; i < channelNames.size(); ++i)
    ours["intensities"].push_back(
        ourIntensities(member(intensities, std::to_string(i))));
  const Json &configurations = member(theirs, "configurations");
  for (auto it = configurations.begin();
       configurations.is_object() && it != configurations.end(); ++it) {
    SEGC_ASSIGN_OR_RETURN(Json whole,
                          inherited(configurations, it.key(), where));
    if (whole.contains("previous_stage"))
      continue;
    SEGC_ASSIGN_OR_RETURN(
        ours["configurations"][it.key()],
        ourConfiguration(whole, where + ".configurations." + it.key()));
  }
  return parsePlan(jsonText(ours), where);
}
