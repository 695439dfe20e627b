//===- KernelHelpers.cpp --------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "KernelHelpers.h"

#include "segc/Dialect/Seg/IR/PointwiseMath.h"
#include "segc/Dialect/Seg/IR/ShapeFunctions.h"
#include "llvm/ADT/bit.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;

namespace segc {

static constexpr int64_t vectorThreads = 256, listThreads = 128;

int64_t vectorLanes(const GpuTarget &target, ArrayRef<int64_t> channels) {
  int64_t lanes = target.lanes;
  while (llvm::any_of(channels, [&](int64_t n) { return n % lanes != 0; }))
    lanes /= 2;
  return lanes;
}

int64_t sharedFloatsOf(const GpuTarget &target) {
  constexpr int64_t share = 48 << 10;
  return std::min(target.sharedBytes, share) / 4;
}

int64_t threadsWithShared(const GpuTarget &target, int64_t floats,
                          int64_t limit) {
  int64_t fit = floats ? sharedFloatsOf(target) / floats : limit;
  return static_cast<int64_t>(
      llvm::bit_floor(static_cast<uint64_t>(std::min(fit, limit))));
}

void launchVectors(
    GpuFusionEmitter &emitter, RankedTensorType activation, int64_t lanes,
    llvm::function_ref<void(GpuKernelBody &, const ActivationVector &)> body) {
  int64_t channels = seg::channels(activation),
          pixels = seg::spatialSize(activation), vectors = channels / lanes;
  int64_t blocks = llvm::divideCeilSigned(pixels * vectors, vectorThreads);
  emitter.launch({0, blocks}, vectorThreads, 0, [&](GpuKernelBody &k) {
    Value sample = k.div(k.task(), blocks);
    Value number =
        k.add(k.mul(k.rem(k.task(), blocks), vectorThreads), k.thread());
    k.ifThen(k.less(number, k.index(pixels * vectors)), [&] {
      Value pixel = k.div(number, vectors);
      Value channel = k.mul(k.rem(number, vectors), lanes);
      Value first = k.mul(k.add(k.mul(sample, pixels), pixel), channels);
      body(k, {sample, k.delinearize(pixel, seg::spatialDims(activation)),
               channel, k.add(first, channel)});
    });
  });
}

void launchThreads(
    GpuFusionEmitter &emitter, int64_t size, bool eachSample,
    llvm::function_ref<void(GpuKernelBody &, Value, Value)> body) {
  int64_t blocks = llvm::divideCeilSigned(size, listThreads);
  emitter.launch(eachSample ? TaskCount{0, blocks} : TaskCount{blocks, 0},
                 listThreads, 0, [&](GpuKernelBody &k) {
                   Value sample = k.div(k.task(), blocks),
                         block = k.rem(k.task(), blocks);
                   Value number = k.add(k.mul(block, listThreads), k.thread());
                   k.ifThen(k.less(number, k.index(size)),
                            [&] { body(k, sample, number); });
                 });
}

void sumRows(GpuKernelBody &k, int64_t rows, int64_t width) {
  seg::PointwiseMath m(k.builder(), k.loc(), k.builder().getF32Type());
  k.barrier();
  while (rows > 1) {
    int64_t half = llvm::divideCeilSigned(rows, 2);
    k.forThreads((rows - half) * width, [&](Value i) {
      Value other = k.loadScalar(k.scratch(), k.add(i, half * width));
      k.storeScalar(m.add(k.loadScalar(k.scratch(), i), other), k.scratch(), i);
    });
    k.barrier();
    rows = half;
  }
}

} // namespace segc
