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

Products CpuTarget::bestProducts(Products most) const {
  if (f16Products && most == Products::F16)
    return Products::F16;
  return bf16Products ? std::min(most, Products::Bf16) : Products::F32;
}

llvm::StringRef productsName(Products products) {
  switch (products) {
  case Products::F32:
    return "f32";
  case Products::Bf16:
    return "bf16";
  case Products::F16:
    return "f16";
  }
  llvm_unreachable("no such products");
}

std::optional<Products> lookupProducts(llvm::StringRef name) {
  for (Products products : {Products::F32, Products::Bf16, Products::F16})
    if (productsName(products) == name)
      return products;
  return std::nullopt;
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
    CpuTarget bf16 = v4;
    bf16.name = "x86-64-v4-bf16", bf16.llvmFeatures = "+avx512bf16";
    bf16.features.push_back("avx512bf16");
    bf16.bf16Products = true;
    CpuTarget fp16 = bf16;
    fp16.name = "x86-64-v4-fp16";
    fp16.llvmFeatures = "+avx512bf16,+avx512fp16";
    fp16.features.push_back("avx512fp16");
    fp16.f16Products = true;
    return std::vector<CpuTarget>{v3, v4, bf16, fp16};
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
                                          "x86-64-v4-bf16", "x86-64-v4-fp16"};
  return names;
}

llvm::ArrayRef<llvm::StringRef> cpuTargetNames(Products most) {
  llvm::ArrayRef<llvm::StringRef> names = cpuTargetNames();
  auto adds = [&](llvm::StringRef name) {
    return lookupCpuTarget(name)->bestProducts(Products::F16) > most;
  };
  while (adds(names.back()))
    names = names.drop_back();
  return names;
}

std::optional<CpuTarget> hostCpuTarget(Products most) {
  llvm::StringMap<bool> features = llvm::sys::getHostCPUFeatures();
  for (llvm::StringRef name : llvm::reverse(cpuTargetNames(most))) {
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
