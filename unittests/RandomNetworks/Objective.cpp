//===- Objective.cpp - Losses and optimizer of a random network -----------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Generator.h"

using namespace mlir;

namespace segc::random_networks {

using namespace seg;

/// The values of labels are those below the number of classes, whether these
/// are regions or not.
void Generator::drawRegions() {
  std::optional<int64_t> left;
  if (classes > 2 && draws.percent(50))
    left = classes - 1;
  SmallVector<Attribute> all;
  for (int64_t region = 0; region < classes; ++region) {
    SmallVector<int64_t> values;
    const int64_t largest = left ? *left - 1 : classes - 1;
    for (int64_t value = 1; value <= largest; ++value)
      if (draws.percent(50))
        values.push_back(value);
    if (values.empty())
      values.push_back(draws.between(1, largest));
    all.push_back(builder.getI64ArrayAttr(values));
  }
  regions = builder.getArrayAttr(all);
  if (left)
    ignored = builder.getI64IntegerAttr(*left);
  network.setSigmoid(true);
}

DiceOp Generator::dice(Value logits, Value labels) {
  return DiceOp::create(
      builder, loc, f32({}), f32({classes}),
      f32({typeOf(logits).getDimSize(0), 3, classes}), logits, labels,
      /*squared=*/draws.percent(40), /*batch_reduce=*/draws.percent(40),
      /*exclude_background=*/draws.percent(40) && !regions,
      /*sum_classes=*/draws.percent(30), APFloat(draws.pick({1.0, 1e-2, 1e-5})),
      /*masked=*/draws.percent(20) && !regions, regions, ignored);
}

/// The mean over the voxels where it is largest. Which these are, is a matter
/// of rounding where logits have 16 bits: there it is over all of them.
Value Generator::worstEntropy(Value logits, Value labels) {
  RankedTensorType scalar = f32({});
  Value losses = VoxelCrossEntropyOp::create(
      builder, loc,
      activationType(typeOf(logits), spatialOf(logits), /*channels=*/1), logits,
      labels, /*masked=*/draws.percent(40));
  const double percent = StringRef(turn.precision) == "f32"
                             ? draws.pick({5.0, 10.0, 50.0, 100.0})
                             : 100.0;
  return TopKMeanOp::create(builder, loc, scalar, scalar, scalar, scalar,
                            losses, APFloat(percent))
      .getMean();
}

Value Generator::entropy(Value logits, Value labels) {
  RankedTensorType scalar = f32({});
  if (regions)
    return BinaryCrossEntropyOp::create(builder, loc, scalar, scalar, logits,
                                        labels, regions, ignored,
                                        /*sum_classes=*/draws.percent(40))
        .getLoss();
  if (draws.percent(20))
    return worstEntropy(logits, labels);
  APFloat gamma(draws.pick({0.0, 0.0, 1.0, 2.0}));
  if (!draws.percent(30))
    return CrossEntropyOp::create(builder, loc, scalar, logits, labels, gamma);
  std::vector<double> weights;
  for (int64_t c = 0; c < classes; ++c)
    weights.push_back(draws.pick({0.5, 1.0, 1.0, 2.0}));
  return WeightedCrossEntropyOp::create(builder, loc, scalar, scalar, logits,
                                        labels, weights, gamma)
      .getLoss();
}

Value Generator::headLoss(Value logits, Value labels, Value &perClass) {
  int64_t draw = draws.below(3);
  Value overlap, entropy;
  if (draw != 1) {
    DiceOp op = dice(logits, labels);
    overlap = op.getLoss();
    perClass = op.getPerClass();
  }
  if (draw != 0)
    entropy = this->entropy(logits, labels);
  if (!overlap || !entropy)
    return overlap ? overlap : entropy;
  return AddOp::create(builder, loc, f32({}), overlap, entropy);
}

Value Generator::gridLoss(Value head, Value labels, Value &perClass) {
  Shape own(typeOf(head).getShape().drop_back());
  Shape full(cast<RankedTensorType>(labels.getType()).getShape());
  const bool divides = llvm::all_of(llvm::zip_equal(full, own), [](auto sizes) {
    return std::get<0>(sizes) % std::get<1>(sizes) == 0;
  });
  if (full == own || !divides || draws.percent(40))
    return headLoss(fit(head, ArrayRef<int64_t>(full).drop_front()), labels,
                    perClass);
  labels = DownsampleLabelsOp::create(
      builder, loc, RankedTensorType::get(own, builder.getI32Type()), labels);
  return headLoss(head, labels, perClass);
}

void Generator::objective(ArrayRef<Value> heads) {
  SmallVector<Type> types;
  for (Value head : heads)
    types.push_back(head.getType());
  Shape positions(typeOf(heads.front()).getShape().drop_back());
  types.push_back(RankedTensorType::get(positions, builder.getI32Type()));
  SmallVector<Location> locations(types.size(), loc);
  Block *block =
      builder.createBlock(&network.getObjective(), {}, types, locations);
  Value labels = block->getArguments().back();

  if (draws.percent(25))
    drawRegions();
  Value total, perClass;
  for (Value head : block->getArguments().drop_back()) {
    Value metric;
    Value loss = gridLoss(head, labels, metric);
    if (total && draws.percent(60))
      loss = ScaleOp::create(builder, loc, loss, APFloat(0.5));
    total = total ? AddOp::create(builder, loc, loss.getType(), total, loss)
                        .getResult()
                  : loss;
    if (!perClass)
      perClass = metric;
  }
  SmallVector<Value> results{total};
  SmallVector<StringRef> resultNames{"loss"};
  if (perClass && draws.percent(70)) {
    results.push_back(perClass);
    resultNames.push_back("dice");
  }
  OutputOp::create(builder, loc, results);
  network.setResultNamesAttr(builder.getStrArrayAttr(resultNames));
}

DictionaryAttr Generator::optimizer() {
  NamedAttrList entries;
  auto real = [&](StringRef name, double value) {
    entries.append(name, builder.getF64FloatAttr(value));
  };
  StringRef kind =
      draws.pick<StringRef>({"adam", "adamw", "radam", "rmsprop", "sgd"});
  entries.append("kind", builder.getStringAttr(kind));
  real("learning_rate", draws.pick({1e-3, 1e-2}));
  real("momentum", draws.pick({0.0, 0.9}));
  real("weight_decay", draws.pick({0.0, 1e-2}));
  if (kind.contains("adam")) {
    real("beta1", draws.pick({0.9, 0.5}));
    real("beta2", draws.pick({0.999, 0.9}));
    real("epsilon", draws.pick({1e-7, 1e-3}));
  } else if (kind == "rmsprop") {
    real("decay", 0.9);
    real("epsilon", draws.pick({1e-10, 1e-3}));
  } else {
    entries.append("nesterov", builder.getBoolAttr(draws.percent(50)));
  }
  if (draws.percent(30))
    real("clip_norm", draws.pick({0.1, 10.0}));
  if (draws.percent(30)) {
    entries.append("lookahead_sync",
                   builder.getI64IntegerAttr(draws.between(1, 2)));
    real("lookahead_alpha", draws.pick({0.5, 0.8}));
  }
  return entries.getDictionary(builder.getContext());
}

} // namespace segc::random_networks
