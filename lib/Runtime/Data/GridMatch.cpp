//===- GridMatch.cpp - Whether two files lie on one grid ------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Data/GridMatch.h"
#include "segc/Runtime/Data/Notes.h"

#include <cstdio>

using namespace segc;

StatusOr<AxisOrder> segc::matchGrids(const VolumeGeometry &other,
                                     const std::string &path,
                                     const VolumeGeometry &image,
                                     const std::string &imagePath,
                                     const char *what, Notes &notes) {
  AxisOrder order;
  const bool otherPlaced = other.placedBy != PlacedBy::Pixdim;
  const bool imagePlaced = image.placedBy != PlacedBy::Pixdim;
  if (otherPlaced == imagePlaced)
    order = orderBetween(other, image);
  const VolumeGeometry grid = reordered(other, order);
  const std::string both = path + " has " + gridText(other) +
                           ", expected the grid of " + imagePath + ", " +
                           gridText(image);
  if (grid.size != image.size)
    return invalidArgument(both);
  if (otherPlaced != imagePlaced) {
    notes.add(otherPlaced ? imagePath : path,
              "does not say where it lies; the grid of its " +
                  std::string(otherPlaced ? what : "image") + " counts");
    return order;
  }
  const double apart = cornerDistance(grid, image);
  if (apart <= gridTolerance(image))
    return order;
  // The label's tool may have gone by the qform.
  if (std::optional<VolumeGeometry> byQform = placedByQform(image)) {
    order = orderBetween(other, *byQform);
    const VolumeGeometry turned = reordered(other, order);
    if (turned.size == image.size &&
        cornerDistance(turned, *byQform) <= gridTolerance(image)) {
      notes.add(path, "lies on the grid of its image by the image's "
                      "qform, not by its sform; it is taken so");
      return order;
    }
  }
  char text[80];
  std::snprintf(text, sizeof(text),
                "; they lie up to %.4g mm apart, at most %.4g mm are one grid",
                apart, gridTolerance(image));
  return invalidArgument(both + text);
}

std::string segc::voxelText(const VolumeGeometry &geometry, size_t place) {
  auto voxel = static_cast<int64_t>(place);
  const auto &size = geometry.size;
  return "(" + std::to_string(voxel % size[0]) + ", " +
         std::to_string(voxel / size[0] % size[1]) + ", " +
         std::to_string(voxel / size[0] / size[1]) + ")";
}
