//===- ImportOptimizer.cpp ------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Entries.h"

using namespace mlir;

namespace segc {

FailureOr<Slots> importApply(ModuleOp module, seg::NetworkOp network,
                             const Layout &layout) {
  DictionaryAttr options = network.getOptimizer();
  StringRef kind = options.getAs<StringAttr>("kind").getValue();
  EntryBuilder entry(module, "apply_step", network.getLoc());
  OpBuilder &b = entry.builder;
  Location loc = network.getLoc();
  auto flat = RankedTensorType::get({layout.paramBytes / 4}, b.getF32Type());
  auto number = [&](StringRef name, double fallback) {
    auto attr = options.getAs<FloatAttr>(name);
    return b.getF64FloatAttr(attr ? attr.getValueAsDouble() : fallback);
  };
  auto flag = [&](StringRef name) {
    auto attr = options.getAs<BoolAttr>(name);
    return attr && attr.getValue();
  };
  Slots slots;
  auto slot = [&](StringRef name, double init) {
    slots.push_back({name, init});
    return entry.argument(flat, "optimizer", name,
                          (slots.size() - 1) * layout.paramBytes);
  };

  Value params = entry.argument(flat, "parameters", "parameters");
  Value grads = entry.argument(flat, "gradients", "gradients");
  // All but sgd keep squares of gradients, which must fit too.
  Value finite = seg::AllFiniteOp::create(
      b, loc, RankedTensorType::get({}, b.getF32Type()), grads,
      /*squares=*/kind != "sgd");
  Value learningRate = entry.scalar("learning_rate"),
        weightDecay = entry.scalar("weight_decay");
  Value lossScale = entry.scalar("loss_scale");
  IntegerAttr decay = b.getI64IntegerAttr(layout.decayBytes / 4);
  Value step;
  SmallVector<Value> updated; // Parameters, then the slots so far.
  if (kind == "adam" || kind == "radam") {
    step = entry.scalar("step");
    Value first = slot("first_moment", 0), second = slot("second_moment", 0);
    auto op = seg::AdamOp::create(
        b, loc, flat, flat, flat, params, grads, first, second, finite,
        learningRate, weightDecay, lossScale, step, number("beta1", 0.9),
        number("beta2", 0.999), number("epsilon", 1e-7),
        kind == "radam" ? b.getUnitAttr() : UnitAttr(), decay);
    updated.assign(op.result_begin(), op.result_end());
  } else if (kind == "rmsprop") {
    Value meanSquare = slot("mean_square", 1),
          meanGradient = slot("mean_gradient", 0), buffer = slot("momentum", 0);
    auto op = seg::RmspropOp::create(
        b, loc, flat, flat, flat, flat, params, grads, meanSquare, meanGradient,
        buffer, finite, learningRate, entry.scalar("momentum"), weightDecay,
        lossScale, number("decay", 0.9), number("epsilon", 1e-10), decay);
    updated.assign(op.result_begin(), op.result_end());
  } else if (kind == "sgd") {
    Value velocity = slot("velocity", 0);
    auto op = seg::SgdOp::create(
        b, loc, flat, flat, params, grads, velocity, finite, learningRate,
        entry.scalar("momentum"), weightDecay, lossScale,
        flag("nesterov") ? b.getUnitAttr() : UnitAttr(), decay);
    updated.assign(op.result_begin(), op.result_end());
  } else {
    return network.emitOpError("expects an optimizer of kind adam, radam, "
                               "rmsprop or sgd, got '")
           << kind << "'";
  }
  if (auto sync = options.getAs<IntegerAttr>("lookahead_sync")) {
    if (!step)
      step = entry.scalar("step");
    Value slow = slot("slow_weights", 0);
    auto op = seg::LookaheadOp::create(
        b, loc, flat, flat, params, updated.front(), slow, finite, step,
        b.getI64IntegerAttr(sync.getInt()), number("lookahead_alpha", 0.5));
    updated.front() = op.getNewParams();
    updated.push_back(op.getNewSlow());
  }
  entry.result(updated.front(), "parameters", "parameters");
  for (auto [i, s] : llvm::enumerate(slots))
    entry.result(updated[i + 1], "optimizer", s.first, i * layout.paramBytes);
  entry.result(finite, "outputs", "finite");
  entry.finish();
  return slots;
}

} // namespace segc
