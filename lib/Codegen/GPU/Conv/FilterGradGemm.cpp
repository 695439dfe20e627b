//===- FilterGradGemm.cpp -------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "FilterGradGemm.h"

#include "WgmmaBlock.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include <numeric>

using namespace mlir;

namespace segc {

int64_t FilterGradGemm::blocks(const ConvProblem &problem, const GemmTile &tile,
                               int64_t parts) {
  return parts * divideUp(rowCount(problem), tile.rows) * problem.groups *
         divideUp(problem.groupOutputs(), tile.columns);
}

int64_t FilterGradGemm::tempFloats(const ConvProblem &problem, int64_t copies) {
  return copies == 1 ? 0 : copies * elements(problem);
}

FilterGradGemm::FilterGradGemm(GpuKernelBody &k, seg::FusionOp fusion,
                               const ConvProblem &problem, const GemmTile &tile,
                               int64_t parts)
    : ConvGemm(k, problem, tile), root(fusion.getRoot()), parts(parts),
      window(k, this->problem, k.index(0)),
      input(k, this->problem, root->getOperand(0)) {
  auto ids = k.delinearize(
      k.task(), {copies(tile, parts), divideUp(rowCount(problem), tile.rows),
                 problem.groups, divideUp(problem.groupOutputs(), tile.columns),
                 tile.cluster});
  copy = ids[0];
  rank = ids[4];
  Value part = k.add(k.mul(copy, tile.cluster), rank);
  rowBlock = ids[1];
  firstRow = k.mul(rowBlock, tile.rows);
  group = ids[2];
  firstColumn = k.mul(ids[3], tile.columns);
  Value pixels = k.mul(k.batch(), tile.box ? boxesOfSample(problem, tile)
                                           : product(problem.out));
  // The first parts have one pixel more where the others do not suffice.
  Value pixelsOfPart = k.div(pixels, parts), rest = k.rem(pixels, parts);
  auto firstOf = [&](Value part) {
    return k.add(k.mul(part, pixelsOfPart), k.min(part, rest));
  };
  firstPixel = firstOf(part);
  endPixel = firstOf(k.add(part, 1));
  int64_t ofStep = tile.box ? 1 : tile.depth;
  steps = k.div(k.add(k.sub(endPixel, firstPixel), ofStep - 1), ofStep);
}

GemmAccess FilterGradGemm::accessOf(const ConvProblem &problem, Operation *root,
                                    GemmOperand operand) {
  return {/*alongDepth=*/false,
          operand == GemmOperand::A
              ? ConvInput::lanes(problem, root->getOperand(0))
              : runLanes({problem.groupOutputs()})};
}

GemmRun FilterGradGemm::run(GemmOperand operand, Value index, Value step,
                            Value depth) {
  Value pixel = k.add(firstPixel, k.add(k.mul(step, tile.depth), depth));
  Value inside =
      k.both(k.less(pixel, endPixel),
             operand == GemmOperand::A ? isRow(index) : isColumn(index));
  if (operand == GemmOperand::B)
    return gradAt(pixel, index, inside);
  int64_t pixels = product(problem.out);
  Value row = k.add(firstRow, index);
  Indices position =
      window.input(delinearizeDims(k, k.rem(pixel, pixels), problem.out),
                   window.splitTap(k.div(row, problem.groupInputs())), inside);
  return input.run(k.div(pixel, pixels), position,
                   k.add(k.mul(group, problem.groupInputs()),
                         k.rem(row, problem.groupInputs())),
                   inside);
}

GemmRun FilterGradGemm::gradAt(Value pixel, Value column, Value inside) {
  Value memref = inputOf(k, root->getOperand(1)),
        channel = k.add(k.mul(group, problem.groupOutputs()),
                        k.add(firstColumn, column)),
        element = k.add(k.mul(pixel, problem.outChannels), channel);
  return {inside, memref, element,
          [=](int64_t lanes) { return k.load(memref, element, lanes); }};
}

//===----------------------------------------------------------------------===//
// Boxes
//===----------------------------------------------------------------------===//

int64_t FilterGradGemm::boxWidth(const ConvProblem &problem,
                                 const GemmTile &tile, GemmOperand operand) {
  if (operand == GemmOperand::B)
    return WgmmaTiling::boxColumns(tile);
  // The channels of one tap, at most 128 bytes.
  constexpr int64_t widest = 64;
  return std::gcd(widest, problem.groupInputs());
}

FilterGradGemm::Box FilterGradGemm::boxOf(Value step) {
  int64_t ofSample = boxesOfSample(problem, tile);
  Value number = k.add(firstPixel, step);
  Indices origin = delinearizeDims(k, k.rem(number, ofSample),
                                   divideUp(problem.out, *tile.box));
  for (unsigned d = 0; d < 3; ++d)
    origin[d] = k.mul(origin[d], (*tile.box)[d]);
  return {k.div(number, ofSample), origin};
}

GemmBox FilterGradGemm::inputBox(const Box &box, const Indices &tap,
                                 Value channel) {
  Value inside = arith::ConstantIntOp::create(k.builder(), k.loc(), 1, 1);
  return activationBox(root->getOperand(0), channel,
                       window.input(box.origin, tap, inside), box.sample);
}

GemmBox FilterGradGemm::gradBox(const Box &box, int64_t column) {
  return activationBox(root->getOperand(1), k.add(firstColumn, column),
                       box.origin, box.sample);
}

SmallVector<GemmBox> FilterGradGemm::boxes(GemmOperand operand, Value step) {
  int64_t width = boxWidth(operand);
  Box box = boxOf(step);
  SmallVector<GemmBox> result;
  if (operand == GemmOperand::B) {
    for (int64_t column = 0; column < tile.columns; column += width)
      result.push_back(gradBox(box, column));
    return result;
  }
  for (int64_t i = 0; i < tile.rows; i += width) {
    Value row = k.add(firstRow, i);
    result.push_back(
        inputBox(box, window.splitTap(k.div(row, problem.groupInputs())),
                 k.rem(row, problem.groupInputs())));
  }
  return result;
}

exec::TensorMapAttr FilterGradGemm::tensorMap(seg::FusionOp fusion,
                                              const ConvProblem &problem,
                                              const GemmTile &tile,
                                              GemmOperand operand) {
  bool isGrad = operand == GemmOperand::B;
  return activationMap(fusion.getRoot()->getOperand(isGrad),
                       boxWidth(problem, tile, operand), *tile.box,
                       isGrad ? Dims{1, 1, 1} : problem.inStrides());
}

GemmRun FilterGradGemm::inputRun(const Box &box, const Indices &position,
                                 Value channel) {
  Value inside = arith::ConstantIntOp::create(k.builder(), k.loc(), 1, 1);
  Indices read;
  for (unsigned d = 0; d < 3; ++d)
    read[d] = k.add(k.mul(box.origin[d], problem.strides[d]), position[d]);
  read = window.firstInput(read, inside);
  return input.run(box.sample, read,
                   k.add(k.mul(group, problem.groupInputs()), channel), inside);
}

GemmRun FilterGradGemm::gradRun(const Box &box, const Indices &position,
                                Value column) {
  Value inside = isColumn(column), pixel = box.sample;
  for (unsigned d = 0; d < 3; ++d) {
    Value at = k.add(box.origin[d], position[d]);
    if (problem.out[d] % (*tile.box)[d] != 0)
      inside = k.both(inside, k.less(at, k.index(problem.out[d])));
    pixel = k.add(k.mul(pixel, problem.out[d]), at);
  }
  return gradAt(pixel, column, inside);
}

//===----------------------------------------------------------------------===//
// Sums
//===----------------------------------------------------------------------===//

Value FilterGradGemm::elementOf(Value tap, Value channel, Value column) {
  return k.add(k.mul(copy, elements(problem)),
               ConvFilter::element(k, problem, tap, group, channel,
                                   k.add(firstColumn, column)));
}

void FilterGradGemm::storePair(Value sums, Value tap, Value channel,
                               Value column) {
  if (storeLanes(2) == 2) {
    k.ifThen(isColumn(column), [&] {
      k.store(sums, sumsOfCopy(), elementOf(tap, channel, column));
    });
    return;
  }
  for (int64_t lane : {0, 1})
    storeSum(vector::ExtractOp::create(k.builder(), k.loc(), sums, lane), tap,
             channel, k.add(column, lane));
}

void FilterGradGemm::storeSum(Value sum, Value tap, Value channel,
                              Value column) {
  k.ifThen(isColumn(column), [&] {
    k.storeScalar(sum, sumsOfCopy(), elementOf(tap, channel, column));
  });
}

void FilterGradGemm::finish(const GemmSums &sums) {
  storeSums(sums, tile.rows, [&](Value row) -> Row {
    Value number = k.add(firstRow, row);
    return {k.div(number, problem.groupInputs()),
            k.rem(number, problem.groupInputs()), isRow(row)};
  });
}

/// Stores the tile along the filter's rows, whichever channels they are.
void FilterGradGemm::storeSums(const GemmSums &sums, int64_t rows,
                               llvm::function_ref<Row(Value row)> rowOf) {
  bool alongColumns = problem.filterOutStride == 1;
  int64_t lanes = storeLanes(4);
  int64_t vectors = (alongColumns ? tile.columns : rows) / lanes,
          ofBlock = rows * tile.columns / lanes / tile.cluster;
  k.forThreads(ofBlock, [&](Value i) {
    Value vector = tile.cluster == 1 ? i : k.add(k.mul(rank, ofBlock), i);
    Value fast = k.mul(k.rem(vector, vectors), lanes),
          slow = k.div(vector, vectors);
    Value row = alongColumns ? slow : fast, column = alongColumns ? fast : slow;
    Row place = rowOf(row);
    Value exists = isColumn(column);
    if (place.exists)
      exists = k.both(place.exists, exists);
    k.ifThen(exists, [&] {
      k.store(sums.load(row, column, lanes), sumsOfCopy(),
              elementOf(place.tap, place.channel, column));
    });
  });
  if (tile.cluster > 1)
    k.clusterBarrier();
}

} // namespace segc
