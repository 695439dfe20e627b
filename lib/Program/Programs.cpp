//===- Programs.cpp - Queries of programs ---------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Program/Programs.h"

#include "segc/Base/Hash.h"
#include "segc/Codegen/Common/KernelBuilder.h"
#include "segc/Dialect/Seg/IR/FusionParts.h"

using namespace mlir;

namespace segc {

seg::FusionOp computationOf(exec::FusionOp fusion) {
  return cast<seg::FusionOp>(fusion.getComputation());
}

bool mayOverwrite(exec::LaunchOp launch, unsigned input, unsigned result) {
  Value operand = launch.getInputs()[input];
  // Libraries read all operands until they are done.
  if (launch.getCall() ||
      operand.getType() != launch.getOutputs()[result].getType())
    return false;
  seg::FusionOp fusion = computationOf(launch.getFusion());
  // The value may be several operands.
  return llvm::all_of(llvm::enumerate(launch.getInputs()), [&](auto read) {
    return read.value() != operand ||
           seg::readsBeforeWriting(fusion, read.index(), result);
  });
}

SmallVector<int> inPlaceInputs(exec::LaunchOp launch) {
  SmallVector<int> inputs;
  for (auto buffer : launch.getBuffers().getAsRange<exec::BufferAttr>()) {
    auto same = llvm::find_if(launch.getInputs(), [&](Value input) {
      return !exec::BufferAttr::isList(buffer.getRegion()) &&
             exec::bufferOf(input).samePlace(buffer);
    });
    inputs.push_back(same == launch.getInputs().end()
                         ? -1
                         : same - launch.getInputs().begin());
  }
  return inputs;
}

/// Divides a number for the maximum batch by its samples.
static double perSample(exec::LaunchOp launch, double all) {
  return all / static_cast<double>(
                   launch->getParentOfType<exec::ProgramOp>().getBatch());
}

double flopsPerSample(exec::LaunchOp launch) {
  return perSample(launch, computationOf(launch.getFusion()).flops());
}

double bytesPerSample(exec::LaunchOp launch) {
  double bytes = 0;
  for (Value value :
       llvm::concat<Value>(llvm::to_vector(launch.getInputs()),
                           llvm::to_vector_of<Value>(launch.getOutputs())))
    bytes += exec::bufferOf(value).getBytes();
  return perSample(launch, bytes);
}

exec::ProgramOp findProgram(ModuleOp module, StringRef name) {
  return module.lookupSymbol<exec::ProgramOp>(name);
}

SmallVector<exec::LaunchOp> launchesOf(exec::ProgramOp program) {
  return llvm::to_vector(program.getBody().getOps<exec::LaunchOp>());
}

std::string kernelOf(exec::LaunchOp launch) {
  Operation *function = launch.getKernelFunctions().front();
  StringRef name = SymbolTable::getSymbolName(function).getValue();
  // The first kernel is omitted if it is prepared.
  if (int64_t number = exec::kernelAttrOf(function).getLaunch())
    name.consume_back("_" + std::to_string(number));
  return name.str();
}

std::string kernelDigest(ModuleOp module) {
  Sha256 digest;
  for (auto fusion : module.getOps<exec::FusionOp>())
    digest.update(kernelKey(computationOf(fusion)));
  return digest.hexDigest();
}

} // namespace segc
