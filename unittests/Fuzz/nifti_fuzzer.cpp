//===- nifti_fuzzer.cpp - Damaged NIfTI files -----------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// libFuzzer: for any bytes, of a file or of a pair, a decoded volume has the
// size that it states.
//
//===----------------------------------------------------------------------===//

#include "VolumeFuzzer.h"
#include "segc/Runtime/Data/Nifti.h"

#include <cstddef>
#include <cstdint>
#include <string>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  std::string input(reinterpret_cast<const char *>(data), size);
  // The same bytes as a pair: what follows a header of NIfTI-1 are its voxels.
  constexpr size_t headerBytes = 348;
  if (size > headerBytes)
    segc::fuzz::checkVolume(segc::decodeNiftiPair(
        input, input.substr(headerBytes), "input.hdr", "input.img", {1 << 24}));
  segc::fuzz::checkVolume(
      segc::decodeNifti(std::move(input), "input.nii", {1 << 24}));
  return 0;
}
