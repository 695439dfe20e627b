//===- ChannelValues.cpp --------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Codegen/Common/ChannelValues.h"

using namespace mlir;

namespace segc {

Value Channel::from(KernelBody &k, Value base, int64_t offset,
                    int64_t scale) const {
  return index ? k.add(k.add(base, offset), k.mul(index, scale))
               : k.add(base, offset + scale * number);
}

SmallVector<Value>
forChannels(KernelBody &k, int64_t first, int64_t count, ValueRange carried,
            llvm::function_ref<SmallVector<Value>(Channel, ValueRange)> body) {
  if (!ChannelValues::isUnrolled(count))
    return k.loop(
        k.index(first), k.index(count), 1, carried,
        [&](Value c, ValueRange values) { return body(Channel(c), values); });
  SmallVector<Value> values(carried);
  for (int64_t c = first; c < count; ++c)
    values = body(Channel(c), values);
  return values;
}

void forChannels(KernelBody &k, int64_t count,
                 llvm::function_ref<void(Channel)> body) {
  forChannels(k, 0, count, ValueRange(),
              [&](Channel c, ValueRange) -> SmallVector<Value> {
                body(c);
                return {};
              });
}

} // namespace segc
