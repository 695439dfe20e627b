//===- FusionPolicy.cpp - Fusion policies in a plugin ---------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Two passes for segc. They change no IR: each attaches a policy that seg-fuse
// asks about every pair. `keep-sigmoids` vetoes fusions with a sigmoid as the
// consumer; `force-prologues` fuses every prologue that a kernel can compute,
// whatever the cost model says.
//
// segc compile net.mlir --emit fusion --load-pass-plugin FusionPolicy.so \
// --run-after 'precision=func.func(keep-sigmoids)'
//
//===----------------------------------------------------------------------===//

#include "segc/Target/FusionPolicy.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Pass/Pass.h"
#include "mlir/Tools/Plugins/PassPlugin.h"
#include "segc/Dialect/Seg/IR/SegDialect.h"
#include "llvm/Config/llvm-config.h"

using namespace mlir;

namespace {

struct KeepSigmoids : segc::FusionPolicy {
  using FusionPolicy::FusionPolicy;
  Answer decide(Operation *producer, Operation *user) const override {
    return isa<segc::seg::SigmoidOp>(user) ? Answer::Never : Answer::Default;
  }
};

struct ForcePrologues : segc::FusionPolicy {
  using FusionPolicy::FusionPolicy;
  Answer decide(Operation *producer, Operation *user) const override {
    return isa<segc::seg::ConvOp>(user) ? Answer::Always : Answer::Default;
  }
};

/// Attaches the policy to the dialect when the pass is added to a pipeline.
template <typename Policy>
void attachPolicy(DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *, segc::seg::SegDialect *dialect) {
    dialect->addInterfaces<Policy>();
  });
}

struct KeepSigmoidsPass
    : PassWrapper<KeepSigmoidsPass, OperationPass<func::FuncOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(KeepSigmoidsPass)
  StringRef getArgument() const final { return "keep-sigmoids"; }
  StringRef getDescription() const final {
    return "Makes seg-fuse keep sigmoids apart from what they read";
  }
  void getDependentDialects(DialectRegistry &registry) const override {
    attachPolicy<KeepSigmoids>(registry);
  }
  void runOnOperation() final {}
};

struct ForceProloguesPass
    : PassWrapper<ForceProloguesPass, OperationPass<func::FuncOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(ForceProloguesPass)
  StringRef getArgument() const final { return "force-prologues"; }
  StringRef getDescription() const final {
    return "Makes seg-fuse compute operands of convolutions as they are loaded";
  }
  void getDependentDialects(DialectRegistry &registry) const override {
    attachPolicy<ForcePrologues>(registry);
  }
  void runOnOperation() final {}
};

} // namespace

extern "C" LLVM_ATTRIBUTE_WEAK PassPluginLibraryInfo mlirGetPassPluginInfo() {
  return {MLIR_PLUGIN_API_VERSION, "FusionPolicy", LLVM_VERSION_STRING, [] {
            PassRegistration<KeepSigmoidsPass>();
            PassRegistration<ForceProloguesPass>();
          }};
}
