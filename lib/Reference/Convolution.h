//===- Convolution.h - Index arithmetic of convolutions ---------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_LIB_REFERENCE_CONVOLUTION_H
#define SEGC_LIB_REFERENCE_CONVOLUTION_H

#include "ReferenceModels.h"

namespace segc::reference {

/// The products of a convolution between a large side (its input), a small side
/// (its output) and a filter, as the constraints conv_c* define them.
struct Convolution {
  /// The tensor in which products are summed.
  enum class Sum { Small, Large, Filter };

  Shape large, small, taps;
  llvm::ArrayRef<int64_t> strides, low;
  Shape dilations;
  int64_t samples, in, out;
  /// Channels of a group on both sides.
  int64_t groupIn, groupOut;
  bool transposed;
  /// The number of the filter's input channels (those of a group), and the
  /// first of them that the large side has.
  int64_t allIn, first;

  template <typename OpTy>
  Convolution(OpTy op, const HostTensor &largeSide, const HostTensor &smallSide,
              const HostTensor &filter, bool transposed, int64_t first = 0)
      : large(largeSide.shape().drop_front().drop_back()),
        small(smallSide.shape().drop_front().drop_back()),
        taps(filter.shape().drop_back(2)), strides(op.getStrides()),
        low(op.getPadLow()), dilations(taps.size(), 1),
        samples(largeSide.shape()[0]), in(largeSide.channels()),
        out(smallSide.channels()),
        groupIn(in / static_cast<int64_t>(op.getGroups())),
        groupOut(out / static_cast<int64_t>(op.getGroups())),
        transposed(transposed),
        allIn(filter.shape()[filter.shape().size() - (transposed ? 1 : 2)]),
        first(first) {
    if (op.getDilations())
      dilations = Shape(*op.getDilations());
  }

  int64_t filterAt(int64_t tap, int64_t c, int64_t k) const {
    c = c % groupIn + first;
    return transposed ? (tap * out + k) * allIn + c
                      : (tap * allIn + c) * out + k;
  }

  /// Returns the channel of the large side that the filter's input channel `c`
  /// reads for the output channel `k`.
  int64_t inputAt(int64_t c, int64_t k) const {
    return k / groupOut * groupIn + c;
  }

  /// Visits all triples of a pixel of the large side, a pixel of the small side
  /// and the tap that connects them.
  template <typename Visit>
  void forEachPosition(Visit visit) const {
    int64_t largeSize = product(large), smallSize = product(small);
    Shape position(large.size());
    forEachIndex(small, [&](llvm::ArrayRef<int64_t> o) {
      forEachIndex(taps, [&](llvm::ArrayRef<int64_t> t) {
        for (size_t d = 0; d < large.size(); ++d) {
          position[d] = o[d] * strides[d] + t[d] * dilations[d] - low[d];
          if (position[d] < 0 || position[d] >= large[d])
            return;
        }
        for (int64_t n = 0; n < samples; ++n)
          visit(n * largeSize + linearIndex(position, large),
                n * smallSize + linearIndex(o, small), linearIndex(t, taps));
      });
    });
  }

  /// Visits every product of the convolution: positions in the large side,
  /// the small side and the filter.
  template <typename Visit>
  void forEachProduct(Visit visit) const {
    forEachPosition([&](int64_t large, int64_t small, int64_t tap) {
      for (int64_t c = 0; c < in; ++c) {
        int64_t firstOut = c / groupIn * groupOut;
        for (int64_t k = firstOut; k < firstOut + groupOut; ++k)
          visit(large * in + c, small * out + k, filterAt(tap, c, k));
      }
    });
  }

  /// Visits the products whose sum is element `at` of the small or the large
  /// side.
  template <typename Visit>
  void forEachProductOf(Sum sum, int64_t at, Visit visit) const;
};

/// Returns the multi-dimensional index of a row-major linear position.
inline Shape indexOf(int64_t linear, llvm::ArrayRef<int64_t> shape) {
  Shape index(shape.size());
  for (size_t d = shape.size(); d-- > 0; linear /= shape[d])
    index[d] = linear % shape[d];
  return index;
}

template <typename Visit>
void Convolution::forEachProductOf(Sum sum, int64_t at, Visit visit) const {
  int64_t largeSize = product(large), smallSize = product(small);
  Shape position(large.size());
  bool ofSmall = sum == Sum::Small;
  int64_t channels = ofSmall ? out : in, size = ofSmall ? smallSize : largeSize;
  int64_t channel = at % channels, n = at / channels / size;
  Shape own = indexOf(at / channels % size, ofSmall ? small : large);
  forEachIndex(taps, [&](llvm::ArrayRef<int64_t> t) {
    for (size_t d = 0; d < large.size(); ++d) {
      int64_t offset = t[d] * dilations[d] - low[d];
      int64_t reach = ofSmall ? own[d] * strides[d] + offset : own[d] - offset;
      if (!ofSmall && reach % strides[d] != 0)
        return;
      position[d] = ofSmall ? reach : reach / strides[d];
      if (reach < 0 || position[d] >= (ofSmall ? large[d] : small[d]))
        return;
    }
    int64_t tap = linearIndex(t, taps);
    if (ofSmall) {
      int64_t i = (n * largeSize + linearIndex(position, large)) * in;
      for (int64_t c = 0; c < groupIn; ++c)
        visit(i + inputAt(c, channel), at, filterAt(tap, c, channel));
    } else {
      int64_t j = (n * smallSize + linearIndex(position, small)) * out;
      int64_t firstOut = channel / groupIn * groupOut;
      for (int64_t k = firstOut; k < firstOut + groupOut; ++k)
        visit(at, j + k, filterAt(tap, channel, k));
    }
  });
}

} // namespace segc::reference

#endif // SEGC_LIB_REFERENCE_CONVOLUTION_H
