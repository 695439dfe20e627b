//===- VerifyPrograms.cpp - Verifier of a module's programs ---------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "LayoutVerifier.h"
#include "segc/Program/MemoryVerifier.h"
#include "segc/Program/Passes.h"
#include "segc/Program/Programs.h"
#include "segc/Transforms/Layout.h"
#include "segc/Transforms/Passes.h"

using namespace mlir;

namespace segc {
#define GEN_PASS_DEF_VERIFYPROGRAMSPASS
#include "segc/Program/Passes.h.inc"

/// Commands of `prepare` by the first byte that they fill.
using PreparedBuffers = llvm::DenseMap<int64_t, exec::PrepareOp>;

static PreparedBuffers preparedBuffers(ModuleOp module) {
  PreparedBuffers found;
  if (exec::ProgramOp prepare = findProgram(module, "prepare"))
    for (auto command : prepare.getBody().getOps<exec::PrepareOp>())
      found[command.getBuffer(0).getOffset()] = command;
  return found;
}

/// Verifies that a prepared temporary belongs to the launch's fusion and
/// operand.
static LogicalResult verifyPrepared(exec::LaunchOp launch,
                                    const PreparedBuffers &filled) {
  auto buffer = cast<exec::BufferAttr>(launch.getTemporaries()[0]);
  exec::PrepareOp command = filled.lookup(buffer.getOffset());
  if (!command || command.getBuffer(0) != buffer)
    return launch.emitOpError("reads ")
           << buffer.place() << ", which the program 'prepare' does not fill";
  auto differs = [&](const Twine &what) {
    InFlightDiagnostic diag = launch.emitOpError("reads ")
                              << buffer.place()
                              << ", which the program 'prepare' fills " << what;
    diag.attachNote(command.getLoc()) << "here";
    return diag;
  };
  if (command.getFusion() != launch.getFusion())
    return differs("for @" + command.getFusion().getSymName() + ", not @" +
                   launch.getFusion().getSymName());
  exec::BufferAttr expected =
      exec::bufferOf(launch.getInputs()[command.getPosition()]);
  if (exec::BufferAttr source = exec::bufferOf(command.getInput());
      source != expected)
    return differs("from " + source.place() + ", not from " + expected.place());
  return success();
}

LogicalResult verifyPrograms(ModuleOp module) {
  // A module without a layout has kernels, but is no model.
  if (module->hasAttr(layoutAttrName) && failed(verifyLayout(module)))
    return failure();
  PreparedBuffers filled = preparedBuffers(module);
  for (auto program : module.getOps<exec::ProgramOp>()) {
    if (failed(MemoryVerifier(program).verify()))
      return failure();
    for (exec::LaunchOp launch : launchesOf(program))
      if (launch.isPrepared() && failed(verifyPrepared(launch, filled)))
        return failure();
  }
  return success();
}

LogicalResult verifyModel(ModuleOp module) {
  return failure(failed(verifyLayoutAttr(module)) ||
                 failed(verifyPrograms(module)));
}

} // namespace segc

using namespace segc;

namespace {
struct VerifyProgramsPass
    : segc::impl::VerifyProgramsPassBase<VerifyProgramsPass> {
  void runOnOperation() override {
    if (failed(verifyPrograms(getOperation())))
      return signalPassFailure();
    markAllAnalysesPreserved();
  }
};
} // namespace
