//===- LabelRepair.cpp - Classes of labels that are written anew ----------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "LabelRepair.h"
#include "VoxelChunks.h"
#include "segc/Runtime/Data/GridMatch.h"

#include <algorithm>
#include <cmath>

using namespace segc;

bool segc::isBinary(const DecathlonIndex &index) {
  return index.labels.size() == 2 && index.labels.count(0) &&
         index.labels.count(1) && !index.ignoreLabel;
}

StatusOr<std::vector<int64_t>>
segc::classesOf(const Volume &label, const std::string &path,
                const DecathlonIndex &index,
                std::map<std::string, std::string> &done) {
  const bool binary = isBinary(index);
  std::vector<int64_t> classes;
  classes.reserve(label.voxels.size());
  std::optional<size_t> wrong;
  bool rounded = false, halved = false, high = false;
  forEachChunk(label.voxels, 0, label.voxels.size(),
               [&](const float *values, size_t count, size_t place) {
                 for (size_t i = 0; i < count; ++i) {
                   const auto value = double{values[i]};
                   const bool whole = isWholeLabel(value);
                   int64_t number = -1;
                   if (whole && std::abs(value) < 1e9) {
                     number = std::llround(value);
                     rounded |= static_cast<double>(number) != value;
                   } else if (binary && value > 0 && value < 1) {
                     number = value >= 0.5 ? 1 : 0;
                     halved = true;
                   }
                   if (binary && number == 255) {
                     number = 1;
                     high = true;
                   }
                   if (!index.labels.count(number) &&
                       number != index.ignoreLabel)
                     wrong = wrong.value_or(place + i);
                   classes.push_back(number);
                 }
               });
  if (wrong)
    return invalidArgument(
        path + " is " + std::to_string(label.voxels[*wrong]) + " at voxel " +
        voxelText(label.geometry, *wrong) + ", which cannot be told");
  if (rounded)
    done["label-scaled"] = "rounded";
  if (halved)
    done["label-fractional"] = "from one half on it is class 1";
  if (high)
    done["label-255"] = "255 is 1 now";
  return classes;
}

template <typename T>
static Voxels voxelsOf(const std::vector<int64_t> &values, VoxelType type) {
  const std::vector<T> numbers(values.begin(), values.end());
  return {std::string(reinterpret_cast<const char *>(numbers.data()),
                      numbers.size() * sizeof(T)),
          0, type};
}

Volume segc::labelVolume(const VolumeGeometry &grid,
                         const std::vector<int64_t> &classes, const Size3 &size,
                         const AxisOrder &order) {
  const auto view =
      reordered(GridView<std::vector<int64_t>>(classes, size), order);
  std::vector<int64_t> values;
  values.reserve(classes.size());
  for (int64_t z = 0; z < view.size[2]; ++z)
    for (int64_t y = 0; y < view.size[1]; ++y)
      for (int64_t x = 0; x < view.size[0]; ++x)
        values.push_back(view.at(x, y, z));
  const int64_t most =
      values.empty() ? 0 : *std::max_element(values.begin(), values.end());
  Volume volume;
  volume.geometry = grid;
  volume.voxels = most <= UINT8_MAX ? voxelsOf<uint8_t>(values, VoxelType::U8)
                  : most <= UINT16_MAX
                      ? voxelsOf<uint16_t>(values, VoxelType::U16)
                      : voxelsOf<int32_t>(values, VoxelType::I32);
  volume.type = volume.voxels.type();
  return volume;
}
