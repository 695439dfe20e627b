//===- ForeignFormats.h - Names of unsupported file formats -----*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_LIB_RUNTIME_DATA_FOREIGNFORMATS_H
#define SEGC_LIB_RUNTIME_DATA_FOREIGNFORMATS_H

#include <string>
#include <string_view>

namespace segc {

/// What a file is by its first bytes (512 are enough) and its name, and how to
/// make one that is read; empty if it is none of the kinds that we know.
std::string foreignFormat(std::string_view start, const std::string &path);

/// The same about the files of a folder, also in its folders; empty if none is
/// known.
std::string foreignFiles(const std::string &folder);

/// The first bytes of a file, empty if it cannot be read.
std::string readStart(const std::string &path, size_t most = 512);

} // namespace segc

#endif // SEGC_LIB_RUNTIME_DATA_FOREIGNFORMATS_H
