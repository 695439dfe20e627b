//===- CpuTarget.cpp ------------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Codegen/CPU/CpuStrategyContext.h"

#include "segc/model_tables.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/TargetParser/Host.h"

namespace segc {

static uint32_t featureBits(const CpuTarget &target) {
  if (target.architecture != "x86_64")
    return 0; // What each processor of the architecture has.
  uint32_t bits = SEGC_FEATURE_SSE42;
  if (target.lanes >= 8)
    bits |= SEGC_FEATURE_AVX2;
  if (target.lanes == 16)
    bits |= SEGC_FEATURE_AVX512;
  for (auto [multiplyType, bit] :
       {std::pair(MultiplyType::Fixed, SEGC_FEATURE_AVX512_VNNI),
        std::pair(MultiplyType::Bf16, SEGC_FEATURE_AVX512_BF16),
        std::pair(MultiplyType::F16, SEGC_FEATURE_AVX512_FP16)})
    if (target.multiplyTypes.contains(multiplyType))
      bits |= bit;
  return bits;
}

static const std::vector<CpuTarget> &allTargets() {
  static const std::vector<CpuTarget> targets = [] {
    CpuTarget arm;
    arm.name = "armv8-a", arm.llvmCpu = "generic", arm.architecture = "aarch64";
    arm.features = {"neon"};
    arm.lanes = 4, arm.registers = 32;
    arm.l2Bytes = 512 << 10;
    arm.isDefault = false;
    CpuTarget v2;
    v2.name = v2.llvmCpu = "x86-64-v2", v2.architecture = "x86_64";
    v2.features = {"sse4.2"};
    v2.lanes = 4, v2.fmaUnits = 1;
    v2.l2Bytes = 256 << 10;
    v2.fusedMultiplyAdd = v2.isDefault = false;
    CpuTarget v3;
    v3.name = v3.llvmCpu = "x86-64-v3", v3.architecture = "x86_64";
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
    std::vector<CpuTarget> targets = {arm, v2, v3, v4, vnni, bf16, fp16};
    for (CpuTarget &target : targets) {
      target.peakFlops = 2 * target.fmaUnits *
                         static_cast<double>(target.lanes) * target.clockHz;
      target.bytesPerSecond = 12e9;
      target.featureBits = featureBits(target);
    }
    return targets;
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
  static const llvm::StringRef names[] = {
      "armv8-a",        "x86-64-v2",      "x86-64-v3",     "x86-64-v4",
      "x86-64-v4-vnni", "x86-64-v4-bf16", "x86-64-v4-fp16"};
  return names;
}

std::vector<llvm::StringRef> cpuTargetNames(MultiplyTypeSet multiplyTypes) {
  std::vector<llvm::StringRef> names;
  int64_t lanes = 0;
  MultiplyTypeSet known{};
  for (llvm::StringRef name : cpuTargetNames()) {
    CpuTarget target = *lookupCpuTarget(name);
    MultiplyTypeSet own = target.multiplyTypes & multiplyTypes;
    if (!target.isDefault || (target.lanes == lanes && own == known))
      continue;
    names.push_back(name);
    lanes = target.lanes, known = own;
  }
  return names;
}

std::optional<CpuTarget> hostCpuTarget(MultiplyTypeSet multiplyTypes) {
  llvm::StringMap<bool> features = llvm::sys::getHostCPUFeatures();
  std::vector<llvm::StringRef> names = {"armv8-a", "x86-64-v2"};
  llvm::append_range(names, cpuTargetNames(multiplyTypes));
  for (llvm::StringRef name : llvm::reverse(names)) {
    CpuTarget target = *lookupCpuTarget(name);
    if (llvm::all_of(target.features,
                     [&](const std::string &f) { return features.lookup(f); }))
      return target;
  }
  return std::nullopt;
}

CpuStrategyContext cpuContext(const StrategyContext &context) {
  CpuStrategyContext own{
      static_cast<const CpuTarget &>(*context.target.version)};
  own.winograd = context.winograd;
  own.allowedMultiplyTypes = context.multiplyTypes;
  own.training = context.training;
  own.threads = context.threads;
  own.constantFilter = context.constantOperand;
  return own;
}

} // namespace segc
