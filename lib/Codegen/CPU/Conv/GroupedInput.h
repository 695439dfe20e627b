//===- GroupedInput.h - Inputs of grouped convolutions ----------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_LIB_CODEGEN_CPU_CONV_GROUPEDINPUT_H
#define SEGC_LIB_CODEGEN_CPU_CONV_GROUPEDINPUT_H

#include "segc/Codegen/CPU/GroupedStrategy.h"

namespace segc {

/// Loads the inputs of a vector of output channels, each lane from its own
/// group.
class GroupedInput {
public:
  /// `channel` is the first output channel, a multiple of the lanes. Lanes
  /// after the last channel are masked.
  GroupedInput(KernelBody &body, const ConvProblem &problem, int64_t lanes,
               mlir::Value memref, mlir::Value channel);

  GroupedAccess getAccess() const { return access; }
  /// Whether `load` must be called for all input channels of a group at once:
  /// the shuffle needs their numbers as constants.
  bool needsNumbers() const { return access == GroupedAccess::Permuted; }

  /// Loads the input channels `first` + [0, `count`) of each lane's group, for
  /// the pixel whose first element is `pixel`. With `needsNumbers`, `first` is
  /// 0.
  llvm::SmallVector<mlir::Value> load(mlir::Value pixel, mlir::Value first,
                                      int64_t count) const;

private:
  mlir::Value loadOne(mlir::Value at) const;

  KernelBody &body;
  GroupedAccess access;
  int64_t lanes, inputs, outputs;
  mlir::Value memref;
  /// The first input channel of the first lane's group.
  mlir::Value base;
  mlir::Value mask;    ///< Mask of the loads; null: all lanes.
  mlir::Value offsets; ///< Element of each gathered lane, relative to the
                       ///< first.
};

} // namespace segc

#endif // SEGC_LIB_CODEGEN_CPU_CONV_GROUPEDINPUT_H
