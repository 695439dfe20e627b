//===- FactorCopies.cpp ---------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "FactorCopies.h"

#include "MmaBlock.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/NVGPU/IR/NVGPUDialect.h"

using namespace mlir;

namespace segc {

FactorCopies::FactorCopies(GpuKernelBody &k, MultiplyType multiplyType,
                           int64_t elements)
    : piece(multiplyType == MultiplyType::Tf32 ? 4 : 8),
      memory(k.sharedView(factorType(k.builder().getContext(), multiplyType),
                          elements)),
      k(k), multiplyType(multiplyType) {}

bool FactorCopies::mayCopy(const GemmRun &run, int64_t lanes) const {
  return run.isPacked ||
         (run.memref &&
          copiesAsynchronously(getElementTypeOrSelf(run.memref.getType()),
                               lanes, multiplyType));
}

void FactorCopies::copy(const GemmRun &run, int64_t lanes, Value to) {
  OpBuilder &b = k.builder();
  int64_t packed = run.isPacked ? 2 : 1, count = lanes / packed;
  Value none = k.index(0), all = k.index(count);
  auto ifInside = [&](Value value) {
    return arith::SelectOp::create(b, k.loc(), run.inside, value, none)
        .getResult();
  };
  nvgpu::DeviceAsyncCopyOp::create(
      b, k.loc(), nvgpu::DeviceAsyncTokenType::get(b.getContext()),
      run.isPacked ? k.scratch() : memory, k.div(to, packed), run.memref,
      ifInside(k.div(run.element, packed)), b.getIndexAttr(count),
      ifInside(all), lanes == piece ? b.getUnitAttr() : UnitAttr());
}

Value FactorCopies::load(const GemmRun &run, int64_t lanes) {
  return k.ifElse(
      run.inside, [&] { return k.asStored(run.load(lanes), memory); },
      [&] { return k.asStored(k.zeroVector(lanes), memory); });
}

Value FactorCopies::begin(GemmRun run, const GemmRuns &runs, int64_t i,
                          llvm::function_ref<Value()> place) {
  if (mayCopy(run, runs.lanes)) {
    Value to = place();
    runs.ifExists(k, i, [&] { copy(run, runs.lanes, to); });
    return nullptr;
  }
  run.inside = runs.inside(k, i, run.inside);
  return load(run, runs.lanes);
}

void FactorCopies::store(Value value, const GemmRuns &runs, int64_t i,
                         Value to) {
  runs.ifExists(k, i, [&] { k.store(value, memory, to); });
}

void FactorCopies::bring(
    int64_t runs, int64_t lanes,
    llvm::function_ref<std::pair<GemmRun, Value>(Value)> runAndTo) {
  constexpr int64_t together = 4;
  int64_t threads = k.threads(),
          ofThread = std::min(together, divideUp(runs, threads)),
          step = ofThread * threads;
  auto ifExists = [&](Value exists, llvm::function_ref<void()> body) {
    if (exists)
      k.ifThen(exists, body);
    else
      body();
  };
  auto bringSome = [&](Value first) {
    SmallVector<std::tuple<Value, Value, Value>> loaded; // If, what, where to.
    for (int64_t i = 0; i < ofThread; ++i) {
      Value number = k.add(first, k.add(k.thread(), i * threads)), exists;
      if (runs <= step ? (i + 1) * threads > runs : runs % step != 0)
        exists = k.less(number, k.index(runs));
      auto [run, to] = runAndTo(number);
      if (mayCopy(run, lanes)) {
        ifExists(exists, [&, &run = run, to = to] { copy(run, lanes, to); });
        continue;
      }
      if (exists)
        run.inside = k.both(run.inside, exists);
      loaded.push_back({exists, load(run, lanes), to});
    }
    for (auto [exists, value, to] : loaded)
      ifExists(exists,
               [&, value = value, to = to] { k.store(value, memory, to); });
  };
  // The same number of times in all threads, which then multiply together.
  if (runs <= step)
    bringSome(k.index(0));
  else
    k.loop(k.index(0), k.index(runs), step, bringSome);
}

void FactorCopies::waitForCopies(int64_t groups) {
  NVVM::CpAsyncWaitGroupOp::create(k.builder(), k.loc(), groups);
  k.barrier();
}

} // namespace segc
