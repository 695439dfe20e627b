//===- Version.h - Version of segc ------------------------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_BASE_VERSION_H
#define SEGC_BASE_VERSION_H

namespace segc {

/// "0.1.0 (commit 0123456789ab)", or the version alone if the sources were no
/// git clone.
const char *versionText();

} // namespace segc

#endif // SEGC_BASE_VERSION_H
