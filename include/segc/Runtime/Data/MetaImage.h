//===- MetaImage.h - MetaImage volumes --------------------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Headers with their voxels (.mha) or with the name of the file that holds them
// (.mhd), as ITK writes them (docs/Formats.md).
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_RUNTIME_DATA_METAIMAGE_H
#define SEGC_RUNTIME_DATA_METAIMAGE_H

#include "segc/Base/Status.h"
#include "segc/Runtime/Data/ImageLimits.h"
#include "segc/Runtime/Data/Volume.h"

#include <cstdint>
#include <string>
#include <vector>

namespace segc {

/// Decodes the bytes of a file. `where` names it in errors; a file of voxels
/// that the header names lies in its folder.
StatusOr<Volume> decodeMetaImage(std::string bytes, const std::string &where,
                                 const ImageLimits &limits = {});

/// The bytes of a mask with its header, packed with zlib: classes in file order
/// on the grid, and their names as the segments of 3D Slicer.
StatusOr<std::string>
encodeMetaImage(const VolumeGeometry &grid, const uint8_t *labels,
                const std::vector<std::string> &classNames);

} // namespace segc

#endif // SEGC_RUNTIME_DATA_METAIMAGE_H
