//===- OutputKinds.cpp - Kinds of output files ----------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Commands/Outputs.h"
#include "segc/Runtime/Core/StaticModel.h"
#include "segc/Runtime/Device/Weights.h"

#include <fstream>
#include <string_view>

using namespace segc;

/// The start of a JSON object whose first keys are these, as we write them.
static bool startsWithKeys(const std::string &path,
                           std::initializer_list<const char *> keys) {
  std::string start(4096, '\0');
  std::ifstream file(path, std::ios::binary);
  file.read(start.data(), static_cast<std::streamsize>(start.size()));
  start.resize(static_cast<size_t>(file.gcount()));
  size_t at = start.find_first_not_of(" \n");
  if (at == std::string::npos || start[at] != '{')
    return false;
  at = start.find_first_not_of(" \n", at + 1);
  for (const char *key : keys) {
    const std::string quoted = std::string("\"") + key + "\":";
    const size_t found = at == std::string::npos ? at : start.find(quoted, at);
    // The first one is where the object begins.
    if (found == std::string::npos || (key == *keys.begin() && found != at))
      return false;
    at = found + quoted.size();
  }
  return true;
}

static bool isBenchmark(const std::string &path) {
  return startsWithKeys(path, {"network", "mode", "latency_ms"});
}

static bool isProfile(const std::string &path) {
  return startsWithKeys(path, {"format", "network", "mode", "kernels"});
}

static bool isStages(const std::string &path) {
  return startsWithKeys(path, {"format", "network", "mode", "stages"});
}

static bool isRanges(const std::string &path) {
  return startsWithKeys(path, {"format", "network", "ranges"});
}

static bool isTrace(const std::string &path) {
  return startsWithKeys(path, {"traceEvents"});
}

static bool isCheck(const std::string &path) {
  return startsWithKeys(path, {"format", "cases", "faults"});
}

/// A model that trains is not one that an export wrote.
static bool isPlan(const std::string &path) {
  return startsWithKeys(path, {"version", "rules", "dataset"});
}

static bool isInferenceModel(const std::string &path) {
  StatusOr<std::optional<StaticModel>> model =
      readModel(path, ModelMachine::Any);
  return model.ok() && *model && !(*model)->manifest.entry("train_step");
}

/// The first fields of the message: its version, and segc as its producer.
static bool isOnnx(const std::string &path) {
  char start[8] = {};
  std::ifstream file(path, std::ios::binary);
  file.read(start, sizeof start);
  return start[0] == '\x08' &&
         std::string_view(start + 2, 6) == std::string_view("\x12\x04segc");
}

const OutputKind segc::gradientsOutput = {"gradients", isGradients};
const OutputKind segc::valuesOutput = {"outputs of a step", isOutputs};
const OutputKind segc::benchmarkOutput = {"result of a benchmark", isBenchmark};
const OutputKind segc::profileOutput = {"profile", isProfile};
const OutputKind segc::stagesOutput = {"profile of a prediction", isStages};
const OutputKind segc::rangesOutput = {"value ranges", isRanges};
const OutputKind segc::traceOutput = {"trace", isTrace};
const OutputKind segc::modelOutput = {"model for inference", isInferenceModel};
const OutputKind segc::onnxOutput = {"ONNX model of segc", isOnnx};
const OutputKind segc::checkOutput = {"list of faults", isCheck};
const OutputKind segc::planOutput = {"plan", isPlan};
