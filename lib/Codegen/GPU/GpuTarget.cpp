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
  return target;
}

} // namespace segc
