//===- CacheFiles.h - Files of a cache of prepared cases --------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_LIB_RUNTIME_PREPARE_CACHEFILES_H
#define SEGC_LIB_RUNTIME_PREPARE_CACHEFILES_H

#include "segc/Runtime/Core/Safetensors.h"
#include "segc/Runtime/Data/PreparedCase.h"

namespace segc {

std::string cacheIndexOf(const std::string &folder);
std::string cacheCaseOf(const std::string &folder, const std::string &name);

/// Writes a case with labels; returns the bytes of its arrays.
StatusOr<uint64_t> writePreparedCase(const std::string &path,
                                     const PreparedCase &prepared);

/// Maps such a file and checks all of it: checksums, sizes, that labels are
/// values of the data set and that places lie in the case.
StatusOr<PreparedCase> mapPreparedCase(const std::string &path,
                                       const DatasetDescription &data);

} // namespace segc

#endif // SEGC_LIB_RUNTIME_PREPARE_CACHEFILES_H
