//===- OwnFiles.cpp - Mark of images that segrun wrote --------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Data/OwnFiles.h"
#include "ForeignFormats.h"
#include "segc/Runtime/Data/ImageFormat.h"

using namespace segc;

bool segc::hasOwnMark(const std::string &path) {
  const std::string start = readStart(path);
  const ImageFormat *format = formatByContent(start);
  return format && format->hasMark(path, start);
}
