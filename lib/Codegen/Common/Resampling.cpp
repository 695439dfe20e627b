//===- Resampling.cpp -----------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Codegen/Common/Resampling.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "segc/Dialect/Seg/IR/PointwiseMath.h"
#include "segc/Dialect/Seg/IR/ShapeFunctions.h"

using namespace mlir;

namespace segc {

Resampling::Resampling(seg::ResizeOp op)
    : operand(op.getInput()), result(op.getOutput()) {
  for (auto [in, out] :
       llvm::zip_equal(seg::spatialDims(op.getInput().getType()),
                       seg::spatialDims(op.getOutput().getType())))
    tables.push_back(resizeWeights(op.getMode(), in, out));
}

Resampling::Resampling(seg::ResizeGradOp op)
    : operand(op.getGrad()), result(op.getOutput()) {
  for (auto [grad, out] :
       llvm::zip_equal(seg::spatialDims(op.getGrad().getType()),
                       seg::spatialDims(op.getOutput().getType())))
    tables.push_back(transpose(resizeWeights(op.getMode(), out, grad), out));
}

double Resampling::terms() const {
  double entries = 1;
  for (const ResizeWeights &table : tables)
    entries *= static_cast<double>(table.front().size());
  return std::max(entries, 1.0);
}

//===----------------------------------------------------------------------===//
// Tables
//===----------------------------------------------------------------------===//

/// Creates a constant global of the kernel.
static Value globalArray(KernelBody &k, const Twine &name,
                         DenseElementsAttr values) {
  Operation *parent = k.builder().getInsertionBlock()->getParentOp();
  auto function = dyn_cast<SymbolOpInterface>(parent);
  if (!function)
    function = parent->getParentOfType<SymbolOpInterface>();
  auto tensor = cast<RankedTensorType>(values.getType());
  auto type = MemRefType::get(tensor.getShape(), tensor.getElementType());
  OpBuilder outside(function);
  auto global = memref::GlobalOp::create(
      outside, k.loc(), (function.getName() + name).str(),
      outside.getStringAttr("private"), type, values, /*constant=*/true,
      /*alignment=*/IntegerAttr());
  return memref::GetGlobalOp::create(k.builder(), k.loc(), type,
                                     global.getName());
}

ResamplingTable::ResamplingTable(KernelBody &k, const ResizeWeights &table,
                                 size_t dimension) {
  std::vector<int32_t> starts{0}, sources;
  std::vector<float> weights;
  uniformCount = table.front().size();
  for (const auto &entries : table) {
    if (static_cast<int64_t>(entries.size()) != uniformCount)
      uniformCount = -1;
    for (const ResizeWeight &entry : entries) {
      sources.push_back(static_cast<int32_t>(entry.source));
      weights.push_back(static_cast<float>(entry.weight));
    }
    starts.push_back(static_cast<int32_t>(sources.size()));
  }
  std::string suffix = std::to_string(dimension);
  auto array = [&](StringRef name, auto &values, Type element) {
    auto type =
        RankedTensorType::get({static_cast<int64_t>(values.size())}, element);
    return globalArray(k, "_" + name + suffix,
                       DenseElementsAttr::get(type, ArrayRef(values)));
  };
  Type i32 = k.builder().getI32Type();
  startArray = array("starts", starts, i32);
  sourceArray = array("sources", sources, i32);
  weightArray = array("weights", weights, k.builder().getF32Type());
}

Value ResamplingTable::fold(
    KernelBody &k, Value position, Value sum,
    llvm::function_ref<Value(Value, Value, Value)> body) const {
  auto loadIndex = [&](Value array, Value i) -> Value {
    return arith::IndexCastOp::create(k.builder(), k.loc(),
                                      k.builder().getIndexType(),
                                      k.loadScalar(array, i));
  };
  auto entry = [&](Value i, Value sum) {
    Value source = loadIndex(sourceArray, i);
    return body(source, k.loadScalar(weightArray, i), sum);
  };
  if (uniformCount > 0 && uniformCount <= 4) {
    Value first = k.mul(position, uniformCount);
    for (int64_t i = 0; i < uniformCount; ++i)
      sum = entry(k.add(first, i), sum);
    return sum;
  }
  Value first = loadIndex(startArray, position),
        past = loadIndex(startArray, k.add(position, 1));
  return k.loop(first, past, 1, {sum}, [&](Value i, ValueRange carried) {
    return SmallVector<Value>{entry(i, carried[0])};
  })[0];
}

//===----------------------------------------------------------------------===//
// Elements
//===----------------------------------------------------------------------===//

ResamplingBody::ResamplingBody(KernelBody &k, const Resampling &resampling)
    : k(k), resampling(resampling) {
  for (auto [d, table] : llvm::enumerate(resampling.tables))
    tables.emplace_back(k, table, d);
}

Value ResamplingBody::fold(const Element &element, size_t d, Value row,
                           Value weight, Value sum) const {
  auto in = cast<RankedTensorType>(resampling.operand.getType());
  if (d == tables.size()) {
    seg::PointwiseMath m(k.builder(), k.loc(), k.vectorType(element.lanes));
    Value x = k.load(inputOf(k, resampling.operand),
                     k.add(k.mul(row, seg::channels(in)), element.channel),
                     element.lanes, element.mask);
    return m.fma(x, k.splat(weight, element.lanes), sum);
  }
  seg::PointwiseMath scalars(k.builder(), k.loc(), k.builder().getF32Type());
  return tables[d].fold(
      k, element.position[d], sum,
      [&](Value source, Value factor, Value inner) {
        Value next = k.add(k.mul(row, in.getDimSize(d + 1)), source);
        return fold(element, d + 1, next,
                    weight ? scalars.mul(weight, factor) : factor, inner);
      });
}

Value downsampledLabel(KernelBody &k, seg::DownsampleLabelsOp op, Value sample,
                       Value voxel) {
  ArrayRef<int64_t> from = op.getInput().getType().getShape().drop_front(),
                    to = op.getOutput().getType().getShape().drop_front();
  Value source = sample;
  for (auto [in, out, position] :
       llvm::zip_equal(from, to, k.delinearize(voxel, to))) {
    int64_t ratio = in / out;
    source = k.add(k.mul(source, in), k.add(k.mul(position, ratio), ratio / 2));
  }
  return k.loadScalar(inputOf(k, op.getInput()), source);
}

Value ResamplingBody::valueAt(ArrayRef<Value> position, Value sample,
                              Value channel, int64_t lanes, Value mask) const {
  return fold({position, channel, lanes, mask}, 0, sample, Value(),
              k.zeroVector(lanes));
}

} // namespace segc
