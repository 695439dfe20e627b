//===- OwnFiles.h - Mark of images that segrun wrote ------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//
// Masks and pictures carry a mark, so that later ones replace them and never
// the image or the label of somebody else: NIfTI in `intent_name`, MetaImage in
// "Comment", the other formats in the field "Software".
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_RUNTIME_DATA_OWNFILES_H
#define SEGC_RUNTIME_DATA_OWNFILES_H

#include <string>
#include <string_view>

namespace segc {

/// At most 15 characters, which is what `intent_name` has room for.
constexpr std::string_view ownMark = "segrun mask";

/// Whether an image or a picture (PNG) carries the mark. What cannot be read
/// does not.
bool hasOwnMark(const std::string &path);

} // namespace segc

#endif // SEGC_RUNTIME_DATA_OWNFILES_H
