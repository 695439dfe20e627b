//===- FormulaInterfaces.td - Formulas of kernels ----------*- tablegen -*-===//
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
    A reduction over pixels with one or two results for each channel. A kernel
    adds up the terms of a tile of pixels, `finish` converts the sums to rows of
    one number for each channel, and last kernels merge the rows of all tiles in
    order. In a fusion, a kernel reduces its own result.
  }];
  let methods = [
    InterfaceMethod<"Number of sums.", "unsigned", "getSumCount", (ins)>,
    InterfaceMethod<"Layout of the rows of a grid's tiles, from offset `base` on.",
      "::segc::MomentLayout", "getMomentLayout",
      (ins "const ::segc::TileGrid &":$grid, "int64_t":$base)>,
    InterfaceMethod<"The operands whose elements `emitTerms` takes.",
      "::llvm::SmallVector<::mlir::Value>", "getTermOperands", (ins)>,
    InterfaceMethod<"The rows of one number for each channel that the terms of a tile need.",
      "::llvm::SmallVector<::segc::ChannelRow>", "getChannelRows",
      (ins "::segc::KernelBody &":$k, "const ::segc::MomentLayout &":$layout,
           "const ::segc::ReductionTile &":$tile), [{}], "return {};">,
    InterfaceMethod<[{
        Emits the terms of elements, one for each sum; `rows` are the values of
        the channel rows.
      }],
      "::llvm::SmallVector<::mlir::Value>", "emitTerms",
      (ins "::segc::KernelBody &":$k, "::mlir::ValueRange":$elements,
           "::mlir::ValueRange":$rows)>,
    InterfaceMethod<"Converts the sums of a tile to its rows.",
      "::llvm::SmallVector<::mlir::Value>", "emitFinish",
      (ins "::segc::KernelBody &":$k, "const ::segc::ReductionTile &":$tile,
           "::mlir::ValueRange":$sums, "::mlir::ValueRange":$rows),
      [{}], "return ::llvm::to_vector(sums);">,
    InterfaceMethod<[{
        Merges the rows of one part of the pixels with those of another, for
        kernels that merge tiles in a tree: vectors of f64, and last the number
        of pixels, an f64. By default they are sums.
      }],
      "::llvm::SmallVector<::mlir::Value>", "mergeParts",
      (ins "::segc::KernelBody &":$k, "::mlir::ValueRange":$part, "::mlir::ValueRange":$other),
      [{}], "return ::segc::addParts(k, part, other);">,
    InterfaceMethod<"Merges the tiles for a block of channels.",
      "void", "emitChannelMerge",
      (ins "::segc::KernelBody &":$k, "::segc::ChannelBlock &":$block,
           "const ::segc::MomentLayout &":$layout)>,
    InterfaceMethod<[{
        Merges the channels of a group of a sample; only for layouts of kind
        `group`, after `emitChannelMerge`.
      }],
      "void", "emitGroupMerge",
      (ins "::segc::KernelBody &":$k, "::mlir::Value":$sample, "::mlir::Value":$group,
           "const ::segc::MomentLayout &":$layout), [{}], "return;">
  ];
}

def PixelReductionOpInterface : OpInterface<"PixelReductionOpInterface"> {
  let cppNamespace = "::segc";
  let description = [{
    A reduction of terms that depend on all channels of a pixel, such as a loss
    of logits. A tile has one partial result for each sum.
  }];
  let methods = [
    InterfaceMethod<"Number of sums.", "unsigned", "getSumCount", (ins)>,
    InterfaceMethod<"The label of each pixel.",
      "::mlir::Value", "getPixelLabels", (ins), [{}], "return $_op.getLabels();">,
    InterfaceMethod<"Emits the terms of pixels and calls `add` for each sum.",
      "void", "emitTerms",
      (ins "::segc::KernelBody &":$k, "const ::segc::LossPixels &":$pixels,
           "::segc::AddTerm":$add)>,
    InterfaceMethod<"Merges the tiles, in one task.", "void", "emitMerge",
      (ins "::segc::KernelBody &":$k, "const ::segc::PixelSums &":$sums)>
  ];
}

def LogitsMapOpInterface : OpInterface<"LogitsMapOpInterface"> {
  let cppNamespace = "::segc";
  let description = [{
    What is computed of the logits pixel by pixel: the gradient of a loss with
    respect to them, or a loss for each pixel.
  }];
  let methods = [
    InterfaceMethod<"The logits.", "::mlir::Value", "getPixelLogits", (ins), [{}],
      "return $_op.getLogits();">,
    InterfaceMethod<"The label of each pixel.",
      "::mlir::Value", "getPixelLabels", (ins), [{}], "return $_op.getLabels();">,
    InterfaceMethod<"A number for each pixel; null if there is none.",
      "::mlir::Value", "getPixelWeights", (ins), [{}], "return {};">,
    InterfaceMethod<[{
        Numbers of channels of the values that all pixels of a sample share. There
        are at most two such values, of equal numbers, each with at most the
        channels of the logits.
      }],
      "::llvm::SmallVector<int64_t>", "getSharedSizes", (ins), [{}], "return {};">,
    InterfaceMethod<"Emits the shared values of a channel, of type f32.", "void", "emitShared",
      (ins "::segc::KernelBody &":$k, "::mlir::Value":$sample, "::segc::Channel":$channel,
           "::llvm::ArrayRef<::segc::ChannelValues *>":$shared), [{}], "return;">,
    InterfaceMethod<"Emits the channels of the result, which may share the memory of the logits.",
      "void", "emitPixels",
      (ins "::segc::KernelBody &":$k, "const ::segc::LossPixels &":$pixels,
           "::llvm::ArrayRef<::segc::ChannelValues *>":$shared,
           "::segc::ChannelValues &":$values)>
  ];
}

def SingleTaskOpInterface : OpInterface<"SingleTaskOpInterface"> {
  let cppNamespace = "::segc";
  let description = [{
    A formula of so few values that one thread computes it, in one task.
  }];
  let methods = [
    InterfaceMethod<"Emits the task, which stores the results.",
      "void", "emitTask", (ins "::segc::KernelBody &":$k)>
  ];
}

def OptimizerUpdateOpInterface : OpInterface<"OptimizerUpdateOpInterface"> {
  let cppNamespace = "::segc";
  let description = [{
    An elementwise update of flat parameters and states, in place or not. The
    target skips the update if `finite` is 0.
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
    InterfaceMethod<"The scalar that is 0 if the step is skipped.",
      "::mlir::Value", "getFiniteScalar", (ins), [{}], "return $_op.getFinite();">,
    InterfaceMethod<"Emits the values that depend only on the step.",
      "::llvm::SmallVector<::mlir::Value>", "emitStepValues",
      (ins "::segc::UpdateBody &":$body)>,
    InterfaceMethod<[{
        Emits the new values of elements from `index` on; `elements` are their
        values in each flat operand.
      }],
      "::llvm::SmallVector<::mlir::Value>", "emitUpdate",
      (ins "::segc::UpdateBody &":$body, "::mlir::Value":$index,
           "::llvm::ArrayRef<::mlir::Value>":$elements,
           "::llvm::ArrayRef<::mlir::Value>":$stepValues)>
  ];
}

#endif // SEGC_CODEGEN_COMMON_FORMULA_INTERFACES_TD
