//===- RegionPixels.cpp - Pixels of losses of regions ---------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "RegionPixels.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "segc/Dialect/Seg/IR/PointwiseMath.h"
#include "llvm/Support/MathExtras.h"

#include <map>

using namespace mlir;

namespace segc {

static constexpr int64_t wordBits = 32;

/// The bits of word `word` that each label value has, by value.
static std::map<int64_t, uint32_t> bitsOfValues(ArrayAttr regions,
                                                int64_t word) {
  std::map<int64_t, uint32_t> bits;
  for (auto [number, region] : llvm::enumerate(regions.getAsRange<ArrayAttr>()))
    if (static_cast<int64_t>(number) / wordBits == word)
      for (auto value : region.getAsRange<IntegerAttr>())
        bits[value.getInt()] |= uint32_t{1} << (number % wordBits);
  return bits;
}

RegionPixels::RegionPixels(KernelBody &k, const LossPixels &pixels,
                           ArrayAttr regions, std::optional<uint64_t> ignored)
    : pixels(pixels) {
  OpBuilder &b = k.builder();
  const int64_t count =
      llvm::divideCeilSigned(static_cast<int64_t>(regions.size()), wordBits);
  for (int64_t number = 0; number < count; ++number) {
    Value word = pixels.labelConstant(k, 0);
    const std::map<int64_t, uint32_t> bits = bitsOfValues(regions, number);
    // Values that follow each other in the same regions are one comparison.
    for (auto first = bits.begin(); first != bits.end();) {
      auto last = first, next = std::next(first);
      for (; next != bits.end() && next->first == last->first + 1 &&
             next->second == first->second;
           ++next)
        last = next;
      word = arith::SelectOp::create(
          b, k.loc(), pixels.isBetween(k, first->first, last->first),
          pixels.labelConstant(k, first->second), word);
      first = next;
    }
    words.push_back(word);
  }
  if (!ignored)
    return;
  counts = arith::CmpIOp::create(
      b, k.loc(), arith::CmpIPredicate::ne, pixels.labels(),
      pixels.labelConstant(k, static_cast<int64_t>(*ignored)));
}

Value RegionPixels::contains(KernelBody &k, Channel c) const {
  OpBuilder &b = k.builder();
  Value zero = pixels.labelConstant(k, 0), bit;
  if (c.isNumber()) {
    bit = arith::AndIOp::create(
        b, k.loc(), words[c.getNumber() / wordBits],
        pixels.labelConstant(k, int64_t{1} << (c.getNumber() % wordBits)));
  } else {
    Value word = words.front(), index = c.getIndex(k);
    for (size_t number = 1; number < words.size(); ++number) {
      Value before =
          k.less(index, k.index(static_cast<int64_t>(number) * wordBits));
      word = arith::SelectOp::create(b, k.loc(), before, word, words[number]);
    }
    Value place = arith::IndexCastOp::create(b, k.loc(), b.getI32Type(),
                                             k.rem(index, wordBits));
    Value shifted = arith::ShRUIOp::create(b, k.loc(), word,
                                           k.broadcast(place, word.getType()));
    bit =
        arith::AndIOp::create(b, k.loc(), shifted, pixels.labelConstant(k, 1));
  }
  return arith::CmpIOp::create(b, k.loc(), arith::CmpIPredicate::ne, bit, zero);
}

Value emitSigmoid(KernelBody &k, Value logit) {
  seg::PointwiseMath m(k.builder(), k.loc(), logit.getType());
  Value power = m.exp(m.sub(m.constant(0), logit));
  return m.div(m.constant(1), m.add(m.constant(1), power));
}

} // namespace segc
