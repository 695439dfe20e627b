//===- InferTypes.cpp - Inference of types after a change -----------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// Names the ops whose types depend on their attributes. Other ops have the type
// of an operand.

#include "Simplifications.h"

#include "segc/Dialect/Seg/IR/ShapeFunctions.h"
#include "llvm/ADT/TypeSwitch.h"

#include <numeric>

using namespace mlir;

namespace segc {

using namespace seg;

namespace {

class TypeInference {
public:
  explicit TypeInference(const DenseMap<Value, RankedTensorType> &old)
      : old(old) {}

  void infer(Operation *op);

private:
  static RankedTensorType typeOf(Value value) {
    return cast<RankedTensorType>(value.getType());
  }
  static Shape spatial(Value value) {
    return Shape(spatialDims(typeOf(value)));
  }
  Shape oldSpatial(Value value) const {
    return Shape(spatialDims(old.lookup(value)));
  }

  /// A parameter or state takes the shape that its user needs.
  static void setShape(Value value, ArrayRef<int64_t> shape) {
    if (value && isa_and_nonnull<ParamOp, StateOp>(value.getDefiningOp()))
      value.setType(typeOf(value).clone(shape));
  }
  static void setActivation(Value value, RankedTensorType like,
                            ArrayRef<int64_t> dims, int64_t size) {
    value.setType(activationType(like, dims, size));
  }

  static void inferFilter(ConvOp conv);
  static void inferFilter(ConvTransposeOp conv);
  void inferWindow(Value input, Value output, MutableArrayRef<int64_t> offsets,
                   bool grows);
  void inferPointwise(Operation *op);

  const DenseMap<Value, RankedTensorType> &old;
};

/// Keeps as many groups as the channels allow. The filter has the input
/// channels of one group.
void TypeInference::inferFilter(ConvOp conv) {
  Shape shape(typeOf(conv.getFilter()).getShape());
  bool transposed = conv.getTransposeFilter();
  size_t in = shape.size() - (transposed ? 1 : 2),
         out = shape.size() - (transposed ? 2 : 1);
  int64_t inputs = channels(typeOf(conv.getInput()));
  conv.setGroups(std::gcd(conv.getGroups(), std::gcd(inputs, shape[out])));
  shape[in] = inputs / conv.getGroups();
  setShape(conv.getFilter(), shape);
  setShape(conv.getBias(), shape[out]);
}

/// For transposed convolutions the filter has the output channels of one group.
void TypeInference::inferFilter(ConvTransposeOp conv) {
  Shape shape(typeOf(conv.getFilter()).getShape());
  int64_t inputs = channels(typeOf(conv.getInput()));
  conv.setGroups(std::gcd(conv.getGroups(), inputs));
  shape[shape.size() - 2] = inputs;
  setShape(conv.getFilter(), shape);
  setShape(conv.getBias(), shape.back() * conv.getGroups());
}

/// Crops and pads keep their sizes on each side where the tensor is large
/// enough.
void TypeInference::inferWindow(Value input, Value output,
                                MutableArrayRef<int64_t> offsets, bool grows) {
  Shape in = spatial(input), result = in;
  for (auto [d, size] : llvm::enumerate(result)) {
    int64_t change = oldSpatial(output)[d] - oldSpatial(input)[d];
    size = std::max<int64_t>(1, size + change);
    int64_t room = grows ? size - in[d] : in[d] - size;
    offsets[d] = std::min(offsets[d], std::max<int64_t>(room, 0));
  }
  setActivation(output, typeOf(input), result, channels(typeOf(input)));
}

void TypeInference::inferPointwise(Operation *op) {
  for (Value result : op->getResults()) {
    auto follows = [&](Value operand) {
      return old.lookup(operand) == old.lookup(result);
    };
    auto model = llvm::find_if(op->getOperands(), follows);
    // The removed operand was replaced by one of another type.
    if (model == op->operand_end())
      model = llvm::max_element(op->getOperands(), [](Value a, Value b) {
        return typeOf(a).getNumElements() < typeOf(b).getNumElements();
      });
    if (model != op->operand_end() && typeOf(result).getRank() > 1)
      result.setType((*model).getType());
  }
  for (Value operand : op->getOperands())
    if (old.lookup(operand).getRank() == 1 && op->getNumResults() > 0)
      setShape(operand, channels(typeOf(op->getResult(0))));
}

void TypeInference::infer(Operation *op) {
  llvm::TypeSwitch<Operation *>(op)
      .Case<ParamOp, StateOp, OutputOp>([](auto) {})
      .Case([&](ConvOp conv) {
        inferFilter(conv);
        Value input = conv.getInput();
        ArrayRef<int64_t> shape = typeOf(conv.getFilter()).getShape();
        setActivation(conv.getOutput(), typeOf(input),
                      convOutputSpatial(
                          spatial(input),
                          dilatedTaps(shape.drop_back(2), conv.getDilations()),
                          conv.getStrides(), conv.getPadLow(),
                          conv.getPadHigh()),
                      conv.getTransposeFilter() ? shape.drop_back().back()
                                                : shape.back());
      })
      .Case([&](ConvTransposeOp conv) {
        inferFilter(conv);
        Value input = conv.getInput();
        ArrayRef<int64_t> shape = typeOf(conv.getFilter()).getShape();
        setActivation(conv.getOutput(), typeOf(input),
                      convTransposeOutputSpatial(
                          spatial(input),
                          dilatedTaps(shape.drop_back(2), conv.getDilations()),
                          conv.getStrides(), conv.getPadLow(),
                          conv.getPadHigh()),
                      shape.back() * conv.getGroups());
      })
      .Case([&](MaxPoolOp pool) {
        Shape none(pool.getWindow().size(), 0);
        Value input = pool.getInput();
        setActivation(pool.getOutput(), typeOf(input),
                      convOutputSpatial(spatial(input), pool.getWindow(),
                                        pool.getStrides(), none, none),
                      channels(typeOf(input)));
      })
      .Case([&](AvgPoolOp pool) {
        Value input = pool.getInput();
        setActivation(pool.getOutput(), typeOf(input),
                      convOutputSpatial(spatial(input), pool.getWindow(),
                                        pool.getStrides(), pool.getPadLow(),
                                        pool.getPadHigh()),
                      channels(typeOf(input)));
      })
      .Case([&](NormOp norm) {
        RankedTensorType type = typeOf(norm.getInput());
        inferPointwise(norm);
        Shape statistics;
        if (norm.getKind() != NormKind::batch)
          statistics.push_back(type.getDimSize(0));
        statistics.push_back(channels(type));
        for (Value value : {norm.getMean(), norm.getRstd()})
          value.setType(type.clone(statistics));
        if (norm.getKind() == NormKind::group &&
            channels(type) % norm.getGroups() != 0)
          norm.setGroups(1);
      })
      .Case([&](ConcatOp concat) {
        int64_t total = 0;
        for (Value input : concat.getInputs())
          total += channels(typeOf(input));
        Value first = concat.getInputs().front();
        setActivation(concat.getOutput(), typeOf(first), spatial(first), total);
      })
      .Case([&](SliceChannelsOp slice) {
        Value input = slice.getInput();
        int64_t size = std::min(channels(typeOf(slice.getOutput())),
                                channels(typeOf(input)));
        slice.setOffset(std::min<int64_t>(slice.getOffset(),
                                          channels(typeOf(input)) - size));
        setActivation(slice.getOutput(), typeOf(input), spatial(input), size);
      })
      .Case([&](CropOp crop) {
        Shape offsets(crop.getOffsets());
        inferWindow(crop.getInput(), crop.getOutput(), offsets, false);
        crop.setOffsets(offsets);
      })
      .Case([&](PadOp pad) {
        Shape offsets(pad.getLow());
        inferWindow(pad.getInput(), pad.getOutput(), offsets, true);
        pad.setLow(offsets);
      })
      .Case([&](ResizeOp resize) {
        Value input = resize.getInput(), output = resize.getOutput();
        Shape out = spatial(input);
        for (auto [d, size] : llvm::enumerate(out))
          size = std::max<int64_t>(1, size * oldSpatial(output)[d] /
                                          oldSpatial(input)[d]);
        setActivation(output, typeOf(input), out, channels(typeOf(input)));
      })
      .Case([&](DownsampleLabelsOp downsample) {
        Value input = downsample.getInput(), output = downsample.getOutput();
        Shape shape(typeOf(input).getShape());
        for (auto [d, size] : llvm::enumerate(shape))
          size = std::max<int64_t>(1, size * old.lookup(output).getDimSize(d) /
                                          old.lookup(input).getDimSize(d));
        output.setType(typeOf(output).clone(shape));
      })
      .Case([&](ChannelTotalOp total) {
        Value input = total.getInput();
        setActivation(total.getOutput(), typeOf(input), spatial(input), 1);
      })
      .Case([&](DiceOp dice) {
        RankedTensorType type = typeOf(dice.getLogits());
        int64_t size = channels(type);
        dice.getPerClass().setType(type.clone({size}));
        dice.getSums().setType(type.clone({type.getDimSize(0), 3, size}));
      })
      .Default([&](Operation *other) { inferPointwise(other); });
}

} // namespace

void inferTypes(NetworkOp network,
                const DenseMap<Value, RankedTensorType> &old) {
  TypeInference inference(old);
  Block &forward = network.getForward().front(),
        &objective = network.getObjective().front();
  for (Operation &op : forward)
    inference.infer(&op);
  ValueRange heads = forward.getTerminator()->getOperands();
  for (auto [argument, head] :
       llvm::zip_equal(objective.getArguments().drop_back(), heads))
    argument.setType(head.getType());
  auto logits = cast<RankedTensorType>(heads.front().getType());
  Value labels = objective.getArguments().back();
  labels.setType(cast<RankedTensorType>(labels.getType())
                     .clone(logits.getShape().drop_back()));
  network.setClasses(channels(logits));
  for (Operation &op : objective)
    inference.infer(&op);
}

} // namespace segc
