//===- KernelTable.cpp - Distinct fusions and their kernels ---------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "KernelAttributes.h"
#include "ProgramBuilder.h"
#include "segc/Codegen/Common/KernelBuilder.h"
#include "segc/Codegen/Common/StrategySelection.h"

using namespace mlir;

namespace segc {

/// Copies the fusion into an exec.fusion, without the attributes of a single
/// use.
static exec::FusionOp copyFusion(OpBuilder &b, seg::FusionOp fusion,
                                 StringRef name) {
  auto holder =
      exec::FusionOp::create(b, fusion.getLoc(), b.getStringAttr(name));
  Block &block = holder.getBody().emplaceBlock();
  OpBuilder inside = OpBuilder::atBlockEnd(&block);
  auto copy = cast<seg::FusionOp>(inside.clone(*fusion));
  for (OpOperand &operand : copy->getOpOperands())
    operand.set(block.addArgument(operand.get().getType(), fusion.getLoc()));
  copy.removeOffsetsAttr();
  copy.removeTempOffsetAttr();
  if (seg::StrategyAttr strategy = copy.getStrategyAttr())
    copy.setStrategyAttr(strategy.withPrepared(false));
  exec::YieldOp::create(inside, fusion.getLoc(), copy.getResults());
  return holder;
}

exec::KernelAttr kernelAttr(exec::FusionOp fusion, size_t launch,
                            const EmittedKernel &kernel) {
  return exec::KernelAttr::get(
      fusion.getContext(), FlatSymbolRefAttr::get(fusion.getSymNameAttr()),
      launch, kernel.tasks.fixed, kernel.tasks.perSample, kernel.scratchBytes,
      kernel.threads, kernel.sharedBytes, kernel.dependent, kernel.tasks.slice,
      kernel.tensorMaps);
}

exec::LibraryCallAttr libraryCallAttr(const KernelEmission &emission) {
  if (!emission.call)
    return {};
  Builder b(emission.fusion->getContext());
  return exec::LibraryCallAttr::get(
      b.getContext(), b.getStringAttr(emission.call->library),
      emission.call->inputs, emission.call->options);
}

void markKernel(Operation *function, exec::KernelAttr kernel) {
  function->removeAttr(tasksAttrName);
  function->removeAttr(scratchAttrName);
  function->setAttr(exec::kernelAttrName, kernel);
}

SymbolRefAttr kernelSymbol(Operation *function) {
  auto name = FlatSymbolRefAttr::get(SymbolTable::getSymbolName(function));
  Operation *container = function->getParentOp();
  return isa<ModuleOp>(container)
             ? name
             : SymbolRefAttr::get(SymbolTable::getSymbolName(container), name);
}

FailureOr<KernelTable::Entry> KernelTable::declare(seg::FusionOp fusion) {
  std::string symbol = kernelName(fusion, known.size());
  OpBuilder b = OpBuilder::atBlockEnd(module.getBody());
  exec::FusionOp holder =
      copyFusion(b, fusion, "f" + StringRef(symbol).drop_front().str());
  KernelEmission emission{fusion, target.backend->kernelBuilder(module), symbol,
                          *target.version};
  emission.declareOnly = true;
  emission.dependent = dependent;
  if (failed(target.backend->emitKernels(emission)))
    return fusion.emitOpError("could not be emitted");
  Entry entry{holder, {}, libraryCallAttr(emission)};
  for (auto [launch, kernel] : llvm::enumerate(emission.kernels)) {
    markKernel(kernel.function, kernelAttr(holder, launch, kernel));
    entry.kernels.push_back(kernel.function);
  }
  kernelCount += entry.kernels.size();
  return entry;
}

LogicalResult KernelTable::addKernels(func::FuncOp entry) {
  for (auto fusion : entry.getOps<seg::FusionOp>()) {
    std::string key = kernelKey(fusion);
    if (auto it = known.find(key); it != known.end()) {
      sharedCount += it->second.kernels.size();
      entries[fusion] = &it->second;
      continue;
    }
    FailureOr<Entry> kernels = declare(fusion);
    if (failed(kernels))
      return failure();
    entries[fusion] = &(known[key] = std::move(*kernels));
  }
  return success();
}

const KernelTable::Entry &KernelTable::find(seg::FusionOp fusion) const {
  return *entries.at(fusion);
}

std::optional<unsigned>
KernelTable::preparedOperand(seg::FusionOp fusion) const {
  int64_t input = preparedInput(fusion, *target.backend);
  return input < 0 ? std::nullopt : std::optional<unsigned>(input);
}

} // namespace segc
