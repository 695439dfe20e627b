//===- ImportNetwork.cpp --------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

//
// This pass names the ops of a network, because it lowers them: seg.network,
// seg.param and seg.state do not exist after it.
//
//===----------------------------------------------------------------------===//

#include "Entries.h"

#include "mlir/IR/IRMapping.h"
#include "segc/Dialect/Seg/IR/ShapeFunctions.h"

using namespace mlir;

namespace segc {
#define GEN_PASS_DEF_IMPORTNETWORKPASS
#include "segc/Transforms/Passes.h.inc"
} // namespace segc

using namespace segc;

/// Returns the convolution of 1x1 with parameters of its own that yields the
/// logits; null if something else does.
static seg::ConvOp findHead(seg::NetworkOp network) {
  auto head = network.getForward()
                  .front()
                  .getTerminator()
                  ->getOperand(0)
                  .getDefiningOp<seg::ConvOp>();
  if (!head || !head.getFilter().getDefiningOp<seg::ParamOp>() ||
      (head.getBias() && !head.getBias().getDefiningOp<seg::ParamOp>()) ||
      head.getGroups() != 1)
    return nullptr;
  auto shape = [](Value value) {
    return cast<RankedTensorType>(value.getType()).getShape();
  };
  bool pointwise =
      llvm::all_of(shape(head.getFilter()).drop_back(2),
                   [](int64_t taps) { return taps == 1; }) &&
      shape(head.getInput()).drop_back() == shape(head.getOutput()).drop_back();
  return pointwise ? head : nullptr;
}

namespace {

/// Copies the forward region into an entry, in training or inference mode.
class ForwardCopier {
public:
  ForwardCopier(EntryBuilder &entry, seg::NetworkOp network,
                const Layout &layout, bool training)
      : entry(entry), network(network), layout(layout), training(training) {}

  /// Copies the region and returns its results for the given image.
  SmallVector<Value> copy(Value image) {
    Block &forward = network.getForward().front();
    map.map(forward.getArgument(0), image);
    for (auto [param, offset] : layout.params)
      map.map(param.getOutput(), entry.argument(param.getType(), "parameters",
                                                param.getName(), offset));
    for (auto [state, offset] : layout.states)
      map.map(state.getOutput(), entry.argument(state.getType(), "states",
                                                state.getName(), offset));
    for (Operation &op : forward.without_terminator())
      copyOp(op);
    SmallVector<Value> results;
    for (Value value : forward.getTerminator()->getOperands())
      results.push_back(map.lookup(value));
    return results;
  }

  /// Returns the copy of a value.
  Value lookup(Value value) const { return map.lookup(value); }

  /// New running statistics, by state.
  DenseMap<Operation *, Value> updates;

private:
  void copyOp(Operation &op) {
    OpBuilder &b = entry.builder;
    if (isa<seg::ParamOp, seg::StateOp>(op))
      return;
    if (auto norm = dyn_cast<seg::BatchNormOp>(op))
      return copyBatchNorm(norm);
    if (auto dropout = dyn_cast<seg::NetworkDropoutOp>(op)) {
      Value input = map.lookup(dropout.getInput());
      if (training) {
        if (!seed) {
          seed = entry.scalar("seed");
          step = entry.scalar("step");
          sampleOffset = entry.scalar("sample_offset");
        }
        input = seg::DropoutOp::create(
            b, op.getLoc(), input.getType(), input, seed, step, sampleOffset,
            dropout.getRateAttr(), b.getI64IntegerAttr(dropouts++));
        seg::inheritPrecision(dropout, input.getDefiningOp());
      }
      map.map(dropout.getOutput(), input);
      return;
    }
    b.clone(op, map);
  }

  void copyBatchNorm(seg::BatchNormOp op) {
    OpBuilder &b = entry.builder;
    Location loc = op.getLoc();
    auto get = [&](Value v) { return map.lookup(v); };
    Value input = get(op.getInput());
    if (!training) {
      map.map(op.getOutput(),
              seg::BatchNormInferenceOp::create(
                  b, loc, op.getType(), input, get(op.getGamma()),
                  get(op.getBeta()), get(op.getRunningMean()),
                  get(op.getRunningVariance()), op.getEpsilonAttr()));
      seg::inheritPrecision(op, map.lookup(op.getOutput()).getDefiningOp());
      return;
    }
    Type statType = op.getRunningMean().getType();
    auto norm = seg::NormOp::create(
        b, loc, op.getType(), statType, statType, input, get(op.getGamma()),
        get(op.getBeta()), seg::NormKind::batch, 0, op.getEpsilon());
    seg::inheritPrecision(op, norm);
    map.map(op.getOutput(), norm.getOutput());
    updates[op.getRunningMean().getDefiningOp()] =
        seg::RunningMeanOp::create(b, loc, statType, get(op.getRunningMean()),
                                   norm.getMean(), op.getMomentumAttr());
    updates[op.getRunningVariance().getDefiningOp()] =
        seg::RunningVarianceOp::create(
            b, loc, statType, get(op.getRunningVariance()), norm.getRstd(),
            op.getMomentumAttr(), op.getEpsilonAttr());
  }

  EntryBuilder &entry;
  seg::NetworkOp network;
  const Layout &layout;
  bool training;
  IRMapping map;
  Value seed, step, sampleOffset;
  int64_t dropouts = 0;
};

/// Copies the objective and returns its results.
SmallVector<Value> copyObjective(EntryBuilder &entry, seg::NetworkOp network,
                                 ValueRange forwardResults, Value labels) {
  IRMapping map;
  Block &objective = network.getObjective().front();
  map.map(objective.getArguments().drop_back(), forwardResults);
  map.map(objective.getArguments().back(), labels);
  for (Operation &op : objective.without_terminator())
    entry.builder.clone(op, map);
  SmallVector<Value> results;
  for (Value value : objective.getTerminator()->getOperands())
    results.push_back(map.lookup(value));
  return results;
}

/// Returns the probabilities of the logits, of f32 in every precision.
Value probabilitiesOf(OpBuilder &b, seg::NetworkOp network, Value logits) {
  if (!network.getSigmoid())
    return seg::SoftmaxOp::create(b, network.getLoc(), logits);
  auto sigmoid = seg::SigmoidOp::create(b, network.getLoc(), logits);
  sigmoid->setAttr(seg::precisionAttrName, b.getStringAttr("f32"));
  return sigmoid;
}

/// `head` is given where predict yields its input.
void importPredict(ModuleOp module, seg::NetworkOp network,
                   const Layout &layout, seg::ConvOp head) {
  EntryBuilder entry(module, "predict", network.getLoc());
  Value image = entry.argument(network.getForward().getArgument(0).getType(),
                               "inputs", "image");
  ForwardCopier copier(entry, network, layout, /*training=*/false);
  Value logits = copier.copy(image).front();
  if (head)
    entry.result(copier.lookup(head.getInput()), "outputs", "features");
  else
    entry.result(probabilitiesOf(entry.builder, network, logits), "outputs",
                 "probabilities");
  entry.finish();
}

/// Builds evaluate_step, or the forward part of grad_step.
void importObjective(ModuleOp module, seg::NetworkOp network,
                     const Layout &layout, bool training) {
  EntryBuilder entry(module, training ? "grad_step" : "evaluate_step",
                     network.getLoc());
  Value image = entry.argument(network.getForward().getArgument(0).getType(),
                               "inputs", "image");
  Value labels =
      entry.argument(network.getObjective().getArguments().back().getType(),
                     "inputs", "label");
  if (training)
    entry.scalar("loss_scale");
  ForwardCopier copier(entry, network, layout, training);
  SmallVector<Value> forward = copier.copy(image);
  SmallVector<Value> results = copyObjective(entry, network, forward, labels);
  for (auto [value, name] : llvm::zip_equal(
           results, network.getResultNames().getAsValueRange<StringAttr>()))
    entry.result(value, "outputs", name);
  if (!training) {
    entry.finish();
    return;
  }
  for (auto [state, offset] : layout.states)
    if (Value update = copier.updates.lookup(state))
      entry.result(update, "states", state.getName(), offset);
  entry.finish()->setAttr(differentiateAttrName,
                          entry.builder.getI64IntegerAttr(0));
}

/// Builds `seg.layout`, from which the manifest describes parameters, states
/// and the optimizer.
DictionaryAttr layoutAttr(seg::NetworkOp network, const Layout &layout,
                          const Slots &slots, seg::ConvOp head) {
  Builder b(network.getContext());
  auto i64 = [&](int64_t v) { return b.getI64IntegerAttr(v); };
  auto named = [&](StringRef name, Attribute attr) {
    return b.getNamedAttr(name, attr);
  };
  SmallVector<Attribute> params, states, slotAttrs;
  for (auto [param, offset] : layout.params)
    params.push_back(b.getDictionaryAttr(
        {named("name", param.getNameAttr()),
         named("type", TypeAttr::get(param.getType())),
         named("offset", i64(offset)),
         named("decay", b.getBoolAttr(param.getDecay())),
         named("init",
               b.getStringAttr(seg::stringifyInitKind(param.getInit()))),
         named("value", param.getValueAttr())}));
  for (auto [state, offset] : layout.states)
    states.push_back(b.getDictionaryAttr(
        {named("name", state.getNameAttr()),
         named("type", TypeAttr::get(state.getType())),
         named("offset", i64(offset)), named("value", state.getValueAttr())}));
  for (auto [name, init] : slots)
    slotAttrs.push_back(
        b.getDictionaryAttr({named("name", b.getStringAttr(name)),
                             named("init", b.getF64FloatAttr(init))}));
  SmallVector<NamedAttribute> entries = {
      named("network", network.getSymNameAttr()),
      named("classes", network.getClassesAttr()),
      named("activation",
            b.getStringAttr(network.getSigmoid() ? "sigmoid" : "softmax")),
      named("parameters", b.getArrayAttr(params)),
      named("states", b.getArrayAttr(states)),
      named("slots", b.getArrayAttr(slotAttrs)),
      named("optimizer", network.getOptimizer()),
      named("pipeline", network.getPipeline()),
      named("parameter_bytes", i64(layout.paramBytes)),
      named("state_bytes", i64(layout.stateBytes))};
  if (head) {
    auto nameOf = [](Value parameter) {
      return parameter.getDefiningOp<seg::ParamOp>().getNameAttr();
    };
    SmallVector<NamedAttribute> names = {
        named("weight", nameOf(head.getFilter()))};
    if (head.getBias())
      names.push_back(named("bias", nameOf(head.getBias())));
    entries.push_back(named("head", b.getDictionaryAttr(names)));
  }
  return b.getDictionaryAttr(entries);
}

/// Verifies that buffers of the model are f32 and labels i32. 16-bit types are
/// assigned after import.
LogicalResult verifyTypes(seg::NetworkOp network) {
  auto verify = [](Value value, Location loc) -> LogicalResult {
    Type element = cast<RankedTensorType>(value.getType()).getElementType();
    if (element.isF32() || element.isInteger(32))
      return success();
    return mlir::emitError(loc, "expects values of f32 in a network, got ")
           << value.getType() << "; --precision chooses what is of 16 bits";
  };
  for (Region *region : {&network.getForward(), &network.getObjective()})
    for (BlockArgument argument : region->getArguments())
      if (failed(verify(argument, argument.getLoc())))
        return failure();
  WalkResult result = network.walk([&](Operation *op) {
    for (Value value : op->getResults())
      if (failed(verify(value, op->getLoc())))
        return WalkResult::interrupt();
    return WalkResult::advance();
  });
  return failure(result.wasInterrupted());
}

struct ImportNetworkPass
    : segc::impl::ImportNetworkPassBase<ImportNetworkPass> {
  using ImportNetworkPassBase::ImportNetworkPassBase;

  void runOnOperation() override {
    ModuleOp module = getOperation();
    auto networks = llvm::to_vector(module.getOps<seg::NetworkOp>());
    if (networks.size() != 1) {
      module.emitError("expects one seg.network, got ") << networks.size();
      return signalPassFailure();
    }
    seg::NetworkOp network = networks.front();
    if (failed(verifyTypes(network)))
      return signalPassFailure();
    Layout layout(network);
    constexpr int64_t maxBytes = int64_t{1} << 46;
    if (layout.paramBytes > maxBytes || layout.stateBytes > maxBytes) {
      network.emitOpError("has ")
          << layout.paramBytes << " bytes of parameters and "
          << layout.stateBytes << " of states, expected at most " << maxBytes;
      return signalPassFailure();
    }
    Slots slots;
    seg::ConvOp head = features ? findHead(network) : seg::ConvOp();
    if (features && !head) {
      network.emitOpError("expects logits from a convolution of 1x1 with its "
                          "own weights, whose input are the features");
      return signalPassFailure();
    }
    importPredict(module, network, layout, head);
    if (training)
      importObjective(module, network, layout, /*training=*/false);
    if (training && layout.params.empty())
      network.emitWarning("has no parameters: a model of it predicts and "
                          "evaluates, and cannot be trained");
    else if (training) {
      importObjective(module, network, layout, /*training=*/true);
      FailureOr<Slots> made = importApply(module, network, layout);
      if (failed(made))
        return signalPassFailure();
      slots = *made;
    }
    module->setAttr(layoutAttrName, layoutAttr(network, layout, slots, head));
    network.erase();
  }
};

} // namespace
