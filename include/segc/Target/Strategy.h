//===- Strategy.h - Names in a seg.fusion's strategy --------------*- C++
//-*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_TARGET_STRATEGY_H
#define SEGC_TARGET_STRATEGY_H

#include "llvm/ADT/StringRef.h"

namespace segc {

/// Strategy entries that every strategy may have.
inline constexpr llvm::StringLiteral strategyKindName = "kind";
inline constexpr llvm::StringLiteral strategyTempName = "temp_bytes";
/// Of pointwise fusions: the first dimension is not the batch.
inline constexpr llvm::StringLiteral strategyUnbatchedName = "unbatched";
/// The temporary is filled once by the entry `prepare`; it lies in the region
/// of that name, not in the arena.
inline constexpr llvm::StringLiteral strategyPreparedName = "prepared";

} // namespace segc

#endif // SEGC_TARGET_STRATEGY_H
