//===- Generator.cpp - The graph of a random network ----------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Generator.h"

#include "segc/Dialect/Seg/IR/QuantizeOps.h"
#include "segc/Networks/Networks.h"

using namespace mlir;

namespace segc::random_networks {

using namespace seg;

/// Limits of an activation's elements, and of the products of all convolutions
/// for a batch, for which the reference evaluation takes about a second.
static constexpr int64_t maxElements = 64 << 10;
static constexpr int64_t maxProducts = 6 << 20;
/// The limit of products of regular networks in 3-D, which need larger sizes
/// for Winograd tiles.
static constexpr int64_t maxProducts3D = 20 << 20;

Generator::Generator(MLIRContext *context, uint64_t seed)
    : turn(seed), draws(seed, Purpose::Network), builder(context),
      loc(builder.getUnknownLoc()) {
  context->loadDialect<SegDialect>();
}

OwningOpRef<ModuleOp> Generator::build() {
  classes = draws.percent(80) ? draws.between(2, 5) : draws.between(6, 19);
  productBudget = turn.regular && turn.rank == 3 ? maxProducts3D : maxProducts;
  module = ModuleOp::create(loc);
  builder.setInsertionPointToEnd(module->getBody());
  network = NetworkOp::create(builder, loc, "random", /*format=*/1, classes,
                              /*sigmoid=*/false, builder.getArrayAttr({}),
                              optimizer(), builder.getDictionaryAttr({}));

  unsigned rank = turn.rank;
  Shape image{draws.between(1, 3)};
  for (unsigned d = 0; d < rank; ++d)
    image.push_back(turn.regular ? drawEvenSize()
                    : rank == 2  ? draws.between(5, 33)
                                 : draws.between(3, 12));
  image.push_back(draws.percent(60) ? 1 : draws.between(2, 5));
  builder.createBlock(&network.getForward(), {}, {f32(image)}, {loc});
  values.push_back(network.getForward().getArgument(0));

  int64_t ops = draws.between(4, 16);
  for (int64_t i = 0; i < ops; ++i)
    grow();

  // Unused values are added to the logits or become a lower head.
  SmallVector<Value> loose;
  for (Value value : values)
    if (value.use_empty() && value != values.back())
      loose.push_back(value);
  SmallVector<Value> trunk{values.back()}, heads;
  for (Value value : loose)
    if (draws.percent(50))
      trunk.push_back(value);
    else if (heads.size() < 2)
      heads.push_back(value);
  Value last = trunk.size() > 1 ? joined(trunk) : trunk.front();
  if (draws.percent(40))
    if (Value more = conv(last))
      last = more;
  heads.insert(heads.begin(), last);
  for (Value &head : heads)
    head = projection(head, classes);
  OutputOp::create(builder, loc, heads);
  objective(heads);
  if (turn.isQuantized)
    drawScales();
  return std::move(module);
}

void Generator::drawScales() {
  network.getForward().walk([&](Operation *op) {
    if (!isa<ConvOp, ConvTransposeOp>(op))
      return;
    constexpr double largest = 127, held = 0.01, sensitive = 0.06;
    op->setAttr(inputScaleAttrName,
                builder.getF64FloatAttr(draws.uniform(1, 4) / largest));
    op->setAttr(quantizedErrorAttrName,
                builder.getF64FloatAttr(draws.percent(90) ? held : sensitive));
  });
}

bool Generator::affordable(RankedTensorType type, int64_t products) {
  if (type.getNumElements() == 0 || type.getNumElements() > maxElements ||
      products > productBudget)
    return false;
  productBudget -= products;
  return true;
}

/// Draws a multiple of a Winograd tile with 4 or 2 outputs.
int64_t Generator::drawEvenSize() {
  if (draws.percent(50))
    return 4 * (turn.rank == 2 ? draws.between(2, 8) : draws.between(2, 4));
  return 2 * (turn.rank == 2 ? draws.between(4, 14) : draws.between(3, 7));
}

int64_t Generator::drawChannels() {
  if (turn.regular && draws.percent(85))
    return turn.rank == 2 ? draws.pick<int64_t>({16, 16, 32, 32, 48, 64})
                          : draws.pick<int64_t>({16, 16, 16, 32, 48});
  return draws.percent(60)
             ? draws.pick<int64_t>({1, 2, 3, 5, 7, 8, 9, 12, 15, 16, 17, 23, 24,
                                    25, 31, 32, 33, 40, 48})
             : draws.between(1, 24);
}

Value Generator::source() {
  if (draws.percent(70))
    return values.back();
  return values[draws.below(values.size())];
}

Value Generator::sameSize(Value like, bool sameChannels) {
  SmallVector<Value> found;
  for (Value value : values)
    if (value != like && spatialOf(value) == spatialOf(like) &&
        (!sameChannels || value.getType() == like.getType()))
      found.push_back(value);
  return found.empty() ? Value() : found[draws.below(found.size())];
}

void Generator::keep(Value value) {
  if (value)
    values.push_back(value);
}

Value Generator::fit(Value value, ArrayRef<int64_t> spatial) {
  Shape from = spatialOf(value);
  if (ArrayRef<int64_t>(from) == spatial)
    return value;
  auto out = activationType(typeOf(value), spatial, channels(typeOf(value)));
  bool larger = true, smaller = true;
  for (auto [a, b] : llvm::zip_equal(from, spatial))
    larger &= a >= b, smaller &= a <= b;
  Shape at;
  for (auto [a, b] : llvm::zip_equal(from, spatial))
    at.push_back(draws.between(0, std::abs(a - b)));
  if (larger && draws.percent(60))
    return CropOp::create(builder, loc, out, value, at);
  if (smaller && draws.percent(40))
    return PadOp::create(builder, loc, out, value, at);
  return resize(value, spatial);
}

Value Generator::joined(ArrayRef<Value> parts) {
  SmallVector<Value> fitting;
  int64_t total = 0;
  Shape spatial = spatialOf(parts.front());
  for (Value part : parts) {
    fitting.push_back(fit(part, spatial));
    total += channels(typeOf(part));
  }
  auto out = activationType(typeOf(parts.front()), spatial, total);
  return ConcatOp::create(builder, loc, out, fitting);
}

void Generator::grow() {
  Value input = source();
  int64_t draw = draws.below(100);
  auto upTo = [&](int64_t share) {
    draw -= share;
    return draw < 0;
  };
  if (upTo(33)) {
    // The usual block of networks: convolution, norm, activation.
    Value value = conv(input);
    if (value && draws.percent(60))
      if (Value normed = norm(value))
        value = normed;
    if (value && draws.percent(60))
      value = activation(value);
    keep(value);
  } else if (upTo(8))
    keep(convTranspose(input));
  else if (upTo(7))
    keep(draws.percent(50) ? maxPool(input) : avgPool(input));
  else if (upTo(9))
    keep(norm(input));
  else if (upTo(12))
    keep(activation(input));
  else if (upTo(8))
    keep(binary(input, sameSize(input, /*sameChannels=*/true)));
  else if (upTo(6))
    keep(gate(input));
  else if (upTo(5))
    keep(perChannel(input));
  else if (upTo(8))
    keep(concat(input));
  else
    keep(rearrangement(input));
}

std::string networkText(ModuleOp module) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  printNetwork(module, stream);
  return text;
}

} // namespace segc::random_networks
