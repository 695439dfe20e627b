//===- ImportOptimizer.cpp ------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Entries.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;

namespace segc {

FailureOr<Slots> importApply(ModuleOp module, seg::NetworkOp network,
                             const Layout &layout) {
  DictionaryAttr options = network.getOptimizer();
  StringRef kind = options.getAs<StringAttr>("kind").getValue();
  const auto *optimizer = seg::findOptimizer(network.getContext(), kind);
  if (!optimizer) {
    auto kinds = seg::optimizerKinds(network.getContext());
    return network.emitOpError("expects an optimizer of kind ")
           << llvm::join(ArrayRef(kinds).drop_back(), ", ") << " or "
           << kinds.back() << ", got '" << kind << "'";
  }
  EntryBuilder entry(module, "apply_step", network.getLoc());
  OpBuilder &b = entry.builder;
  Location loc = network.getLoc();
  auto flat = RankedTensorType::get({layout.paramBytes / 4}, b.getF32Type());
  Slots slots;
  auto state = [&](StringRef name, double initial) {
    slots.push_back({name, initial});
    return entry.argument(flat, "optimizer", name,
                          (slots.size() - 1) * layout.paramBytes);
  };
  llvm::StringMap<Value> scalars;
  auto scalar = [&](StringRef name) {
    Value &value = scalars[name];
    if (!value)
      value = entry.scalar(name);
    return value;
  };

  Value params = entry.argument(flat, "parameters", "parameters");
  Value grads = entry.argument(flat, "gradients", "gradients");
  auto finite = seg::AllFiniteOp::create(
      b, loc, RankedTensorType::get({}, b.getF32Type()), grads,
      /*squares=*/false);
  Value learningRate = scalar("learning_rate"),
        weightDecay = scalar("weight_decay"), lossScale = scalar("loss_scale");
  if (auto norm = options.getAs<FloatAttr>("clip_norm"))
    lossScale = seg::ClipScaleOp::create(b, loc, lossScale.getType(), grads,
                                         lossScale, norm.getValue());
  seg::OptimizerInputs inputs{b,
                              loc,
                              options,
                              params,
                              grads,
                              finite,
                              learningRate,
                              weightDecay,
                              lossScale,
                              b.getI64IntegerAttr(layout.decayBytes / 4),
                              scalar,
                              state};
  Operation *update = optimizer->buildUpdate(inputs);
  finite.setSquares(static_cast<bool>(
      cast<seg::OptimizerOpInterface>(update).getSquaresState()));
  SmallVector<Value> updated(update->getResults());
  if (auto sync = options.getAs<IntegerAttr>("lookahead_sync")) {
    Value step = scalar("step"), slow = state("slow_weights", 0);
    auto op = seg::LookaheadOp::create(b, loc, flat, flat, params,
                                       updated.front(), slow, finite, step,
                                       b.getI64IntegerAttr(sync.getInt()),
                                       inputs.number("lookahead_alpha", 0.5));
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
