//===- ExposedCommunication.cpp - What an order leaves exposed ------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ExposedCommunication.h"

#include "segc/Dialect/Exec/IR/ExecDialect.h"
#include "segc/Dialect/Seg/IR/ShapeFunctions.h"
#include "segc/Transforms/Layout.h"
#include "segc/Transforms/Passes.h"

using namespace mlir;

namespace segc {

/// Enough to compare orders.
static constexpr size_t mostBuckets = 8;

ExposedCommunication::ExposedCommunication(func::FuncOp entry,
                                           const Target &target, double cores,
                                           const Link &link)
    : link(link),
      undecayed(undecayedOffset(entry->getParentOfType<ModuleOp>())) {
  DenseMap<Operation *, int> kernels;
  for (auto step : entry.getOps<seg::ScheduledOpInterface>()) {
    kernels[step] = static_cast<int>(kernelSeconds.size());
    if (auto reduce = dyn_cast<seg::AllReduceOp>(*step)) {
      int64_t bytes = 0;
      for (Value value : reduce.getInputs())
        bytes += seg::tensorBytes(value);
      between[kernels[step]] = link.seconds(bytes);
      kernelSeconds.push_back(0);
      continue;
    }
    kernelSeconds.push_back(target.backend->seconds(step, *target.version) /
                            cores);
  }
  Operation *end = entry.getBody().front().getTerminator();
  for (auto [i, value] : llvm::enumerate(end->getOperands())) {
    auto region = entry.getResultAttrOfType<StringAttr>(i, regionAttrName);
    auto offset = entry.getResultAttrOfType<IntegerAttr>(i, offsetAttrName);
    auto kernel = kernels.find(value.getDefiningOp());
    if (region && offset && kernel != kernels.end() &&
        region.getValue() == exec::stringifyRegion(exec::Region::Gradients)) {
      gradients.push_back({offset.getInt(), seg::tensorBytes(value)});
      writers.push_back(kernel->second);
    }
  }
}

double ExposedCommunication::seconds(const KernelOrder &order) const {
  SmallVector<double> ends(kernelSeconds.size());
  StepWork work;
  for (int kernel : order) {
    ends[kernel] = work.kernels += kernelSeconds[kernel];
    if (auto found = between.find(kernel); found != between.end())
      work.between.push_back({work.kernels, found->second});
  }
  SmallVector<PlacedGradient> placed = gradients;
  for (auto [gradient, writer] : llvm::zip_equal(placed, writers))
    gradient.ready = ends[writer];
  return scheduleGradients(placed, undecayed, work, link, mostBuckets)
             .split.done -
         work.kernels;
}

} // namespace segc
