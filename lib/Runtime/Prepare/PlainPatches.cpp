//===- PlainPatches.cpp - Patches without augmentation --------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Prepare/PlainPatches.h"
#include "segc/Base/Hash.h"
#include "segc/Base/Random.h"

#include <algorithm>
#include <cmath>

using namespace segc;

PlainPatches::PlainPatches(const PatchSource &cases,
                           PlainPatchOptions newOptions)
    : cases(cases), options(std::move(newOptions)) {
  std::copy_backward(options.patch.begin(), options.patch.end(), patch.end());
  imageDims = options.patch;
  imageDims.push_back(options.channels);
}

Status PlainPatches::load(Split split) const {
  Status first;
  std::string faults;
  for (int64_t i = 0; i < count(split); ++i) {
    const Status status = cases.at(i).status();
    if (status.ok())
      continue;
    first = first.ok() ? status : first;
    faults += (faults.empty() ? "" : "\n  ") + status.message();
  }
  return first.ok() ? first : Status(first.code(), faults);
}

/// The high half of a product: uniform in 0..count - 1 but for one part in
/// 2^32 / count.
static int64_t drawn(const CounterRng &random, uint64_t number, int64_t count) {
  return static_cast<int64_t>(
      uint64_t{random.bits(number)} * static_cast<uint64_t>(count) >> 32);
}

Shape3 PlainPatches::placeOf(const PreparedCase &prepared,
                             const AugmentKey &key) const {
  const CounterRng random(key.seed, hashName("patch") + key.sampleIndex);
  const auto inBatch = static_cast<int64_t>(
      key.sampleIndex % static_cast<uint64_t>(options.batch));
  const auto firstForeground = static_cast<int64_t>(std::nearbyint(
      static_cast<double>(options.batch) * (1 - options.foregroundShare)));
  std::vector<const std::vector<int64_t> *> classes;
  for (const std::vector<int64_t> &voxels : prepared.classVoxels)
    if (inBatch >= firstForeground && !voxels.empty())
      classes.push_back(&voxels);
  Shape3 low, place;
  for (size_t axis = 0; axis < 3; ++axis) {
    const int64_t missing =
        std::max<int64_t>(0, patch[axis] - prepared.shape[axis]);
    low[axis] = -(missing / 2);
    // One place where the case is smaller than the patch.
    const int64_t places =
        std::max<int64_t>(1, prepared.shape[axis] - patch[axis] + 1);
    place[axis] = low[axis] + drawn(random, axis, places);
  }
  if (classes.empty())
    return place;
  const std::vector<int64_t> &voxels = *classes[static_cast<size_t>(
      drawn(random, 3, static_cast<int64_t>(classes.size())))];
  int64_t voxel = voxels[static_cast<size_t>(
      drawn(random, 4, static_cast<int64_t>(voxels.size())))];
  for (size_t axis = 3; axis-- > 0;) {
    place[axis] =
        std::max(low[axis], voxel % prepared.shape[axis] - patch[axis] / 2);
    voxel /= prepared.shape[axis];
  }
  return place;
}

Status PlainPatches::sample(Split split, int64_t index, const AugmentKey &key,
                            float *image, int32_t *label) const {
  if (split != Split::Train)
    return internalError("patches of cases that do not train");
  SEGC_ASSIGN_OR_RETURN(const PreparedCase prepared, cases.at(index));
  const Shape3 place = placeOf(prepared, key);
  const int64_t channels = options.channels;
  const int64_t voxels = patch[0] * patch[1] * patch[2];
  std::fill_n(image, voxels * channels, 0.0f);
  if (label)
    std::fill_n(label, voxels, 0);
  Shape3 begin, end; // In the patch.
  for (size_t axis = 0; axis < 3; ++axis) {
    begin[axis] = std::max<int64_t>(0, -place[axis]);
    end[axis] = std::min(patch[axis], prepared.shape[axis] - place[axis]);
  }
  for (int64_t z = begin[0]; z < end[0]; ++z)
    for (int64_t y = begin[1]; y < end[1]; ++y) {
      const int64_t from = ((place[0] + z) * prepared.shape[1] + place[1] + y) *
                               prepared.shape[2] +
                           place[2] + begin[2];
      const int64_t to = (z * patch[1] + y) * patch[2] + begin[2];
      const int64_t length = std::max<int64_t>(0, end[2] - begin[2]);
      std::copy_n(prepared.image + from * channels, length * channels,
                  image + to * channels);
      for (int64_t i = 0; label && i < length; ++i)
        label[to + i] = std::max<int32_t>(prepared.labels[from + i], 0);
    }
  return Status::success();
}
