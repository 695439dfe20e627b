//===- SelectStrategy.cpp -----------------------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mlir/IR/Remarks.h"
#include "segc/Codegen/CPU/CpuKernels.h"
#include "segc/Codegen/CPU/Passes.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;

namespace segc {
#define GEN_PASS_DEF_SELECTCPUSTRATEGYPASS
#include "segc/Codegen/CPU/Passes.h.inc"
} // namespace segc

using namespace segc;

namespace {

struct SelectCpuStrategyPass : segc::impl::SelectCpuStrategyPassBase<SelectCpuStrategyPass> {
  using SelectCpuStrategyPassBase::SelectCpuStrategyPassBase;

  void runOnOperation() override {
    std::optional<CpuTarget> target = lookupCpuTarget(cpu);
    if (!target) {
      getOperation().emitError("expects one of ") << llvm::join(cpuTargetNames(), ", ") << ", got '" << cpu << "'";
      return signalPassFailure();
    }
    for (auto fusion : getOperation().getOps<seg::FusionOp>())
      if (failed(select(fusion, *target)))
        return signalPassFailure();
  }

  LogicalResult select(seg::FusionOp fusion, const CpuTarget &target) {
    Operation *root = fusionRoot(fusion);
    if (!root || fusion.getStrategyAttr())
      return success();
    auto kernel = dyn_cast<CpuKernelOpInterface>(root);
    if (!kernel)
      return root->emitOpError("has no CPU kernel");
    DictionaryAttr strategy = kernel.selectCpuStrategy(fusion, target);
    fusion.setStrategyAttr(strategy);
    remark::analysis(root->getLoc(), remark::RemarkOpts::name("strategy").category("strategy"))
        << remark::add("{0}: {1}", root->getName(), strategy);
    return success();
  }
};

} // namespace
