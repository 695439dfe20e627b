//===- StaticModel.h - Models read without loading --------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Loading a shared object runs its code. So the manifest is read from the file,
// and the programs are checked against the manifest, which the caller allocates
// memory by. This finds damaged and mismatched files. It does not make foreign
// models safe to run (SECURITY.md).
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_RUNTIME_CORE_STATICMODEL_H
#define SEGC_RUNTIME_CORE_STATICMODEL_H

#include "segc/Runtime/Core/ElfImage.h"
#include "segc/Runtime/Core/Manifest.h"

#include <optional>
#include <string>
#include <string_view>

namespace segc {

struct StaticModel {
  std::string manifestText;
  Manifest manifest;
};

/// Checks the bytes of a file; `where` names it in errors. None for a sound
/// shared object without a description: a model of an older compiler, or a
/// library of another origin.
StatusOr<std::optional<StaticModel>> parseModel(std::string_view bytes,
                                                const std::string &where,
                                                ModelMachine machine);
StatusOr<std::optional<StaticModel>> readModel(const std::string &path,
                                               ModelMachine machine);

/// Returns the end of a model's file, which the dynamic linker does not read: a
/// checksum of the bytes before it. It finds damage of code and weights, which
/// have no structure that could be checked.
std::string checksumTrailer(std::string_view model);

} // namespace segc

#endif // SEGC_RUNTIME_CORE_STATICMODEL_H
