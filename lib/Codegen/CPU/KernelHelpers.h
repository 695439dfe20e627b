//===- KernelHelpers.h - Helpers of kernel emitters -------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_LIB_CODEGEN_CPU_KERNELHELPERS_H
#define SEGC_LIB_CODEGEN_CPU_KERNELHELPERS_H

#include "segc/Codegen/CPU/CpuKernels.h"

namespace segc {

/// Elements that a task works on, about: small enough for the second level
/// cache, large enough to hide the cost of a call.
inline constexpr int64_t taskElements = 16 << 10;

/// Adds the models of average pooling; part of addPoolModels.
void addAvgPoolModels(KernelModels &models);
/// Adds the models of resampling; part of addShapeModels.
void addResizeModels(KernelModels &models);

/// The elements or pixels [begin, end) of one sample.
struct Tile {
  mlir::Value sample, index, begin, end;
};
/// Returns the tile of the current task. Each sample of `size` elements is
/// divided into tiles of `tile` elements.
Tile sampleTile(KernelBody &k, int64_t size, int64_t tile);

/// Emits loops over [begin, end): full vectors, `unroll` at a time, then masked
/// vectors. `body` gets the index of the first lane and the mask (null: all
/// lanes).
void forVectors(KernelBody &k, mlir::Value begin, mlir::Value end,
                int64_t lanes, int64_t unroll,
                llvm::function_ref<void(mlir::Value, mlir::Value)> body);

/// Emits `forVectors` over a row of static `size`: full vectors, then one
/// masked vector.
void forRow(KernelBody &k, int64_t size, int64_t lanes,
            llvm::function_ref<void(mlir::Value, mlir::Value)> body);

/// Emits loops over the pixels [begin, end), a pixel in each lane. Full vectors
/// have a null count and mask; the last vector has both.
void forPixelVectors(
    KernelBody &k, mlir::Value begin, mlir::Value end, int64_t lanes,
    llvm::function_ref<void(mlir::Value pixel, mlir::Value count,
                            mlir::Value mask)>
        body);

/// Emits the loops of forPixelVectors and adds the vectors that `body` returns
/// to `sums`.
llvm::SmallVector<mlir::Value>
addPixelVectors(KernelBody &k, mlir::Value begin, mlir::Value end,
                int64_t lanes, mlir::ValueRange sums,
                llvm::function_ref<llvm::SmallVector<mlir::Value>(
                    mlir::Value pixel, mlir::Value count, mlir::Value mask)>
                    body);

/// Loads a vector of the memory's element type, which need not be f32.
mlir::Value loadVector(KernelBody &k, mlir::Value memref, mlir::Value index,
                       int64_t lanes, mlir::Value mask = {});
/// Returns the type of a vector of i32.
mlir::VectorType integerType(KernelBody &k, int64_t lanes);
/// Returns a vector of i32 of one value, which fits.
mlir::Value integerVector(KernelBody &k, int64_t value, int64_t lanes);
/// Returns a constant vector of i32.
mlir::Value indexVector(KernelBody &k, llvm::ArrayRef<int64_t> values);
/// Loads memref[base + offsets[lane]]; masked lanes are zero.
mlir::Value gather(KernelBody &k, mlir::Value memref, mlir::Value base,
                   llvm::ArrayRef<int64_t> offsets, mlir::Value mask = {});
/// Returns `mask`, or a mask with all lanes set if it is null.
mlir::Value allLanes(KernelBody &k, mlir::Value mask, int64_t lanes);
/// Returns the sum of the lanes.
mlir::Value sumLanes(KernelBody &k, mlir::Value vector);

/// Emits loops over pixels with vectors of consecutive elements, each with a
/// fixed set of channels. With fewer channels than lanes a vector spans several
/// pixels and a few vectors make a period; otherwise it holds channels of one
/// pixel.
class ChannelWalk {
public:
  ChannelWalk(KernelBody &k, int64_t channels, int64_t lanes)
      : k(k), channels(channels), lanes(lanes) {}

  using Values = llvm::SmallVector<mlir::Value>;
  /// One of the vectors that are processed together. In a period every lane has
  /// its own channel and pixel.
  struct Slot {
    mlir::Value channel; ///< First channel; null in a period.
    mlir::Value mask;    ///< Lanes that are channels; null: all.
    llvm::SmallVector<int64_t> laneChannels, lanePixels;
  };
  /// A visit of one vector.
  struct Visit {
    const Slot &slot;
    mlir::Value pixel, index; ///< Index of the slot's first pixel, and of the
                              ///< element in the first lane.
    mlir::Value mask;         ///< Null: all lanes.
    llvm::ArrayRef<mlir::Value> hoisted;
  };

  /// Loads row[channel of the lane] of the row that starts at `offset`.
  mlir::Value perChannel(mlir::Value memref, mlir::Value offset,
                         const Slot &slot);
  /// Loads memref[pixel of the lane].
  mlir::Value perPixel(mlir::Value memref, const Visit &visit);

  using Hoist = llvm::function_ref<Values(const Slot &)>;
  /// Visits the pixels [begin, end). `hoist` returns the values that a slot
  /// loads before the loop.
  void forEach(mlir::Value begin, mlir::Value end, Hoist hoist,
               llvm::function_ref<void(const Visit &)> body);

  /// Sums `count` terms over the pixels [begin, end) and calls `store` with
  /// vectors of sums of consecutive channels. Needs `scratchBytes` of scratch.
  void sum(mlir::Value begin, mlir::Value end, unsigned count, Hoist hoist,
           llvm::function_ref<Values(const Visit &)> terms,
           llvm::function_ref<void(mlir::Value channel, mlir::Value mask,
                                   llvm::ArrayRef<mlir::Value> sums)>
               store);
  static int64_t scratchBytes(unsigned count, int64_t lanes) {
    return count * lanes * lanes * 4;
  }

private:
  using Body =
      llvm::function_ref<Values(const Visit &, mlir::ValueRange carried)>;
  /// Loops over the pixels for `slots`, `unroll` pixels or periods at a time;
  /// each slot and repeat carries `count` sums that start at zero.
  Values walk(mlir::Value begin, mlir::Value end, llvm::ArrayRef<Slot> slots,
              int64_t unroll, unsigned count, Hoist hoist, Body body);
  bool periodic() const { return channels < lanes; }
  /// Runs `body` for groups of slots that cover all channels.
  void forGroups(
      llvm::function_ref<void(llvm::ArrayRef<Slot>, int64_t unroll)> body);

  KernelBody &k;
  int64_t channels, lanes;
};

} // namespace segc

#endif // SEGC_LIB_CODEGEN_CPU_KERNELHELPERS_H
