//===- FileRows.cpp - Rows of an image in the voxels of files -------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "FileRows.h"

using namespace segc;

void FileRows::read(int64_t depth, int64_t height, int64_t begin,
                    int64_t length, float *values) const {
  constexpr int64_t chunk = 256;
  float row[chunk];
  const auto step = static_cast<int64_t>(channels.size());
  for (int64_t done = 0; done < length; done += chunk) {
    const int64_t part = std::min(chunk, length - done);
    for (int64_t channel = 0; channel < step; ++channel) {
      const auto place = static_cast<size_t>(channel);
      channels[place].readRow(crop[0] + depth, crop[1] + height,
                              crop[2] + begin + done, part, row);
      const VoxelNormalization &map = maps[place];
      float *result = values + done * step + channel;
      for (int64_t i = 0; i < part; ++i)
        result[i * step] = map(row[i]);
    }
  }
}
