//===- KernelRemarks.cpp --------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Driver/Report/KernelRemarks.h"

#include "mlir/IR/Remarks.h"
#include "segc/Program/Programs.h"

using namespace mlir;

namespace segc::report {

static std::string placeKey(llvm::StringRef cpu, llvm::StringRef entry) {
  return (cpu + "/" + entry).str();
}

void KernelRemarks::note(ModuleOp module, llvm::StringRef cpu) {
  for (auto program : module.getOps<exec::ProgramOp>()) {
    std::vector<Place> &list = places[placeKey(cpu, program.getSymName())];
    for (exec::LaunchOp launch : launchesOf(program))
      list.push_back({launch.getLoc(), launch.getLayer().value_or("").str(),
                      kernelOf(launch)});
  }
}

void KernelRemarks::emit(const Report &report) const {
  auto samples = static_cast<double>(report.batch());
  for (const Version &version : report.versions)
    for (const Entry &entry : version.entries) {
      auto known = places.find(placeKey(version.target.name, entry.name));
      if (known == places.end())
        continue;
      for (auto [kernel, place] : llvm::zip(entry.kernels, known->second)) {
        auto remark = remark::analysis(
            place.location,
            remark::RemarkOpts::name("kernel").category("kernel").function(
                entry.name));
        if (!remark)
          return;
        remark << remark::add("seg.{0}", kernel.root)
               << remark::metric("entry", entry.name)
               << remark::metric("layer", place.layer)
               << remark::metric("kernel", place.kernel)
               << remark::metric("cpu", version.target.name)
               << remark::metric("strategy", kernel.strategyKind)
               << remark::metric("samples", report.batch())
               << remark::metric("bytes", kernel.bytes() * samples)
               << remark::metric("flops", kernel.flops() * samples)
               << remark::metric("modelled_ms",
                                 report.modelledSeconds(version, kernel,
                                                        /*cores=*/1) *
                                     1e3);
        if (std::optional<double> seconds = kernel.seconds())
          remark << remark::metric("measured_ms", *seconds * 1e3);
      }
    }
}

} // namespace segc::report
