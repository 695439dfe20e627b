//===- ArrayImage.h - Images of the C interface -----------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_LIB_RUNTIME_LIBRARY_ARRAYIMAGE_H
#define SEGC_LIB_RUNTIME_LIBRARY_ARRAYIMAGE_H

#include "segc/Runtime/Data/Volume.h"
#include "segc/segc.h"

namespace segc {

/// Returns the voxels of an image that has the size of the library's own
/// struct. Checks every size before anything is allocated.
StatusOr<Volume> volumeOf(const segc_image &image);

/// Sets size, spacing, origin and direction of an image to those of a grid.
void setGeometry(segc_image &image, const VolumeGeometry &grid);

} // namespace segc

#endif // SEGC_LIB_RUNTIME_LIBRARY_ARRAYIMAGE_H
