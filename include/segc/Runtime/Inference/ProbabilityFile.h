//===- ProbabilityFile.h - Probabilities as a NumPy array -------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_RUNTIME_INFERENCE_PROBABILITYFILE_H
#define SEGC_RUNTIME_INFERENCE_PROBABILITYFILE_H

#include "segc/Base/Status.h"
#include "segc/Runtime/Data/GridResize.h"

#include <string>

namespace segc {

/// A .npy file of f32 [classes][z][y][x] on the grid of the case's file, which
/// is written through a mapping: its pages are those of the file, which the
/// system writes back when it needs memory.
class ProbabilityFile {
public:
  /// Makes a file beside `path` of the whole size, so that a full disk is an
  /// error here. All voxels are of class 0 if that is the background, else of
  /// none. A file at `path` must be empty or
  /// an array that this class wrote.
  static StatusOr<ProbabilityFile> create(const std::string &path,
                                          int64_t classes, Shape3 shape,
                                          bool hasBackground = true);
  ProbabilityFile(ProbabilityFile &&other) noexcept { swap(other); }
  ProbabilityFile &operator=(ProbabilityFile &&other) noexcept {
    swap(other);
    return *this;
  }
  /// Removes a file that is not finished.
  ~ProbabilityFile();

  float *values() const;
  /// Brings the values to the disk.
  Status sync();
  /// Brings the file to its place, where it may replace an earlier one.
  Status finish();

private:
  ProbabilityFile() = default;
  void swap(ProbabilityFile &other) noexcept;

  std::string path, temporary;
  void *mapping = nullptr;
  uint64_t bytes = 0, headerBytes = 0;
  int file = -1;
};

} // namespace segc

#endif // SEGC_RUNTIME_INFERENCE_PROBABILITYFILE_H
