//===- CpuTarget.cpp ------------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Target/CpuStrategyContext.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringSwitch.h"
#include "llvm/TargetParser/Host.h"

namespace segc {

double CpuTarget::modelledSeconds(double flops, double bytes,
                                  double cores) const {
  return std::max(flops / peakFlops(), bytes / bytesPerSecond) / cores;
}

static const std::vector<CpuTarget> &allTargets() {
  static const std::vector<CpuTarget> targets = {
      {"x86-64-v3",
       "x86-64-v3",
       {"avx2", "fma", "f16c"},
       8,
       16,
       32 << 10,
       512 << 10},
      {"x86-64-v4",
       "x86-64-v4",
       {"avx2", "fma", "f16c", "avx512f", "avx512bw", "avx512cd", "avx512dq",
        "avx512vl"},
       16,
       32,
       48 << 10,
       1 << 20},
  };
  return targets;
}

std::optional<CpuTarget> lookupCpuTarget(llvm::StringRef name) {
  for (const CpuTarget &target : allTargets())
    if (target.name == name)
      return target;
  return std::nullopt;
}

llvm::ArrayRef<llvm::StringRef> cpuTargetNames() {
  static const llvm::StringRef names[] = {"x86-64-v3", "x86-64-v4"};
  return names;
}

std::optional<CpuTarget> hostCpuTarget() {
  llvm::StringMap<bool> features = llvm::sys::getHostCPUFeatures();
  for (const CpuTarget &target : llvm::reverse(allTargets()))
    if (llvm::all_of(target.features,
                     [&](const std::string &f) { return features.lookup(f); }))
      return target;
  return std::nullopt;
}

std::optional<WinogradTiles> lookupWinogradTiles(llvm::StringRef name) {
  return llvm::StringSwitch<std::optional<WinogradTiles>>(name)
      .Case("off", WinogradTiles::Off)
      .Case("f2", WinogradTiles::F2)
      .Case("f4", WinogradTiles::F4)
      .Default(std::nullopt);
}

} // namespace segc
