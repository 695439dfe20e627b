//===- NrrdHeader.h - Reading NRRD headers ----------------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_LIB_RUNTIME_DATA_NRRDHEADER_H
#define SEGC_LIB_RUNTIME_DATA_NRRDHEADER_H

#include "StoredVoxels.h"
#include "TextHeader.h"

#include <string>
#include <string_view>

namespace segc::nrrd {

/// Reads a header; `bytes` is the file or its start.
Status readHeader(std::string_view bytes, const std::string &where,
                  VolumeHeader &volume, StoredVoxels &storage);

/// Reads the part about sizes, channels and the place in space; fills the
/// layout's number of elements.
Status readAxes(const text::Fields &fields, const std::string &where,
                VolumeHeader &volume, VoxelLayout &layout);

} // namespace segc::nrrd

#endif // SEGC_LIB_RUNTIME_DATA_NRRDHEADER_H
