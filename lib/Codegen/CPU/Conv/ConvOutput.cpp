//===- ConvOutput.cpp -----------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Conv/ConvOutput.h"
#include "segc/Codegen/Common/PointwiseEmitter.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;

namespace segc {

ConvOutput::ConvOutput(const ConvProblem &problem, Operation *root,
                       seg::FusionOp fusion, int64_t lanes)
    : problem(problem), root(root), fusion(fusion), lanes(lanes) {
  pointwiseOps = fusion.getEpilogue().size();
}

Value ConvOutput::bias(KernelBody &body, Value channel, Value mask) const {
  if (root->getNumOperands() < 3)
    return Value();
  return body.load(inputOf(body, root->getOperand(2)), channel, lanes, mask);
}

void ConvOutput::store(KernelBody &body, Value sample,
                       const std::array<Value, 3> &position, const Dims &step,
                       Value channel, Value mask, Value sum) const {
  Value pixel = sample, exists;
  for (unsigned d = 0; d < 3; ++d) {
    pixel = body.add(body.mul(pixel, problem.out[d]), position[d]);
    if (problem.out[d] % step[d] == 0)
      continue;
    Value inside = body.less(position[d], body.index(problem.out[d]));
    exists = exists ? body.builder().createOrFold<arith::AndIOp>(body.loc(),
                                                                 exists, inside)
                    : inside;
  }
  auto emit = [&] {
    auto space = cast<RankedTensorType>(root->getResult(0).getType());
    DenseMap<Value, Value> values{{root->getResult(0), sum}};
    PointwiseEmitter(body, fusion, space)
        .emit({pixel, sample, channel}, lanes, mask, values);
  };
  if (exists)
    body.ifThen(exists, emit);
  else
    emit();
}

void ConvOutput::prefetch(KernelBody &body, Value sample,
                          const std::array<Value, 3> &position,
                          Value channel) const {
  Value pixel = sample;
  for (unsigned d = 0; d < 3; ++d) {
    Value last = body.index(problem.out[d] - 1);
    pixel =
        body.add(body.mul(pixel, problem.out[d]), body.min(position[d], last));
  }
  Value at = body.add(body.mul(pixel, problem.outChannels), channel);
  Type space = root->getResult(0).getType();
  for (Value stored : fusion.getBody().front().getTerminator()->getOperands())
    if (auto type = cast<RankedTensorType>(stored.getType());
        type.getShape() == cast<RankedTensorType>(space).getShape())
      body.prefetch(outputOf(body, stored), at, /*locality=*/2);
}

Value addBias(KernelBody &body, Value sum, Value bias) {
  return bias ? arith::AddFOp::create(body.builder(), body.loc(), sum, bias)
              : sum;
}

} // namespace segc
