//===- ChannelCopies.cpp --------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Codegen/Common/ChannelCopies.h"

#include "segc/Dialect/Seg/IR/ShapeFunctions.h"

using namespace mlir;

namespace segc {

SmallVector<ChannelCopy> channelCopies(seg::ConcatOp op) {
  SmallVector<ChannelCopy> copies;
  int64_t offset = 0;
  for (Value input : op.getInputs()) {
    int64_t size = seg::channels(cast<RankedTensorType>(input.getType()));
    copies.push_back({input, 0, offset, size});
    offset += size;
  }
  return copies;
}

SmallVector<ChannelCopy> channelCopies(seg::SliceChannelsOp op) {
  int64_t from = op.getOffset(), size = seg::channels(op.getOutput().getType());
  return {{op.getInput(), from, 0, size}};
}

} // namespace segc
