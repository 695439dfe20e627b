//===- KernelInputs.cpp ---------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// Names ops to know which operands must be positive, as no interface tells.

#include "KernelInputs.h"

#include "segc/Base/Random.h"
#include "segc/Dialect/Seg/IR/QuantizeOps.h"
#include "segc/Dialect/Seg/IR/SegDialect.h"
#include "segc/Reference/Products.h"
#include "llvm/ADT/TypeSwitch.h"
#include <cmath>
#include <set>

using namespace mlir;

namespace segc {

using reference::HostTensor;

/// Random values of fusions of several ops are multiples of this. With 7 bits
/// each, a chain of a few pointwise ops is exact in f32, so that kernel and
/// reference take the same branch at a kink. Not so filters that are quantized:
/// many would be half as large as the largest one, in the middle between two
/// whole numbers, where the rounding of the scale decides.
static constexpr double valueStep = 0x1p-6;

/// Whether the operand must be positive.
static bool wantsPositive(OpOperand &use) {
  Value value = use.get();
  return llvm::TypeSwitch<Operation *, bool>(use.getOwner())
      .Case<seg::NormApplyOp, seg::NormGradStatsOp, seg::NormGradApplyOp,
            seg::NormGradOp>([&](auto op) { return value == op.getRstd(); })
      .Case([&](seg::RunningVarianceOp op) {
        return value == op.getRstd() || value == op.getRunning();
      })
      .Case([&](seg::BatchNormInferenceOp op) {
        return value == op.getVariance();
      })
      .Case([&](seg::DiceGradOp op) { return value == op.getSums(); })
      .Case([&](seg::WeightedCrossEntropyGradOp op) {
        return value == op.getTotalWeight();
      })
      .Case([&](seg::BinaryCrossEntropyGradOp op) {
        return value == op.getVoxels();
      })
      .Case([&](seg::TopKMeanOp op) { return value == op.getInput(); })
      .Case([&](seg::ClipScaleOp op) { return value == op.getLossScale(); })
      .Case([&](seg::OptimizerOpInterface op) {
        return value == op.getSquaresState();
      })
      .Default(false);
}

/// Whether the op compares the value with 1, as the flag of a finite step.
static bool isFlag(OpOperand &use) {
  return llvm::TypeSwitch<Operation *, bool>(use.getOwner())
      .Case([&](seg::OptimizerOpInterface op) {
        return use.get() == op.getFiniteFlag();
      })
      .Case([&](seg::LookaheadOp op) { return use.get() == op.getFinite(); })
      .Default(false);
}

static reference::Distribution distribution(BlockArgument argument,
                                            int64_t classes) {
  auto type = cast<RankedTensorType>(argument.getType());
  if (isa<IntegerType>(type.getElementType()))
    return type.getRank()
               ? reference::Distribution{0, static_cast<double>(classes)}
               : reference::Distribution{1, 100};
  if (llvm::any_of(argument.getUses(), isFlag))
    return {1, 1};
  // Mean squares must be larger than squared means, which are below 1/4.
  if (type.getRank() == 0 || llvm::any_of(argument.getUses(), wantsPositive))
    return {0.5, 1.5};
  return {-0.5, 0.5};
}

InputDraws inputDraws(BlockArgument argument, int64_t classes) {
  bool steps =
      !llvm::hasSingleElement(argument.getOwner()->without_terminator()) &&
      llvm::none_of(argument.getUsers(), llvm::IsaPred<seg::QuantizeFilterOp>);
  return {argument.getArgNumber() + 1u, distribution(argument, classes),
          steps ? valueStep : 0};
}

HostTensor makeInput(BlockArgument argument, int64_t classes) {
  InputDraws draws = inputDraws(argument, classes);
  HostTensor tensor =
      reference::randomTensor(cast<RankedTensorType>(argument.getType()),
                              draws.seed, draws.distribution);
  tensor.roundToKind();
  if (draws.step > 0)
    for (double &value : tensor.values())
      value = std::round(value / draws.step) * draws.step;
  return tensor;
}

//===----------------------------------------------------------------------===//
// Samples
//===----------------------------------------------------------------------===//

namespace {

/// A sequence of random numbers.
class Draws {
public:
  int64_t below(int64_t end) {
    return static_cast<int64_t>(rng.bits(next++) % static_cast<uint64_t>(end));
  }
  /// Draws the first, the last or any position, with equal probability.
  int64_t border(int64_t end) {
    int64_t which = below(3);
    return which == 0 ? 0 : which == 1 ? end - 1 : below(end);
  }

private:
  CounterRng rng{/*seed=*/1, /*stream=*/0};
  uint64_t next = 0;
};

/// Draws `count` numbers of [0, size), with the first and the last among them.
std::vector<int64_t> someOf(int64_t size, int64_t count, Draws &draws) {
  std::set<int64_t> result = {0, size - 1};
  while (static_cast<int64_t>(result.size()) < std::min(size, count))
    result.insert(draws.below(size));
  return {result.begin(), result.end()};
}

} // namespace

/// Selects all taps of some pairs of channels.
static std::set<int64_t> sampledFilter(seg::ConvFilterGradOp op,
                                       double elements, Draws &draws) {
  ArrayRef<int64_t> shape = op.getOutput().getType().getShape();
  int64_t columns = shape.back(), rows = shape.drop_back().back();
  int64_t taps = op.getOutput().getType().getNumElements() / columns / rows;
  auto side = static_cast<int64_t>(std::sqrt(elements / taps));
  std::set<int64_t> result;
  for (int64_t row : someOf(rows, std::max<int64_t>(side, 3), draws))
    for (int64_t column : someOf(columns, std::max<int64_t>(side, 3), draws))
      for (int64_t tap = 0; tap < taps; ++tap)
        result.insert((tap * rows + row) * columns + column);
  return result;
}

/// Selects boxes of 4 positions in each dimension, in a few channels.
static std::set<int64_t> sampledActivation(RankedTensorType type,
                                           double elements, Draws &draws) {
  constexpr int64_t side = 4, channelsOfBox = 8;
  ArrayRef<int64_t> shape = type.getShape(), space = shape.drop_front();
  int64_t channels = space.back();
  space = space.drop_back();
  std::set<int64_t> result;
  while (result.size() < elements) {
    int64_t sample = draws.border(shape.front());
    SmallVector<int64_t, 3> first;
    for (int64_t size : space)
      first.push_back(draws.border((size + side - 1) / side) * side);
    std::vector<int64_t> some = someOf(channels, channelsOfBox, draws);
    auto visit = [&](auto &&visit, size_t d, int64_t position) -> void {
      if (d == space.size()) {
        for (int64_t channel : some)
          result.insert(position * channels + channel);
        return;
      }
      for (int64_t at = first[d]; at < std::min(first[d] + side, space[d]);
           ++at)
        visit(visit, d + 1, position * space[d] + at);
    };
    visit(visit, 0, sample);
  }
  return result;
}

std::vector<int64_t> sampledElements(Operation *root, double products) {
  auto type = cast<RankedTensorType>(root->getResult(0).getType());
  double each = reference::productsPerElement(root);
  if (each * type.getNumElements() <= products)
    return {};
  double elements = std::min(products / each, type.getNumElements() / 2.0);
  Draws draws;
  std::set<int64_t> result;
  if (auto grad = dyn_cast<seg::ConvFilterGradOp>(root))
    result = sampledFilter(grad, elements, draws);
  else
    result = sampledActivation(type, elements, draws);
  return {result.begin(), result.end()};
}

} // namespace segc
