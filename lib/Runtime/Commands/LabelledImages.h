//===- LabelledImages.h - Images of labels ----------------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_LIB_RUNTIME_COMMANDS_LABELLEDIMAGES_H
#define SEGC_LIB_RUNTIME_COMMANDS_LABELLEDIMAGES_H

#include "segc/Runtime/Prepare/TrainingCases.h"

namespace segc {

/// The images of labels that are those of a data set, for pictures.
class LabelledImages {
public:
  /// Knows the data set that the folder of labels, or the one around it, is;
  /// no image if neither is.
  static LabelledImages beside(const std::string &labels);

  std::vector<std::string> files() const { return set.files; }
  /// Names of the values of labels; none if no image is known.
  std::vector<std::string> labelNames() const;
  /// Draws a prediction and its label over the image, if that is known, named
  /// after the case. Returns what a user should know; nothing fails for a
  /// picture.
  std::vector<std::string> draw(const std::string &label,
                                const std::string &prediction,
                                const std::string &folder,
                                const ImageLimits &limits) const;

private:
  TrainingCases set;
};

} // namespace segc

#endif // SEGC_LIB_RUNTIME_COMMANDS_LABELLEDIMAGES_H
