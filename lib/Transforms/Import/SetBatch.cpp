//===- SetBatch.cpp -------------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Transforms/Passes.h"

using namespace mlir;

namespace segc {
#define GEN_PASS_DEF_SETBATCHPASS
#include "segc/Transforms/Passes.h.inc"
} // namespace segc

using namespace segc;

namespace {

/// Activations and per-sample statistics have the batch in front; parameters,
/// states, biases and scalars have none.
void setBatch(Value value, int64_t batch) {
  auto type = dyn_cast<RankedTensorType>(value.getType());
  if (!type || type.getRank() < 2)
    return;
  SmallVector<int64_t> shape(type.getShape());
  shape.front() = batch;
  value.setType(type.clone(shape));
}

struct SetBatchPass : segc::impl::SetBatchPassBase<SetBatchPass> {
  using SetBatchPassBase::SetBatchPassBase;

  void runOnOperation() override {
    constexpr int64_t maxBatch = 1 << 20;
    if (batch < 1 || batch > maxBatch) {
      InFlightDiagnostic error =
          getOperation().emitError("expects a batch of ");
      if (batch < 1)
        error << "at least 1, got " << batch.getValue();
      else
        error << "at most " << maxBatch << ", got " << batch.getValue();
      return signalPassFailure();
    }
    getOperation().walk([&](seg::NetworkOp network) {
      for (Region *region : {&network.getForward(), &network.getObjective()}) {
        for (Value argument : region->getArguments())
          setBatch(argument, batch);
        region->walk([&](Operation *op) {
          if (isa<seg::ParamOp, seg::StateOp>(op))
            return;
          for (Value result : op->getResults())
            setBatch(result, batch);
        });
      }
    });
  }
};

} // namespace
