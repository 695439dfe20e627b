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
#include "llvm/Support/ErrorHandling.h"
#include "llvm/TargetParser/Host.h"

namespace segc {

double CpuTarget::modelledSeconds(double flops, double bytes,
                                  double cores) const {
  return std::max(flops / peakFlops(), bytes / bytesPerSecond) / cores;
}

llvm::StringRef multiplyTypeName(MultiplyType multiplyType) {
  switch (multiplyType) {
  case MultiplyType::F32:
    return "f32";
  case MultiplyType::Bf16:
    return "bf16";
  case MultiplyType::F16:
    return "f16";
  case MultiplyType::Fixed:
    return "fixed";
  }
  llvm_unreachable("no such products");
}

std::optional<MultiplyType> lookupMultiplyType(llvm::StringRef name) {
  for (MultiplyType multiplyType :
       {MultiplyType::F32, MultiplyType::Bf16, MultiplyType::F16, MultiplyType::Fixed})
    if (multiplyTypeName(multiplyType) == name)
      return multiplyType;
  return std::nullopt;
}

std::optional<MultiplyTypeSet> lookupMultiplyTypeSet(llvm::StringRef name) {
  using Set = std::optional<MultiplyTypeSet>;
  return llvm::StringSwitch<Set>(name)
      .Case("auto", MultiplyTypeSet{MultiplyType::Bf16, MultiplyType::F16, MultiplyType::Fixed})
      .Case("f32", MultiplyTypeSet{})
      .Case("bf16", MultiplyTypeSet{MultiplyType::Bf16})
      .Case("f16", MultiplyTypeSet{MultiplyType::Bf16, MultiplyType::F16})
      .Case("fixed", MultiplyTypeSet{MultiplyType::Fixed})
      .Default(std::nullopt);
}

static const std::vector<CpuTarget> &allTargets() {
  static const std::vector<CpuTarget> targets = [] {
    CpuTarget v3;
    v3.name = v3.llvmCpu = "x86-64-v3";
    v3.features = {"avx2", "fma", "f16c"};
    v3.l2Bytes = 512 << 10;
    CpuTarget v4 = v3;
    v4.name = v4.llvmCpu = "x86-64-v4";
    for (const char *feature :
         {"avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"})
      v4.features.push_back(feature);
    v4.lanes = 16, v4.registers = 32;
    v4.l1Bytes = 48 << 10, v4.l2Bytes = 1 << 20;
    CpuTarget vnni = v4;
    vnni.name = "x86-64-v4-vnni", vnni.llvmFeatures = "+avx512vnni";
    vnni.features.push_back("avx512vnni");
    vnni.multiplyTypes.insert(MultiplyType::Fixed);
    // No processor has bf16 without VNNI.
    CpuTarget bf16 = vnni;
    bf16.name = "x86-64-v4-bf16", bf16.llvmFeatures += ",+avx512bf16";
    bf16.features.push_back("avx512bf16");
    bf16.multiplyTypes.insert(MultiplyType::Bf16);
    CpuTarget fp16 = bf16;
    fp16.name = "x86-64-v4-fp16", fp16.llvmFeatures += ",+avx512fp16";
    fp16.features.push_back("avx512fp16");
    fp16.multiplyTypes.insert(MultiplyType::F16);
    return std::vector<CpuTarget>{v3, v4, vnni, bf16, fp16};
  }();
  return targets;
}

std::optional<CpuTarget> lookupCpuTarget(llvm::StringRef name) {
  for (const CpuTarget &target : allTargets())
    if (target.name == name)
      return target;
  return std::nullopt;
}

llvm::ArrayRef<llvm::StringRef> cpuTargetNames() {
  static const llvm::StringRef names[] = {"x86-64-v3", "x86-64-v4",
                                          "x86-64-v4-vnni", "x86-64-v4-bf16",
                                          "x86-64-v4-fp16"};
  return names;
}

std::vector<llvm::StringRef> cpuTargetNames(MultiplyTypeSet multiplyTypes) {
  std::vector<llvm::StringRef> names;
  int64_t lanes = 0;
  MultiplyTypeSet known{};
  for (llvm::StringRef name : cpuTargetNames()) {
    CpuTarget target = *lookupCpuTarget(name);
    MultiplyTypeSet own = target.multiplyTypes & multiplyTypes;
    if (target.lanes == lanes && own == known)
      continue;
    names.push_back(name);
    lanes = target.lanes, known = own;
  }
  return names;
}

std::optional<CpuTarget> hostCpuTarget(MultiplyTypeSet multiplyTypes) {
  llvm::StringMap<bool> features = llvm::sys::getHostCPUFeatures();
  for (llvm::StringRef name : llvm::reverse(cpuTargetNames(multiplyTypes))) {
    CpuTarget target = *lookupCpuTarget(name);
    if (llvm::all_of(target.features,
                     [&](const std::string &f) { return features.lookup(f); }))
      return target;
  }
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
