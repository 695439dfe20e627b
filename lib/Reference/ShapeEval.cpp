//===- ShapeEval.cpp - Concat, slice, crop, pad, resize -------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ReferenceModels.h"

#include <algorithm>

using namespace mlir;
using namespace segc::seg;

namespace segc::reference {
namespace {

void concat(ConcatOp, Operands operands, Results results) {
  HostTensor &y = results[0];
  int64_t offset = 0;
  for (const HostTensor *x : operands) {
    int64_t channels = x->channels();
    for (int64_t i = 0; i < x->size(); ++i)
      y[i / channels * y.channels() + offset + i % channels] = (*x)[i];
    offset += channels;
  }
}

void sliceChannels(SliceChannelsOp op, Operands operands, Results results) {
  const HostTensor &x = *operands[0];
  HostTensor &y = results[0];
  int64_t channels = y.channels(), offset = op.getOffset();
  for (int64_t i = 0; i < y.size(); ++i)
    y[i] = x[i / channels * x.channels() + offset + i % channels];
}

/// Visits every element of the window `small` at `offsets` in `large`, with its
/// positions in both.
void forEachInWindow(ArrayRef<int64_t> small, ArrayRef<int64_t> large,
                     ArrayRef<int64_t> offsets,
                     llvm::function_ref<void(int64_t, int64_t)> visit) {
  Shape moved(large);
  forEachIndex(small, [&](ArrayRef<int64_t> index) {
    moved.assign(index.begin(), index.end());
    for (size_t d = 0; d < offsets.size(); ++d)
      moved[d + 1] += offsets[d];
    visit(linearIndex(index, small), linearIndex(moved, large));
  });
}

void crop(CropOp op, Operands operands, Results results) {
  forEachInWindow(
      results[0].shape(), operands[0]->shape(), op.getOffsets(),
      [&](int64_t i, int64_t j) { results[0][i] = (*operands[0])[j]; });
}

void pad(PadOp op, Operands operands, Results results) {
  forEachInWindow(
      operands[0]->shape(), results[0].shape(), op.getLow(),
      [&](int64_t i, int64_t j) { results[0][j] = (*operands[0])[i]; });
}

struct Weight {
  int64_t source;
  double weight;
};

/// Returns the sources and weights of element `dst` of an axis of `out`
/// elements that is resampled from `in` elements. The source coordinate is the
/// fraction ((2 dst + 1) in - out) / (2 out), so that nothing is rounded.
SmallVector<Weight, 4> resizeWeights(ResizeMode mode, int64_t dst, int64_t in,
                                     int64_t out) {
  auto clamped = [&](int64_t i) { return std::clamp<int64_t>(i, 0, in - 1); };
  if (mode == ResizeMode::nearest) // floor(src + 1/2)
    return {{clamped((2 * dst + 1) * in / (2 * out)), 1}};
  int64_t numerator = (2 * dst + 1) * in - out, denominator = 2 * out;
  int64_t below = numerator >= 0
                      ? numerator / denominator
                      : -((denominator - 1 - numerator) / denominator);
  double t = static_cast<double>(numerator - below * denominator) / denominator;
  if (mode == ResizeMode::linear)
    return {{clamped(below), 1 - t}, {clamped(below + 1), t}};
  // Keys' cubic kernel with a = -1/2 at distance d.
  auto near = [](double d) { return (1.5 * d - 2.5) * d * d + 1; };
  auto far = [](double d) { return ((-0.5 * d + 2.5) * d - 4) * d + 2; };
  return {{clamped(below - 1), far(1 + t)},
          {clamped(below), near(t)},
          {clamped(below + 1), near(1 - t)},
          {clamped(below + 2), far(2 - t)}};
}

/// Visits every (source, destination, weight) of the linear map.
void forEachResizeWeight(
    ResizeMode mode, ArrayRef<int64_t> from, ArrayRef<int64_t> to,
    llvm::function_ref<void(int64_t, int64_t, double)> visit) {
  size_t rank = from.size() - 2;
  forEachIndex(to, [&](ArrayRef<int64_t> dst) {
    SmallVector<SmallVector<Weight, 4>> axes;
    Shape counts;
    for (size_t d = 1; d <= rank; ++d) {
      axes.push_back(resizeWeights(mode, dst[d], from[d], to[d]));
      counts.push_back(axes.back().size());
    }
    forEachIndex(counts, [&](ArrayRef<int64_t> choice) {
      Shape src(dst);
      double weight = 1;
      for (size_t d = 0; d < rank; ++d) {
        src[d + 1] = axes[d][choice[d]].source;
        weight *= axes[d][choice[d]].weight;
      }
      visit(linearIndex(src, from), linearIndex(dst, to), weight);
    });
  });
}

void resize(ResizeOp op, Operands operands, Results results) {
  const HostTensor &x = *operands[0];
  forEachResizeWeight(
      op.getMode(), x.shape(), results[0].shape(),
      [&](int64_t i, int64_t j, double w) { results[0][j] += w * x[i]; });
}

void resizeGrad(ResizeGradOp op, Operands operands, Results results) {
  const HostTensor &dy = *operands[0];
  forEachResizeWeight(
      op.getMode(), results[0].shape(), dy.shape(),
      [&](int64_t i, int64_t j, double w) { results[0][i] += w * dy[j]; });
}

void downsampleLabels(DownsampleLabelsOp, Operands operands, Results results) {
  const HostTensor &labels = *operands[0];
  ArrayRef<int64_t> from = labels.shape(), to = results[0].shape();
  forEachIndex(to, [&](ArrayRef<int64_t> at) {
    Shape source(at);
    for (size_t d = 1; d < source.size(); ++d)
      source[d] = at[d] * (from[d] / to[d]) + from[d] / to[d] / 2;
    results[0].integers()[linearIndex(at, to)] =
        labels.integers()[linearIndex(source, from)];
  });
}

} // namespace

void attachShapeModels(MLIRContext *context) {
  attach<ConcatOp, concat>(context);
  attach<SliceChannelsOp, sliceChannels>(context);
  attach<CropOp, crop>(context);
  attach<PadOp, pad>(context);
  attach<ResizeOp, resize>(context);
  attach<ResizeGradOp, resizeGrad>(context);
  attach<DownsampleLabelsOp, downsampleLabels>(context);
}

} // namespace segc::reference
