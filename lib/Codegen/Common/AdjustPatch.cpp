//===- AdjustPatch.cpp - Intensities of a patch ---------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Codegen/Common/Augmentation.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "segc/Dialect/Seg/IR/AugmentOps.h"
#include "segc/Dialect/Seg/IR/PointwiseMath.h"
#include "segc/Dialect/Seg/IR/ShapeFunctions.h"
#include "segc/Plan/AugmentEntry.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

namespace segc {

static seg::PointwiseMath floats(KernelBody &k) {
  return {k.builder(), k.loc(), k.builder().getF32Type()};
}

Value indexOf(KernelBody &k, Value value) {
  OpBuilder &b = k.builder();
  return arith::IndexCastOp::create(
      b, k.loc(), b.getIndexType(),
      arith::FPToSIOp::create(b, k.loc(), b.getI32Type(), value));
}

Value floatOf(KernelBody &k, Value index) {
  OpBuilder &b = k.builder();
  return arith::SIToFPOp::create(
      b, k.loc(), b.getF32Type(),
      arith::IndexCastOp::create(b, k.loc(), b.getI32Type(), index));
}

//===----------------------------------------------------------------------===//
// Elements
//===----------------------------------------------------------------------===//

AugmentedElement::AugmentedElement(KernelBody &k, RankedTensorType image,
                                   Value intensities, Value sample,
                                   Value element)
    : size{1, 1, 1}, channels(seg::channels(image)), sample(sample),
      channel(k.rem(element, channels)), k(k),
      intensities(inputOf(k, intensities)) {
  ArrayRef<int64_t> spatial = seg::spatialDims(image);
  llvm::copy(spatial, size.end() - spatial.size());
  llvm::copy(k.delinearize(k.div(element, channels), size), position.begin());
  place = k.add(k.mul(sample, seg::spatialSize(image) * channels), element);
  row = k.add(k.mul(sample, channels), channel);
}

Value AugmentedElement::drawn(int64_t number) const {
  return k.loadScalar(intensities,
                      k.add(k.mul(row, augment::intensityNumbers), number));
}

int64_t numberOfStep(seg::IntensityStep step) {
  switch (step) {
  case seg::IntensityStep::contrast:
    return augment::Contrast;
  case seg::IntensityStep::inverted_gamma:
    return augment::InvertedGamma;
  case seg::IntensityStep::gamma:
    return augment::Gamma;
  }
  llvm_unreachable("expects a step");
}

Value asksForStep(KernelBody &k, seg::IntensityStep step, Value number) {
  seg::PointwiseMath m = floats(k);
  if (step != seg::IntensityStep::contrast)
    return m.greater(number, m.constant(0));
  return arith::CmpFOp::create(k.builder(), k.loc(), arith::CmpFPredicate::UNE,
                               number, m.constant(1));
}

Value AugmentedElement::drawnFor(seg::IntensityStep step) const {
  return drawn(numberOfStep(step));
}
Value AugmentedElement::isDrawn(seg::IntensityStep step) const {
  return asksForStep(k, step, drawnFor(step));
}

Value AugmentedElement::statistic(Value statistics, int64_t number) const {
  return k.loadScalar(inputOf(k, statistics),
                      k.add(k.mul(row, seg::statistic::count), number));
}

int64_t augmentedElements(Operation *op) {
  auto type = cast<RankedTensorType>(op->getResult(0).getType());
  return type.getNumElements() / type.getDimSize(0);
}

//===----------------------------------------------------------------------===//
// Neighbours
//===----------------------------------------------------------------------===//

/// The Gaussian of the lines along an axis.
static Value emitBlur(KernelBody &k, seg::BlurAxisOp op,
                      const AugmentedElement &at) {
  auto axis = static_cast<int64_t>(op.getAxis());
  Value image = inputOf(k, op.getInput());
  seg::PointwiseMath m = floats(k);
  Value radius = indexOf(k, at.drawn(augment::BlurRadius + axis));
  int64_t size = at.size[axis], period = 2 * (size - 1), stride = at.channels;
  for (int64_t behind = axis + 1; behind < 3; ++behind)
    stride *= at.size[behind];
  auto copied = [&] { return k.loadScalar(image, at.place); };
  if (size == 1)
    return copied();
  auto blurred = [&] {
    Value sigma = at.drawn(augment::BlurSigma + axis);
    // Whole periods further, so that no place is negative.
    Value first = k.add(at.position[axis], k.mul(radius, period - 1));
    SmallVector<Value> sums = k.loop(
        k.index(0), k.add(k.mul(radius, 2), 1), 1,
        {m.constant(0), m.constant(0)}, [&](Value tap, ValueRange carried) {
          Value distance = m.div(floatOf(k, k.sub(tap, radius)), sigma);
          Value weight =
              m.exp(m.mul(m.mul(distance, distance), m.constant(-0.5)));
          Value unfolded = k.rem(k.add(first, tap), period);
          Value reflected = k.min(unfolded, k.sub(k.index(period), unfolded));
          Value place = k.add(
              at.place, k.mul(k.sub(reflected, at.position[axis]), stride));
          return SmallVector<Value>{
              m.fma(weight, k.loadScalar(image, place), carried[0]),
              m.add(carried[1], weight)};
        });
    return m.div(sums[0], sums[1]);
  };
  return k.ifElse(k.less(k.index(0), radius), blurred, copied);
}

/// The two neighbours on a coarser grid, as places of the fine grid.
static SmallVector<std::pair<Value, Value>>
reducedTaps(KernelBody &k, const AugmentedElement &at, int64_t axis,
            Value reduced) {
  seg::PointwiseMath m = floats(k);
  int64_t size = at.size[axis];
  if (size == 1)
    return {{k.index(0), m.constant(1)}};
  // The position (i + 1/2) reduced / size - 1/2 is a fraction, so that nothing
  // is rounded.
  Value numerator =
      k.max(k.sub(k.mul(k.add(k.mul(at.position[axis], 2), 1), reduced), size),
            k.index(0));
  Value first = k.div(numerator, 2 * size);
  Value behind = m.div(floatOf(k, k.rem(numerator, 2 * size)),
                       m.constant(static_cast<double>(2 * size)));
  auto fine = [&](Value point) {
    return k.div(k.mul(k.add(k.mul(point, 2), 1), size), k.mul(reduced, 2));
  };
  Value last = k.sub(reduced, 1);
  return {{fine(first), m.sub(m.constant(1), behind)},
          {fine(k.min(k.add(first, 1), last)), behind}};
}

static Value emitLowerResolution(KernelBody &k, seg::LowerResolutionOp op,
                                 const AugmentedElement &at) {
  Value image = inputOf(k, op.getInput());
  seg::PointwiseMath m = floats(k);
  std::array<Value, 3> reduced;
  Value any;
  for (int64_t axis = 0; axis < 3; ++axis) {
    Value given = indexOf(k, at.drawn(augment::LowResolutionExtent + axis));
    Value size = k.index(at.size[axis]);
    reduced[axis] = k.min(k.max(given, k.index(1)), size);
    Value lower = k.less(reduced[axis], size);
    any =
        any ? arith::OrIOp::create(k.builder(), k.loc(), any, lower).getResult()
            : lower;
  }
  auto gathered = [&] {
    Value sum = m.constant(0);
    for (auto [z, wz] : reducedTaps(k, at, 0, reduced[0]))
      for (auto [y, wy] : reducedTaps(k, at, 1, reduced[1]))
        for (auto [x, wx] : reducedTaps(k, at, 2, reduced[2])) {
          Value line = k.add(
              k.mul(k.add(k.mul(at.sample, at.size[0]), z), at.size[1]), y);
          Value voxel = k.add(k.mul(line, at.size[2]), x);
          Value value =
              k.loadScalar(image, k.add(k.mul(voxel, at.channels), at.channel));
          sum = m.fma(m.mul(m.mul(wz, wy), wx), value, sum);
        }
    return sum;
  };
  return k.ifElse(any, gathered, [&] { return k.loadScalar(image, at.place); });
}

//===----------------------------------------------------------------------===//
// Voxels by themselves
//===----------------------------------------------------------------------===//

static Value emitContrast(KernelBody &k, seg::AdjustContrastOp op,
                          const AugmentedElement &at) {
  seg::PointwiseMath m = floats(k);
  Value scale = at.drawn(augment::Scale), shift = at.drawn(augment::Shift);
  auto brightened = [&](Value value) { return m.fma(value, scale, shift); };
  auto known = [&](int64_t number) {
    return brightened(at.statistic(op.getStatistics(), number));
  };
  Value value = brightened(k.loadScalar(inputOf(k, op.getInput()), at.place));
  auto adjusted = [&] {
    Value mean = known(seg::statistic::mean), a = known(seg::statistic::low),
          b = known(seg::statistic::high);
    Value changed = m.fma(m.sub(value, mean),
                          at.drawnFor(seg::IntensityStep::contrast), mean);
    return m.min(m.max(changed, m.min(a, b)), m.max(a, b));
  };
  return k.ifElse(at.isDrawn(seg::IntensityStep::contrast), adjusted,
                  [&] { return value; });
}

static Value emitGamma(KernelBody &k, seg::AdjustGammaOp op,
                       const AugmentedElement &at) {
  seg::PointwiseMath m = floats(k);
  bool inverted = op.getStep() == seg::IntensityStep::inverted_gamma;
  Value value = k.loadScalar(inputOf(k, op.getInput()), at.place);
  auto raised = [&] {
    Value lowest = at.statistic(op.getStatistics(), seg::statistic::low),
          highest = at.statistic(op.getStatistics(), seg::statistic::high);
    Value range = m.sub(highest, lowest);
    Value span = m.max(range, m.constant(1e-7));
    // Of the negative image the lowest is the highest, negated.
    Value low = inverted ? m.sub(m.constant(0), highest) : lowest;
    Value above = inverted ? m.sub(highest, value) : m.sub(value, lowest);
    Value part = m.div(above, span);
    // Powers of less than the smallest normal number are 0.
    Value normal = m.constant(0x1p-126);
    Value power =
        m.exp(m.mul(at.drawnFor(op.getStep()), m.log(m.max(part, normal))));
    Value isSmall = m.greater(normal, part);
    return m.fma(m.select(isSmall, m.constant(0), power), range, low);
  };
  return k.ifElse(at.isDrawn(op.getStep()), raised, [&] { return value; });
}

static Value emitRetained(KernelBody &k, seg::RetainStatisticsOp op,
                          const AugmentedElement &at) {
  OpBuilder &b = k.builder();
  seg::PointwiseMath m = floats(k);
  Value value = k.loadScalar(inputOf(k, op.getInput()), at.place);
  auto retained = [&] {
    auto deviation = [&](Value statistics) {
      return at.statistic(statistics, seg::statistic::deviation);
    };
    Value before = deviation(op.getBefore());
    if (op.getStep() == seg::IntensityStep::inverted_gamma)
      before = m.sub(m.constant(0), before);
    Value factor =
        m.div(before, m.max(deviation(op.getAfter()), m.constant(1e-7)));
    Value distance =
        m.sub(value, at.statistic(op.getAfter(), seg::statistic::mean));
    return m.fma(distance, factor,
                 at.statistic(op.getBefore(), seg::statistic::mean));
  };
  Value result =
      k.ifElse(at.isDrawn(op.getStep()), retained, [&] { return value; });
  if (!op.getLabels())
    return result;
  Value isMasked = m.greater(at.drawn(augment::Masked), m.constant(0.5));
  auto masked = [&]() -> Value {
    Value label =
        k.loadScalar(inputOf(k, op.getLabels()), k.div(at.place, at.channels));
    Value zero = arith::ConstantOp::create(b, k.loc(), b.getI32IntegerAttr(0));
    Value none = arith::CmpIOp::create(b, k.loc(), arith::CmpIPredicate::slt,
                                       label, zero);
    return m.select(none, m.constant(0), result);
  };
  return k.ifElse(isMasked, masked, [&] { return result; });
}

/// Emits an op that changes intensities by `body`.
template <typename Op, typename Body>
static void emitChange(KernelBody &k, Op op, Value sample, Value element,
                       Body body) {
  AugmentedElement at(k, op.getOutput().getType(), op.getIntensities(), sample,
                      element);
  k.storeScalar(body(k, op, at), outputOf(k, op.getOutput()), at.place);
}

void emitAugmented(KernelBody &k, Operation *op, Value sample, Value element) {
  llvm::TypeSwitch<Operation *>(op)
      .Case([&](seg::SamplePatchOp op) {
        emitSamplePatch(k, op, sample, element);
      })
      .Case([&](seg::SampleLabelsOp op) {
        emitSampleLabels(k, op, sample, element);
      })
      .Case([&](seg::BlurAxisOp op) {
        emitChange(k, op, sample, element, emitBlur);
      })
      .Case([&](seg::LowerResolutionOp op) {
        emitChange(k, op, sample, element, emitLowerResolution);
      })
      .Case([&](seg::AdjustContrastOp op) {
        emitChange(k, op, sample, element, emitContrast);
      })
      .Case([&](seg::AdjustGammaOp op) {
        emitChange(k, op, sample, element, emitGamma);
      })
      .Case([&](seg::RetainStatisticsOp op) {
        emitChange(k, op, sample, element, emitRetained);
      });
}

} // namespace segc
