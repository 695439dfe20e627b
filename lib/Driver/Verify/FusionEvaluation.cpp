//===- FusionEvaluation.cpp -----------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "FusionEvaluation.h"

#include "segc/Codegen/Common/FixedPoint.h"
#include "segc/Codegen/Common/KernelBuilder.h"
#include "segc/Codegen/Common/QuantizedFactors.h"
#include "segc/Codegen/Common/WinogradMatrices.h"
#include "segc/Dialect/Seg/IR/QuantizeOps.h"
#include "segc/Reference/Reference.h"
#include "segc/Target/Strategy.h"
#include <cmath>
#include <numeric>

using namespace mlir;

namespace segc {

using reference::ElementKind;
using reference::HostTensor;
using reference::ProductArithmetic;
using reference::TileTransform;

//===----------------------------------------------------------------------===//
// Strategies
//===----------------------------------------------------------------------===//

static TileTransform tileTransform(int64_t outputs, bool isWhole) {
  auto values = [](const TransformMatrix &matrix) {
    return std::vector<double>(matrix.values.begin(), matrix.values.end());
  };
  TransformMatrix filter =
      (isWhole ? wholeWinogradFilter : winogradFilter)(outputs);
  return {outputs,
          filter.columns,
          filter.rows,
          values((isWhole ? wholeWinogradInput : winogradInput)(outputs)),
          values(filter),
          values((isWhole ? wholeWinogradOutput : winogradOutput)(outputs))};
}

/// Returns the divisors of the transforms of 8-bit integers, by point.
static std::vector<int64_t> divisorsOf(const std::array<int64_t, 3> &tiles) {
  std::array<int64_t, 3> points{};
  for (unsigned d = 0; d < 3; ++d)
    points[d] = wholeWinogradInput(tiles[d]).rows;
  std::vector<int64_t> divisors;
  for (int64_t d = 0; d < points[0]; ++d)
    for (int64_t h = 0; h < points[1]; ++h)
      for (int64_t w = 0; w < points[2]; ++w)
        divisors.push_back(wholeDivisor(tiles, {d, h, w}));
  return divisors;
}

/// Rounds values to integer multiples of a scale.
static void roundBy(MutableArrayRef<double> values, double scale) {
  if (scale > 0)
    for (double &value : values)
      value = std::nearbyint(value / scale) * scale;
}

/// Rounds values to the 11 significant bits of tf32, halves away from zero.
static void roundToTf32(MutableArrayRef<double> values) {
  constexpr int bits = 11, lowest = -126 - bits + 1;
  for (double &value : values) {
    if (value == 0 || !std::isfinite(value))
      continue;
    int unit = std::max(std::ilogb(value) - bits + 1, lowest);
    value = std::ldexp(std::round(std::ldexp(value, -unit)), unit);
  }
}

static double largestOf(ArrayRef<double> values) {
  double largest = 0;
  for (double value : values)
    largest = std::max(largest, std::fabs(value));
  return largest;
}

static void roundFixedInput(MutableArrayRef<double> values) {
  roundBy(values, largestOf(values) / largestFixedInput);
}

/// Rounds the filter beside inputs up to `largestInput`.
static void roundFixedFilter(MutableArrayRef<double> values,
                             int64_t largestInput) {
  double scale = largestOf(values) / largestFixedFilter;
  constexpr size_t length = 2 * maxChainedFixed;
  for (size_t i = 0; i < values.size(); i += length) {
    double sum = 0;
    for (double value : values.slice(i).take_front(length))
      sum += std::fabs(value);
    scale = std::max(scale, sum / largestFixedChain(largestInput));
  }
  roundBy(values, scale);
}

ProductArithmetic productArithmetic(seg::FusionOp fusion) {
  seg::StrategyAttr strategy = fusion.getStrategyAttr();
  ProductArithmetic arithmetic;
  MultiplyType multiplyType = productWork(strategy).multiplyType;
  ArrayRef<int64_t> m =
      strategy ? strategy.getInts(strategyTilesName) : ArrayRef<int64_t>();
  Operation *root = fusion.getRoot();
  bool isInt8 = root && seg::quantizesInput(root);
  std::array<int64_t, 3> tiles{};
  if (m.size() == 3)
    llvm::copy(m, tiles.begin());
  int64_t largestInput =
      isInt8 ? largestWholeTransform(tiles) : largestFixedInput;
  if (multiplyType == MultiplyType::Fixed) {
    arithmetic.round = roundFixedInput;
    if (isInt8) {
      arithmetic.round = [](MutableArrayRef<double>) {};
      arithmetic.inputUnit = quantizedInputScale(root);
      arithmetic.inputDivisors = divisorsOf(tiles);
    }
    arithmetic.roundFilter = [=](MutableArrayRef<double> values) {
      roundFixedFilter(values, largestInput);
    };
    arithmetic.scaled = true;
  } else if (multiplyType == MultiplyType::Tf32) {
    arithmetic.round = roundToTf32;
  } else if (multiplyType != MultiplyType::F32) {
    ElementKind kind = multiplyType == MultiplyType::F16 ? ElementKind::F16
                                                         : ElementKind::BF16;
    arithmetic.round = [kind](MutableArrayRef<double> values) {
      for (double &value : values)
        value = reference::roundTo(kind, value);
    };
  }
  if (multiplyType == MultiplyType::F16)
    arithmetic.f16Chain = maxChained;
  if (m.size() == 3)
    arithmetic.tiles = {tileTransform(m[0], isInt8),
                        tileTransform(m[1], isInt8),
                        tileTransform(m[2], isInt8)};
  return arithmetic;
}

//===----------------------------------------------------------------------===//
// Evaluation
//===----------------------------------------------------------------------===//

FusionEvaluation::FusionEvaluation(seg::FusionOp fusion,
                                   const KernelModel &model,
                                   ArrayRef<HostTensor> inputs,
                                   ArrayRef<HostTensor> stored,
                                   ArrayRef<int64_t> elements)
    : model(model), body(fusion.getBody().front()), root(fusion.getRoot()),
      inputs(inputs), stored(stored), elements(elements),
      arithmetic(productArithmetic(fusion)) {
  if (elements.empty())
    return;
  sampled.insert(root->getResult(0));
  for (Operation &op : body.without_terminator())
    for (OpOperand &use : op.getOpOperands())
      if (sampled.contains(use.get()) && !storedOperand(use))
        sampled.insert(op.result_begin(), op.result_end());
}

bool FusionEvaluation::isSampled(unsigned result) const {
  return sampled.contains(body.getTerminator()->getOperand(result));
}

/// The stored operand that a reduction reads; null if it reads registers.
const HostTensor *FusionEvaluation::storedOperand(OpOperand &use) const {
  if (!seg::readsStoredResult(use))
    return nullptr;
  Value read = seg::storedValue(use.get());
  for (OpOperand &yielded : body.getTerminator()->getOpOperands())
    if (yielded.get() == read)
      return &stored[yielded.getOperandNumber()];
  return nullptr;
}

/// Perturbs the values that f32 cannot represent by the size of a rounding
/// error.
static void disturbRounded(HostTensor &tensor, double noise, uint64_t seed) {
  // Kernels compute functions such as exp to a few units in the last place.
  constexpr double functionUnits = 4;
  HostTensor disturbed = tensor;
  reference::disturb(disturbed, noise * functionUnits * f32Unit, seed);
  for (int64_t i = 0; i < static_cast<int64_t>(tensor.values().size()); ++i)
    if (static_cast<float>(tensor[i]) != tensor[i])
      tensor[i] = disturbed[i];
}

static void disturbAll(std::vector<HostTensor> &results, double noise,
                       uint64_t seed) {
  for (HostTensor &result : results)
    disturbRounded(result, noise, seed + 100);
}

static bool isNarrow(ElementKind kind) {
  return kind == ElementKind::I8 || kind == ElementKind::F16 ||
         kind == ElementKind::BF16;
}

/// Number of elements that are summed in one element of a result.
static double summed(Operation *op) {
  auto largest = [](TypeRange types) {
    int64_t result = 1;
    for (Type type : types)
      result = std::max(result, cast<RankedTensorType>(type).getNumElements());
    return static_cast<double>(result);
  };
  return largest(op->getOperandTypes()) / largest(op->getResultTypes());
}

/// Order and rounding of the kernel's sums for a reduction.
reference::SumRows
FusionEvaluation::rowsOf(seg::EpilogueReductionOpInterface op, double noise,
                         uint64_t seed) const {
  auto type = cast<RankedTensorType>(op.getReduced().getType());
  int64_t pixels = type.getNumElements() / type.getShape().back();
  if (type.getRank() > 1)
    pixels /= type.getDimSize(0);
  auto fusion = op->getParentOfType<seg::FusionOp>();
  return {std::min(pixels, model.reducedPixels(fusion, type)), noise * f32Unit,
          seed};
}

FailureOr<std::vector<HostTensor>>
FusionEvaluation::evaluate(Operation *op, ArrayRef<const HostTensor *> operands,
                           double noise, uint64_t seed) const {
  if (op == root && reference::multiplies(op)) {
    auto type = cast<RankedTensorType>(op->getResult(0).getType());
    HostTensor result(type.getShape(),
                      *reference::elementKind(type.getElementType()));
    std::vector<int64_t> all;
    if (elements.empty()) {
      all.resize(result.size());
      std::iota(all.begin(), all.end(), 0);
    }
    ProductArithmetic own = arithmetic;
    // The error of an f32 sum of n numbers grows with the square root of n.
    own.noise =
        noise * f32Unit *
        std::sqrt(static_cast<double>(reference::productsPerElement(op)));
    own.seed = seed;
    // Without rounding, tiles only affect perturbed sums.
    if (noise == 0 && !own.round)
      own.tiles.reset();
    if (failed(reference::evaluateProducts(
            op, operands, elements.empty() ? ArrayRef<int64_t>(all) : elements,
            own, result)))
      return failure();
    return std::vector<HostTensor>{std::move(result)};
  }
  if (auto stats = dyn_cast<seg::NormStatsOp>(op); stats && noise > 0) {
    std::vector<HostTensor> results;
    for (Type type : op->getResultTypes())
      results.emplace_back(cast<RankedTensorType>(type).getShape(),
                           ElementKind::F32);
    reference::evaluateStatistics(stats, *operands[0],
                                  rowsOf(stats, noise, seed), results[0],
                                  results[1]);
    disturbAll(results, noise, seed);
    return results;
  }
  double terms = summed(op);
  constexpr double severalTerms = 4;
  bool sums = noise > 0 && terms >= severalTerms;
  std::vector<HostTensor> disturbed;
  if (sums)
    for (const HostTensor *operand : operands) {
      disturbed.push_back(*operand);
      reference::disturb(disturbed.back(), noise * f32Unit * std::sqrt(terms),
                         seed + disturbed.size());
    }
  if (sums && isa<seg::ChannelSumOp, seg::NormGradStatsOp>(op)) {
    auto reduction = cast<seg::EpilogueReductionOpInterface>(op);
    size_t reduced = llvm::find(op->getOperands(), reduction.getReduced()) -
                     op->operand_begin();
    reference::disturbRows(disturbed[reduced],
                           rowsOf(reduction, noise, seed + 50));
  }
  auto results = reference::evaluateOp(
      op,
      sums ? llvm::map_to_vector(
                 disturbed,
                 [](const HostTensor &t) -> const HostTensor * { return &t; })
           : llvm::to_vector(operands),
      reference::Precision::Exact);
  if (succeeded(results) && noise > 0)
    disturbAll(*results, noise, seed);
  return results;
}

FailureOr<std::vector<HostTensor>>
FusionEvaluation::evaluateAll(double noise, uint64_t seed,
                              Rounding round) const {
  Tensors tensors, unrounded;
  for (auto [argument, input] : llvm::zip_equal(body.getArguments(), inputs))
    tensors[argument] = input;
  for (Operation &op : body.without_terminator()) {
    SmallVector<const HostTensor *> operands;
    for (OpOperand &use : op.getOpOperands()) {
      const HostTensor *read = storedOperand(use);
      operands.push_back(read ? read : &tensors.find(use.get())->second);
    }
    auto results = evaluate(&op, operands, noise, seed += 1000);
    if (failed(results))
      return failure();
    for (auto [value, tensor] : llvm::zip_equal(op.getResults(), *results)) {
      if (isNarrow(tensor.kind())) {
        unrounded[value] = tensor;
        round(value, tensor);
      }
      tensors[value] = std::move(tensor);
    }
  }
  std::vector<HostTensor> results;
  for (Value value : body.getTerminator()->getOperands()) {
    auto exact = unrounded.find(value);
    results.push_back(exact != unrounded.end() ? exact->second
                                               : tensors.find(value)->second);
  }
  return results;
}

FailureOr<std::vector<HostTensor>> FusionEvaluation::run(double noise,
                                                         uint64_t seed) {
  return evaluateAll(noise, seed, [&](Value value, HostTensor &tensor) {
    if (isRoundedInside(value))
      note(roundedInside[value], tensor, noise);
    tensor.roundToKind();
  });
}

//===----------------------------------------------------------------------===//
// Values that are rounded inside
//===----------------------------------------------------------------------===//

bool FusionEvaluation::isRoundedInside(Value value) const {
  return llvm::any_of(value.getUses(), [&](OpOperand &use) {
    return use.getOwner() != body.getTerminator() && !storedOperand(use);
  });
}

void FusionEvaluation::note(RoundedValue &rounded, const HostTensor &tensor,
                            double noise) {
  if (noise == 0) {
    rounded.exact = tensor;
    return;
  }
  for (int64_t i = 0; i < tensor.size(); ++i) {
    double difference = std::fabs(tensor[i] - rounded.exact[i]);
    if (difference > rounded.noise)
      rounded.noise = difference;
  }
}

double FusionEvaluation::RoundedValue::bound() const {
  double largest = 0;
  for (double value : exact.values())
    if (std::isfinite(value))
      largest = std::max(largest, std::fabs(value));
  return largestFactor * noise + minUnits * f32Unit * largest;
}

/// The value of the kind on the other side of a middle within `bound`, or the
/// nearest one if there is no middle.
static double otherSide(ElementKind kind, double exact, double bound) {
  double nearest = reference::roundTo(kind, exact);
  // What f32 represents has not been rounded before.
  if (static_cast<float>(exact) != exact)
    for (double side : {exact + bound, exact - bound})
      if (double other = reference::roundTo(kind, side); other != nearest)
        return other;
  return nearest;
}

bool FusionEvaluation::RoundedValue::isDecided() const {
  double limit = bound();
  return llvm::all_of(exact.values(), [&](double value) {
    return otherSide(exact.kind(), value, limit) ==
               reference::roundTo(exact.kind(), value) ||
           std::isnan(value);
  });
}

FailureOr<std::optional<std::vector<HostTensor>>>
FusionEvaluation::runUndecided() {
  if (llvm::all_of(roundedInside,
                   [](auto &entry) { return entry.second.isDecided(); }))
    return std::optional<std::vector<HostTensor>>();
  auto results = evaluateAll(
      /*noise=*/0, /*seed=*/1, [&](Value value, HostTensor &tensor) {
        auto rounded = roundedInside.find(value);
        if (rounded == roundedInside.end())
          return tensor.roundToKind();
        double bound = rounded->second.bound();
        for (double &element : tensor.values())
          element = otherSide(tensor.kind(), element, bound);
      });
  if (failed(results))
    return failure();
  return std::optional(std::move(*results));
}

} // namespace segc
