//===- ProductEval.cpp - Convolutions with rounded factors ----------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Reference/Products.h"

#include "Convolution.h"
#include "TileProducts.h"

#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace segc::seg;

namespace segc::reference {

bool multiplies(Operation *op) {
  return isa<ConvOp, ConvTransposeOp, ConvInputGradOp, ConvFilterGradOp>(op);
}

static int64_t elementsOf(Type type) {
  return cast<RankedTensorType>(type).getNumElements();
}

int64_t productsPerElement(Operation *op) {
  // Each tap of a filter gradient sums over the pixels of the small side.
  Value factor =
      isa<ConvFilterGradOp>(op) ? op->getOperand(1) : op->getOperand(0);
  auto read = cast<RankedTensorType>(factor.getType());
  if (isa<ConvFilterGradOp>(op))
    return elementsOf(read) / read.getShape().back();
  auto filter = cast<RankedTensorType>(op->getOperand(1).getType());
  int64_t groups = llvm::TypeSwitch<Operation *, int64_t>(op)
                       .Case<ConvOp, ConvTransposeOp, ConvInputGradOp>(
                           [](auto conv) { return conv.getGroups(); });
  return product(filter.getShape().drop_back(2)) * read.getShape().back() /
         groups;
}

void ChainedSum::add(double product, int64_t parity) {
  if (chain == 0) {
    total += product;
    return;
  }
  double &half = halves[parity & 1];
  half += product;
  // The order of a kernel's additions is not known, so its sums are rounded at
  // other values.
  if (random) {
    random = random * 0x5851f42d4c957f2d + 0x14057b7ef767814f;
    half += spacing(ElementKind::F16, half) *
            (static_cast<double>(random >> 11) * 0x1p-53 - 0.5);
  }
  half = roundTo(ElementKind::F16, half);
  if (++count == 2 * chain)
    flush();
}

void ChainedSum::flush() {
  total += roundTo(ElementKind::F16, halves[0] + halves[1]);
  halves[0] = halves[1] = 0;
  count = 0;
}

void roundFactors(MutableArrayRef<double> factors,
                  const ProductArithmetic &arithmetic,
                  const std::function<void(MutableArrayRef<double>)> &round,
                  uint64_t part) {
  // The error of a transform of f32 values is a few units in the last place
  // where the result is rounded afterwards, else little more than one.
  double transformNoise = (round ? 4 : 1) * 0x1p-24;
  uint64_t seed = arithmetic.seed * 31 + part;
  if (arithmetic.noise > 0)
    for (double &factor : factors)
      if (arithmetic.scaled || static_cast<float>(factor) != factor)
        factor = disturbed(factor, transformNoise, seed);
  if (!round)
    return;
  round(factors);
  if (arithmetic.noise > 0)
    for (double &factor : factors)
      factor = disturbed(factor, arithmetic.noise, seed);
}

namespace {

struct Factors {
  HostTensor first, second;
};

/// Returns both factors of a direct convolution, rounded as the kernel packs
/// them.
Factors packed(Operands operands, const ProductArithmetic &arithmetic) {
  Factors factors{*operands[0], *operands[1]};
  uint64_t seed = arithmetic.seed;
  for (HostTensor *factor : {&factors.first, &factors.second}) {
    if (arithmetic.round)
      roundFactors(factor->values(), arithmetic, arithmetic.round, seed);
    else
      disturb(*factor, arithmetic.noise, seed);
    ++seed;
  }
  return factors;
}

void sumElements(const Convolution &conv, Convolution::Sum sum,
                 Operands operands, ArrayRef<int64_t> elements,
                 const ProductArithmetic &arithmetic, HostTensor &result) {
  Factors factors = packed(operands, arithmetic);
  const HostTensor &read = factors.first, &filter = factors.second;
  for (int64_t element : elements) {
    ChainedSum total(arithmetic);
    conv.forEachProductOf(
        sum, element, [&](int64_t large, int64_t small, int64_t f) {
          int64_t at = sum == Convolution::Sum::Small ? large : small;
          total.add(read[at] * filter[f], at);
        });
    result[element] = total.get();
  }
}

void sumFilter(const Convolution &conv, Operands operands,
               ArrayRef<int64_t> elements, const ProductArithmetic &arithmetic,
               HostTensor &result) {
  Factors factors = packed(operands, arithmetic);
  FilterElements filter(conv, elements);
  const Shape &inputs = filter.inputs, &outputs = filter.outputs;
  std::vector<ChainedSum> sums(product(conv.taps) * inputs.size() *
                                   outputs.size(),
                               ChainedSum(arithmetic));
  conv.forEachPosition([&](int64_t large, int64_t small, int64_t tap) {
    ChainedSum *sum = &sums[tap * inputs.size() * outputs.size()];
    for (int64_t c : inputs)
      for (int64_t k : outputs)
        (sum++)->add(factors.first[large * conv.in + conv.inputAt(c, k)] *
                         factors.second[small * conv.out + k],
                     small);
  });
  filter.store(result, [&](int64_t tap, size_t c, size_t k) {
    return sums[(tap * inputs.size() + c) * outputs.size() + k].get();
  });
}

LogicalResult sumTiles(Operation *op, const Convolution &conv,
                       Convolution::Sum sum, Operands operands,
                       ArrayRef<int64_t> elements,
                       const ProductArithmetic &arithmetic,
                       HostTensor &result) {
  std::string refusal = tileRefusal(conv, *arithmetic.tiles);
  if (!refusal.empty())
    return op->emitOpError("cannot be evaluated with tiles: ") << refusal;
  if (sum == Convolution::Sum::Filter)
    sumTileFilter(conv, operands, FilterElements(conv, elements), arithmetic,
                  result);
  else
    sumTileElements(conv, sum == Convolution::Sum::Small, operands, elements,
                    arithmetic, result);
  return success();
}

LogicalResult evaluate(Operation *op, const Convolution &conv,
                       Convolution::Sum sum, Operands operands,
                       ArrayRef<int64_t> elements,
                       const ProductArithmetic &arithmetic,
                       HostTensor &result) {
  if (arithmetic.tiles) {
    if (failed(sumTiles(op, conv, sum, operands, elements, arithmetic, result)))
      return failure();
  } else if (sum == Convolution::Sum::Filter) {
    sumFilter(conv, operands, elements, arithmetic, result);
  } else {
    sumElements(conv, sum, operands, elements, arithmetic, result);
  }
  if (sum != Convolution::Sum::Filter && operands.size() == 3)
    for (int64_t element : elements)
      result[element] += (*operands[2])[element % result.channels()];
  return success();
}

} // namespace

LogicalResult evaluateProducts(Operation *op, Operands operands,
                               ArrayRef<int64_t> elements,
                               const ProductArithmetic &arithmetic,
                               HostTensor &result) {
  using Sum = Convolution::Sum;
  const HostTensor &first = *operands[0], &second = *operands[1];
  return llvm::TypeSwitch<Operation *, LogicalResult>(op)
      .Case([&](ConvOp conv) {
        return evaluate(
            op,
            Convolution(conv, first, result, second, conv.getTransposeFilter()),
            Sum::Small, operands, elements, arithmetic, result);
      })
      .Case([&](ConvTransposeOp conv) {
        return evaluate(
            op, Convolution(conv, result, first, second, /*transposed=*/true),
            Sum::Large, operands, elements, arithmetic, result);
      })
      .Case([&](ConvInputGradOp conv) {
        return evaluate(op,
                        Convolution(conv, result, first, second,
                                    conv.getTransposeFilter(),
                                    conv.getFirstChannel()),
                        Sum::Large, operands, elements, arithmetic, result);
      })
      .Case([&](ConvFilterGradOp conv) {
        return evaluate(
            op,
            Convolution(conv, first, second, result, conv.getTransposeFilter()),
            Sum::Filter, operands, elements, arithmetic, result);
      })
      .Default([](Operation *op) {
        return op->emitOpError("is no convolution to evaluate by elements");
      });
}

} // namespace segc::reference
