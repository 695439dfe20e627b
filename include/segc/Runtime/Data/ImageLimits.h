//===- ImageLimits.h - Size limits of images --------------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_RUNTIME_DATA_IMAGELIMITS_H
#define SEGC_RUNTIME_DATA_IMAGELIMITS_H

#include "segc/Base/Status.h"

#include <cstdint>
#include <string>

namespace segc {

/// Compressed files of a megabyte can unpack to gigabytes, by mistake or on
/// purpose.
struct ImageLimits {
  /// Of the voxels or pixels of one file as they are stored, unpacked.
  uint64_t maxBytes = uint64_t{1} << 30;

  /// An error if an image of `bytes` is too large.
  Status check(uint64_t bytes, const std::string &where) const {
    if (bytes <= maxBytes)
      return Status::success();
    return unsupported(where + ": " + std::to_string(bytes) +
                       " bytes unpacked, expected at most " +
                       std::to_string(maxBytes) +
                       "; allow more with --max-image-bytes if the file is "
                       "what it should be");
  }
};

} // namespace segc

#endif // SEGC_RUNTIME_DATA_IMAGELIMITS_H
