//===- FusionKernelModel.cpp ----------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Codegen/Common/FusionKernelModel.h"

#include "segc/Codegen/Common/Formulas.h"
#include "segc/Codegen/Common/FusionChecks.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;

namespace segc {

/// Verifies the strategy of a fusion without root: it has the model's kind and
/// no memory.
static LogicalResult verifyPointwiseStrategy(seg::FusionOp fusion,
                                             StringRef kind) {
  seg::StrategyAttr given = fusion.getStrategyAttr();
  auto own = given ? seg::StrategyAttr::get(fusion.getContext(), kind,
                                            given.getParameters().getValue())
                   : given;
  if (given != own)
    return fusion.emitOpError(
               "has only pointwise ops and expects the strategy ")
           << own << ", got " << given;
  return success();
}

bool PointwiseFusionModel::takesReduction(Operation *,
                                          Operation *reduction) const {
  return isReduction(reduction);
}

LogicalResult PointwiseFusionModel::emit(KernelEmission &emission) const {
  return failure(
      failed(verifyTypes(emission.fusion, deviceName)) ||
      failed(verifyPointwiseStrategy(emission.fusion, kindWithoutRoot())) ||
      failed(emitKernels(emission)));
}

LogicalResult FusionKernelModel::verify(seg::FusionOp fusion,
                                        llvm::StringRef device) const {
  if (failed(verifyFusion(fusion, *this, device, /*readsTilesAgain=*/true)))
    return failure();
  seg::StrategyAttr given = fusion.getStrategyAttr();
  if (!given)
    return fusion.emitOpError("has no strategy; run seg-select-strategy first");
  if (!parameters().empty())
    return success();
  if (seg::StrategyAttr only = onlyStrategy(fusion); given != only)
    return fusion.getRoot()->emitOpError("expects the strategy ")
           << only << ", got " << given;
  return success();
}

seg::StrategyAttr FusionKernelModel::onlyStrategy(seg::FusionOp fusion) const {
  auto bytes = static_cast<int64_t>(llvm::alignTo(tempBytes(fusion), 64));
  return seg::StrategyAttr::get(fusion.getContext(),
                                kind(fusion.getRoot()->getName()),
                                /*parameters=*/{}, bytes);
}

bool FusionKernelModel::takesReduction(Operation *root,
                                       Operation *reduction) const {
  return hasReductions(root) && (isa<ChannelReductionOpInterface>(reduction) ||
                                 (isa<PixelReductionOpInterface>(reduction) &&
                                  hasPixelReductions(root)));
}

SmallVector<StrategyProposal>
FusionKernelModel::propose(seg::FusionOp fusion,
                           const StrategyContext &context) const {
  StrategyProposal only;
  only.strategy = onlyStrategy(fusion);
  only.seconds = seconds(fusion, *context.target.version);
  return {only};
}

} // namespace segc
