//===- ChannelCopies.h - Copies of channels ---------------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_CODEGEN_COMMON_CHANNELCOPIES_H
#define SEGC_CODEGEN_COMMON_CHANNELCOPIES_H

#include "segc/Dialect/Seg/IR/SegDialect.h"

namespace segc {

/// A copy of the channels [from, from + size) of an input to [to, to + size).
struct ChannelCopy {
  mlir::Value input;
  int64_t from, to, size;
};

llvm::SmallVector<ChannelCopy> channelCopies(seg::ConcatOp op);
llvm::SmallVector<ChannelCopy> channelCopies(seg::SliceChannelsOp op);

} // namespace segc

#endif // SEGC_CODEGEN_COMMON_CHANNELCOPIES_H
