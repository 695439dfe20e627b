//===- GpuTarget.cpp ------------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Codegen/GPU/GpuTarget.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/MathExtras.h"

namespace segc {

llvm::ArrayRef<llvm::StringRef> gpuTargetNames() {
  static const llvm::StringRef names[] = {"sm_80", "sm_90", "sm_90a"};
  return names;
}

std::optional<GpuTarget> lookupGpuTarget(llvm::StringRef chip) {
  if (!llvm::is_contained(gpuTargetNames(), chip))
    return std::nullopt;
  GpuTarget target;
  target.name = chip.str();
  target.hasWarpgroups = chip == "sm_90a";
  bool isHopper = chip != "sm_80"; // H100; else A100.
  target.hasDependentLaunches = isHopper;
  target.sharedBytes = (isHopper ? 227 : 163) << 10;
  target.multiprocessors = isHopper ? 132 : 108;
  // The driver of an H200 said so (bench/gpu/cluster_limits.py).
  target.clusterMultiprocessors = isHopper ? 120 : 0;
  target.peakFlops = isHopper ? 52e12 : 19e12;
  target.multiplyTypes = {MultiplyType::Tf32, MultiplyType::Bf16,
                          MultiplyType::F16};
  target.rate16Bit = 16;
  target.rate8Bit = 2 * target.rate16Bit;
  target.bytesPerSecond = isHopper ? 3.0e12 : 1.5e12;
  target.l2BytesPerSecond = isHopper ? 5.5e12 : 4e12;
  return target;
}

namespace {
/// What was measured on a device: large products of matrices and a copy
/// (bench/results has them of the H100). Both are of compute capability 9.0.
struct DeviceFigures {
  llvm::StringRef name;
  int64_t multiprocessors;
  double f32, bits16, bytesPerSecond, l2BytesPerSecond;
};
constexpr DeviceFigures devices[] = {
    {"h100", 132, 51.3e12, 786e12, 2.99e12, 5.5e12},
    {"h200", 132, 51.3e12, 790e12, 4.3e12, 5.5e12}};
} // namespace

llvm::ArrayRef<llvm::StringRef> gpuDeviceNames() {
  static const llvm::StringRef names[] = {devices[0].name, devices[1].name};
  return names;
}

std::optional<GpuTarget> gpuOnDevice(const GpuTarget &target,
                                     llvm::StringRef device) {
  const auto *figures = llvm::find_if(
      devices, [&](const auto &each) { return each.name == device; });
  if (figures == std::end(devices))
    return std::nullopt;
  GpuTarget result = target;
  result.multiprocessors = figures->multiprocessors;
  result.peakFlops = figures->f32;
  result.rate16Bit = figures->bits16 / figures->f32;
  result.rate8Bit = 2 * result.rate16Bit;
  result.bytesPerSecond = figures->bytesPerSecond;
  result.l2BytesPerSecond = figures->l2BytesPerSecond;
  return result;
}

int64_t GpuTarget::residentBlocks(int64_t threads, int64_t registersOfThread,
                                  int64_t sharedBytesOfBlock) const {
  constexpr int64_t warp = 32, maxBlocks = 32, registerUnit = 8,
                    reservedBytes = 1 << 10; // Of shared memory, a block.
  int64_t warps = llvm::divideCeil(threads, warp);
  int64_t ofBlock =
      warps * warp *
      llvm::alignTo(std::max<int64_t>(registersOfThread, 1), registerUnit);
  int64_t blocks = std::min(maxBlocks, residentThreads / (warps * warp));
  blocks = std::min(blocks, registers / ofBlock);
  // A block may have all but what is reserved for it.
  return std::min(blocks, (sharedBytes + reservedBytes) /
                              (sharedBytesOfBlock + reservedBytes));
}

} // namespace segc
