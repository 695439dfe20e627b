//===- FusionChecks.cpp ---------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Codegen/Common/FusionChecks.h"
#include "segc/Dialect/Seg/IR/QuantizeOps.h"

#include "segc/Codegen/Common/Formulas.h"
#include "segc/Dialect/Seg/IR/ShapeFunctions.h"

using namespace mlir;

namespace segc {

bool isReduction(Operation *op) {
  return isa<ChannelReductionOpInterface, PixelReductionOpInterface>(op);
}

/// Verifies that the kernel supports the prologue and the reductions of the
/// fusion, and that no op uses a reduction's result.
static LogicalResult verifyFusedOps(seg::FusionOp fusion,
                                    const KernelModel &model, StringRef device,
                                    bool readsTilesAgain) {
  Operation *root = fusion.getRoot();
  bool reduces = isReduction(root);
  for (OpOperand &operand : root->getOpOperands())
    if (!reduces && !isa<BlockArgument>(seg::storedValue(operand.get())) &&
        !model.takesPrologue(operand))
      return root->emitOpError("has a prologue of operand #")
             << operand.getOperandNumber() << ", which its " << device
             << " kernel reads directly from memory";
  for (Operation &op : fusion.getBody().front().without_terminator()) {
    if (isa<seg::PointwiseOpInterface, seg::RearrangementOpInterface,
            seg::QuantizeFilterOp>(op))
      continue;
    if (&op != root && !model.takesReduction(root, &op))
      return op.emitOpError("follows a root whose ")
             << device << " kernel computes no such reductions";
    auto reduction = dyn_cast<seg::EpilogueReductionOpInterface>(op);
    if (!reduction)
      continue;
    Value reduced = seg::storedValue(reduction.getReduced());
    if (readsTilesAgain && !isa<BlockArgument>(reduced) &&
        llvm::none_of(reduced.getUsers(), llvm::IsaPred<seg::YieldOp>))
      return op.emitOpError("reduces a value that its kernel does not yield: "
                            "reductions read the stored tiles again");
    for (Operation *user : op.getUsers())
      if (!isa<seg::YieldOp>(user))
        return user->emitOpError(
            "needs the result of a reduction in the kernel "
            "that computes its tiles");
  }
  return success();
}

/// Returns whether the op rounds a result of the root, which kernels do when
/// they store it.
static bool roundsResult(Operation &op, Operation *root) {
  auto cast = dyn_cast<seg::CastOp>(op);
  return cast && !cast.widens() && cast.getInput().getDefiningOp() == root &&
         llvm::all_of(op.getUsers(), llvm::IsaPred<seg::YieldOp>);
}

/// Verifies that the kernel supports the pointwise ops that do not feed the
/// root.
static LogicalResult verifyEpilogue(seg::FusionOp fusion,
                                    const KernelModel &model,
                                    StringRef device) {
  Operation *root = fusion.getRoot();
  if (isReduction(root))
    return success();
  auto whole = cast<RankedTensorType>(root->getResult(0).getType());
  auto prologue = fusion.getPrologue();
  for (Operation *op : fusion.getEpilogue()) {
    if (prologue.contains(op) || roundsResult(*op, root))
      continue;
    if (!model.takesEpilogue(root))
      return op->emitOpError("follows the root '")
             << root->getName() << "', whose " << device
             << " kernel computes no epilogue";
    auto type = cast<RankedTensorType>(op->getResult(0).getType());
    if (seg::classifyBroadcast(type, whole) == seg::Broadcast::Invalid)
      return op->emitOpError("expects a shape that broadcasts to the root's ")
             << whole << ", got " << type;
  }
  if (model.takesEpilogue(root))
    return success();
  // A kernel without epilogue identifies its results by their order.
  auto yielded = fusion.getYield().getValues();
  bool inOrder = yielded.size() == root->getNumResults();
  for (auto [value, result] : llvm::zip(yielded, root->getResults())) {
    Operation *op = value.getDefiningOp();
    inOrder &= value == result ||
               (op && roundsResult(*op, root) && op->getOperand(0) == result);
  }
  if (inOrder)
    return success();
  return fusion.emitOpError("expects to yield the ")
         << root->getNumResults() << " results of its root '" << root->getName()
         << "' in their order";
}

/// Verifies that the prologue is small, because an element is recomputed for
/// every use.
static LogicalResult verifyPrologueSize(seg::FusionOp fusion, Operation *root) {
  constexpr int64_t maxOps = 4096;
  // The operand of a reduction is computed once.
  if (isReduction(root))
    return success();
  llvm::DenseMap<Operation *, int64_t> computed;
  for (Operation &op : fusion.getBody().front().without_terminator()) {
    int64_t ops = &op == root ? 0 : 1;
    for (Value operand : op.getOperands())
      if (Operation *from = operand.getDefiningOp(); from && from != root)
        ops = std::min(ops + computed.lookup(from), maxOps + 1);
    computed[&op] = ops;
  }
  if (computed.lookup(root) <= maxOps)
    return success();
  return root->emitOpError("has a prologue that computes more than ")
         << maxOps << " ops for an element: each use of a value computes it "
         << "again";
}

LogicalResult verifyTypes(seg::FusionOp fusion, StringRef device) {
  for (Operation &op : fusion.getBody().front().without_terminator())
    for (Type type : llvm::concat<Type>(llvm::to_vector(op.getOperandTypes()),
                                        llvm::to_vector(op.getResultTypes()))) {
      Type element = getElementTypeOrSelf(type);
      bool is16Bit = element.isF16() || element.isBF16();
      if (element.isF64() || (is16Bit && !isa<seg::CastOp>(op)))
        return op.emitOpError("has no ")
               << device << " kernel for " << type
               << ": kernels compute in f32, and seg.cast converts "
               << "16-bit values in memory";
    }
  return success();
}

LogicalResult verifyFusion(seg::FusionOp fusion, const KernelModel &model,
                           StringRef device, bool readsTilesAgain) {
  return failure(
      failed(verifyTypes(fusion, device)) ||
      failed(verifyFusedOps(fusion, model, device, readsTilesAgain)) ||
      failed(verifyEpilogue(fusion, model, device)) ||
      failed(verifyPrologueSize(fusion, fusion.getRoot())));
}

RankedTensorType reducedSpace(seg::FusionOp fusion) {
  auto root = cast<seg::EpilogueReductionOpInterface>(fusion.getRoot());
  return cast<RankedTensorType>(root.getReduced().getType());
}

FailureOr<bool> verifyReductionFusion(seg::FusionOp fusion) {
  RankedTensorType space = reducedSpace(fusion);
  bool computes = false;
  for (Operation &op : fusion.getBody().front().without_terminator()) {
    if (isa<BlockArgument>(seg::storedValue(op.getResult(0))))
      continue;
    auto reduction = dyn_cast<seg::EpilogueReductionOpInterface>(op);
    auto type =
        cast<RankedTensorType>(reduction ? reduction.getReduced().getType()
                                         : op.getResult(0).getType());
    // Broadcast values are recomputed at each use and never stored.
    bool broadcasts =
        !reduction &&
        seg::classifyBroadcast(type, space) != seg::Broadcast::Invalid &&
        llvm::none_of(op.getUsers(), llvm::IsaPred<seg::YieldOp>);
    if (type.getShape() != space.getShape() && !broadcasts)
      return op.emitOpError("expects the shape of ")
             << space << ", which this kernel reduces, got " << type;
    computes |= !reduction;
  }
  return computes;
}

} // namespace segc
