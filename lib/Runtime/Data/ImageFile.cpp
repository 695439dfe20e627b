//===- ImageFile.cpp - Reading of image files within limits ---------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ImageFile.h"
#include "segc/Base/Files.h"

using namespace segc;

/// Headers, directories of pages and extensions beside the pixels.
static constexpr uint64_t headerRoom = uint64_t{64} << 20;

StatusOr<std::string> segc::readImageFile(const std::string &path,
                                          const ImageLimits &limits) {
  SEGC_ASSIGN_OR_RETURN(uint64_t bytes, fileSize(path));
  if (bytes > headerRoom)
    SEGC_RETURN_IF_ERROR(limits.check(bytes - headerRoom, path));
  return readFile(path, bytes);
}
