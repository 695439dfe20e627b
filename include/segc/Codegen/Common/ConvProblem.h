//===- ConvProblem.h - Sizes and strides of a convolution -------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// Every convolution-like op is a correlation of an input with a filter. The
// gradient of a strided convolution (and a transposed convolution) falls into
// *phases*, one for each residue r of the output position modulo the stride:
// the outputs o = stride * q + r see only the taps t = r + pad_low modulo
// stride, and over those the phase is a correlation of stride 1 with the taps
// in reverse. Sizes are (depth, height, width); 2-D has depth 1.

#ifndef SEGC_CODEGEN_COMMON_CONVPROBLEM_H
#define SEGC_CODEGEN_COMMON_CONVPROBLEM_H

#include "segc/Codegen/Common/KernelBuilder.h"
#include <array>

namespace segc {

using Dims = std::array<int64_t, 3>;

inline int64_t product(const Dims &dims) { return dims[0] * dims[1] * dims[2]; }
inline int64_t divideUp(int64_t a, int64_t b) { return (a + b - 1) / b; }
inline int64_t roundUp(int64_t a, int64_t b) { return divideUp(a, b) * b; }
inline Dims divideUp(const Dims &a, const Dims &b) {
  return {divideUp(a[0], b[0]), divideUp(a[1], b[1]), divideUp(a[2], b[2])};
}

struct ConvProblem {
  Dims in, out;  ///< Spatial sizes of the tensors read and written.
  int64_t batch; ///< The largest batch.
  int64_t inChannels, outChannels;
  Dims taps;    ///< Taps of the filter.
  Dims strides; ///< Strides of the op.
  Dims low;     ///< The op's pad_low.
  bool adjoint; ///< Gradient of a convolution: phases instead of strides.
  /// Positions from one tap to the next.
  Dims dilations{1, 1, 1};
  /// Number of groups of channels. Each group is a convolution of its own.
  int64_t groups = 1;
  /// Elements of the filter between input channels, output channels and taps.
  int64_t filterInStride, filterOutStride, filterTapStride;
  int64_t filterBase = 0; ///< The first element of the filter that is read.
  /// Whether the operands have 16 bits in memory: the input, and for a filter
  /// gradient the gradient of the result.
  bool is16BitInput = false, is16BitGrad = false;

  /// Channels of a group.
  int64_t groupInputs() const { return inChannels / groups; }
  int64_t groupOutputs() const { return outChannels / groups; }
  /// Elements of the filter between two groups, in addition to the strides of
  /// output channels and of a group's input channels. It is not 0 for
  /// gradients, which read the channels that the filter numbers across its
  /// groups.
  int64_t filterGroupStride() const {
    return adjoint ? groupInputs() * filterInStride -
                         groupOutputs() * filterOutStride
                   : 0;
  }

  /// Step of the input position from one output of a phase to the next.
  Dims inStrides() const { return adjoint ? Dims{1, 1, 1} : strides; }
  Dims phases() const { return adjoint ? strides : Dims{1, 1, 1}; }
  int64_t phaseCount() const { return product(phases()); }
  /// Outputs of the largest phase.
  Dims space() const;
  /// Taps of the phase with the most taps.
  Dims phaseTaps() const;
  /// True if all phases have the same number of taps in dimension d.
  bool hasEqualPhases(unsigned d) const {
    return !adjoint || taps[d] % strides[d] == 0 || strides[d] == 1;
  }
  /// Number of input positions that `extent` outputs along dimension d read.
  int64_t window(unsigned d, int64_t extent) const {
    return (extent - 1) * inStrides()[d] + phaseTaps()[d];
  }
  /// True if no output of any phase reads outside the input.
  bool readsInside() const;
  /// Whether kernels may read the input without packing it: no tap reads the
  /// padding, and the elements need no conversion, which would be repeated for
  /// every tap and register block.
  bool readsInPlace() const { return !is16BitInput && readsInside(); }
};

/// The problem of a seg.conv, seg.conv_transpose or seg.conv_input_grad.
ConvProblem convProblem(mlir::Operation *op);
/// The problem of the convolution whose filter gradient the op computes.
ConvProblem filterGradProblem(mlir::Operation *op);
/// The same filter gradient with input and output gradient exchanged, which
/// reverses the order of the taps. The stride must be 1.
ConvProblem swapFactors(const ConvProblem &problem);

/// One dimension of a phase, as index values (constants where they can be).
struct ConvPhase {
  mlir::Value residue;  ///< First output position.
  mlir::Value taps;     ///< Number of taps.
  mlir::Value firstTap; ///< Filter tap of the phase's tap 0.
  int64_t tapStep;      ///< Step of the filter's tap from one tap of the phase
                        ///< to the next.
  mlir::Value offset; ///< Input position of output 0's tap 0; may be negative.
};
/// The three dimensions of phase number `linear`.
std::array<ConvPhase, 3> convPhase(KernelBody &body, const ConvProblem &problem,
                                   mlir::Value linear);

/// The number of positions of [first, first + piece) below `size`. `first` must
/// be a multiple of `piece`.
mlir::Value pieceExtent(KernelBody &body, int64_t size, int64_t piece,
                        mlir::Value first);

} // namespace segc

#endif // SEGC_CODEGEN_COMMON_CONVPROBLEM_H
