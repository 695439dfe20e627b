//===- FilterGradPoints.cpp -----------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "FilterGrad/FilterGradPoints.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;

namespace segc {

/// Stores a row of the plane `point` of a tile, which is a weighted sum of the
/// rows of its planes.
void FilterGradPoints::combineRow(KernelBody &body, RowPacker &packer,
                                  const TileView &view, int64_t point,
                                  const std::array<Value, 3> &origin,
                                  Value tile, Value row) const {
  const TransformMatrix &matrix = factor.matrices[outer];
  int64_t step = tiling.m[outer], size = factor.size[outer],
          low = factor.low[outer],
          last = (divideUp(problem.out[outer], step) - 1) * step - low;
  Value from = body.add(origin[outer], body.mul(tile, step)),
        across = body.add(origin[inner], row);
  SmallVector<int64_t> columns;
  SmallVector<RowPacker::Line> lines;
  for (int64_t i = 0; i < matrix.columns; ++i) {
    if (matrix.at(point, i) == 0)
      continue;
    columns.push_back(i);
    Value plane = body.add(from, i), inside;
    if (i < low || last + i >= size) {
      inside = isInside(body, plane, size);
      plane = body.max(body.min(plane, body.index(size - 1)), body.index(0));
    }
    lines.push_back(outer == 0 ? RowPacker::Line{plane, across, inside}
                               : RowPacker::Line{across, plane, inside});
  }
  Value to = body.add(body.add(view.base, body.mul(tile, view.planePitch)),
                      body.mul(row, view.rowPitch));
  packer.pack(
      lines, isInside(body, across, factor.size[inner]),
      [&](ArrayRef<Value> values) {
        SmallVector<Value> in(matrix.columns);
        for (auto [column, value] : llvm::zip_equal(columns, values))
          in[column] = value;
        return transformRow(body, matrix, point, in, tiling.lanes);
      },
      [&](Value values, Value element, Value mask) {
        body.store(values, view.memref, body.add(to, element), mask);
      });
}

/// Transforms a box along the outer dimension: tile t of that dimension becomes
/// plane t of the result.
TileView FilterGradPoints::combinePlanes(KernelBody &body, const Box &box,
                                         Value point) const {
  TileBox window;
  for (unsigned d = 0; d < 3; ++d) {
    int64_t overlap = factor.matrices[d].columns - tiling.m[d];
    window.origin[d] = body.sub(body.mul(box.first[d], tiling.m[d]),
                                body.index(factor.low[d]));
    window.extents[d] = body.add(body.mul(box.tiles[d], tiling.m[d]), overlap);
    window.largest[d] = tiling.tile[d] * tiling.m[d] + overlap;
  }
  TileView view;
  view.memref = body.scratch();
  view.base = body.index(factor.planes);
  view.rowPitch = window.largest[2] * factor.channels;
  view.planePitch = window.largest[inner] * view.rowPitch;
  RowPacker packer(body, factor.source, factor.size, factor.channels,
                   box.sample, window, tiling.lanes);
  Value zero = body.index(0);
  for (int64_t i = 0; i < factor.matrices[outer].rows; ++i) {
    Value chosen = body.builder().createOrFold<arith::CmpIOp>(
        body.loc(), arith::CmpIPredicate::eq, point, body.index(i));
    body.ifThen(chosen, [&] {
      body.loop(zero, box.tiles[outer], 1, [&](Value tile) {
        body.loop(zero, window.extents[inner], 1, [&](Value row) {
          combineRow(body, packer, view, i, window.origin, tile, row);
        });
      });
    });
  }
  return view;
}

void FilterGradPoints::transform(KernelBody &body, const Box &box, Value point,
                                 Value first, Value end) const {
  TileView view = combinePlanes(body, box, point);
  TransformMatrices matrices = factor.matrices;
  matrices[outer] = winogradInput(1);
  Value zero = body.index(0);
  auto transformTile = [&](std::array<Value, 3> tile) {
    Value number =
        body.add(body.mul(body.add(body.mul(tile[0], box.tiles[1]), tile[1]),
                          box.tiles[2]),
                 tile[2]);
    Value corner = body.add(
        body.add(view.base, body.mul(tile[outer], view.planePitch)),
        body.add(body.mul(tile[inner], tiling.m[inner] * view.rowPitch),
                 body.mul(tile[2], tiling.m[2] * factor.channels)));
    body.loop(first, end, tiling.lanes, [&](Value channel) {
      Value mask = channelMask(body, factor.channels, tiling.lanes, channel,
                               tiling.lanes);
      auto load = [&](Value d, Value h, Value w) {
        Value at = body.add(body.mul(inner == 0 ? d : h, view.rowPitch),
                            body.mul(w, factor.channels));
        return body.load(view.memref, body.add(body.add(corner, channel), at),
                         tiling.lanes, mask);
      };
      Value to =
          body.add(body.mul(multiplier.word(body, number), factor.tilePitch),
                   body.add(body.sub(channel, first), factor.points));
      auto store = [&](Value d, Value h, Value w, Value value) {
        Value at =
            body.add(body.mul(inner == 0 ? d : h, tiling.points()[2]), w);
        multiplier.storeAt(body, value, body.scratch(),
                           body.add(to, body.mul(at, factor.pointPitch)),
                           number);
      };
      transformBox(body, matrices, {}, tiling.lanes, load, store);
    });
  };
  body.loop(zero, box.tiles[0], 1, [&](Value d) {
    body.loop(zero, box.tiles[1], 1, [&](Value h) {
      body.loop(zero, box.tiles[2], 1,
                [&](Value w) { transformTile({d, h, w}); });
    });
  });
}

} // namespace segc
