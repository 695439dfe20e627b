//===- ImageFile.h - Reading of image files within limits -------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_LIB_RUNTIME_DATA_IMAGEFILE_H
#define SEGC_LIB_RUNTIME_DATA_IMAGEFILE_H

#include "segc/Base/Status.h"
#include "segc/Runtime/Data/ImageLimits.h"

#include <cstdint>
#include <exception>
#include <string>

namespace segc {

/// The bytes of a file that is not larger than an image may be. `where` of
/// errors is the path.
StatusOr<std::string> readImageFile(const std::string &path,
                                    const ImageLimits &limits);

/// Resizes a container; where the system has no memory left that is an error
/// of this image.
template <typename Container>
Status allocate(Container &container, uint64_t count,
                const std::string &where) {
  try {
    container.resize(count);
  } catch (const std::exception &) {
    return ioError(
        where + ": no memory for " +
        std::to_string(count * sizeof(typename Container::value_type)) +
        " bytes; free some or raise the limit of this process");
  }
  return Status::success();
}

} // namespace segc

#endif // SEGC_LIB_RUNTIME_DATA_IMAGEFILE_H
