//===- ConvProblem.h - A convolution as loops see it ------------*- C++ -*-===//
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
  Dims in, out;  ///< Spatial sizes of what is read and what is written.
  int64_t batch; ///< The largest.
  int64_t inChannels, outChannels;
  Dims taps;    ///< Of the filter.
  Dims strides; ///< Of the op.
  Dims low;     ///< The op's pad_low.
  bool adjoint; ///< Gradient of a convolution: phases instead of strides.
  /// Positions from one tap to the next.
  Dims dilations{1, 1, 1};
  /// Channels read and written are cut into as many groups, which are
  /// convolutions of their own.
  int64_t groups = 1;
  /// Elements of the filter between input channels, output channels and taps.
  int64_t filterInStride, filterOutStride, filterTapStride;
  int64_t filterBase = 0; ///< Its first element that is read.
  /// What is read is of 16 bits in memory: the input, and the gradient of a
  /// filter gradient.
  bool is16BitInput = false, is16BitGrad = false;

  /// Channels of a group.
  int64_t groupInputs() const { return inChannels / groups; }
  int64_t groupOutputs() const { return outChannels / groups; }
  /// What the filter's elements lie apart from one group to the next, beside
  /// the strides of output channels and of a group's input channels: gradients
  /// read the channels that the filter numbers through.
  int64_t filterGroupStride() const {
    return adjoint ? groupInputs() * filterInStride -
                         groupOutputs() * filterOutStride
                   : 0;
  }

  /// Step of the input position from one output of a phase to the next.
  Dims inStrides() const { return adjoint ? Dims{1, 1, 1} : strides; }
  Dims phases() const { return adjoint ? strides : Dims{1, 1, 1}; }
  int64_t phaseCount() const { return product(phases()); }
  /// Outputs of the phase that has most.
  Dims space() const;
  /// Taps of the phase that has most.
  Dims phaseTaps() const;
  /// True if all phases have that many taps in dimension d.
  bool hasEqualPhases(unsigned d) const {
    return !adjoint || taps[d] % strides[d] == 0 || strides[d] == 1;
  }
  /// Positions that the outputs of `extent` along dimension d read.
  int64_t window(unsigned d, int64_t extent) const {
    return (extent - 1) * inStrides()[d] + phaseTaps()[d];
  }
  /// True if no output of any phase reads outside the input.
  bool readsInside() const;
  /// Whether kernels may read the input where it lies: nothing lies outside,
  /// and values are not converted again for every tap and register block.
  bool readsInPlace() const { return !is16BitInput && readsInside(); }
};

/// Of a seg.conv, seg.conv_transpose or seg.conv_input_grad.
ConvProblem convProblem(mlir::Operation *op);
/// Of the convolution whose filter gradient the op computes.
ConvProblem filterGradProblem(mlir::Operation *op);
/// The same filter gradient with both factors in each other's place: every
/// position of the input collects what it is multiplied with, so taps come in
/// reverse. Of stride 1.
ConvProblem swapFactors(const ConvProblem &problem);

/// One dimension of a phase, as index values (constants where they can be).
struct ConvPhase {
  mlir::Value residue;  ///< First output position.
  mlir::Value taps;     ///< How many.
  mlir::Value firstTap; ///< Filter tap of the phase's tap 0.
  int64_t tapStep;      ///< From one of its taps to the next.
  mlir::Value offset; ///< Input position of output 0's tap 0; may be negative.
};
/// `linear` numbers the phases; all three dimensions of that phase.
std::array<ConvPhase, 3> convPhase(KernelBody &body, const ConvProblem &problem,
                                   mlir::Value linear);

/// How much of `piece` positions from `first` on lies before `size`, where
/// first is a multiple of piece.
mlir::Value pieceExtent(KernelBody &body, int64_t size, int64_t piece,
                        mlir::Value first);

} // namespace segc

#endif // SEGC_CODEGEN_COMMON_CONVPROBLEM_H
