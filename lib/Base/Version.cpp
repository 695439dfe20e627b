//===- Version.cpp - Version of segc --------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Base/Version.h"
#include "SegcCommit.h"

const char *segc::versionText() { return SEGC_VERSION SEGC_COMMIT; }
