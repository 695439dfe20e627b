//===- Layers.cpp - The ops of a random network ---------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Generator.h"

#include <numeric>

using namespace mlir;

namespace segc::random_networks {

using namespace seg;

static int64_t product(ArrayRef<int64_t> sizes) {
  return std::accumulate(sizes.begin(), sizes.end(), int64_t{1},
                         std::multiplies<>());
}

//===----------------------------------------------------------------------===//
// Parameters
//===----------------------------------------------------------------------===//

Value Generator::parameter(ArrayRef<int64_t> shape, bool filter,
                           double constant) {
  InitKind init = InitKind::constant;
  if (filter)
    init = draws.percent(50) ? InitKind::glorot_uniform : InitKind::he_normal;
  double value =
      init == InitKind::he_normal ? draws.pick({0.0, 0.01}) : constant;
  bool decays = draws.percent(50);
  return ParamOp::create(builder, loc, f32(shape),
                         "p" + std::to_string(names++), init, APFloat(value),
                         decays);
}

Value Generator::state(int64_t channels, double value) {
  return StateOp::create(builder, loc, f32({channels}),
                         "s" + std::to_string(names++), APFloat(value));
}

//===----------------------------------------------------------------------===//
// Convolutions and pooling
//===----------------------------------------------------------------------===//

int64_t Generator::drawGroups(int64_t from, int64_t to) {
  if (!turn.grouped)
    return 1;
  SmallVector<int64_t> divisors;
  for (int64_t groups = 2; groups <= std::gcd(from, to); ++groups)
    if (std::gcd(from, to) % groups == 0)
      divisors.push_back(groups);
  if (divisors.empty() || !draws.percent(50))
    return 1;
  // Half of the grouped convolutions are depthwise, if that is possible.
  return draws.percent(50) ? divisors.back()
                           : divisors[draws.below(divisors.size())];
}

Shape Generator::drawDilations(ArrayRef<int64_t> taps) {
  Shape dilations(taps.size(), 1);
  if (turn.grouped && draws.percent(50))
    for (unsigned d = 0; d < taps.size(); ++d)
      if (taps[d] > 1)
        dilations[d] = draws.between(1, 3);
  return dilations;
}

/// Returns the number of positions that the dilated taps span.
static Shape dilated(ArrayRef<int64_t> taps, ArrayRef<int64_t> dilations) {
  Shape extents;
  for (auto [count, step] : llvm::zip_equal(taps, dilations))
    extents.push_back((count - 1) * step + 1);
  return extents;
}

/// Returns null if all dilations are 1, the default.
static DenseI64ArrayAttr dilationAttr(OpBuilder &builder,
                                      ArrayRef<int64_t> dilations) {
  bool plain = llvm::all_of(dilations, [](int64_t d) { return d == 1; });
  return plain ? DenseI64ArrayAttr() : builder.getDenseI64ArrayAttr(dilations);
}

Value Generator::conv(Value input) {
  RankedTensorType type = typeOf(input);
  Shape in = spatialOf(input), taps, strides, low, high;
  bool same = draws.percent(turn.regular ? 65 : 50),
       valid = !same && draws.percent(60), strided = draws.percent(20);
  int64_t size = draws.percent(turn.regular ? 80 : 50)
                     ? 3
                     : draws.pick<int64_t>({1, 1, 2, 3, 4, 5});
  // Flat filters, as in nnU-Net's anisotropic stages.
  for (unsigned d = 0; d < turn.rank; ++d)
    taps.push_back(draws.percent(10) ? 1 : size);
  Shape dilations = drawDilations(taps), extents = dilated(taps, dilations);
  for (unsigned d = 0; d < turn.rank; ++d) {
    strides.push_back(strided ? draws.between(1, 2) + draws.percent(5) : 1);
    int64_t total = extents[d] - 1;
    low.push_back(same ? total / 2 : valid ? 0 : draws.between(0, total));
    high.push_back(same ? total - low[d] : valid ? 0 : draws.between(0, total));
  }
  int64_t to = drawChannels(), from = channels(type);
  Value shared;
  if (draws.percent(8))
    for (Value filter : filters) {
      ArrayRef<int64_t> shape = typeOf(filter).getShape();
      if (shape.drop_back(2) == ArrayRef<int64_t>(taps) &&
          shape[turn.rank] == from) {
        shared = filter;
        to = shape.back();
      }
    }
  int64_t groups = shared ? 1 : drawGroups(from, to), seen = from / groups;
  Shape out = convOutputSpatial(in, extents, strides, low, high);
  if (llvm::any_of(out, [](int64_t size) { return size < 1; }))
    return {};
  RankedTensorType result = activationType(type, out, to);
  if (!affordable(result, result.getNumElements() * seen * product(taps)))
    return {};
  Shape shape(taps);
  bool transposed = !shared && draws.percent(8);
  shape.push_back(transposed ? to : seen);
  shape.push_back(transposed ? seen : to);
  Value filter = shared ? shared : parameter(shape, /*filter=*/true);
  if (!shared && !transposed && groups == 1)
    filters.push_back(filter);
  Value bias;
  if (draws.percent(65))
    bias = parameter({to}, /*filter=*/false);
  return ConvOp::create(builder, loc, result, input, filter, bias, strides, low,
                        high, dilationAttr(builder, dilations), groups,
                        transposed);
}

Value Generator::projection(Value input, int64_t to) {
  RankedTensorType type = typeOf(input);
  Shape ones(turn.rank, 1), none(turn.rank, 0), shape(ones);
  shape.push_back(channels(type));
  shape.push_back(to);
  Value filter = parameter(shape, /*filter=*/true);
  Value bias;
  if (draws.percent(65))
    bias = parameter({to}, /*filter=*/false);
  return ConvOp::create(builder, loc,
                        activationType(type, spatialDims(type), to), input,
                        filter, bias, ones, none, none, /*dilations=*/nullptr);
}

Value Generator::convTranspose(Value input) {
  RankedTensorType type = typeOf(input);
  Shape taps, strides, low, high;
  bool exact = draws.percent(60);
  for (unsigned d = 0; d < turn.rank; ++d) {
    strides.push_back(draws.percent(80) ? 2 : draws.between(1, 3));
    taps.push_back(exact ? strides[d] : draws.between(1, 4));
  }
  Shape dilations = drawDilations(taps), extents = dilated(taps, dilations);
  for (unsigned d = 0; d < turn.rank; ++d) {
    int64_t maxPadding = extents[d] - 1;
    low.push_back(exact ? 0 : draws.between(0, maxPadding));
    high.push_back(exact ? 0 : draws.between(0, maxPadding - low[d]));
  }
  Shape out =
      convTransposeOutputSpatial(spatialOf(input), extents, strides, low, high);
  for (int64_t size : out)
    if (size < 1)
      return {};
  int64_t to = drawChannels(), from = channels(type);
  int64_t groups = drawGroups(from, to);
  RankedTensorType result = activationType(type, out, to);
  if (!affordable(result, type.getNumElements() * to / groups * product(taps)))
    return {};
  Shape shape(taps);
  shape.push_back(from);
  shape.push_back(to / groups);
  Value filter = parameter(shape, /*filter=*/true);
  Value bias;
  if (draws.percent(65))
    bias = parameter({to}, /*filter=*/false);
  return ConvTransposeOp::create(builder, loc, result, input, filter, bias,
                                 strides, low, high,
                                 dilationAttr(builder, dilations), groups);
}

Value Generator::maxPool(Value input) {
  RankedTensorType type = typeOf(input);
  Shape window, strides, none(turn.rank, 0);
  for (unsigned d = 0; d < turn.rank; ++d) {
    window.push_back(draws.percent(75) ? 2 : draws.between(1, 3));
    // Overlapping windows have no adjoint, so strides are not smaller.
    strides.push_back(window[d] + draws.percent(10));
  }
  Shape out = convOutputSpatial(spatialOf(input), window, strides, none, none);
  RankedTensorType result = activationType(type, out, channels(type));
  if (!affordable(result))
    return {};
  return MaxPoolOp::create(builder, loc, result, input, window, strides);
}

Value Generator::avgPool(Value input) {
  RankedTensorType type = typeOf(input);
  Shape window, strides, low, high;
  bool padded = draws.percent(40);
  for (unsigned d = 0; d < turn.rank; ++d) {
    window.push_back(draws.percent(60) ? 2 : draws.between(1, 4));
    strides.push_back(draws.percent(60) ? window[d] : draws.between(1, 3));
    low.push_back(padded ? draws.below(window[d]) : 0);
    high.push_back(padded ? draws.below(window[d]) : 0);
  }
  Shape out = convOutputSpatial(spatialOf(input), window, strides, low, high);
  RankedTensorType result = activationType(type, out, channels(type));
  if (!affordable(result))
    return {};
  return AvgPoolOp::create(builder, loc, result, input, window, strides, low,
                           high, draws.percent(50));
}

//===----------------------------------------------------------------------===//
// Pointwise
//===----------------------------------------------------------------------===//

Value Generator::norm(Value input) {
  RankedTensorType type = typeOf(input);
  int64_t size = channels(type);
  Value gamma = parameter({size}, /*filter=*/false, 1);
  Value beta = parameter({size}, /*filter=*/false);
  APFloat epsilon(draws.pick({1e-3, 1e-5}));
  int64_t draw = draws.below(10);
  if (draw < 4)
    return BatchNormOp::create(builder, loc, type, input, gamma, beta,
                               state(size, 0), state(size, 1), epsilon,
                               APFloat(draws.pick({0.99, 0.9, 0.5})));
  NormKind kind = draw < 7   ? NormKind::instance
                  : draw < 9 ? NormKind::group
                             : NormKind::batch;
  int64_t groups = 0;
  if (kind == NormKind::group) {
    SmallVector<int64_t> divisors;
    for (int64_t i = 1; i <= size; ++i)
      if (size % i == 0)
        divisors.push_back(i);
    groups = divisors[draws.below(divisors.size())];
  }
  auto statistics =
      kind == NormKind::batch ? f32({size}) : f32({type.getDimSize(0), size});
  return NormOp::create(builder, loc, type, statistics, statistics, input,
                        gamma, beta, kind, groups, epsilon)
      .getOutput();
}

Value Generator::activation(Value input) {
  int64_t draw = draws.below(100);
  if (draw < 35)
    return ReluOp::create(builder, loc, input);
  if (draw < 55)
    return LeakyReluOp::create(builder, loc, input,
                               APFloat(draws.pick({0.01, 0.2})));
  if (draw < 70)
    return PReluOp::create(
        builder, loc, input.getType(), input,
        parameter({channels(typeOf(input))}, /*filter=*/false, 0.25));
  if (draw < 80)
    return SigmoidOp::create(builder, loc, input);
  if (draw < 90)
    return NetworkDropoutOp::create(builder, loc, input,
                                    APFloat(draws.pick({0.1, 0.3, 0.5})));
  if (draw < 95)
    return ScaleOp::create(builder, loc, input,
                           APFloat(draws.pick({-0.5, 0.7, 1.3})));
  return SoftmaxOp::create(builder, loc, input);
}

Value Generator::binary(Value lhs, Value rhs) {
  // x + x and x * x share their operand. x - x is excluded: it is 0, and a norm
  // would divide by rounding errors.
  if (!rhs)
    rhs = lhs;
  Type type = lhs.getType();
  int64_t draw = draws.below(10);
  if (draw < 6)
    return AddOp::create(builder, loc, type, lhs, rhs);
  if (draw < 8 || lhs == rhs)
    return MulOp::create(builder, loc, type, lhs, rhs);
  return SubOp::create(builder, loc, type, lhs, rhs);
}

Value Generator::perChannel(Value input) {
  bool scales = draws.percent(50);
  Value factor = parameter({channels(typeOf(input))}, /*filter=*/false, scales);
  Type type = input.getType();
  if (scales)
    return MulOp::create(builder, loc, type, input, factor);
  if (draws.percent(50))
    return SubOp::create(builder, loc, type, input, factor);
  return AddOp::create(builder, loc, type, input, factor);
}

Value Generator::gate(Value input) {
  Value from = sameSize(input, /*sameChannels=*/false);
  if (!from)
    from = input;
  Value one = from;
  if (channels(typeOf(from)) > 1) {
    RankedTensorType type = activationType(typeOf(from), spatialOf(from), 1);
    if (draws.percent(60))
      one = projection(from, 1);
    else if (draws.percent(50))
      one = ChannelTotalOp::create(builder, loc, type, from);
    else
      one = SliceChannelsOp::create(builder, loc, type, from,
                                    draws.below(channels(typeOf(from))));
  }
  if (draws.percent(60))
    one = SigmoidOp::create(builder, loc, one);
  if (draws.percent(75))
    return MulOp::create(builder, loc, input.getType(), input, one);
  return AddOp::create(builder, loc, input.getType(), input, one);
}

//===----------------------------------------------------------------------===//
// Shapes
//===----------------------------------------------------------------------===//

Value Generator::concat(Value first) {
  SmallVector<Value> parts{first};
  int64_t count = draws.between(2, 4);
  while (static_cast<int64_t>(parts.size()) < count) {
    Value other = draws.percent(25) ? values[draws.below(values.size())]
                                    : sameSize(first, /*sameChannels=*/false);
    parts.push_back(other ? other : first);
  }
  int64_t total = 0;
  for (Value part : parts)
    total += channels(typeOf(part));
  if (!affordable(activationType(typeOf(first), spatialOf(first), total)))
    return {};
  return joined(parts);
}

Value Generator::rearrangement(Value input) {
  RankedTensorType type = typeOf(input);
  Shape in = spatialOf(input), out(in), at;
  int64_t size = channels(type), draw = draws.below(8);
  if (draw < 2 && size > 1) {
    int64_t part = draws.between(1, size - 1);
    return SliceChannelsOp::create(builder, loc, activationType(type, in, part),
                                   input, draws.between(0, size - part));
  }
  if (draw < 4) {
    for (int64_t &length : out) {
      length = std::max<int64_t>(1, length - draws.between(0, 3));
      at.push_back(draws.between(0, in[at.size()] - length));
    }
    return CropOp::create(builder, loc, activationType(type, out, size), input,
                          at);
  }
  if (draw < 6) {
    for (int64_t &length : out) {
      int64_t more = draws.between(0, 3);
      length += more;
      at.push_back(draws.between(0, more));
    }
    RankedTensorType result = activationType(type, out, size);
    if (!affordable(result))
      return {};
    return PadOp::create(builder, loc, result, input, at);
  }
  for (int64_t &length : out)
    length =
        draws.percent(30) ? length * 2 : draws.between(1, length + length / 2);
  if (!affordable(activationType(type, out, size)))
    return {};
  return resize(input, out);
}

Value Generator::resize(Value input, ArrayRef<int64_t> spatial) {
  RankedTensorType type = typeOf(input);
  ResizeMode mode =
      draws.pick({ResizeMode::nearest, ResizeMode::linear, ResizeMode::cubic});
  return ResizeOp::create(
      builder, loc, activationType(type, spatial, channels(type)), input, mode);
}

} // namespace segc::random_networks
