//===- CaseOrigin.h - Files that a cached case comes from -------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_RUNTIME_PREPARE_CASEORIGIN_H
#define SEGC_RUNTIME_PREPARE_CASEORIGIN_H

#include "segc/Base/Json.h"
#include "segc/Runtime/Data/CaseReader.h"

namespace segc {

/// The files of an image: those of a folder in the order of their names, of a
/// header with its voxels, or the one that is named.
std::vector<std::string> contentsOf(const std::string &path);

/// The files of a case, with paths in the folder of its data set, and what they
/// held when the case was prepared.
struct CaseOrigin {
  struct Content {
    std::string path;
    uint64_t bytes = 0, checksum = 0;
  };
  CaseFiles files;
  /// Every file that is read: of an image in several files all of them. A file
  /// that could not be read is left out.
  std::vector<Content> contents;

  /// Reads all files of a case of the data set in `folder`.
  static CaseOrigin of(const CaseFiles &files, const std::string &folder);
  OrderedJson toJson() const;
  /// Fails for paths that leave the folder.
  static StatusOr<CaseOrigin> fromJson(const Json &json,
                                       const std::string &where);

  /// The case's files in `folder`. Fails by name for one that is not there or
  /// has another size, and if `whole` is set for one with other bytes.
  StatusOr<CaseFiles> find(const std::string &folder, bool whole) const;
};

} // namespace segc

#endif // SEGC_RUNTIME_PREPARE_CASEORIGIN_H
