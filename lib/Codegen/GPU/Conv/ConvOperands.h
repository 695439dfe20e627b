//===- ConvOperands.h - Input and filter of a convolution -------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// Where the elements of a convolution's input and filter lie, for all roles of
// ConvGemm.h.

#ifndef SEGC_LIB_CODEGEN_GPU_CONV_CONVOPERANDS_H
#define SEGC_LIB_CODEGEN_GPU_CONV_CONVOPERANDS_H

#include "ConvGemm.h"

namespace segc {

using Indices = std::array<mlir::Value, 3>;

/// The number of elements that a run of `access` may have: a power of two that
/// divides all of `sizes`, at most `maxLanes`, a power of two.
int64_t runLanes(llvm::ArrayRef<int64_t> sizes, int64_t maxLanes = 8);

/// Splits a row-major linear index; a dimension of one element is constant.
Indices delinearizeDims(KernelBody &k, mlir::Value linear, const Dims &sizes);

/// The phases that blocks compute apart. A dilated adjoint convolution has one,
/// in which most taps read between the pixels of a strided one.
Dims blockPhases(const ConvProblem &problem);
/// Outputs of the largest of these phases.
Dims blockSpace(const ConvProblem &problem);

/// Whether the outputs of each phase read the input position of their own
/// number, and no other: all phases multiply the same rows.
bool isPixelShuffle(const ConvProblem &problem);

/// A dimension of a tensor map: its size, the elements from one index to the
/// next, how many of them a box takes, and from one of these to the next.
struct MapDimension {
  int64_t size, stride, box, step = 1;
};
/// A kernel's buffer with elements of a type.
struct MapOperand {
  int64_t number;
  mlir::Type element;

  /// That of an operand of a fusion's root.
  static MapOperand of(mlir::Value operand);
};
/// The tensor map of an operand from element `first` on. The first dimension is
/// that of elements that follow each other, number `samples` has the size of a
/// sample.
exec::TensorMapAttr tensorMapOf(const MapOperand &operand, int64_t first,
                                llvm::ArrayRef<MapDimension> dimensions,
                                std::optional<int64_t> samples = {});
/// That of an activation, whose boxes are some channels of a box of positions,
/// `steps` apart, of some samples.
exec::TensorMapAttr activationMap(mlir::Value operand, int64_t channels,
                                  const Dims &box, const Dims &steps,
                                  int64_t samples = 1);
/// Where such a box begins.
GemmBox activationBox(mlir::Value operand, mlir::Value channel,
                      const Indices &position, mlir::Value sample);

/// The taps of a phase and what they read.
class ConvWindow {
public:
  ConvWindow(KernelBody &k, const ConvProblem &problem, mlir::Value phase);

  /// Number of taps, an index.
  mlir::Value tapCount() const { return count; }
  /// Splits the number of a tap of the phase.
  Indices splitTap(mlir::Value tap) const;
  /// The first tap of a column of taps along the height.
  Indices splitColumn(mlir::Value column) const;
  /// The number that the tap has in the filter.
  mlir::Value filterTap(const Indices &tap) const;
  /// The output position of a position of the phase.
  Indices output(const Indices &position) const;
  /// The input position that the tap reads for a position of the phase.
  /// Narrows `inside` to positions inside the input.
  Indices input(const Indices &position, const Indices &tap,
                mlir::Value &inside) const;

  /// The input position that tap 0 reads for a position of the phase, or for
  /// one behind it that no output has. Narrows `inside` likewise.
  Indices firstInput(const Indices &position, mlir::Value &inside) const;

private:
  bool mayReadOutside(unsigned d) const;

  KernelBody &k;
  const ConvProblem &problem;
  std::array<ConvPhase, 3> phase;
  mlir::Value count;
};

/// The input, which a prologue may compute.
class ConvInput {
public:
  ConvInput(KernelBody &k, const ConvProblem &problem, mlir::Value operand);

  /// The largest runs along the channels of a group.
  static int64_t lanes(const ConvProblem &problem, mlir::Value operand);
  /// A run of channels at a position of a sample.
  GemmRun run(mlir::Value sample, const Indices &position, mlir::Value channel,
              mlir::Value inside) const;

private:
  mlir::Value read(mlir::Value sample, const Indices &position,
                   mlir::Value channel, int64_t lanes, size_t segment) const;

  KernelBody &k;
  const ConvProblem &problem;
  mlir::Value operand; ///< As it is stored, or the prologue's result.
  llvm::SmallVector<int64_t> cuts;
};

/// The filter of a convolution, or its copy in fewer bits (FilterCopy.h).
class ConvFilter {
public:
  ConvFilter(KernelBody &k, const ConvProblem &problem, mlir::Value operand,
             bool isCopied)
      : k(k), problem(problem), operand(operand), isCopied(isCopied) {}

  static GemmAccess access(const ConvProblem &problem, int64_t maxLanes = 8);
  /// Its tensor map, of boxes of `rows` rows of `width` channels of a tap.
  static exec::TensorMapAttr tensorMap(const ConvProblem &problem,
                                       const MapOperand &operand, int64_t width,
                                       int64_t rows);
  /// Where such a box begins, from these channels on.
  static GemmBox box(const ConvProblem &problem, mlir::Value tap,
                     mlir::Value from, mlir::Value to);
  /// A run from these channels of the group on.
  GemmRun run(mlir::Value tap, mlir::Value group, mlir::Value from,
              mlir::Value to, mlir::Value inside) const;
  /// The element of a tap and channels of a group.
  static mlir::Value element(KernelBody &k, const ConvProblem &problem,
                             mlir::Value tap, mlir::Value group,
                             mlir::Value from, mlir::Value to);

private:
  KernelBody &k;
  const ConvProblem &problem;
  mlir::Value operand;
  bool isCopied;
};

} // namespace segc

#endif // SEGC_LIB_CODEGEN_GPU_CONV_CONVOPERANDS_H
