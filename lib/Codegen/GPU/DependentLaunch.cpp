//===- DependentLaunch.cpp - Kernels that begin before others have ended --===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// With programmatic dependent launch a kernel may begin while the one in front
// of it on the stream still runs. griddepcontrol.wait returns once that kernel
// has ended and its writes are visible. Every kernel waits, so when one goes on
// all kernels in front of it have ended, not the last alone.
//
// griddepcontrol.launch_dependents comes right after the wait. The next kernel
// may begin when all blocks of this one have issued it: then none is left to
// start, and blocks of the next kernel take what room the last wave leaves. In
// front of the wait, a third kernel could take room while the first still runs.

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "segc/Codegen/GPU/LowerToPTX.h"

using namespace mlir;

namespace segc {

bool isLaunchWait(Operation *op) {
  auto control = dyn_cast<NVVM::GriddepcontrolOp>(op);
  return control && control.getKind() == NVVM::GridDepActionKind::wait;
}

/// Whether an access through the value may be one to global memory.
static bool mayPointToGlobal(Value value) {
  if (auto memref = dyn_cast<MemRefType>(value.getType()))
    return !gpu::GPUDialect::hasWorkgroupMemoryAddressSpace(memref);
  auto pointer = dyn_cast<LLVM::LLVMPointerType>(value.getType());
  return pointer && pointer.getAddressSpace() !=
                        static_cast<unsigned>(NVVM::NVVMMemorySpace::Shared);
}

/// Whether the operation, or one inside it, may access global memory.
static bool mayAccessGlobal(Operation *op) {
  return op
      ->walk([](Operation *inner) {
        // Inline PTX may have addresses in integers.
        bool isAccess = isa<LLVM::InlineAsmOp, CallOpInterface>(inner) ||
                        (!isMemoryEffectFree(inner) &&
                         llvm::any_of(inner->getOperands(), mayPointToGlobal));
        return isAccess ? WalkResult::interrupt() : WalkResult::advance();
      })
      .wasInterrupted();
}

void waitForLaunch(gpu::GPUFuncOp kernel) {
  Block &body = kernel.getBody().front();
  Block::iterator place = body.begin();
  for (Operation &op : body.without_terminator()) {
    if (mayAccessGlobal(&op))
      break;
    // What is computed without effects may move in front of the wait, and
    // behind it: there it occupies no registers while the thread waits.
    if (!isMemoryEffectFree(&op))
      place = std::next(op.getIterator());
  }
  OpBuilder b(&body, place);
  for (auto action : {NVVM::GridDepActionKind::wait,
                      NVVM::GridDepActionKind::launch_dependents})
    NVVM::GriddepcontrolOp::create(b, kernel.getLoc(), action);
}

} // namespace segc
