//===- NNUNet.cpp - nnU-Net in two and three dimensions -------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "NetworkBuilder.h"
#include "segc/Networks/Networks.h"
#include "segc/Plan/PlanFile.h"
#include "segc/Plan/Tasks.h"

using namespace mlir;

namespace segc {

/// What the runtime needs to know to prepare the data.
static DataPipeline pipelineOf(const NNUNetOptions &options) {
  DataPipeline pipeline;
  pipeline.kind = "nnunet";
  pipeline.dim = options.dim;
  pipeline.patch = options.patch;
  pipeline.spacing = options.spacing;
  if (options.plan) {
    pipeline.classNames = options.plan->outputNames();
    pipeline.plan = planText(*options.plan);
    return pipeline;
  }
  StatusOr<DecathlonTask> task = findDecathlonTask(options.task);
  if (!task) {
    pipeline.modality = "MRI";
    pipeline.classNames = classNames({}, options.classes);
    return pipeline;
  }
  pipeline.task = task->id;
  pipeline.modality = task->modality;
  pipeline.classNames = classNames(task->classNames, options.classes);
  if (const std::optional<CtIntensity> &ct = task->intensity) {
    pipeline.clip = {ct->least, ct->most};
    pipeline.mean = ct->mean;
    pipeline.deviation = ct->deviation;
  }
  return pipeline;
}

namespace {

/// The convolutions of one level.
struct Level {
  int64_t filters;
  ArrayRef<int64_t> taps, strides;
};

/// Blocks of convolutions with norm and leaky ReLU.
class BlockBuilder {
public:
  BlockBuilder(NetworkBuilder &b, const NNUNetOptions &options)
      : b(b), options(options), one(options.patch.size(), 1) {}

  /// `count` convolutions, of which the first has the level's strides.
  Value convs(Value x, const Twine &block, int64_t count, const Level &level) {
    for (int64_t i = 1; i <= count; ++i)
      x = relu(convNorm(x, block, Twine(i), i == 1 ? level : unstrided(level)),
               block, Twine(i));
    return x;
  }
  /// `count` residual blocks, of which the first has the level's strides.
  Value residuals(Value x, const Twine &block, int64_t count,
                  const Level &level) {
    for (int64_t i = 1; i <= count; ++i)
      x = residual(x, (block + ".block" + Twine(i)).str(),
                   i == 1 ? level : unstrided(level));
    return x;
  }
  /// A convolution of one tap to the logits.
  Value head(Value x, const Twine &name) {
    return b.conv(x, name,
                  {options.classes, one, one, Padding::Same, /*bias=*/true,
                   seg::InitKind::he_normal, options.negativeSlope});
  }
  Level unstrided(const Level &level) const {
    return {level.filters, level.taps, one};
  }

private:
  /// Layers block.conv<suffix> and block.norm<suffix>.
  Value convNorm(Value x, const Twine &block, const Twine &suffix,
                 const Level &level, double initialGamma = 1) {
    x = b.conv(x, block + ".conv" + suffix, layer(level, options.followsV2()));
    return b.norm(x, block + ".norm" + suffix, options.norm, initialGamma);
  }
  ConvLayer layer(const Level &level, bool bias) const {
    return {level.filters,
            level.taps,
            level.strides,
            options.followsV2() ? Padding::Symmetric : Padding::Same,
            bias,
            seg::InitKind::he_normal,
            options.negativeSlope};
  }
  Value relu(Value x, const Twine &block, const Twine &suffix) {
    return b.leakyRelu(x, block + ".relu" + suffix, options.negativeSlope);
  }
  Value residual(Value x, const std::string &block, const Level &level);
  Value skip(Value x, const std::string &block, const Level &level);

  NetworkBuilder &b;
  const NNUNetOptions &options;
  const SmallVector<int64_t> one;
};

} // namespace

/// ResNet-D's block. The norm before the addition starts as 0, so that the
/// block starts as its skip.
Value BlockBuilder::residual(Value x, const std::string &block,
                             const Level &level) {
  Value y = relu(convNorm(x, block, "1", level), block, "1");
  y = convNorm(y, block, "2", unstrided(level), /*initialGamma=*/0);
  return relu(b.add(y, skip(x, block, level), block + ".add"), block, "");
}

/// What is added: the mean over the strides, then a projection if the number of
/// channels changes.
Value BlockBuilder::skip(Value x, const std::string &block,
                         const Level &level) {
  if (level.strides != ArrayRef<int64_t>(one))
    x = b.avgPool(x, block + ".skip_pool", level.strides);
  if (seg::channels(cast<RankedTensorType>(x.getType())) == level.filters)
    return x;
  x = b.conv(x, block + ".skip_conv",
             layer({level.filters, one, one}, /*bias=*/false));
  return b.norm(x, block + ".skip_norm", options.norm);
}

OwningOpRef<ModuleOp> buildNNUNet(MLIRContext *context,
                                  const NNUNetOptions &options) {
  assert(validate(options).ok() && "expects valid options");
  SmallVector<int64_t> image{options.batch};
  image.append(options.patch.begin(), options.patch.end());
  image.push_back(options.channels);
  const PlanConfiguration *planned = options.planned();
  const bool v2 = options.followsV2();
  std::string symbol =
      "nnunet_" + (planned ? planned->name
                           : (options.task.empty() ? "" : options.task + "_") +
                                 std::to_string(options.dim) + "d");
  NetworkBuilder b(context, symbol, options.classes, image,
                   decayRule(options.optimizer,
                             {/*kernels=*/true, /*biases=*/true, /*norms=*/v2}),
                   {/*epsilon=*/v2 ? 1e-5 : 1e-3});
  BlockBuilder blocks(b, options);
  Topology topology = std::move(*options.topology());
  size_t levels = topology.levels();
  std::vector<int64_t> filters =
      planned ? planned->filters : planFilters(levels, options.patch.size());
  const std::vector<int64_t> two(levels, 2);
  const std::vector<int64_t> &encoderBlocks =
      planned ? planned->encoderBlocks : two;
  const std::vector<int64_t> &decoderConvs =
      planned ? planned->decoderBlocks : two;
  auto level = [&](size_t i, size_t kernel) {
    return Level{filters[i], topology.kernels[kernel], topology.strides[i]};
  };

  // Outputs by level: the encoder's, replaced by the decoder's on the way up.
  SmallVector<Value> outputs;
  Value x = b.image();
  const bool residual = planned && planned->residualEncoder;
  if (residual)
    x = blocks.convs(x, "stem", 1, blocks.unstrided(level(0, 0)));
  for (size_t i = 0; i < levels; ++i) {
    const std::string block = "encoder" + std::to_string(i);
    x = residual ? blocks.residuals(x, block, encoderBlocks[i], level(i, i))
                 : blocks.convs(x, block, encoderBlocks[i], level(i, i));
    outputs.push_back(x);
  }
  for (size_t i = levels - 1; i-- > 0;) {
    std::string block = "decoder" + std::to_string(i);
    ArrayRef<int64_t> stride = topology.strides[i + 1];
    ConvLayer upsampling = {filters[i], stride, stride};
    if (v2) {
      upsampling.init = seg::InitKind::he_normal;
      upsampling.initValue = options.negativeSlope;
    }
    Value up = b.convTranspose(x, block + ".up", upsampling);
    Value joined = b.concat(up, outputs[i], block + ".concat");
    // The published example has the deeper level's kernel.
    x = outputs[i] = blocks.convs(joined, block, decoderConvs[i],
                                  blocks.unstrided(level(i, v2 ? i : i + 1)));
  }

  SmallVector<Value> heads{blocks.head(x, "head")};
  if (options.deepSupervision)
    for (size_t i = 1; i <= options.lowerHeads(levels); ++i)
      heads.push_back(blocks.head(outputs[i], "head" + Twine(i)));

  b.objective(heads, options.loss, {"loss", "dice_loss", "ce_loss", "dice"});
  return b.finish(options.optimizer, pipelineOf(options));
}

} // namespace segc
