//===- ReduceNetwork.cpp --------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Simplifications.h"

#include "segc/Reduce/Passes.h"

#include "mlir/IR/Verifier.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FileUtilities.h"
#include "llvm/Support/Program.h"

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
  /// Runs the script. Fails if it cannot be run.
  FailureOr<bool> isInteresting(ModuleOp module);
  /// Applies a change and keeps it if the network is still interesting.
  FailureOr<bool> attempt(const Simplification &change,
                          OwningOpRef<ModuleOp> &best);
};

/// mlir::Tester is not used, because it exits if the script cannot be run.
FailureOr<bool> ReduceNetworkPass::isInteresting(ModuleOp module) {
  ++tried;
  SmallString<128> path;
  int descriptor = -1;
  std::error_code error = llvm::sys::fs::createTemporaryFile(
      "segc-reduce", "mlir", descriptor, path);
  if (error)
    return module.emitError("cannot make a temporary file: ")
           << error.message();
  llvm::FileRemover remover(path);
  llvm::raw_fd_ostream file(descriptor, /*shouldClose=*/true);
  file << module << "\n";
  file.close();
  if (file.error()) {
    error = file.error();
    file.clear_error();
    return module.emitError("cannot write ") << path << ": " << error.message();
  }
  SmallVector<StringRef> arguments = {test};
  arguments.append(testArguments.begin(), testArguments.end());
  arguments.push_back(path);
  std::string reason;
  int code = llvm::sys::ExecuteAndWait(test, arguments, std::nullopt, {}, 0, 0,
                                       &reason);
  if (code < 0)
    return module.emitError("the test script '")
           << test << "' does not run: " << reason
           << "; expected an executable file with its path";
  return code > 0;
}

FailureOr<bool> ReduceNetworkPass::attempt(const Simplification &change,
                                           OwningOpRef<ModuleOp> &best) {
  OwningOpRef<ModuleOp> copy = best->clone();
  seg::NetworkOp network = networkOf(*copy);
  size_t before = 0, after = 0;
  {
    // A change that does not apply is no error.
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
  if (print(*best, before) == print(*copy, after))
    return false;
  FailureOr<bool> interesting = isInteresting(*copy);
  if (succeeded(interesting) && *interesting)
    best = std::move(copy);
  return interesting;
}

void ReduceNetworkPass::runOnOperation() {
  ModuleOp module = getOperation();
  if (!networkOf(module)) {
    module.emitError("expects a seg.network to reduce");
    return signalPassFailure();
  }
  FailureOr<bool> interesting = isInteresting(module);
  if (failed(interesting))
    return signalPassFailure();
  if (!*interesting) {
    module.emitError("the network is not interesting: '")
        << test << "' exits with 0";
    return signalPassFailure();
  }
  OwningOpRef<ModuleOp> best = module.clone();
  // A success may enable other changes, so all are tried again until none
  // succeeds.
  for (bool changed = true; changed;) {
    changed = false;
    size_t count = simplifications(networkOf(*best)).size();
    for (size_t i = 0; i < count; ++i) {
      auto steps = simplifications(networkOf(*best));
      if (i >= steps.size())
        continue;
      FailureOr<bool> succeeds = attempt(steps[i], best);
      if (failed(succeeds))
        return signalPassFailure();
      changed |= *succeeds;
    }
  }
  module.getBodyRegion().takeBody(best->getBodyRegion());
}

} // namespace
