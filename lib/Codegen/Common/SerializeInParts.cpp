//===- SerializeInParts.cpp - Parallel code generation --------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Codegen/Common/SerializeInParts.h"
#include "segc/Base/StableSort.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/Threading.h"

using namespace mlir;

namespace segc {

/// Distributes the functions of a lowered module over `parts` modules with
/// about equal numbers of ops, to which the time of code generation is
/// proportional.
static std::vector<OwningOpRef<ModuleOp>> partition(ModuleOp module,
                                                    unsigned parts) {
  std::vector<OwningOpRef<ModuleOp>> modules(parts);
  for (auto &part : modules)
    part = ModuleOp::create(module.getLoc());
  std::vector<std::pair<size_t, LLVM::LLVMFuncOp>> functions;
  for (Operation &op : *module.getBody()) {
    auto function = dyn_cast<LLVM::LLVMFuncOp>(op);
    if (!function) {
      // Constant tables are private, so every part needs its own copy.
      for (auto &part : modules)
        part->push_back(op.clone());
      continue;
    }
    size_t ops = 0;
    function.walk([&](Operation *) { ++ops; });
    functions.push_back({ops, function});
  }
  stableSort(functions,
             [](const auto &a, const auto &b) { return a.first > b.first; });
  std::vector<size_t> load(parts);
  for (auto &[ops, function] : functions) {
    size_t lightest = std::min_element(load.begin(), load.end()) - load.begin();
    load[lightest] += ops;
    modules[lightest]->push_back(function->clone());
  }
  return modules;
}

llvm::Expected<SerializedKernels> serializeInParts(
    ModuleOp lowered, unsigned jobs,
    llvm::function_ref<llvm::Expected<CodeBytes>(ModuleOp)> generate) {
  // Each part is a file that is open while it is linked.
  constexpr unsigned maxParts = 64;
  std::vector<OwningOpRef<ModuleOp>> parts =
      partition(lowered, std::clamp(jobs, 1u, maxParts));
  SerializedKernels results;
  results.objects.resize(parts.size());
  std::vector<std::string> errors(parts.size());
  // All parts share the context. Its tables have no locks if multithreading is
  // disabled, which keeps remarks of passes in order.
  MLIRContext *context = lowered.getContext();
  bool locked = context->isMultithreadingEnabled();
  context->enableMultithreading();
  parallelFor(context, 0, parts.size(), [&](size_t i) {
    llvm::Expected<CodeBytes> bytes = generate(*parts[i]);
    if (bytes)
      results.objects[i] = std::move(*bytes);
    else
      errors[i] = llvm::toString(bytes.takeError());
  });
  context->enableMultithreading(locked);
  for (const std::string &error : errors)
    if (!error.empty())
      return llvm::createStringError(error);
  return results;
}

} // namespace segc
