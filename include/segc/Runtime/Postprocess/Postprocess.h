//===- Postprocess.h - Post-processing of predicted labels -----*- C++ -*--===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Steps that change predicted labels by the components of their classes
// (docs/Prediction.md). All are deterministic: components are numbered by their
// first voxels.
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_RUNTIME_POSTPROCESS_POSTPROCESS_H
#define SEGC_RUNTIME_POSTPROCESS_POSTPROCESS_H

#include "segc/Base/Status.h"
#include "segc/Runtime/Metrics/LabelClasses.h"
#include "segc/Runtime/Metrics/LabelGrid.h"

#include <functional>
#include <string>

namespace segc {

struct PostprocessStep {
  enum class Kind {
    /// Keeps the largest component, connected through faces, edges and corners;
    /// the first of equals. The others become background.
    LargestComponent,
    /// Fills background that is enclosed: from which no path through faces
    /// leads to the border of the image. In a plane the border is that of the
    /// plane.
    FillHoles,
    /// Removes components of less than `minVolume`.
    MinimumVolume,
  };
  Kind kind = Kind::LargestComponent;
  /// The class whose voxels count, or the labels of a region; empty: all
  /// classes but the background together. A hole gets the class that most of
  /// its neighbours have, the smallest of equals.
  std::vector<uint8_t> labels;
  double minVolume = 0; ///< mm^3
};

/// Parses steps such as "largest,holes:2,min-volume=50:each" in their order.
/// Behind the colon stands the number or the name of a class, numbers such as
/// 1+2 for several classes together, or `each` for one step a class; without it
/// the step is for all classes together. "none" has no steps.
StatusOr<std::vector<PostprocessStep>>
parsePostprocess(const std::string &text,
                 const std::vector<std::string> &classNames);
/// Returns the text of steps, with classes as numbers.
std::string postprocessText(const std::vector<PostprocessStep> &steps);

/// Changes labels in place, x running fastest.
void postprocess(std::vector<uint8_t> &labels, const LabelGrid &grid,
                 const std::vector<PostprocessStep> &steps);

/// A case that was not trained on.
struct HeldOutCase {
  std::vector<uint8_t> prediction, label; ///< On one grid.
  LabelGrid grid;
};

/// Steps with the Dice that speaks for them.
struct PostprocessChoice {
  std::vector<PostprocessStep> steps;
  int64_t cases = 0;                    ///< That were compared.
  double diceBefore = 0, diceAfter = 0; ///< Means of the foreground classes.
};

/// Chooses steps by the rule of nnU-Net v2 on the cases of a cross-validation:
/// the largest component of all classes together if the mean Dice of the
/// foreground grows and that of no class falls; then that of each class or
/// region whose Dice it raises. `count` is the number of classes or regions,
/// and the background. `caseAt` is called several times for each case (twice
/// where there are no regions), so that one case at a time is in memory.
StatusOr<PostprocessChoice>
choosePostprocess(int64_t cases, int64_t count, const LabelClasses &classes,
                  const std::function<StatusOr<HeldOutCase>(int64_t)> &caseAt);

/// Writes chosen steps as JSON (docs/Prediction.md).
Status writePostprocessFile(const std::string &path,
                            const PostprocessChoice &choice,
                            const std::vector<std::string> &classNames);
/// Reads such steps. Fails if they were chosen for other classes.
StatusOr<std::vector<PostprocessStep>>
readPostprocessFile(const std::string &path,
                    const std::vector<std::string> &classNames);

} // namespace segc

#endif // SEGC_RUNTIME_POSTPROCESS_POSTPROCESS_H
