//===- StaticModel.h - A model that is not loaded ---------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Loading a shared object runs its code. What a model says of itself is read
// from the file instead, and the tables that its code will follow are held
// against the manifest that the caller allocates by. That finds damaged and
// mismatched files; it makes no foreign model safe to run (SECURITY.md).
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_RUNTIME_CORE_STATICMODEL_H
#define SEGC_RUNTIME_CORE_STATICMODEL_H

#include "segc/Runtime/Core/Manifest.h"

#include <optional>
#include <string>
#include <string_view>

namespace segc {

struct StaticModel {
  std::string manifestText;
  Manifest manifest;
};

/// Checks a file image; `where` names it in errors. None for a sound shared
/// object that has no description to read: one of an older compiler, or none of
/// ours.
StatusOr<std::optional<StaticModel>> parseModel(std::string_view bytes,
                                                const std::string &where);
StatusOr<std::optional<StaticModel>> readModel(const std::string &path);

/// What a model's file ends with, behind all that the dynamic linker reads: a
/// checksum of the bytes before. Code and weights have no form of their own by
/// which damage would be found.
std::string checksumTrailer(std::string_view model);

} // namespace segc

#endif // SEGC_RUNTIME_CORE_STATICMODEL_H
