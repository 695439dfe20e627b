//===- SegOps.td - All families, for tablegen --------------*- tablegen -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

include "segc/Dialect/Seg/IR/SegCollectiveOps.td"
include "segc/Dialect/Seg/IR/SegConvOps.td"
include "segc/Dialect/Seg/IR/SegPoolOps.td"
include "segc/Dialect/Seg/IR/SegNormOps.td"
include "segc/Dialect/Seg/IR/SegElementwiseOps.td"
include "segc/Dialect/Seg/IR/SegShapeOps.td"
include "segc/Dialect/Seg/IR/SegLossOps.td"
include "segc/Dialect/Seg/IR/SegOptimizerOps.td"
include "segc/Dialect/Seg/IR/SegNetworkOps.td"
