//===- ReduceNetwork.cpp --------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Simplifications.h"

#include "segc/Reduce/Passes.h"

#include "mlir/IR/Verifier.h"
#include "mlir/Reducer/Tester.h"

using namespace mlir;

namespace segc {
#define GEN_PASS_DEF_REDUCENETWORKPASS
#include "segc/Reduce/Passes.h.inc"
} // namespace segc

using namespace segc;

namespace {

struct ReduceNetworkPass
    : segc::impl::ReduceNetworkPassBase<ReduceNetworkPass> {
  using ReduceNetworkPassBase::ReduceNetworkPassBase;

  void runOnOperation() override;

private:
  static seg::NetworkOp networkOf(ModuleOp module) {
    auto networks = module.getOps<seg::NetworkOp>();
    return networks.empty() ? seg::NetworkOp() : *networks.begin();
  }
  bool isInteresting(ModuleOp module);
  /// Whether the change leaves an interesting network, which then replaces the
  /// best so far.
  bool attempt(const Simplification &change, OwningOpRef<ModuleOp> &best);
};

bool ReduceNetworkPass::isInteresting(ModuleOp module) {
  ++tried;
  SmallVector<std::string> arguments(testArguments.begin(),
                                     testArguments.end());
  return mlir::Tester(test, arguments).isInteresting(module).first ==
         mlir::Tester::Interestingness::True;
}

bool ReduceNetworkPass::attempt(const Simplification &change,
                                OwningOpRef<ModuleOp> &best) {
  OwningOpRef<ModuleOp> copy = best->clone();
  seg::NetworkOp network = networkOf(*copy);
  size_t before = 0, after = 0;
  {
    // A change that does not fit is no error.
    ScopedDiagnosticHandler quiet(&getContext(),
                                  [](Diagnostic &) { return success(); });
    if (!change(network))
      return false;
    eraseUnused(network);
    if (failed(verify(*copy)))
      return false;
  }
  auto print = [](ModuleOp module, size_t &length) {
    std::string text;
    llvm::raw_string_ostream(text) << module;
    length = text.size();
    return text;
  };
  if (print(*best, before) == print(*copy, after) || !isInteresting(*copy))
    return false;
  best = std::move(copy);
  return true;
}

void ReduceNetworkPass::runOnOperation() {
  ModuleOp module = getOperation();
  if (!networkOf(module)) {
    module.emitError("expects a seg.network to reduce");
    return signalPassFailure();
  }
  if (!isInteresting(module)) {
    module.emitError("the network is not interesting: '")
        << test << "' exits with 0";
    return signalPassFailure();
  }
  OwningOpRef<ModuleOp> best = module.clone();
  // Each success may let others succeed: from the start, until none does.
  for (bool changed = true; changed;) {
    changed = false;
    size_t count = simplifications(networkOf(*best)).size();
    for (size_t i = 0; i < count; ++i) {
      auto steps = simplifications(networkOf(*best));
      if (i < steps.size() && attempt(steps[i], best))
        changed = true;
    }
  }
  module.getBodyRegion().takeBody(best->getBodyRegion());
}

} // namespace
