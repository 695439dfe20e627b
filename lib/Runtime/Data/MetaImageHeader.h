//===- MetaImageHeader.h - Reading MetaImage headers ------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_LIB_RUNTIME_DATA_METAIMAGEHEADER_H
#define SEGC_LIB_RUNTIME_DATA_METAIMAGEHEADER_H

#include "StoredVoxels.h"

namespace segc::metaimage {

/// Reads a header; `bytes` is the file or its start.
Status readHeader(std::string_view bytes, const std::string &where,
                  VolumeHeader &volume, StoredVoxels &stored);

} // namespace segc::metaimage

#endif // SEGC_LIB_RUNTIME_DATA_METAIMAGEHEADER_H
