//===- KernelCheck.cpp ----------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Driver/Verify/KernelCheck.h"

#include "KernelInputs.h"
#include "KernelOperands.h"
#include "ResultCheck.h"
#include "segc/Codegen/Common/KernelRunner.h"
#include "segc/Reference/Products.h"
#include "segc/Reference/Reference.h"

using namespace mlir;

namespace segc {

using reference::HostTensor;

llvm::Expected<KernelDeviation>
checkKernel(seg::FusionOp fusion, const Target &target, ArrayRef<int> inPlace,
            const KernelRun &run, const KernelCheckOptions &options) {
  const KernelModel *model = target.backend->modelOf(fusion);
  if (!model)
    return llvm::createStringError("the strategy is that of no kernel");
  std::vector<HostTensor> inputs;
  for (BlockArgument argument : fusion.getBody().getArguments())
    inputs.push_back(makeInput(argument, options.classes));
  KernelOperands operands(fusion, inPlace, inputs);
  KernelDeviation worst;
  worst.fault = operands.run(run);
  std::vector<HostTensor> actual = operands.read();

  std::vector<int64_t> elements;
  if (Operation *root = fusion.getRoot();
      root && reference::multiplies(root) && !options.full)
    elements = sampledElements(root, options.products);
  auto checks = evaluateChecks(fusion, *model, inputs, actual, elements,
                               /*elsewhere=*/false);
  if (!checks)
    return checks.takeError();
  for (auto [check, tensor] : llvm::zip_equal(*checks, actual)) {
    KernelDeviation deviation = check.compare(tensor);
    deviation.elements += worst.elements;
    deviation.compared += worst.compared;
    if (!worst.fault.empty())
      deviation.fault = worst.fault;
    bool worse = deviation.excess() >= worst.excess();
    if (worse) {
      worst = deviation;
      continue;
    }
    worst.elements = deviation.elements;
    worst.compared = deviation.compared;
    worst.fault = deviation.fault;
  }
  return worst;
}

llvm::Expected<KernelDeviation> checkKernel(seg::FusionOp fusion,
                                            const Target &target,
                                            ArrayRef<int> inPlace,
                                            const KernelCheckOptions &options) {
  auto runner = KernelRunner::compile(fusion, target);
  if (!runner)
    return runner.takeError();
  return checkKernel(
      fusion, target, inPlace,
      [&](ArrayRef<void *> operands) {
        return (*runner)->run(0, operands, options.batch);
      },
      options);
}

} // namespace segc
