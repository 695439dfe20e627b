//===- nifti_fuzzer.cpp - Damaged NIfTI files -----------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// libFuzzer: a volume is as large as it says, whatever the bytes.
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Data/Nifti.h"

#include <cstddef>
#include <cstdint>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  std::string_view input(reinterpret_cast<const char *>(data), size);
  segc::Expected<segc::Volume> volume = segc::decodeNifti(input, "input.nii");
  if (volume &&
      volume->voxels.size() !=
          static_cast<size_t>(volume->geometry.voxels() * volume->channels))
    __builtin_trap();
  return 0;
}
