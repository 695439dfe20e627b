//===- OutputNames.h - Names of masks and pictures --------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_LIB_RUNTIME_DATA_OUTPUTNAMES_H
#define SEGC_LIB_RUNTIME_DATA_OUTPUTNAMES_H

#include "segc/Base/Hash.h"

#include <string>

namespace segc {

/// The file name `name` + `ending`. Names have at most 255 bytes: a longer one
/// is cut, with a hash of the whole in place of the rest.
inline std::string outputName(const std::string &name,
                              const std::string &ending) {
  constexpr size_t most = 255, hashBytes = 9;
  if (name.size() + ending.size() <= most)
    return name + ending;
  size_t kept = most - hashBytes - ending.size();
  // Not in the middle of a UTF-8 sequence.
  while (kept > 0 && (static_cast<unsigned char>(name[kept]) & 0xc0) == 0x80)
    --kept;
  return name.substr(0, kept) + "~" + sha256(name).substr(0, 8) + ending;
}

} // namespace segc

#endif // SEGC_LIB_RUNTIME_DATA_OUTPUTNAMES_H
