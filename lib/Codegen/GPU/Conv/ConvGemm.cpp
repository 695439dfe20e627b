//===- ConvGemm.cpp -------------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ConvGemm.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "segc/Dialect/Seg/IR/PointwiseMath.h"

using namespace mlir;

namespace segc {

/// Adds those of a cluster in the order of its blocks.
Value GemmSums::load(Value row, Value column, int64_t lanes) const {
  Value at = index(row, column);
  if (cluster == 1)
    return k.load(k.scratch(), at, lanes);
  OpBuilder &b = k.builder();
  VectorType type = k.vectorType(lanes);
  Value offset =
      b.createOrFold<arith::IndexCastOp>(k.loc(), b.getI32Type(), at);
  seg::PointwiseMath math(b, k.loc(), type);
  Value sum;
  for (int64_t rank = 0; rank < cluster; ++rank) {
    Value start = k.sharedOfBlock(rank);
    Value address = LLVM::GEPOp::create(b, k.loc(), start.getType(),
                                        b.getF32Type(), start, offset);
    Value part =
        LLVM::LoadOp::create(b, k.loc(), type, address,
                             /*alignment=*/static_cast<unsigned>(4 * lanes));
    sum = sum ? math.add(sum, part) : part;
  }
  return sum;
}

} // namespace segc
