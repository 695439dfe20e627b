//===- EmitKernels.cpp - Emission of kernels ------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "KernelAttributes.h"
#include "segc/Program/Passes.h"
#include "segc/Program/Programs.h"
#include "segc/Target/TargetBackend.h"

using namespace mlir;

namespace segc {
#define GEN_PASS_DEF_EMITKERNELSPASS
#include "segc/Program/Passes.h.inc"
} // namespace segc

using namespace segc;

namespace {

/// Kernels of each fusion, in the order of their launches.
using Declarations = llvm::DenseMap<Attribute, SmallVector<Operation *>>;
/// Launches of each fusion that may call a library.
using Callers = llvm::DenseMap<Attribute, SmallVector<exec::LaunchOp>>;

struct EmitKernelsPass : segc::impl::EmitKernelsPassBase<EmitKernelsPass> {
  using EmitKernelsPassBase::EmitKernelsPassBase;

  /// Dialects of all backends, because the option is not parsed yet.
  void getDependentDialects(DialectRegistry &registry) const override {
    for (const TargetBackend *backend : targetBackends())
      backend->registerDialects(registry);
  }

  void runOnOperation() override {
    FailureOr<Target> found = resolveTarget(getOperation(), target);
    if (failed(found))
      return signalPassFailure();
    Declarations declared;
    getOperation()->walk<WalkOrder::PreOrder>(
        [&](FunctionOpInterface function) {
          if (exec::KernelAttr kernel = exec::kernelAttrOf(function))
            declared[kernel.getFusion().getAttr()].push_back(function);
          return WalkResult::skip();
        });
    Callers callers;
    for (auto program : getOperation().getOps<exec::ProgramOp>())
      for (exec::LaunchOp launch : launchesOf(program))
        if (launch.getCall())
          callers[launch.getFusion().getSymNameAttr()].push_back(launch);
    for (auto fusion : llvm::to_vector(getOperation().getOps<exec::FusionOp>()))
      if (failed(emit(fusion, declared.lookup(fusion.getSymNameAttr()),
                      callers.lookup(fusion.getSymNameAttr()), *found)))
        return signalPassFailure();
  }

private:
  LogicalResult emit(exec::FusionOp fusion, ArrayRef<Operation *> declared,
                     ArrayRef<exec::LaunchOp> callers, const Target &found);
};

LogicalResult EmitKernelsPass::emit(exec::FusionOp fusion,
                                    ArrayRef<Operation *> declared,
                                    ArrayRef<exec::LaunchOp> callers,
                                    const Target &found) {
  if (declared.empty())
    return success(); // A library computes the fusion.
  SmallVector<std::pair<StringAttr, exec::KernelAttr>> expected;
  for (Operation *kernel : declared) {
    expected.push_back(
        {SymbolTable::getSymbolName(kernel), exec::kernelAttrOf(kernel)});
    kernel->erase();
  }
  KernelEmission emission{computationOf(fusion),
                          found.backend->kernelBuilder(getOperation()),
                          expected.front().first.str(), *found.version};
  emission.dependent = expected.front().second.getDependent();
  if (failed(found.backend->emitKernels(emission)))
    return fusion.emitOpError("could not be emitted");
  if (emission.kernels.size() != expected.size())
    return fusion.emitOpError("expects ")
           << emission.kernels.size() << " kernels, got " << expected.size();
  for (auto [launch, kernel] : llvm::enumerate(emission.kernels)) {
    exec::KernelAttr attr = kernelAttr(fusion, launch, kernel);
    StringAttr symbol = SymbolTable::getSymbolName(kernel.function);
    auto [name, declaration] = expected[launch];
    if (name != symbol || declaration != attr)
      return fusion.emitOpError("expects launch ")
             << launch << " to be of @" << symbol.getValue() << ", " << attr
             << ", got @" << name.getValue() << ", " << declaration;
    markKernel(kernel.function, attr);
  }
  exec::LibraryCallAttr call = libraryCallAttr(emission);
  for (exec::LaunchOp launch : callers)
    if (launch.getCallAttr() != call) {
      InFlightDiagnostic diag = launch.emitOpError("expects ");
      if (call)
        diag << "the call " << call;
      else
        diag << "no call, as @" << fusion.getSymName() << " has none";
      return diag << ", got " << launch.getCallAttr();
    }
  return success();
}

} // namespace
