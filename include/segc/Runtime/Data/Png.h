//===- Png.h - 8-bit RGB images in PNG --------------------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_RUNTIME_DATA_PNG_H
#define SEGC_RUNTIME_DATA_PNG_H

#include "segc/Base/Status.h"
#include "segc/Draw/Image.h"

#include <string>

namespace segc {

StatusOr<std::string> encodePng(const RgbImage &image);
Status writePng(const std::string &path, const RgbImage &image);

} // namespace segc

#endif // SEGC_RUNTIME_DATA_PNG_H
