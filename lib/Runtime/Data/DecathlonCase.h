//===- DecathlonCase.h - What the files of a case hold ----------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_LIB_RUNTIME_DATA_DECATHLONCASE_H
#define SEGC_LIB_RUNTIME_DATA_DECATHLONCASE_H

#include "segc/Runtime/Data/Decathlon.h"
#include "segc/Runtime/Data/Nifti.h"

namespace segc::decathlon {

/// An image and its labels as class indices, both in the storage order of the
/// image's file, whatever that of the label's is.
struct CaseContent {
  Volume volume;
  int64_t channel = 0;
  std::vector<uint8_t> label; ///< Empty where the truth is unknown.

  const VolumeGeometry &geometry() const { return volume.geometry; }
  VoxelView image() const { return volume.channel(channel); }
};

/// What files are held against.
struct CaseRules {
  const Dataset &dataset; ///< Gets the notes.
  const std::vector<std::string> &classNames;
  std::optional<int64_t> channel;
  const LabelMap &labelMap;
  const ImageLimits &limits;
};

StatusOr<CaseContent> readImage(const DecathlonIndex::Case &files,
                                const CaseRules &rules);

/// Adds the label of a case that has one.
Status readLabel(const DecathlonIndex::Case &files, const CaseRules &rules,
                 CaseContent &content);

} // namespace segc::decathlon

#endif // SEGC_LIB_RUNTIME_DATA_DECATHLONCASE_H
