//===- Formats.h - Built-in image formats -----------------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_LIB_RUNTIME_DATA_FORMATS_H
#define SEGC_LIB_RUNTIME_DATA_FORMATS_H

#include "segc/Runtime/Data/ImageFormat.h"

namespace segc {

std::unique_ptr<const ImageFormat> makeDicomFormat();
std::unique_ptr<const ImageFormat> makeMetaImageFormat();
std::unique_ptr<const ImageFormat> makeNiftiFormat();
std::unique_ptr<const ImageFormat> makeNrrdFormat();
std::unique_ptr<const ImageFormat> makePngFormat();
std::unique_ptr<const ImageFormat> makeTiffFormat();

} // namespace segc

#endif // SEGC_LIB_RUNTIME_DATA_FORMATS_H
