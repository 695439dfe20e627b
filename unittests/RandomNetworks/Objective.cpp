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

Value Generator::headLoss(Value logits, Value labels, Value &perClass) {
  RankedTensorType type = typeOf(logits);
  RankedTensorType scalar = f32({});
  int64_t draw = draws.below(3);
  Value dice, entropy;
  if (draw != 1) {
    auto op = DiceOp::create(
        builder, loc, scalar, f32({classes}),
        f32({type.getDimSize(0), 3, classes}), logits, labels,
        /*squared=*/draws.percent(40), /*batch_reduce=*/draws.percent(40),
        /*exclude_background=*/draws.percent(40),
        /*sum_classes=*/draws.percent(30),
        APFloat(draws.pick({1.0, 1e-2, 1e-5})), /*masked=*/false,
        /*regions=*/nullptr, /*ignored=*/nullptr);
    dice = op.getLoss();
    perClass = op.getPerClass();
  }
  if (draw != 0) {
    APFloat gamma(draws.pick({0.0, 0.0, 1.0, 2.0}));
    if (draws.percent(30)) {
      std::vector<double> weights;
      for (int64_t c = 0; c < classes; ++c)
        weights.push_back(draws.pick({0.5, 1.0, 1.0, 2.0}));
      entropy = WeightedCrossEntropyOp::create(builder, loc, scalar, scalar,
                                               logits, labels, weights, gamma)
                    .getLoss();
    } else {
      entropy =
          CrossEntropyOp::create(builder, loc, scalar, logits, labels, gamma);
    }
  }
  if (!dice || !entropy)
    return dice ? dice : entropy;
  return AddOp::create(builder, loc, scalar, dice, entropy);
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

  Value total, perClass;
  ArrayRef<int64_t> spatial = ArrayRef<int64_t>(positions).drop_front();
  for (Value head : block->getArguments().drop_back()) {
    Value metric;
    Value loss = headLoss(fit(head, spatial), labels, metric);
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
