//===- GpuTarget.cpp ------------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Codegen/GPU/GpuTarget.h"

#include "llvm/ADT/STLExtras.h"

namespace segc {

llvm::ArrayRef<llvm::StringRef> gpuTargetNames() {
  static const llvm::StringRef names[] = {"sm_80", "sm_90"};
  return names;
}

std::optional<GpuTarget> lookupGpuTarget(llvm::StringRef chip) {
  if (!llvm::is_contained(gpuTargetNames(), chip))
    return std::nullopt;
  GpuTarget target;
  target.name = chip.str();
  bool isHopper = chip == "sm_90"; // H100; else A100.
  target.sharedBytes = (isHopper ? 227 : 163) << 10;
  target.multiprocessors = isHopper ? 132 : 108;
  target.peakFlops = isHopper ? 52e12 : 19e12;
  target.multiplyTypes = {MultiplyType::Bf16, MultiplyType::F16};
  target.rate16Bit = 16;
  target.bytesPerSecond = isHopper ? 3.0e12 : 1.5e12;
  target.l2BytesPerSecond = isHopper ? 5.5e12 : 4e12;
  return target;
}

} // namespace segc
