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

llvm::StringRef productsName(Products products) {
  switch (products) {
  case Products::F32:
    return "f32";
  case Products::Bf16:
    return "bf16";
  case Products::F16:
    return "f16";
  case Products::Fixed:
    return "fixed";
  }
  llvm_unreachable("no such products");
}

std::optional<Products> lookupProducts(llvm::StringRef name) {
  for (Products products :
       {Products::F32, Products::Bf16, Products::F16, Products::Fixed})
    if (productsName(products) == name)
      return products;
  return std::nullopt;
}

std::optional<ProductSet> lookupProductSet(llvm::StringRef name) {
  using Set = std::optional<ProductSet>;
  return llvm::StringSwitch<Set>(name)
      .Case("auto", ProductSet{Products::Bf16, Products::F16, Products::Fixed})
      .Case("f32", ProductSet{})
      .Case("bf16", ProductSet{Products::Bf16})
      .Case("f16", ProductSet{Products::Bf16, Products::F16})
      .Case("fixed", ProductSet{Products::Fixed})
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
    vnni.products.insert(Products::Fixed);
    // No processor has bf16 without VNNI.
    CpuTarget bf16 = vnni;
    bf16.name = "x86-64-v4-bf16", bf16.llvmFeatures += ",+avx512bf16";
    bf16.features.push_back("avx512bf16");
    bf16.products.insert(Products::Bf16);
    CpuTarget fp16 = bf16;
    fp16.name = "x86-64-v4-fp16", fp16.llvmFeatures += ",+avx512fp16";
    fp16.features.push_back("avx512fp16");
    fp16.products.insert(Products::F16);
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

std::vector<llvm::StringRef> cpuTargetNames(ProductSet products) {
  std::vector<llvm::StringRef> names;
  int64_t lanes = 0;
  ProductSet known{};
  for (llvm::StringRef name : cpuTargetNames()) {
    CpuTarget target = *lookupCpuTarget(name);
    ProductSet own = target.products & products;
    if (target.lanes == lanes && own == known)
      continue;
    names.push_back(name);
    lanes = target.lanes, known = own;
  }
  return names;
}

std::optional<CpuTarget> hostCpuTarget(ProductSet products) {
  llvm::StringMap<bool> features = llvm::sys::getHostCPUFeatures();
  for (llvm::StringRef name : llvm::reverse(cpuTargetNames(products))) {
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
