//===- NnunetCheckpoint.cpp - Weights of nnU-Net v2 -----------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Prepare/NnunetCheckpoint.h"
#include "segc/Runtime/Core/Manifest.h"

#include <algorithm>
#include <set>

using namespace segc;

namespace {

using Shape = std::vector<int64_t>;

/// Lists parameters layer by layer.
class ParameterList {
public:
  std::vector<NnunetParameter> take() { return std::move(parameters); }

  void conv(const std::string &ours, const std::string &theirs, int64_t in,
            int64_t out, const Shape &taps, bool bias = true) {
    add(ours + ".weight", theirs + ".weight", withTaps({out, in}, taps),
        ForeignLayout::OutputFirst);
    if (bias)
      add(ours + ".bias", theirs + ".bias", {out});
  }
  void convTranspose(const std::string &ours, const std::string &theirs,
                     int64_t in, int64_t out, const Shape &taps) {
    add(ours + ".weight", theirs + ".weight", withTaps({in, out}, taps),
        ForeignLayout::InputFirst);
    add(ours + ".bias", theirs + ".bias", {out});
  }
  void norm(const std::string &ours, const std::string &theirs,
            int64_t channels) {
    add(ours + ".gamma", theirs + ".weight", {channels});
    add(ours + ".beta", theirs + ".bias", {channels});
  }

private:
  static Shape withTaps(Shape shape, const Shape &taps) {
    shape.insert(shape.end(), taps.begin(), taps.end());
    return shape;
  }
  void add(const std::string &ours, const std::string &theirs, Shape shape,
           ForeignLayout layout = ForeignLayout::Same) {
    parameters.push_back({ours, theirs, std::move(shape), layout});
  }

  std::vector<NnunetParameter> parameters;
};

/// The parameters of the parts of a network.
class NetworkParameters {
public:
  explicit NetworkParameters(const NNUNetOptions &options)
      : options(options), plan(*options.planned()),
        levels(plan.topology.levels()) {}

  std::vector<NnunetParameter> all();

private:
  void convNorms(const std::string &ours, const std::string &theirs,
                 int64_t count, int64_t in, int64_t out, const Shape &taps) {
    for (int64_t i = 1; i <= count; ++i, in = out) {
      const std::string number = std::to_string(i),
                        layer = theirs + ".convs." + std::to_string(i - 1);
      list.conv(ours + ".conv" + number, layer + ".conv", in, out, taps);
      list.norm(ours + ".norm" + number, layer + ".norm", out);
    }
  }
  void residual(const std::string &ours, const std::string &theirs, int64_t in,
                int64_t out, size_t level, bool isFirst);
  void encoder(int64_t channels);
  void decoder();

  const NNUNetOptions &options;
  const PlanConfiguration &plan;
  size_t levels;
  ParameterList list;
};

} // namespace

void NetworkParameters::residual(const std::string &ours,
                                 const std::string &theirs, int64_t in,
                                 int64_t out, size_t level, bool isFirst) {
  const Shape &taps = plan.topology.kernels[level],
              &strides = plan.topology.strides[level];
  for (const char *number : {"1", "2"}) {
    const std::string layer = theirs + ".conv" + number;
    list.conv(ours + ".conv" + number, layer + ".conv",
              *number == '1' ? in : out, out, taps);
    list.norm(ours + ".norm" + number, layer + ".norm", out);
  }
  if (in == out)
    return;
  // A pooling without parameters stands in front of the projection.
  const bool pools = isFirst && std::any_of(strides.begin(), strides.end(),
                                            [](int64_t s) { return s != 1; });
  const std::string skip = theirs + ".skip." + (pools ? "1" : "0");
  list.conv(ours + ".skip_conv", skip + ".conv", in, out, Shape(taps.size(), 1),
            /*bias=*/false);
  list.norm(ours + ".skip_norm", skip + ".norm", out);
}

void NetworkParameters::encoder(int64_t channels) {
  if (plan.residualEncoder) {
    convNorms("stem", "encoder.stem", 1, channels, plan.filters[0],
              plan.topology.kernels[0]);
    channels = plan.filters[0];
  }
  for (size_t level = 0; level < levels; ++level) {
    const std::string ours = "encoder" + std::to_string(level),
                      theirs = "encoder.stages." + std::to_string(level);
    const int64_t width = plan.filters[level];
    if (!plan.residualEncoder) {
      convNorms(ours, theirs + ".0", plan.encoderBlocks[level], channels, width,
                plan.topology.kernels[level]);
      channels = width;
    } else {
      for (int64_t i = 1; i <= plan.encoderBlocks[level]; ++i, channels = width)
        residual(ours + ".block" + std::to_string(i),
                 theirs + ".blocks." + std::to_string(i - 1), channels, width,
                 level, i == 1);
    }
  }
}

void NetworkParameters::decoder() {
  for (size_t level = levels - 1; level-- > 0;) {
    const std::string ours = "decoder" + std::to_string(level),
                      stage = std::to_string(levels - 2 - level);
    const int64_t width = plan.filters[level];
    list.convTranspose(ours + ".up", "decoder.transpconvs." + stage,
                       plan.filters[level + 1], width,
                       plan.topology.strides[level + 1]);
    convNorms(ours, "decoder.stages." + stage, plan.decoderBlocks[level],
              2 * width, width, plan.topology.kernels[level]);
  }
  const size_t lower = options.deepSupervision ? options.lowerHeads(levels) : 0;
  for (size_t level = 0; level <= lower; ++level)
    list.conv("head" + (level ? std::to_string(level) : ""),
              "decoder.seg_layers." + std::to_string(levels - 2 - level),
              plan.filters[level], options.classes,
              Shape(plan.patch.size(), 1));
}

std::vector<NnunetParameter> NetworkParameters::all() {
  encoder(options.channels);
  decoder();
  return list.take();
}

std::vector<NnunetParameter>
segc::nnunetParameters(const NNUNetOptions &options) {
  return NetworkParameters(options).all();
}

/// Whether PyTorch stores a tensor again under this name, or training alone
/// takes it: heads of coarser levels.
static bool isSpare(const std::string &name) {
  return name.find(".all_modules.") != std::string::npos ||
         name.rfind("decoder.encoder.", 0) == 0 ||
         name.rfind("decoder.seg_layers.", 0) == 0;
}

StatusOr<std::vector<ImportedParameter>>
segc::importNnunet(const SafetensorsFile &file, const NNUNetOptions &options) {
  if (!options.followsV2() || options.planned()->topology.levels() < 2)
    return invalidArgument(file.path() + ": expected a plan by the rules of "
                                         "nnU-Net v2 with at least two levels");
  std::vector<ImportedParameter> result;
  std::set<std::string> known;
  for (const NnunetParameter &parameter : nnunetParameters(options)) {
    known.insert(parameter.foreignName);
    SEGC_ASSIGN_OR_RETURN(
        const std::byte *data,
        file.require(parameter.foreignName, "F32", parameter.foreignShape));
    const std::vector<size_t> order =
        ownOrder(parameter.layout, parameter.foreignShape.size());
    result.push_back({parameter.name, permuted(parameter.foreignShape, order),
                      permuted(reinterpret_cast<const float *>(data),
                               parameter.foreignShape, order)});
  }
  for (const TensorEntry &tensor : file.tensors())
    if (!known.count(tensor.name) && !isSpare(tensor.name))
      return invalidArgument(
          file.path() + ": tensor \"" + tensor.name +
          "\", which the planned network lacks; give the plan and the "
          "configuration that it was trained with");
  return result;
}
