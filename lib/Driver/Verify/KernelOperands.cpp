//===- KernelOperands.cpp -------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "KernelOperands.h"

#include "segc/Reference/Reference.h"

using namespace mlir;

namespace segc {

using reference::HostTensor;

static std::vector<double> asDoubles(const HostTensor &tensor) {
  if (reference::isFloat(tensor.kind()))
    return tensor.values().vec();
  return {tensor.integers().begin(), tensor.integers().end()};
}

KernelOperands::KernelOperands(seg::FusionOp fusion, ArrayRef<int> inPlace,
                               const std::vector<HostTensor> &inputs)
    : resultTypes(fusion.getResultTypes()), inPlace(inPlace), inputs(inputs) {
  for (auto [argument, input] :
       llvm::zip_equal(fusion.getBody().getArguments(), inputs)) {
    allocate(argument.getType());
    buffers.back()->set(asDoubles(input));
  }
  for (auto [type, input] : llvm::zip_equal(resultTypes, inPlace)) {
    if (input < 0)
      allocate(type);
    else
      pointers.push_back(pointers[input]);
    outputs.push_back(input < 0 ? buffers.back().get() : buffers[input].get());
  }
}

std::string KernelOperands::run(const KernelRun &kernels) const {
  if (Status status = kernels(pointers); !status.ok())
    return status.message();
  for (const auto &buffer : buffers)
    if (!buffer->guardsIntact())
      return "access outside a buffer";
  for (auto [i, input] : llvm::enumerate(inputs))
    if (!llvm::is_contained(inPlace, static_cast<int>(i)) &&
        buffers[i]->get() != asDoubles(input))
      return "input #" + std::to_string(i) + " is written";
  return "";
}

std::vector<HostTensor> KernelOperands::read() const {
  std::vector<HostTensor> results;
  for (auto [resultType, output] : llvm::zip_equal(resultTypes, outputs)) {
    auto type = cast<RankedTensorType>(resultType);
    HostTensor &tensor = results.emplace_back(
        type.getShape(), *reference::elementKind(type.getElementType()));
    std::vector<double> values = output->get();
    if (reference::isFloat(tensor.kind()))
      llvm::copy(values, tensor.values().begin());
    else
      llvm::copy(values, tensor.integers().begin());
  }
  return results;
}

} // namespace segc
