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
    pipeline.classNames = options.plan->classNames;
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
  Topology topology = std::move(*options.topology());
  size_t levels = topology.levels();
  std::vector<int64_t> filters =
      planned ? planned->filters : planFilters(levels, options.patch.size());
  const std::vector<int64_t> two(levels, 2);
  const std::vector<int64_t> &encoderConvs =
      planned ? planned->encoderBlocks : two;
  const std::vector<int64_t> &decoderConvs =
      planned ? planned->decoderBlocks : two;
  const Padding padding = v2 ? Padding::Symmetric : Padding::Same;
  const SmallVector<int64_t> one(options.patch.size(), 1);

  auto convNorm = [&](Value x, const Twine &block, int index, int64_t filters,
                      ArrayRef<int64_t> taps, ArrayRef<int64_t> strides) {
    std::string conv = (block + ".conv" + Twine(index)).str();
    x = b.conv(x, conv,
               {filters, taps, strides, padding, /*bias=*/v2,
                seg::InitKind::he_normal, options.negativeSlope});
    x = b.norm(x, block + ".norm" + Twine(index), options.norm);
    return b.leakyRelu(x, block + ".relu" + Twine(index),
                       options.negativeSlope);
  };
  auto stage = [&](Value x, const Twine &block, int64_t convs, int64_t filters,
                   ArrayRef<int64_t> taps, ArrayRef<int64_t> strides) {
    for (int64_t i = 1; i <= convs; ++i)
      x = convNorm(x, block, static_cast<int>(i), filters, taps,
                   i == 1 ? strides : ArrayRef<int64_t>(one));
    return x;
  };
  auto head = [&](Value x, const Twine &name) {
    return b.conv(x, name,
                  {options.classes, one, one, Padding::Same, /*bias=*/true,
                   seg::InitKind::he_normal, options.negativeSlope});
  };

  // Outputs by level: the encoder's, replaced by the decoder's on the way up.
  SmallVector<Value> outputs;
  Value x = b.image();
  for (size_t i = 0; i < levels; ++i) {
    x = stage(x, "encoder" + Twine(i), encoderConvs[i], filters[i],
              topology.kernels[i], topology.strides[i]);
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
    x = outputs[i] = stage(joined, block, decoderConvs[i], filters[i],
                           topology.kernels[v2 ? i : i + 1], one);
  }

  SmallVector<Value> heads{head(x, "head")};
  if (options.deepSupervision)
    for (size_t i = 1; i <= deepSupervisionHeads; ++i)
      heads.push_back(head(outputs[i], "head" + Twine(i)));

  b.objective(heads, options.loss, {"loss", "dice_loss", "ce_loss", "dice"});
  return b.finish(options.optimizer, pipelineOf(options));
}

} // namespace segc
