//===- VolumeFuzzer.h - What any decoded volume keeps -----------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_UNITTESTS_FUZZ_VOLUMEFUZZER_H
#define SEGC_UNITTESTS_FUZZ_VOLUMEFUZZER_H

#include "segc/Base/Status.h"
#include "segc/Runtime/Data/Volume.h"

namespace segc::fuzz {

/// Stops the process if a volume has not the size that it states.
inline void checkVolume(const StatusOr<Volume> &volume) {
  if (!volume)
    return;
  const size_t voxels = volume->voxels.size();
  if (voxels !=
      static_cast<size_t>(volume->geometry.voxels() * volume->channels))
    __builtin_trap();
  // The accesses are to both ends of the array.
  volatile float first = volume->voxels[0], last = volume->voxels[voxels - 1];
  (void)first;
  (void)last;
  volume->voxels.firstNotFinite(0, voxels);
}

} // namespace segc::fuzz

#endif // SEGC_UNITTESTS_FUZZ_VOLUMEFUZZER_H
