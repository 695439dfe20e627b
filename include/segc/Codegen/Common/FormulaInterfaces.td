//===- FormulaInterfaces.td - What kernels compute ---------*- tablegen -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// The arithmetic of ops whose kernels a target writes itself: loops, tiles and
// memory are the target's, what is computed in them is here. Formulas work on
// scalars and on vectors of any width. Attached as external models by the files
// of lib/Codegen/Common; an op that has one of these needs no emitter of its
// own on any target.

#ifndef SEGC_CODEGEN_COMMON_FORMULA_INTERFACES_TD
#define SEGC_CODEGEN_COMMON_FORMULA_INTERFACES_TD

include "mlir/IR/OpBase.td"

def ChannelReductionOpInterface : OpInterface<"ChannelReductionOpInterface"> {
  let cppNamespace = "::segc";
  let description = [{
    A reduction over pixels with one or two results a channel. A kernel adds up
    the terms of a tile of pixels, `finish` makes rows of one number a channel
    of the sums, and kernels at the end merge the rows of all tiles, in order.
    In a fusion a kernel may take the terms of what it has just computed.
  }];
  let methods = [
    InterfaceMethod<"How many sums there are.", "unsigned", "getSumCount", (ins)>,
    InterfaceMethod<"Where tiles of a grid leave their rows, from `base` on.",
      "::segc::MomentLayout", "getMomentLayout",
      (ins "const ::segc::TileGrid &":$grid, "int64_t":$base)>,
    InterfaceMethod<"The operands of which `emitTerms` takes an element each.",
      "::llvm::SmallVector<::mlir::Value>", "getTermOperands", (ins)>,
    InterfaceMethod<"The rows of one number a channel that a tile's terms need.",
      "::llvm::SmallVector<::segc::ChannelRow>", "getChannelRows",
      (ins "::segc::KernelBody &":$k, "const ::segc::MomentLayout &":$layout,
           "const ::segc::ReductionTile &":$tile), [{}], "return {};">,
    InterfaceMethod<[{
        What elements add to each sum; `rows` holds the numbers of their
        channels in the channel rows.
      }],
      "::llvm::SmallVector<::mlir::Value>", "emitTerms",
      (ins "::segc::KernelBody &":$k, "::mlir::ValueRange":$elements,
           "::mlir::ValueRange":$rows)>,
    InterfaceMethod<"What a tile leaves of its sums.",
      "::llvm::SmallVector<::mlir::Value>", "emitFinish",
      (ins "::segc::KernelBody &":$k, "const ::segc::ReductionTile &":$tile,
           "::mlir::ValueRange":$sums, "::mlir::ValueRange":$rows),
      [{}], "return ::llvm::to_vector(sums);">,
    InterfaceMethod<"Merges the tiles for a block of channels.",
      "void", "emitChannelMerge",
      (ins "::segc::KernelBody &":$k, "::segc::ChannelBlock &":$block,
           "const ::segc::MomentLayout &":$layout)>,
    InterfaceMethod<[{
        Merges the channels of a group of a sample after that: only of layouts
        of kind `group`.
      }],
      "void", "emitGroupMerge",
      (ins "::segc::KernelBody &":$k, "::mlir::Value":$sample, "::mlir::Value":$group,
           "const ::segc::MomentLayout &":$layout), [{}], "return;">
  ];
}

def PixelReductionOpInterface : OpInterface<"PixelReductionOpInterface"> {
  let cppNamespace = "::segc";
  let description = [{
    As ChannelReductionOpInterface, for sums of what depends on all channels of
    a pixel: a loss of logits. A tile leaves one number for each sum.
  }];
  let methods = [
    InterfaceMethod<"How many sums there are.", "unsigned", "getSumCount", (ins)>,
    InterfaceMethod<"The label of each pixel.",
      "::mlir::Value", "getPixelLabels", (ins), [{}], "return $_op.getLabels();">,
    InterfaceMethod<"Calls `add` with what the pixels add to each sum.",
      "void", "emitTerms",
      (ins "::segc::KernelBody &":$k, "const ::segc::LossPixels &":$pixels,
           "::segc::AddTerm":$add)>,
    InterfaceMethod<"Merges the tiles, in one task.", "void", "emitMerge",
      (ins "::segc::KernelBody &":$k, "const ::segc::PixelSums &":$sums)>
  ];
}

def LogitsGradOpInterface : OpInterface<"LogitsGradOpInterface"> {
  let cppNamespace = "::segc";
  let description = [{
    The gradient of a loss by its logits, pixel by pixel.
  }];
  let methods = [
    InterfaceMethod<"The logits.", "::mlir::Value", "getPixelLogits", (ins), [{}],
      "return $_op.getLogits();">,
    InterfaceMethod<"The label of each pixel.",
      "::mlir::Value", "getPixelLabels", (ins), [{}], "return $_op.getLabels();">,
    InterfaceMethod<[{
        Values that are alike for all pixels of a sample: how many channels each
        has, at most those of the logits. There are at most two.
      }],
      "::llvm::SmallVector<int64_t>", "getSharedSizes", (ins)>,
    InterfaceMethod<"Computes them, of type f32.", "void", "emitShared",
      (ins "::segc::KernelBody &":$k, "::mlir::Value":$sample,
           "::llvm::ArrayRef<::segc::ChannelValues *>":$shared)>,
    InterfaceMethod<"Computes the gradients of pixels; they may lie where the logits do.",
      "void", "emitGradient",
      (ins "::segc::KernelBody &":$k, "const ::segc::LossPixels &":$pixels,
           "::llvm::ArrayRef<::segc::ChannelValues *>":$shared,
           "::segc::ChannelValues &":$grads)>
  ];
}

def OptimizerUpdateOpInterface : OpInterface<"OptimizerUpdateOpInterface"> {
  let cppNamespace = "::segc";
  let description = [{
    An update of flat parameters and states, element by element, in place or
    not. Where `finite` is 0 nothing changes: the target sees to that.
  }];
  let methods = [
    InterfaceMethod<"The operand that each result replaces.",
      "::llvm::SmallVector<::mlir::Value>", "getReplacedOperands", (ins), [{}], [{
        ::mlir::Operation *op = $_op.getOperation();
        ::llvm::SmallVector<::mlir::Value> replaced{op->getOperand(0)};
        // The gradients come second.
        ::llvm::append_range(replaced,
                             op->getOperands().slice(2, op->getNumResults() - 1));
        return replaced;
      }]>,
    InterfaceMethod<"The scalar that is 0 where nothing may change.",
      "::mlir::Value", "getFiniteScalar", (ins), [{}], "return $_op.getFinite();">,
    InterfaceMethod<"What depends on the step alone, as the update needs it.",
      "::llvm::SmallVector<::mlir::Value>", "emitStepValues",
      (ins "::segc::UpdateBody &":$body)>,
    InterfaceMethod<[{
        The new values of elements from `index` on, given theirs of each flat
        operand.
      }],
      "::llvm::SmallVector<::mlir::Value>", "emitUpdate",
      (ins "::segc::UpdateBody &":$body, "::mlir::Value":$index,
           "::llvm::ArrayRef<::mlir::Value>":$elements,
           "::llvm::ArrayRef<::mlir::Value>":$stepValues)>
  ];
}

#endif // SEGC_CODEGEN_COMMON_FORMULA_INTERFACES_TD
