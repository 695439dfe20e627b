//===- MemorySlices.h - Slices in memory ------------------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_LIB_RUNTIME_DATA_MEMORYSLICES_H
#define SEGC_LIB_RUNTIME_DATA_MEMORYSLICES_H

#include "segc/Runtime/Data/ImageFormat.h"

#include <optional>

namespace segc {

/// The planes of a volume as the pages of a file, whose numbers become grey by
/// the rules of TIFF (docs/Formats.md); those with a scale are real numbers.
/// `channel` chooses one of several. `where` names the volume in errors.
StatusOr<std::shared_ptr<const SliceFile>>
slicesOf(const Volume &volume, std::optional<int64_t> channel,
         const std::string &where);

} // namespace segc

#endif // SEGC_LIB_RUNTIME_DATA_MEMORYSLICES_H
