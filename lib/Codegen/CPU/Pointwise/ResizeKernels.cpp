//===- ResizeKernels.cpp --------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// Resampling and its transpose. Both gather with the tables of ResizeWeights.h.

#include "KernelHelpers.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "segc/Codegen/Common/ResizeWeights.h"
#include "segc/Dialect/Seg/IR/PointwiseMath.h"
#include "segc/Dialect/Seg/IR/ShapeFunctions.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace segc;

namespace {

/// Creates a constant global of the kernel.
Value globalArray(KernelBody &k, const Twine &name, DenseElementsAttr values) {
  auto function =
      cast<func::FuncOp>(k.builder().getInsertionBlock()->getParentOp());
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

/// The table of one dimension, as constant globals.
class EmittedTable {
public:
  EmittedTable(KernelBody &k, const ResizeWeights &table, size_t dimension)
      : k(k) {
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

  /// Emits a left fold of `body(source, weight, sum)` over the entries of
  /// `position`.
  Value fold(Value position, Value sum,
             llvm::function_ref<Value(Value, Value, Value)> body) {
    auto entry = [&](Value i, Value sum) {
      return body(loadIndex(sourceArray, i), k.loadScalar(weightArray, i), sum);
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

private:
  Value loadIndex(Value array, Value i) {
    return arith::IndexCastOp::create(k.builder(), k.loc(),
                                      k.builder().getIndexType(),
                                      k.loadScalar(array, i));
  }

  KernelBody &k;
  int64_t uniformCount; ///< Number of entries of every position; -1 if it
                        ///< differs.
  Value startArray, sourceArray, weightArray;
};

/// Emits out[p] = sum over the tables' entries of weights * in[sources].
LogicalResult emitResample(FusionEmitter &emitter, Value operand, Value result,
                           ArrayRef<ResizeWeights> tables) {
  auto in = cast<RankedTensorType>(operand.getType()),
       out = cast<RankedTensorType>(result.getType());
  int64_t lanes = cpuTarget(emitter).lanes, channels = seg::channels(out),
          pixels = seg::spatialSize(out);
  double entries = 1;
  for (const ResizeWeights &table : tables)
    entries *= static_cast<double>(table.front().size());
  int64_t tilePixels = std::max<int64_t>(
      1,
      taskElements / static_cast<int64_t>(channels * std::max(entries, 1.0)));
  emitter.launch(
      {0, llvm::divideCeilSigned(pixels, tilePixels)}, 0, [&](KernelBody &k) {
        SmallVector<EmittedTable> emitted;
        for (auto [d, table] : llvm::enumerate(tables))
          emitted.emplace_back(k, table, d);
        Tile tile = sampleTile(k, pixels, tilePixels);
        Value input = inputOf(k, operand), output = outputOf(k, result);
        seg::PointwiseMath m(k.builder(), k.loc(), k.vectorType(lanes)),
            scalars(k.builder(), k.loc(), k.builder().getF32Type());
        k.loop(tile.begin, tile.end, 1, [&](Value pixel) {
          SmallVector<Value> position =
              k.delinearize(pixel, seg::spatialDims(out));
          Value destination =
              k.mul(k.add(k.mul(tile.sample, pixels), pixel), channels);
          forRow(k, channels, lanes, [&](Value channel, Value mask) {
            // Emits the dimensions from d on. `row` and `weight` are the row
            // and the product of weights of the outer dimensions.
            std::function<Value(size_t, Value, Value, Value)> fold =
                [&](size_t d, Value row, Value weight, Value sum) {
                  if (d == emitted.size()) {
                    Value x =
                        k.load(input, k.add(k.mul(row, channels), channel),
                               lanes, mask);
                    return m.fma(x, k.splat(weight, lanes), sum);
                  }
                  return emitted[d].fold(
                      position[d], sum,
                      [&](Value source, Value factor, Value inner) {
                        Value next =
                            k.add(k.mul(row, in.getDimSize(d + 1)), source);
                        return fold(d + 1, next,
                                    weight ? scalars.mul(weight, factor)
                                           : factor,
                                    inner);
                      });
                };
            k.store(fold(0, tile.sample, Value(), k.zeroVector(lanes)), output,
                    k.add(destination, channel), mask);
          });
        });
      });
  return success();
}

struct ResizeKernel : CpuOpModel<seg::ResizeOp> {
  LogicalResult emitKernels(Operation *op,
                            FusionEmitter &emitter) const override {
    auto resize = cast<seg::ResizeOp>(op);
    SmallVector<ResizeWeights> tables;
    for (auto [in, out] :
         llvm::zip_equal(seg::spatialDims(resize.getInput().getType()),
                         seg::spatialDims(resize.getOutput().getType())))
      tables.push_back(resizeWeights(resize.getMode(), in, out));
    return emitResample(emitter, resize.getInput(), resize.getOutput(), tables);
  }
};

struct ResizeGradKernel : CpuOpModel<seg::ResizeGradOp> {
  LogicalResult emitKernels(Operation *op,
                            FusionEmitter &emitter) const override {
    auto resize = cast<seg::ResizeGradOp>(op);
    SmallVector<ResizeWeights> tables;
    for (auto [grad, out] :
         llvm::zip_equal(seg::spatialDims(resize.getGrad().getType()),
                         seg::spatialDims(resize.getOutput().getType())))
      tables.push_back(
          transpose(resizeWeights(resize.getMode(), out, grad), out));
    return emitResample(emitter, resize.getGrad(), resize.getOutput(), tables);
  }
};

} // namespace

void segc::addResizeModels(KernelModels &models) {
  models.push_back(std::make_unique<ResizeGradKernel>());
  models.push_back(std::make_unique<ResizeKernel>());
}
