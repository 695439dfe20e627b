//===- ToyBackend.h - A minimal target --------------------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_UNITTESTS_TARGET_TOYBACKEND_H
#define SEGC_UNITTESTS_TARGET_TOYBACKEND_H

namespace segc::test {

/// Registers the target `toy`: scalar loops for 2-D convolutions with an
/// epilogue, softmax and pointwise ops.
void registerToyBackend();

} // namespace segc::test

#endif // SEGC_UNITTESTS_TARGET_TOYBACKEND_H
