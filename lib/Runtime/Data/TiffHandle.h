//===- TiffHandle.h - libtiff on bytes in memory ----------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_LIB_RUNTIME_DATA_TIFFHANDLE_H
#define SEGC_LIB_RUNTIME_DATA_TIFFHANDLE_H

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <tiffio.h>

namespace segc::tiff {

/// A file in memory, and what libtiff had to say about it.
struct MemoryFile {
  std::string_view input; // When reading.
  std::string output;     // When writing.
  bool writing = false;
  uint64_t position = 0;
  std::string error;

  std::string_view bytes() const {
    return writing ? std::string_view(output) : input;
  }
};

using TiffHandle = std::unique_ptr<TIFF, void (*)(TIFF *)>;

/// Null on failure. Every allocation that libtiff makes on its own is bounded
/// by `maxAllocation`; `file` must outlive the handle.
TiffHandle openTiff(MemoryFile &file, const char *mode, uint64_t maxAllocation);

} // namespace segc::tiff

#endif // SEGC_LIB_RUNTIME_DATA_TIFFHANDLE_H
