//===- CpuKernels.cpp -----------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Codegen/CPU/CpuKernels.h"

#include "segc/Codegen/CPU/TileSource.h"
#include "segc/Target/FusionModel.h"

#include "segc/Codegen/CPU/CpuKernelInterface.cpp.inc"

using namespace mlir;

namespace segc {

static bool isReduction(Operation *op) {
  return isa<CpuReductionOpInterface, CpuPixelReductionOpInterface>(op);
}

/// Whether the root's kernel can add up what it computes.
static bool addsUp(CpuKernelOpInterface root, Operation *reduction) {
  return root.hasCpuReductions() && (isa<CpuReductionOpInterface>(reduction) ||
                                     root.hasCpuPixelReductions());
}

/// Whether the kernel computes the prologue and the reductions that the fusion
/// has around the root, and nothing that needs their results.
static LogicalResult checkSurroundings(seg::FusionOp fusion,
                                       CpuKernelOpInterface root) {
  bool reduces = isReduction(root);
  for (OpOperand &operand : root->getOpOperands())
    if (!reduces && !isa<BlockArgument>(seg::storedValue(operand.get())) &&
        !root.takesCpuPrologue(operand.getOperandNumber()))
      return root->emitOpError("has a prologue of operand #")
             << operand.getOperandNumber()
             << ", which its CPU kernel reads as it lies in memory";
  for (Operation &op : fusion.getBody().front().without_terminator()) {
    if (isa<seg::PointwiseOpInterface, seg::RearrangementOpInterface>(op))
      continue;
    if (&op != root && !(isReduction(&op) && addsUp(root, &op)))
      return op.emitOpError("follows a root whose CPU kernel computes no "
                            "such reductions");
    auto reduction = dyn_cast<seg::EpilogueReductionOpInterface>(op);
    if (!reduction)
      continue;
    Value reduced = seg::storedValue(reduction.getReduced());
    if (!isa<BlockArgument>(reduced) &&
        llvm::none_of(reduced.getUsers(), llvm::IsaPred<seg::YieldOp>))
      return op.emitOpError("reduces a value that its kernel does not yield: "
                            "tiles are read again where they are stored");
    for (Operation *user : op.getUsers())
      if (!isa<seg::YieldOp>(user))
        return user->emitOpError("needs all tiles of a reduction in the kernel "
                                 "that computes them");
  }
  return success();
}

LogicalResult emitCpuFusion(FusionEmitter &emitter) {
  seg::FusionOp fusion = emitter.getFusion();
  Operation *root = fusionRoot(fusion);
  if (!root)
    return emitPointwiseFusion(emitter);
  auto kernel = dyn_cast<CpuKernelOpInterface>(root);
  if (!kernel)
    return root->emitOpError("has no CPU kernel");
  if (failed(checkSurroundings(fusion, kernel)))
    return failure();
  return kernel.emitCpuKernel(emitter);
}

namespace {

/// Tensors that the ops read element by element; the parts of a rearrangement
/// are one in all.
int64_t activationInputs(ArrayRef<Operation *> ops) {
  llvm::SmallDenseSet<Value> inputs;
  auto shapeOf = [](Value value) {
    return cast<RankedTensorType>(value.getType()).getShape();
  };
  for (Operation *op : ops) {
    if (isa<seg::RearrangementOpInterface>(op))
      return 1;
    for (Value operand : op->getOperands())
      if (!llvm::is_contained(ops, operand.getDefiningOp()) &&
          shapeOf(operand) == shapeOf(op->getResult(0)))
        inputs.insert(operand);
  }
  return inputs.size();
}

struct CpuFusionModel : FusionModel {
  using FusionModel::FusionModel;
  bool takesEpilogue(Operation *root) const override {
    auto kernel = dyn_cast<CpuKernelOpInterface>(root);
    return kernel && kernel.hasCpuEpilogue();
  }
  bool takesPrologue(OpOperand &operand) const override {
    auto kernel = dyn_cast<CpuKernelOpInterface>(operand.getOwner());
    return kernel && kernel.takesCpuPrologue(operand.getOperandNumber());
  }
  /// By element of the result: bytes moved, and cycles of ops for the elements
  /// of a tile and its border.
  bool paysAsPrologue(ArrayRef<Operation *> ops,
                      size_t kernels) const override {
    constexpr double border = 1.5;
    // Fusion is one for all versions: the widest one counts.
    CpuTarget core = *lookupCpuTarget(cpuTargetNames().back());
    double inputs = activationInputs(ops), readers = kernels;
    // As of f32: kernels are the same in every precision. With 16 bits a
    // prologue saves half the bytes, and two conversions.
    double bytes = 4 * (inputs + 1 + readers - inputs * readers);
    double cycles = readers * border * prologueCycles(ops) / core.lanes;
    return bytes / core.bytesPerSecond > cycles / core.clockHz;
  }
  bool takesReduction(Operation *root, Operation *reduction) const override {
    auto kernel = dyn_cast_or_null<CpuKernelOpInterface>(root);
    return isReduction(reduction) &&
           (!root || (kernel && addsUp(kernel, reduction)));
  }
};
} // namespace

void registerCpuKernels(DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *, seg::SegDialect *dialect) {
    dialect->addInterfaces<CpuFusionModel>();
  });
  registerConvCpuKernels(registry);
  registerElementwiseCpuKernels(registry);
  registerCrossEntropyCpuKernels(registry);
  registerDiceCpuKernels(registry);
  registerNormCpuKernels(registry);
  registerOptimizerCpuKernels(registry);
  registerPoolCpuKernels(registry);
  registerShapeCpuKernels(registry);
}

} // namespace segc
